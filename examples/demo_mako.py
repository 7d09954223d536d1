"""A page out of a Mako template, which fills a frame.

$ curl localhost:6767/brubeck
"""

from pathlib import Path

from brubeck.request_handling import Brubeck, WebMessageHandler
from brubeck.templating import MakoRendering, load_mako_env


class DemoHandler(WebMessageHandler, MakoRendering):
    def get(self):
        return self.render_template("success.html", name=self.get_argument("name", "dude"))


app = Brubeck(
    handler_tuples=[(r"^/brubeck", DemoHandler)],
    template_loader=load_mako_env(Path(__file__).parent / "templates" / "mako"),
)

if __name__ == "__main__":
    app.run()
