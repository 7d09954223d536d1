"""A request that is answered by the server itself and never reaches a handler."""

from __future__ import annotations

from brubeck.core.errors import HTTPError

__all__ = ["BodyFailure", "Refusal"]


class Refusal(Exception):
    """The bytes are no request that may be served. They are answered once, and the connection is closed.

    Args:
        status_code: What the client is told.
        reason: A sentence for the log and the client; holds nothing that the client sent.
    """

    def __init__(self, status_code: int, reason: str) -> None:
        super().__init__(status_code, reason)
        self.status_code = status_code
        self.reason = reason
        self.has_content = True
        """Whether the answer says so in words, too; one to HEAD must not."""


class BodyFailure(HTTPError, OSError):
    """The body broke off, came too slowly, or is no body. Raised to whoever reads it; the connection is closed.

    An `OSError` too, since that is what WSGI applications expect of a broken `wsgi.input`.
    """
