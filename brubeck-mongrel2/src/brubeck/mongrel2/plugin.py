"""What brubeck-mongrel2 brings to every application that finds it installed: names, and nothing imported."""

from __future__ import annotations

from collections.abc import Mapping

from brubeck.plugins import hookimpl

__all__ = ["brubeck_commands", "brubeck_connections"]


@hookimpl
def brubeck_connections() -> Mapping[str, str | type]:
    """Bring the transport."""
    return {"mongrel2": "brubeck.mongrel2.connection:Mongrel2Connection"}


@hookimpl
def brubeck_commands() -> Mapping[str, str]:
    """Bring `brubeck mongrel2 …`."""
    return {"mongrel2": "brubeck.mongrel2.command:mongrel2"}
