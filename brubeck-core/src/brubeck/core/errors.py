"""Every error Brubeck raises on purpose.

BrubeckError
├── ConfigurationError      (ValueError)   the application's author: a setting, a route, a class that cannot work
├── HeaderError             (ValueError)   the application's author: a header that must not be sent
├── IncompleteBody                         the application's author: a stream of another length than announced
├── HTTPError                              the client: answered with its status code
├── ClientDisconnected                     nobody: the client has gone, there is no one to answer
└── PluginError                            a plugin's author, or whoever installed it
    └── MissingPlugin       (ImportError)  a name that a distribution which is not there would bring
"""

from __future__ import annotations

__all__ = [
    "BrubeckError",
    "ClientDisconnected",
    "ConfigurationError",
    "HTTPError",
    "HeaderError",
    "IncompleteBody",
    "MissingPlugin",
    "PluginError",
]


class BrubeckError(Exception):
    """The root: catching it catches whatever Brubeck itself refuses."""


class ConfigurationError(BrubeckError, ValueError):
    """A setting, a route or a handler class cannot work; refused before the first message."""


class HeaderError(BrubeckError, ValueError):
    """A header, cookie or redirect holds what must not be sent (CR, LF, NUL, …)."""


class IncompleteBody(BrubeckError):
    """A handler announced more bytes than it gave, or fewer; the client hears of it by the end of the connection."""


class HTTPError(BrubeckError):
    """The message cannot be answered as asked; dispatch turns it into one error page.

    Args:
        status_code: From 400 to 599.
        message: A sentence for the client; never a secret, never a path of the server.
        headers: Sent with the answer, for example `Allow` or `Retry-After`.
    """

    def __init__(self, status_code: int, message: str = "", *, headers: dict[str, str] | None = None) -> None:
        super().__init__(status_code, message)
        self.status_code = status_code
        self.message = message
        self.headers = headers or {}

    def __str__(self) -> str:
        return f"{self.status_code} {self.message}".rstrip()


class ClientDisconnected(BrubeckError):
    """Raised in a handler's greenlet when its client has gone; whatever is answered reaches nobody.

    A handler may catch it to tidy up. Left alone it is not logged as an error, and `on_finish` runs.
    """


class PluginError(BrubeckError):
    """A plugin cannot be used."""


class MissingPlugin(PluginError, ImportError):
    """A name is known, but the distribution that brings it cannot be used; the message holds the line that mends it."""
