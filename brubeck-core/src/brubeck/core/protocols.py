"""What a plugin promises, as types: one Protocol for each hook and for each object that a hook hands over.

A module or an object satisfies a Protocol by having the function; nothing need be inherited. Arguments are
keyword-only here since their names are the contract; an implementation takes them as plain ones. To let a type
checker compare a plugin with what it claims, inherit the Protocol or say it once: `plugin: RequestHook =
Guard()`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    import click
    from brubeck.core.application import Brubeck
    from brubeck.core.requests import Request
    from brubeck.core.responses import Response

__all__ = [
    "CommandsHook",
    "ConfigureHook",
    "ConnectionsHook",
    "CookieSigner",
    "CookieSignerHook",
    "ExceptionHook",
    "MixinsHook",
    "RenderersHook",
    "RequestHook",
    "ResponseHook",
    "ShutdownHook",
    "StartupHook",
    "StoppingHook",
    "TemplateEngine",
]


class CookieSigner(Protocol):
    """Signs what a cookie holds, bound to the cookie's name."""

    def sign(self, name: str, value: Any) -> str:
        """Return *value*, signed for the cookie *name*, as text that a cookie can hold."""

    def unsign(self, name: str, signed: str, max_age: int | None = None) -> Any | None:
        """Return the value, or None when *signed* is forged, foreign or older than *max_age* seconds."""


class TemplateEngine(Protocol):
    """Turns a template's file and a context into text."""

    def render(self, file: str, context: Mapping[str, Any]) -> str:
        """Return the text of *file*, found in the engine's folders, with *context* filled in."""


class ConnectionsHook(Protocol):
    """Brings connection types."""

    def brubeck_connections(self) -> Mapping[str, str | type]:
        """See `brubeck.core.hookspecs.brubeck_connections`."""


class RenderersHook(Protocol):
    """Brings rendering mixins."""

    def brubeck_renderers(self) -> Mapping[str, str | type]:
        """See `brubeck.core.hookspecs.brubeck_renderers`."""


class MixinsHook(Protocol):
    """Brings handler mixins."""

    def brubeck_mixins(self) -> Mapping[str, str | type]:
        """See `brubeck.core.hookspecs.brubeck_mixins`."""


class CommandsHook(Protocol):
    """Brings subcommands."""

    def brubeck_commands(self) -> Iterable[click.Command] | Mapping[str, str | click.Command]:
        """See `brubeck.core.hookspecs.brubeck_commands`."""


class ConfigureHook(Protocol):
    """Adds routes and settings."""

    def brubeck_configure(self, *, application: Brubeck) -> None:
        """See `brubeck.core.hookspecs.brubeck_configure`."""


class StartupHook(Protocol):
    """Starts what lives beside the messages."""

    def brubeck_startup(self, *, application: Brubeck) -> None:
        """See `brubeck.core.hookspecs.brubeck_startup`."""


class StoppingHook(Protocol):
    """Wakes what sleeps when the application is about to stop."""

    def brubeck_stopping(self, *, application: Brubeck) -> None:
        """See `brubeck.core.hookspecs.brubeck_stopping`."""


class ShutdownHook(Protocol):
    """Stops what it started."""

    def brubeck_shutdown(self, *, application: Brubeck) -> None:
        """See `brubeck.core.hookspecs.brubeck_shutdown`."""


class CookieSignerHook(Protocol):
    """Brings a cookie signer."""

    def brubeck_cookie_signer(self, *, application: Brubeck) -> CookieSigner | None:
        """See `brubeck.core.hookspecs.brubeck_cookie_signer`."""


class RequestHook(Protocol):
    """Guards the way in."""

    def brubeck_request(self, *, application: Brubeck, message: Request) -> Response | None:
        """See `brubeck.core.hookspecs.brubeck_request`."""


class ResponseHook(Protocol):
    """Guards the way out."""

    def brubeck_response(
        self, *, application: Brubeck, message: Request, response: Response
    ) -> Response | None:
        """See `brubeck.core.hookspecs.brubeck_response`."""


class ExceptionHook(Protocol):
    """Hears of unhandled exceptions."""

    def brubeck_exception(self, *, application: Brubeck, message: Request, exception: Exception) -> None:
        """See `brubeck.core.hookspecs.brubeck_exception`."""
