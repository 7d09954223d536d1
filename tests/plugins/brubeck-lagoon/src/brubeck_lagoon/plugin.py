"""What the entry point names: hooks and strings."""

from brubeck.plugins import hookimpl
from brubeck.request_handling import Brubeck, Request, Response


@hookimpl
def brubeck_connections() -> dict[str, str]:
    return {"lagoon": "brubeck_lagoon.connection:LagoonConnection"}


@hookimpl
def brubeck_renderers() -> dict[str, str]:
    return {"lagoon": "brubeck_lagoon.rendering:LagoonRendering"}


@hookimpl
def brubeck_mixins() -> dict[str, str]:
    return {"tide": "brubeck_lagoon.tide:TideMixin"}


@hookimpl
def brubeck_commands() -> dict[str, str]:
    return {"lagoon": "brubeck_lagoon.command:lagoon"}


@hookimpl
def brubeck_response(application: Brubeck, message: Request, response: Response) -> None:
    response.headers.append(("X-Lagoon", "deep"))
