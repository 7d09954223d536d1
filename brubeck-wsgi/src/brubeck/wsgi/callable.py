"""A Brubeck application as a WSGI callable (PEP 3333), for Gunicorn, uWSGI and any other WSGI server."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import cached_property
from typing import TYPE_CHECKING, Any

from brubeck.wsgi.handshakes import SWITCHING, UpgradableRequest, UpgradeResult, is_handshake

if TYPE_CHECKING:
    from brubeck.core.application import Brubeck
    from brubeck.core.requests import BodyStream, Request
    from brubeck.core.responses import Response

__all__ = ["WSGIApplication"]

Environ = dict[str, Any]
StartResponse = Callable[..., Any]


class WSGIApplication:
    """Turns an environ into a message, and the response into what WSGI wants.

    Args:
        application: The one to ask.
    """

    def __init__(self, application: Brubeck) -> None:
        self.application = application
        self.dispatch = application.dispatch

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        response = self.dispatch(read_environ(environ))
        if response.status_code == SWITCHING:
            return hand_over(response, start_response)
        headers = response.headers
        body = response.body
        if isinstance(body, bytes):
            if not response.bodiless and not announces_length(headers):
                headers = [*headers, ("Content-Length", str(len(body)))]
            start_response(f"{response.status_code} {response.reason}", headers)
            response.close()
            return (body,)
        start_response(f"{response.status_code} {response.reason}", headers)
        return StreamedBody(response)


def hand_over(response: Response, start_response: StartResponse) -> Iterable[bytes]:
    """Give a WebSocket to our own server.

    The 500 is for a client whose answer something between has taken apart; our server sends a 101 in its place.
    """
    start_response("500 Internal Server Error", [])
    return UpgradeResult(response)


def announces_length(headers: list[tuple[str, str]]) -> bool:
    """Say whether the application set a length itself."""
    return any(name.lower() == "content-length" for name, _ in headers) if len(headers) > 1 else False


class StreamedBody:
    """The pieces of a response; WSGI servers call `close` in every case."""

    def __init__(self, response: Response) -> None:
        self._pieces = iter(response.body)
        self.close = response.close

    def __iter__(self) -> Iterator[bytes]:
        return self._pieces  # type: ignore[return-value]


class EnvironRequest(UpgradableRequest):
    """A message out of an environ. It may be the handshake of a WebSocket where the server is our own."""

    @cached_property
    def is_websocket(self) -> bool:  # type: ignore[override]
        """Whether this is the handshake of a WebSocket that the server can carry."""
        headers = self._headers
        return (
            isinstance(headers, EnvironHeaders)
            and "brubeck.carries_websockets" in headers.environ
            and is_handshake(self)
        )


class EnvironHeaders:
    """The headers of an environ, made names and values only when somebody asks for them."""

    __slots__ = ("environ",)

    def __init__(self, environ: Environ) -> None:
        self.environ = environ

    def __iter__(self) -> Iterator[tuple[str, str]]:
        for key, value in self.environ.items():
            if key.startswith("HTTP_"):
                yield key[5:].replace("_", "-").title(), value
        for key, name in (("CONTENT_TYPE", "Content-Type"), ("CONTENT_LENGTH", "Content-Length")):
            if self.environ.get(key):
                yield name, self.environ[key]


class LimitedInput:
    """`wsgi.input` up to the length that was announced: a server need not end it there (PEP 3333)."""

    __slots__ = ("_left", "_source")

    def __init__(self, source: BodyStream, length: int) -> None:
        self._source = source
        self._left = length

    def read(self, size: int = -1, /) -> bytes:
        """Return up to *size* bytes of what is left."""
        wanted = self._left if size < 0 else min(size, self._left)
        data = self._source.read(wanted) if wanted else b""
        self._left -= len(data)
        return data


def read_environ(environ: Environ) -> Request:
    """Return the message in *environ*."""
    path = environ.get("PATH_INFO", "")
    if not path.isascii():
        path = path.encode("latin-1").decode("utf-8", "replace")
    return EnvironRequest(
        environ["REQUEST_METHOD"],
        path,
        environ.get("QUERY_STRING", ""),
        environ.get("SERVER_PROTOCOL", "HTTP/1.1"),
        EnvironHeaders(environ),
        read_input(environ),
        environ["wsgi.url_scheme"],
        environ.get("REMOTE_ADDR", ""),
        (environ["SERVER_NAME"], environ["SERVER_PORT"]),
    )


def read_input(environ: Environ) -> bytes | BodyStream:
    """Return the body of *environ* as a stream; `b""` where it has none."""
    length = environ.get("CONTENT_LENGTH")
    if length:
        if length.isascii() and length.isdigit():
            return LimitedInput(environ["wsgi.input"], int(length)) if int(length) else b""
        return b""
    if environ.get("wsgi.input_terminated"):
        source: BodyStream = environ["wsgi.input"]
        return source
    return b""
