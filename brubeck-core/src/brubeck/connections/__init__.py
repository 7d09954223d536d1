"""The contract of a transport, and every transport that an installed distribution brings.

`from brubeck.connections import WSGIConnection` finds the class by its name among the plugins, and says what to
install where none brings it.
"""

from typing import Any

from brubeck.core.connections import Connection
from brubeck.core.requests import Request, decode_path
from brubeck.core.responses import Response

__all__ = ["Connection", "Request", "Response", "decode_path"]


def __getattr__(name: str) -> Any:
    if name.startswith("_"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from brubeck.core.lookup import find_connection

    return find_connection(name)
