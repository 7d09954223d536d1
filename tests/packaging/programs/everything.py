"""Every surface of every distribution, imported in one process and used together."""

import importlib
import sys

SURFACES = (
    "brubeck.request_handling",
    "brubeck.connections",
    "brubeck.plugins",
    "brubeck.testing",
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
        return "Take five"


app = Brubeck(msg_conn=WSGIConnection(port=0), handler_tuples=[("^/$", HelloHandler)])
assert Client(app).get("/").text == "Take five"
assert Mongrel2Connection
