"""A page out of a Jinja2 template, which fills a frame.

$ curl localhost:6767/brubeck
"""

from pathlib import Path

from brubeck.request_handling import Brubeck, WebMessageHandler
from brubeck.templating import Jinja2Rendering, load_jinja2_env


class DemoHandler(WebMessageHandler, Jinja2Rendering):
    def get(self):
        return self.render_template("success.html", name=self.get_argument("name", "dude"))


app = Brubeck(
    handler_tuples=[(r"^/brubeck", DemoHandler)],
    template_loader=load_jinja2_env(Path(__file__).parent / "templates" / "jinja2"),
)

if __name__ == "__main__":
    app.run()
