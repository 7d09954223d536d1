"""A `Response` as the bytes of HTTP/1.1, for every transport that speaks them. Nothing here knows a socket.

Names and values were checked when the `Response` was made: none holds CR, LF or NUL. Which body may be
sent and how its end is known (RFC 9112 section 6) is decided here and nowhere else.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from enum import Enum
from typing import Any

from brubeck.core.errors import HeaderError, IncompleteBody
from brubeck.core.responses import BODILESS_STATUSES, Response, has_header

__all__ = [
    "LAST_CHUNK",
    "MAX_LENGTH_DIGITS",
    "Framing",
    "declared_length",
    "encode_chunk",
    "encode_head",
    "encode_parts",
    "encode_start",
    "encode_whole",
    "measured",
]

LAST_CHUNK = b"0\r\n\r\n"
"""Ends a chunked body; no trailers are sent."""

_CONNECTION_OPTIONS = {
    ("HTTP/1.1", True): "",
    ("HTTP/1.1", False): "close",
    ("HTTP/1.0", True): "keep-alive",
    ("HTTP/1.0", False): "close",
}
_UPGRADE_REQUIRED = 426
_first_lines: dict[tuple[int, str, str, bool], bytes] = {}
_MAX_FIRST_LINES = 256  # an application may invent reasons; what is cached stays small
_starts: dict[tuple[int, str, str, bool, tuple[str, str]], bytes] = {}
_MAX_STARTS = 256
_MAX_START_BYTES = 512
MAX_LENGTH_DIGITS = 19
"""Of a `Content-Length`: Python refuses to read a number of thousands of digits, and nobody has so many bytes."""
_length_lines: dict[int, bytes] = {}
_MAX_LENGTH_LINES = 1024


class Framing(Enum):
    """How the receiver of a response knows where its body ends."""

    NONE = "there is no body"
    LENGTH = "Content-Length"
    CHUNKED = "Transfer-Encoding: chunked"
    CLOSE = "the connection is closed"


def encode_whole(response: Response, version: str, keep_alive: bool, extra: bytes = b"") -> bytes:
    """Return the head and the body of a response whose body is bytes; see `encode_parts`.

    Args:
        response: Its body must be bytes.
        version: Of the request, `HTTP/1.1` or `HTTP/1.0`.
        keep_alive: Whether the connection stays open behind it.
        extra: Header lines of the transport, each with its CRLF (`Date`, `Server`).

    Raises:
        HeaderError: The application's lengths contradict each other.
    """
    start, _, end, body = encode_parts(response, version, keep_alive)
    return b"".join((start, extra, end, body))  # 0.3 us, where `%` takes 0.5


def encode_parts(
    response: Response, version: str, keep_alive: bool, date_line: bytes = b""
) -> tuple[bytes, bytes, bytes, bytes]:
    """Return a response whose body is bytes in four parts, to be joined; see `encode_whole`.

    Args:
        response: Its body must be bytes.
        version: Of the request, `HTTP/1.1` or `HTTP/1.0`.
        keep_alive: Whether the connection stays open behind it.
        date_line: Is the second part, unless the application has set a `Date`.

    Raises:
        HeaderError: The application's lengths contradict each other.
    """
    headers = response.headers
    if len(headers) != 1 or response.bodiless:
        return encode_rare(response, version, keep_alive, date_line)
    # Mostly Content-Type alone: looking it up takes 0.2 us, encoding it 0.9 (`benchmarks/mongrel2_stages.py`).
    key = (response.status_code, response.reason, version, keep_alive, headers[0])
    body: Any = response.body  # bytes by contract; a check would cost every message
    try:
        start = _starts[key]
    except KeyError:
        if has_no_content(response) or has_header(headers, "date"):
            return encode_rare(response, version, keep_alive, date_line)
        start = encode_start(response, version, keep_alive)
        if len(_starts) < _MAX_STARTS and len(start) <= _MAX_START_BYTES:
            _starts[key] = start
    return start, date_line, _length_lines.get(len(body)) or length_line(len(body)), body


def has_no_content(response: Response) -> bool:
    """Say whether no body may follow the head of *response*."""
    return response.bodiless or response.status_code in BODILESS_STATUSES or response.status_code < 200


def encode_rare(
    response: Response, version: str, keep_alive: bool, date_line: bytes
) -> tuple[bytes, bytes, bytes, bytes]:
    """Do what `encode_parts` does for what has other headers than one, or may have no content."""
    if has_header(response.headers, "date"):
        date_line = b""
    if has_no_content(response):
        _, line = _choose_framing(response, version, declared_length(response))
        return encode_start(response, version, keep_alive), date_line, line + b"\r\n", b""
    body: Any = response.body
    return encode_start(response, version, keep_alive), date_line, length_line(len(body)), body


def length_line(length: int) -> bytes:
    """Return the last lines of a head."""
    line = _length_lines.get(length)
    if line is None:
        line = b"Content-Length: %d\r\n\r\n" % length
        if len(_length_lines) >= _MAX_LENGTH_LINES:
            _length_lines.clear()
        _length_lines[length] = line
    return line


def encode_start(response: Response, version: str, keep_alive: bool) -> bytes:
    """Return status line and headers, without a `Content-Length` and the empty line."""
    text = ""
    for name, value in response.headers:
        if len(name) != 14 or name.lower() != "content-length":
            text += f"{name}: {value}\r\n"
    return _begin(response, version, keep_alive) + text.encode("latin-1")


def encode_head(
    response: Response, *, version: str, keep_alive: bool, extra: bytes = b""
) -> tuple[bytes, Framing]:
    """Return the head of a response, and how the body behind it has to be sent.

    With `Framing.CLOSE` the connection must be closed behind the body, whatever *keep_alive* says.

    Args:
        response: A bytes body gives `LENGTH`; a streamed one keeps to the application's own `Content-Length`,
            else it is `CHUNKED`, and for an HTTP/1.0 client `CLOSE`.
        version: Of the request, `HTTP/1.1` or `HTTP/1.0`.
        keep_alive: Whether the connection stays open behind it.
        extra: Header lines of the transport, each with its CRLF.

    Raises:
        HeaderError: The application's `Content-Length` is no number, or there are two that differ.
    """
    framing, line = _choose_framing(response, version, declared_length(response))
    start = encode_start(response, version, keep_alive and framing is not Framing.CLOSE)
    return b"".join((start, extra, line, b"\r\n")), framing


def encode_chunk(data: bytes) -> bytes:
    """Return *data* as one chunk (RFC 9112 section 7.1); nothing for nothing: an empty one ends the body."""
    return b"%x\r\n%b\r\n" % (len(data), data) if data else b""


def measured(body: Iterable[bytes], length: int) -> Iterator[bytes]:
    """Yield the pieces of *body*, whose length was announced.

    Raises:
        IncompleteBody: Behind them, when there are fewer bytes; in the place of the first that has too many.
    """
    size = 0
    for piece in body:
        size += len(piece)
        if size > length:
            raise IncompleteBody(f"The body is longer than the {length} bytes announced.")
        yield piece
    if size < length:
        raise IncompleteBody(f"The body has {size} bytes of the {length} announced.")


def declared_length(response: Response) -> int | None:
    """Return the `Content-Length` that the application set, or None.

    Raises:
        HeaderError: It is no number, or there are two that differ.
    """
    values = {value.strip() for name, value in response.headers if name.lower() == "content-length"}
    if not values:
        return None
    value = values.pop()
    if values or not (value.isascii() and value.isdigit()) or len(value) > MAX_LENGTH_DIGITS:
        values.add(value)
        given = ", ".join(map(repr, sorted(values)))
        raise HeaderError(f"Content-Length must be one decimal number, got {given}.")
    return int(value)


def _choose_framing(response: Response, version: str, length: int | None) -> tuple[Framing, bytes]:
    """Return the framing and its header line; RFC 9112 section 6.3 in the sender's order."""
    status_code = response.status_code
    if status_code == 204 or status_code < 200:
        return Framing.NONE, b""
    if response.bodiless or status_code == 304:
        return Framing.NONE, b"" if length is None else b"Content-Length: %d\r\n" % length
    if isinstance(response.body, bytes):
        return Framing.LENGTH, b"Content-Length: %d\r\n" % len(response.body)
    if length is not None:
        return Framing.LENGTH, b"Content-Length: %d\r\n" % length
    if version == "HTTP/1.0":  # RFC 9112 section 6.1: an HTTP/1.0 client does not know chunks
        return Framing.CLOSE, b""
    return Framing.CHUNKED, b"Transfer-Encoding: chunked\r\n"


def _begin(response: Response, version: str, keep_alive: bool) -> bytes:
    """Return the status line, HTTP/1.1 for every client (RFC 9110 section 6.2), and what is said of the connection."""
    key = (response.status_code, response.reason, version, keep_alive)
    lines = _first_lines.get(key)
    if lines is None:
        text = f"HTTP/1.1 {key[0]} {key[1]}\r\n" + _connection_lines(key[0], version, keep_alive)
        lines = text.encode("latin-1")
        if len(_first_lines) < _MAX_FIRST_LINES:
            _first_lines[key] = lines
    return lines


def _connection_lines(status_code: int, version: str, keep_alive: bool) -> str:
    """Return the header lines about the connection, which no handler may set.

    A 426 names the protocol that is required (RFC 9110 section 15.5.22); a transport can change to one alone.
    """
    option = _CONNECTION_OPTIONS[version, keep_alive]
    if status_code == _UPGRADE_REQUIRED:
        options = f"{option}, Upgrade" if option else "Upgrade"
        return f"Upgrade: websocket\r\nConnection: {options}\r\n"
    return f"Connection: {option}\r\n" if option else ""
