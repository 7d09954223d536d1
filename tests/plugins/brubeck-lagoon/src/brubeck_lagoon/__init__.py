"""What brubeck-lagoon brings, by name: hooks and strings."""

from collections.abc import Mapping
from typing import Any

from brubeck.plugins import hookimpl


@hookimpl
def brubeck_connections() -> Mapping[str, str | type]:
    return {"lagoon": "brubeck_lagoon.transport:LagoonConnection"}


@hookimpl
def brubeck_renderers() -> Mapping[str, str | type]:
    return {"lagoon": "brubeck_lagoon.rendering:LagoonRendering"}


@hookimpl
def brubeck_mixins() -> Mapping[str, str | type]:
    return {"tide": "brubeck_lagoon.tide:TideMixin"}


@hookimpl
def brubeck_commands() -> Mapping[str, Any]:
    return {"lagoon": "brubeck_lagoon.command:lagoon_command"}


@hookimpl
def brubeck_response(application: Any, message: Any, response: Any) -> None:
    response.headers.append(("X-Lagoon", "calm"))
