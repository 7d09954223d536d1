"""The contract of a transport.

A transport subclasses `Connection`. It turns what arrives into `Request` values, gives each to
`application.dispatch`, which never raises and always returns one `Response`, and turns that into what it sends.
Protocol code (bytes in, values out) stays apart from the code that moves the bytes.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar

from brubeck.core.errors import ConfigurationError

if TYPE_CHECKING:
    from brubeck.core.application import Brubeck

__all__ = ["DRAIN_TIMEOUT_S", "Connection"]

DRAIN_TIMEOUT_S = 30.0
"""How long answers in work may take after SIGTERM; what process managers allow before they kill."""


class Connection(ABC):
    """A way for messages to come in and answers to go out.

    `Brubeck.run` calls `bind`, has the plugins start what they need, and calls `open`, `serve` and `close`. Each may be
    called again afterwards, in that order; `open` does not need a `bind` before it.
    """

    carries_websockets: ClassVar[bool] = False
    """Whether a `WebSocketMessageHandler` can be routed to on this transport."""

    def bind(self) -> None:  # noqa: B027 - many transports have no address of their own
        """Take the address, so that a refusal comes before anything is started. Let nobody in: that is for `open`.

        Raises:
            ConfigurationError: The address cannot be used; the sentence says which and why.
        """

    @abstractmethod
    def open(self, application: Brubeck) -> None:
        """Listen, or connect the sockets: from here on somebody may come.

        Raises:
            ConfigurationError: The address cannot be used; the sentence says which and why.
        """

    @abstractmethod
    def serve(self) -> None:
        """Take messages until `stop` is called, then return once what was taken has been answered.

        Blocks:
            The calling greenlet, as long as the application runs.
        """

    @abstractmethod
    def stop(self, timeout_s: float = DRAIN_TIMEOUT_S) -> None:
        """Ask `serve` to drain: take nothing new, answer what was taken, and return.

        Safe to call from a signal's greenlet and more than once. After *timeout_s* seconds what is unanswered is
        given up.
        """

    def close(self) -> None:  # noqa: B027 - many transports have nothing to release
        """Release the sockets. Does nothing when they are not open."""

    @property
    def address(self) -> str:
        """Where this transport is reached, in the form a person would use (a URL for HTTP)."""
        return type(self).__name__

    def shared_address(self) -> dict[str, Any] | None:
        """Return what `share` needs to listen for several workers; None where each connects by itself."""
        return None

    @classmethod
    def share(cls, **address: Any) -> int:
        """Listen at *address* in the parent of several workers, and return the socket's descriptor.

        Raises:
            ConfigurationError: The address cannot be used, or this transport does not listen.
        """
        raise ConfigurationError(f"{cls.__name__} has no address to share.")

    def adopt(self, fileno: int) -> None:
        """Use the listening socket behind *fileno*, which the parent of several workers shares."""
        raise ConfigurationError(f"{type(self).__name__} has no address to share.")

    @classmethod
    def from_options(cls, **options: Any) -> Connection:
        """Make a connection from what `brubeck run` was given (`host`, `port`, `trusted_fronts`).

        Raises:
            ConfigurationError: An option this transport does not know.
        """
        try:
            return cls(**options)
        except TypeError as exc:
            given = ", ".join(options) or "no options"
            raise ConfigurationError(f"{cls.__name__} cannot be made from {given}: {exc}.") from None

    def with_options(self, **options: Any) -> Connection:
        """Return a connection like this one, with *options* of `brubeck run` in the place of its own settings.

        What this method does not know of the connection gets its default; a transport with settings overrides it.

        Raises:
            ConfigurationError: As `from_options`.
        """
        return self.from_options(**options)

    @classmethod
    def as_wsgi(cls, application: Brubeck) -> Callable[..., Any]:
        """Return *application* as a WSGI callable, for transports that can."""
        raise ConfigurationError(f"{cls.__name__} offers no WSGI callable.")
