"""Plugins as their authors write them: a strict checker has nothing to say."""

from collections.abc import Mapping
from typing import Any

import click
from brubeck.plugins import (
    CommandsHook,
    ConnectionsHook,
    CookieSigner,
    CookieSignerHook,
    RequestHook,
    ResponseHook,
    StartupHook,
    TemplateEngine,
    hookimpl,
)
from brubeck.request_handling import Brubeck, Request, Response


@hookimpl
def brubeck_connections() -> dict[str, str]:
    return {"lagoon": "lab_lagoon:LagoonConnection"}


@hookimpl
def brubeck_commands() -> list[click.Command]:
    return []


@hookimpl(trylast=True)
def brubeck_request(application: Brubeck, message: Request) -> Response | None:
    return None


@hookimpl
def brubeck_exception(application: Brubeck, message: Request, exception: Exception) -> None: ...


@hookimpl(specname="brubeck_configure")
def add_routes(application: Brubeck) -> None: ...


@hookimpl(optionalhook=True)
def brubeck_of_tomorrow(application: Brubeck, tempo: int) -> str:
    return str(tempo)


class Signer:
    def sign(self, name: str, value: Any) -> str:
        return f"{name}={value}"

    def unsign(self, name: str, signed: str, max_age: int | None = None) -> Any | None:
        return signed


class Engine:
    def render(self, file: str, context: Mapping[str, Any]) -> str:
        return file


class Plugin(CommandsHook, ResponseHook):
    """Inherits what it promises, so that a checker compares it."""

    @hookimpl
    def brubeck_commands(self) -> dict[str, str | click.Command]:
        return {"tune": "lab_lagoon:tune"}

    @hookimpl(tryfirst=True)
    def brubeck_response(self, application: Brubeck, message: Request, response: Response) -> Response | None:
        return response


class Structural:
    """Inherits nothing."""

    @hookimpl
    def brubeck_connections(self) -> dict[str, str | type]:
        return {}

    @hookimpl
    def brubeck_cookie_signer(self, application: Brubeck) -> Signer:
        return Signer()

    @hookimpl
    def brubeck_request(self, application: Brubeck, message: Request) -> None: ...

    @hookimpl
    def brubeck_startup(self, application: Brubeck) -> None: ...


signer: CookieSigner = Signer()
engine: TemplateEngine = Engine()
connections: ConnectionsHook = Structural()
signing: CookieSignerHook = Structural()
guard: RequestHook = Structural()
starts: StartupHook = Structural()
