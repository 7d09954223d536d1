"""Every surface of every distribution, imported in one process and used together."""

import importlib
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

SURFACES = (
    "brubeck.request_handling",
    "brubeck.connections",
    "brubeck.plugins",
    "brubeck.testing",
    "brubeck.api",
    "brubeck.auth",
    "brubeck.templating",
    "brubeck.mongrel2",
    "brubeck.wsgi",
    "brubeck.dictshield",
)
for name in SURFACES:
    importlib.import_module(name)
assert getattr(sys.modules["brubeck"], "__file__", None) is None, "somebody ships brubeck/__init__.py"

from brubeck.auth import UserHandlingMixin
from brubeck.connections import Mongrel2Connection, WSGIConnection
from brubeck.request_handling import Brubeck, WebMessageHandler
from brubeck.templating import Jinja2Rendering
from brubeck.testing import Client


class HelloHandler(UserHandlingMixin, WebMessageHandler, Jinja2Rendering):
    def get(self):
        return self.render_template("hello.html", dude="dave")


with TemporaryDirectory() as folder:
    Path(folder, "hello.html").write_text("Take five, {{ dude }}")
    app = Brubeck(
        msg_conn=WSGIConnection(port=0),
        handler_tuples=[("^/$", HelloHandler)],
        template_engine="jinja2",
        template_dir=folder,
    )
    assert Client(app).get("/").text == "Take five, dave"
assert Mongrel2Connection
