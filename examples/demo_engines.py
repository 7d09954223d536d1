"""Four engines in one application, each handler with its own, and pages for errors.

$ curl localhost:6767/mako
"""

from pathlib import Path

from brubeck.request_handling import Brubeck, WebMessageHandler
from brubeck.templating import (
    Jinja2Rendering,
    MakoRendering,
    MustacheRendering,
    TornadoRendering,
    load_jinja2_env,
    load_mako_env,
    load_mustache_env,
    load_tornado_env,
)

TEMPLATES = Path(__file__).parent / "templates"


class Demo(WebMessageHandler):
    def get(self):
        return self.render_template(self.file, name=self.get_argument("name", "dude"))

    file = "success.html"


class JinjaDemo(Demo, Jinja2Rendering):
    pass


class MakoDemo(MakoRendering, Demo):
    pass


class TornadoDemo(Demo, TornadoRendering):
    pass


class MustacheDemo(MustacheRendering, Demo):
    file = "success"


class Base(WebMessageHandler, Jinja2Rendering):
    """Draws the pages of errors that no handler is there for, 404 above all."""


app = Brubeck(
    handler_tuples=[
        (r"^/jinja2$", JinjaDemo, "jinja2"),
        (r"^/mako$", MakoDemo, "mako"),
        (r"^/tornado$", TornadoDemo, "tornado"),
        (r"^/mustache$", MustacheDemo, "mustache"),
    ],
    base_handler=Base,
    template_loader={
        "jinja2": load_jinja2_env(TEMPLATES / "jinja2"),
        "mako": load_mako_env(TEMPLATES / "mako"),
        "tornado": load_tornado_env(TEMPLATES / "tornado"),
        "mustache": load_mustache_env(TEMPLATES / "mustache"),
    },
)

if __name__ == "__main__":
    app.run()
