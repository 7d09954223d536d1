"""A page out of a Mustache template, with partials. Their names need no suffix.

$ curl localhost:6767/brubeck
"""

from pathlib import Path

from brubeck.request_handling import Brubeck, WebMessageHandler
from brubeck.templating import MustacheRendering, load_mustache_env


class DemoHandler(WebMessageHandler, MustacheRendering):
    def get(self):
        return self.render_template("success", name=self.get_argument("name", "dude"))


app = Brubeck(
    handler_tuples=[(r"^/brubeck", DemoHandler)],
    template_loader=load_mustache_env(Path(__file__).parent / "templates" / "mustache"),
)

if __name__ == "__main__":
    app.run()
