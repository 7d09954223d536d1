"""A message from a client, as a value: what a transport received, and what is read out of it when asked for.

`Request` is what the documentation calls a *message*. A transport makes one with plain named values; headers,
arguments, cookies, the body and files are worked out when first used, since most messages need few of them.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from io import BytesIO
from typing import Any, Protocol, overload
from urllib.parse import SplitResult, unquote_to_bytes

from brubeck.core.cookies import parse_cookies
from brubeck.core.errors import HTTPError
from brubeck.core.forms import Form, FormLimits, Upload, parse_form, parse_query
from brubeck.core.headers import Headers

__all__ = ["BodyStream", "Request", "decode_path"]


MAX_NUMBER = 2**63 - 1
"""What databases keep as a number."""
MAX_DIGITS = len(str(MAX_NUMBER))


class BodyStream(Protocol):
    """A body that is still arriving. `read` may block the calling greenlet, never the hub."""

    def read(self, size: int = -1, /) -> bytes:
        """Return up to *size* bytes, `b""` at the end of the body."""


def decode_path(raw: bytes) -> str:
    """Return the percent-decoded path, decoded once; what is not UTF-8 becomes U+FFFD."""
    if b"%" in raw:
        raw = unquote_to_bytes(raw)
    return raw.decode("utf-8", "replace")


class Request:
    """One message.

    Args:
        method: As sent, upper case for the known ones.
        path: Percent-decoded once; routes match against it.
        query: As sent, still encoded, without the question mark.
        version: `HTTP/1.1` or `HTTP/1.0`.
        headers: Name and value pairs in the order received; made a `Headers` when first asked for.
        body: The whole body, or a stream of it.
        scheme: `http` or `https`, as the transport knows it.
        remote_addr: The peer's address, without the port; empty where there is none.
        server: The host and the port the message came in on.
        raw_path: The path as sent, where the transport knows it.
        connection_id: What tells this connection from others, for transports that have one.
        disconnect: True for a notice that the client has gone, not a request.
    """

    limits: FormLimits = FormLimits()
    connection_id: Any = None
    disconnect: bool = False
    is_websocket: bool = False
    """Whether this is the handshake of a WebSocket; set by a transport that carries them."""
    route_arguments: Mapping[str, Any] = {}
    """What the route's named groups took from the path."""
    _header_map: Headers | None = None
    _query_arguments: dict[str, list[str]] | None = None
    _arguments: dict[str, list[str]] | None = None
    _cookies: dict[str, str] | None = None
    _stream: BodyStream | None = None
    opened_form: Form | None = None
    """The form, once `form` was asked for: its files live until the response is closed."""

    def __init__(
        self,
        method: str,
        path: str,
        query: str = "",
        version: str = "HTTP/1.1",
        headers: Iterable[tuple[str | bytes, str | bytes]] = (),
        body: bytes | BodyStream = b"",
        scheme: str = "http",
        remote_addr: str = "",
        server: tuple[str, int] = ("", 0),
        raw_path: str | None = None,
        connection_id: Any = None,
        disconnect: bool = False,
    ) -> None:
        self.method = method
        self.path = path
        self.query = query
        self.version = version
        self._headers = headers
        self._body = body
        self.scheme = scheme
        self.remote_addr = remote_addr
        self.server = server
        self.raw_path = raw_path
        self.connection_id = connection_id
        self.disconnect = disconnect
        # Read for every message: three times as fast here as defaults of the class.
        self._arguments = None
        self.opened_form = None

    # What the transport said

    @property
    def headers(self) -> Headers:
        """The headers, found by name in any case."""
        if self._header_map is None:
            self._header_map = Headers(self._headers)
        return self._header_map

    @property
    def is_secure(self) -> bool:
        """Whether the client's connection was encrypted, as far as the transport can tell."""
        return self.scheme == "https"

    @property
    def host(self) -> str:
        """The `Host` header, else the address the message came in on."""
        name, port = self.server
        return self.headers.get("Host") or (f"{name}:{port}" if port else name)

    @property
    def url_parts(self) -> SplitResult:
        """The URL the client asked for: scheme, netloc, path (as sent, where known), query."""
        return SplitResult(self.scheme, self.host, self.raw_path or self.path, self.query, "")

    @property
    def content_type(self) -> str:
        """The media type of the body without its parameters, lower case; empty where none was sent."""
        return self.headers.get("Content-Type", "").partition(";")[0].strip().lower()

    def is_disconnect(self) -> bool:
        """Say whether this is a notice that the client has gone."""
        return self.disconnect

    # The body

    @property
    def body(self) -> bytes:
        """The whole body.

        Raises:
            HTTPError: 413 when it is longer than `limits.max_body_bytes`: the client's fault.

        Blocks:
            The greenlet, while the body arrives; not the hub.
        """
        if not isinstance(self._body, bytes):
            self._body = read_body(self._body, self.limits.max_body_bytes)
        return self._body

    @property
    def stream(self) -> BodyStream:
        """The body as it arrives, for what should not be held in memory. Use this or `body`, not both."""
        if self._stream is None:
            self._stream = BytesIO(self._body) if isinstance(self._body, bytes) else self._body
        return self._stream

    def json(self) -> Any:
        """Return the body read as JSON.

        Raises:
            HTTPError: 400 when it is not JSON, 413 when it is too long: the client's fault.
        """
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError):
            raise HTTPError(400, "The body is not valid JSON.") from None

    # What was asked for

    @property
    def query_arguments(self) -> dict[str, list[str]]:
        """The arguments of the query string, every value of each, in order."""
        if self._query_arguments is None:
            self._query_arguments = parse_query(self.query, self.limits.max_fields) if self.query else {}
        return self._query_arguments

    @property
    def form(self) -> Form:
        """The fields and files of a form in the body; empty when the body is none.

        Raises:
            HTTPError: 400 or 413: the client's fault.
        """
        if self.opened_form is None:
            body = self._body
            source = body if isinstance(body, bytes) else self.stream
            self.opened_form = parse_form(self.headers.get("Content-Type", ""), source, self.limits)
        return self.opened_form

    @property
    def arguments(self) -> dict[str, list[str]]:
        """The arguments of the query string and, behind them, of a form in the body."""
        if self._arguments is None:
            if self._body == b"" and self.query:
                self._arguments = parse_query(self.query, self.limits.max_fields)
            else:
                self._arguments = self._merge_arguments()
        return self._arguments

    def _merge_arguments(self) -> dict[str, list[str]]:
        arguments = {name: list(values) for name, values in self.query_arguments.items()}
        if self._body != b"" and self.has_form:
            for name, values in self.form.fields.items():
                arguments.setdefault(name, []).extend(values)
        return arguments

    @property
    def has_form(self) -> bool:
        """Whether the body is said to be a form."""
        return self.content_type in ("application/x-www-form-urlencoded", "multipart/form-data")

    @property
    def files(self) -> dict[str, list[Upload]]:
        """The uploaded files by the name of their field."""
        return self.form.files if self.has_form else {}

    @overload
    def get_argument(self, name: str, default: str, strip: bool = True) -> str: ...
    @overload
    def get_argument(self, name: str, default: None = None, strip: bool = True) -> str | None: ...

    def get_argument(self, name: str, default: str | None = None, strip: bool = True) -> str | None:
        """Return the last value of the argument *name*, from the query or a form, or *default*."""
        arguments = self._arguments
        values = (self.arguments if arguments is None else arguments).get(name)
        if not values:
            return default
        return values[-1].strip() if strip else values[-1]

    @overload
    def get_arguments(self, name: str, default: list[str], strip: bool = True) -> list[str]: ...
    @overload
    def get_arguments(self, name: str, default: None = None, strip: bool = True) -> list[str] | None: ...

    def get_arguments(
        self, name: str, default: list[str] | None = None, strip: bool = True
    ) -> list[str] | None:
        """Return every value of the argument *name*, or *default* where there is none."""
        values = self.arguments.get(name)
        if not values:
            return default
        return [value.strip() for value in values] if strip else list(values)

    @overload
    def get_form_argument(self, name: str, default: str, strip: bool = False) -> str: ...
    @overload
    def get_form_argument(self, name: str, default: None = None, strip: bool = False) -> str | None: ...

    def get_form_argument(self, name: str, default: str | None = None, strip: bool = False) -> str | None:
        """Return the last value of the field *name* of a form in the body, as it was typed, or *default*.

        The query does not count: it ends up in logs and links, and whoever makes a link chooses it.

        Raises:
            HTTPError: 400 or 413: the client's fault.
        """
        values = self.form.fields.get(name) if self.has_form else None
        if not values:
            return default
        return values[-1].strip() if strip else values[-1]

    @overload
    def get_number(self, name: str, default: int) -> int: ...
    @overload
    def get_number(self, name: str, default: None = None) -> int | None: ...

    def get_number(self, name: str, default: int | None = None) -> int | None:
        """Return the argument *name* as a whole number from 0 to `MAX_NUMBER`, or *default* where it is none.

        Written with the digits 0 to 9 alone; what else `int` reads, and takes long to read, is no number here.
        """
        value = self.get_argument(name, "")
        if not (value.isascii() and value.isdigit() and len(value) <= MAX_DIGITS):
            return default
        number = int(value)
        return number if number <= MAX_NUMBER else default

    @property
    def cookies(self) -> dict[str, str]:
        """The cookies as the client sent them: unsigned, untrusted."""
        if self._cookies is None:
            header = self.headers.get("Cookie")
            self._cookies = parse_cookies(header) if header else {}
        return self._cookies

    def get_cookie(self, name: str, default: str | None = None) -> str | None:
        """Return the cookie *name* as sent, or *default*."""
        return self.cookies.get(name, default)

    def close(self) -> None:
        """Let go of files that an upload left on disk; closing the response does this."""
        if self.opened_form is not None:
            self.opened_form.close()

    def __repr__(self) -> str:
        return f"<Request {self.method} {self.path!r}>"


def read_body(stream: BodyStream, max_body_bytes: int) -> bytes:
    """Return all of *stream*, or raise HTTPError 413 once it passes *max_body_bytes*."""
    pieces = []
    size = 0
    for piece in iterate_body(stream):
        size += len(piece)
        if size > max_body_bytes:
            raise HTTPError(413, f"The body is longer than {max_body_bytes} bytes.")
        pieces.append(piece)
    return b"".join(pieces)


def iterate_body(stream: BodyStream, piece_bytes: int = 65536) -> Iterator[bytes]:
    """Yield *stream* in pieces until its end."""
    while piece := stream.read(piece_bytes):
        yield piece
