"""Plugins as authors write them: a type checker must find nothing."""

from collections.abc import Iterable, Mapping
from typing import Any

import click
from brubeck.connections import Connection
from brubeck.core.requests import Request
from brubeck.core.responses import Response
from brubeck.plugins import (
    CommandsHook,
    ConfigureHook,
    ConnectionsHook,
    CookieSigner,
    CookieSignerHook,
    ExceptionHook,
    MixinsHook,
    PluginManager,
    RenderersHook,
    RequestHook,
    ResponseHook,
    ShutdownHook,
    StartupHook,
    StoppingHook,
    TemplateEngine,
    hookimpl,
)
from brubeck.request_handling import Brubeck


class LagoonMixin:
    """Adds nothing."""


@hookimpl
def brubeck_mixins() -> Mapping[str, str | type]:
    return {"lagoon": LagoonMixin}


@hookimpl
def brubeck_connections() -> dict[str, str | type]:
    return {"lagoon": "brubeck_lagoon.transport:LagoonConnection", "plain": Connection}


@hookimpl
def brubeck_commands() -> list[click.Command]:
    return [click.Command("lagoon")]


@hookimpl
def brubeck_configure(application: Brubeck) -> None:
    application.settings["depth"] = 3


@hookimpl(tryfirst=True)
def brubeck_request(application: Brubeck, message: Request) -> Response | None:
    return Response("dry") if message.path == "/dry" else None


@hookimpl(specname="brubeck_startup")
def open_the_gates(application: Brubeck) -> None: ...


@hookimpl(optionalhook=True)
def brubeck_of_tomorrow(tide: int) -> int:
    return tide


class Signer:
    """Trusts everybody."""

    def sign(self, name: str, value: Any) -> str:
        return str(value)

    def unsign(self, name: str, signed: str, max_age: int | None = None) -> Any | None:
        return signed


class Engine:
    """Renders nothing."""

    def render(self, file: str, context: Mapping[str, Any]) -> str:
        return file


class Everything:
    """Implements every hook."""

    @hookimpl
    def brubeck_connections(self) -> Mapping[str, str | type]:
        return {}

    @hookimpl
    def brubeck_renderers(self) -> Mapping[str, str | type]:
        return {}

    @hookimpl
    def brubeck_mixins(self) -> Mapping[str, str | type]:
        return {}

    @hookimpl
    def brubeck_commands(self) -> Iterable[click.Command]:
        return []

    @hookimpl
    def brubeck_configure(self, application: Brubeck) -> None:
        application.add_route_rule("^/lagoon$", print)

    @hookimpl
    def brubeck_startup(self, application: Brubeck) -> None: ...

    @hookimpl
    def brubeck_stopping(self, application: Brubeck) -> None: ...

    @hookimpl(trylast=True)
    def brubeck_shutdown(self, application: Brubeck) -> None: ...

    @hookimpl
    def brubeck_cookie_signer(self, application: Brubeck) -> CookieSigner | None:
        return Signer()

    @hookimpl
    def brubeck_request(self, application: Brubeck, message: Request) -> Response | None:
        return None

    @hookimpl
    def brubeck_response(self, application: Brubeck, message: Request, response: Response) -> Response | None:
        return response

    @hookimpl
    def brubeck_exception(self, application: Brubeck, message: Request, exception: Exception) -> None: ...


everything = Everything()
connections: ConnectionsHook = everything
renderers: RenderersHook = everything
mixins: MixinsHook = everything
commands: CommandsHook = everything
configure: ConfigureHook = everything
startup: StartupHook = everything
stopping: StoppingHook = everything
shutdown: ShutdownHook = everything
signers: CookieSignerHook = everything
request: RequestHook = everything
response: ResponseHook = everything
exception: ExceptionHook = everything
engine: TemplateEngine = Engine()
signer: CookieSigner = Signer()


class Narrow:
    """Returns less than a hook may."""

    @hookimpl
    def brubeck_cookie_signer(self, application: Brubeck) -> Signer:
        return Signer()

    @hookimpl
    def brubeck_request(self, application: Brubeck, message: Request) -> None: ...

    @hookimpl
    def brubeck_commands(self) -> dict[str, str | click.Command]:
        return {"lagoon": "brubeck_lagoon.command:lagoon_command"}


signs: CookieSignerHook = Narrow()
passes: RequestHook = Narrow()
commanding: CommandsHook = Narrow()


class Guard(RequestHook):
    """Inherits the Protocol, in the place of saying so once."""

    @hookimpl
    def brubeck_request(self, application: Brubeck, message: Request) -> Response | None:
        return None


manager = PluginManager([everything, Guard], entries=())
answers: list[Response | None] = [call(Brubeck(), Request("GET", "/")) for call in manager.request_hooks]
