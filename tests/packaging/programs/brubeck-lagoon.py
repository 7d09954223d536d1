"""What brubeck-lagoon brings, used by a program that names none of its modules but the one for the class."""

import sys
from pathlib import Path

from brubeck.request_handling import Brubeck, WebMessageHandler
from brubeck.testing import Client

folder = Path("templates")
folder.mkdir(exist_ok=True)
(folder / "hello.lagoon").write_text("Take five, ~name~!")

Tide = Brubeck(settings={"tide": "low"}).plugins.get_mixin("tide")
assert "brubeck_lagoon" in sys.modules
assert not {"brubeck_lagoon.rendering", "brubeck_lagoon.transport", "brubeck_lagoon.command"} & set(
    sys.modules
)


def check(rendering: type, **settings: object) -> None:
    """Ask a handler with both mixins, in each order of its bases."""
    for bases in ((WebMessageHandler, rendering, Tide), (Tide, rendering, WebMessageHandler)):

        class Page(*bases):
            def get(self):
                return self.render_template("hello.lagoon", 201, name=f"<{self.tide}>")

        app = Brubeck(handler_tuples=[("^/$", Page)], settings={"tide": "low"}, **settings)
        answer = Client(app).get("/")
        assert (answer.status_code, answer.text) == (201, "Take five, &lt;low&gt;!")
        assert answer.headers["x-lagoon"] == "calm"
        assert Client(app).get("/nowhere").headers["x-lagoon"] == "calm"


# By name …
by_name = Brubeck(template_engine="lagoon", template_dir=folder)
check(by_name.plugins.get_renderer("lagoon"), template_engine="lagoon", template_dir=folder)
assert by_name.render_template("hello.lagoon", name="Paul") == "Take five, Paul!"

# … and by class.
from brubeck_lagoon.rendering import LagoonRendering, load_lagoon_env

check(LagoonRendering, template_loader=load_lagoon_env(folder))

from brubeck.connections import LagoonConnection

assert LagoonConnection.__module__ == "brubeck_lagoon.transport"
assert isinstance(Brubeck(msg_conn="lagoon").connection, LagoonConnection)
