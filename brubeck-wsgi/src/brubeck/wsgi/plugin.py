"""What brubeck-wsgi brings, by name: imported for every application, so nothing but strings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from brubeck.plugins import hookimpl

__all__ = ["brubeck_commands", "brubeck_connections"]


@hookimpl
def brubeck_connections() -> Mapping[str, str | type]:
    """Name the embedded server."""
    return {"wsgi": "brubeck.wsgi:WSGIConnection"}


@hookimpl
def brubeck_commands() -> Mapping[str, Any]:
    """Name `brubeck serve`."""
    return {"serve": "brubeck.wsgi.commands:serve_command"}
