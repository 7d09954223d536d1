"""A page out of a Tornado template, which fills a frame.

$ curl localhost:6767/brubeck
"""

from pathlib import Path

from brubeck.request_handling import Brubeck, WebMessageHandler
from brubeck.templating import TornadoRendering, load_tornado_env


class DemoHandler(WebMessageHandler, TornadoRendering):
    def get(self):
        return self.render_template("success.html", name=self.get_argument("name", "dude"))


app = Brubeck(
    handler_tuples=[(r"^/brubeck", DemoHandler)],
    template_loader=load_tornado_env(Path(__file__).parent / "templates" / "tornado"),
)

if __name__ == "__main__":
    app.run()
