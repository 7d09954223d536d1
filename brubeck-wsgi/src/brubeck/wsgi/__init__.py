"""The embedded HTTP server, and Brubeck as a WSGI callable.

What is named here is imported when it is used: the entry point of this distribution lies in this package, and
neither `brubeck --help` nor an application on another transport should pay for a server.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from brubeck.wsgi.callable import WSGIApplication
    from brubeck.wsgi.connection import WSGIConnection
    from brubeck.wsgi.limits import Limits
    from brubeck.wsgi.serving import serve

__all__ = ["Limits", "WSGIApplication", "WSGIConnection", "serve"]

_HOMES = {
    "Limits": "brubeck.wsgi.limits",
    "WSGIApplication": "brubeck.wsgi.callable",
    "WSGIConnection": "brubeck.wsgi.connection",
    "serve": "brubeck.wsgi.serving",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
