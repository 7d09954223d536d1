"""Render with the one engine that is installed (the first argument), or say how to get one."""

import sys
from pathlib import Path

from brubeck import templating
from brubeck.request_handling import Brubeck, WebMessageHandler
from brubeck.testing import Client

ENGINES = {
    "jinja2": (templating.Jinja2Rendering, templating.load_jinja2_env),
    "mako": (templating.MakoRendering, templating.load_mako_env),
    "pystache": (templating.MustacheRendering, templating.load_mustache_env),
    "tornado": (templating.TornadoRendering, templating.load_tornado_env),
}
installed = sys.argv[1]
Path("templates").mkdir()
Path("templates/hello.html").write_text("Take five")

for engine, (mixin, load_env) in ENGINES.items():
    if engine != installed:
        try:
            load_env("templates")()
        except ImportError as error:
            assert f"brubeck-templates[{engine}]" in str(error), error
        else:
            raise AssertionError(f"{engine} came from nowhere")
        continue

    class HelloHandler(WebMessageHandler, mixin):  # type: ignore[valid-type, misc]
        def get(self):
            return self.render_template("hello.html")

    app = Brubeck(handler_tuples=[("^/$", HelloHandler)], template_loader=load_env("templates"))
    assert Client(app).get("/").text == "Take five"
