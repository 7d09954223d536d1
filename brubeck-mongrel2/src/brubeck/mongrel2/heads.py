"""What the headers of a message say, read once for all messages that bring the same. No I/O.

A client sends the same headers with nearly every request of a connection, and Mongrel2 writes its own before them in
one order, with those of the URL in their midst:

    REMOTE_ADDR METHOD URL_SCHEME PATTERN | [QUERY] URI VERSION PATH | what the client sent

So a message is known by what stands on both sides of the URL, and one for the same URL by all of it. Whatever is
written otherwise is read in full.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from brubeck.core.requests import decode_path
from brubeck.core.routing import METHODS
from brubeck.mongrel2.messages import NOTICE_PATH, split_content

__all__ = ["Head", "Target", "joined", "keeps_alive", "read_content", "repeated"]

Kept = TypeVar("Kept")

MAX_KNOWN = 512
"""Heads kept, and messages; with `MAX_KNOWN_BYTES` and their dictionaries no more than some MiB."""

MAX_KNOWN_BYTES = 2048

_METHODS = {method.encode(): method for method in METHODS}
NO_BODY = b"}0:,"
"""Behind the headers of a message that has none."""
_URL_KEYS = (b"URI", b"PATH", b"FRAGMENT")

known: dict[bytes, Head] = {}
"""By what stands on both sides of the URL."""


class Head:
    """The headers of one or many messages, without what their URLs say. Not to be changed: many messages share it.

    Attributes:
        headers: Upper-case keys are Mongrel2's, lower-case ones the client's; a list where a header was repeated.
        method: As the client sent it; a WebSocket's handshake is a GET (RFC 6455 section 4.1).
        scheme: `http` or `https`.
        version: `HTTP/1.1` or `HTTP/1.0`.
        keeps_alive: Whether the client lets the connection stay open.
        is_handshake: Of a WebSocket.
        is_frame: Of a WebSocket.
        announces_body: By a length or a coding.
        is_plain: None of the three.

    Raises:
        ValueError: A value of Mongrel2's own is missing or is no text.
    """

    __slots__ = (
        "announces_body",
        "headers",
        "is_frame",
        "is_handshake",
        "is_plain",
        "keeps_alive",
        "method",
        "scheme",
        "version",
    )

    def __init__(self, headers: dict[bytes, Any]) -> None:
        method = headers.get(b"METHOD")
        if type(method) is not bytes:
            raise ValueError("There is no METHOD among the headers")
        self.headers = headers
        self.is_frame = method == b"WEBSOCKET" and b"FLAGS" in headers  # a client's headers are in lower case
        self.is_handshake = method == b"WEBSOCKET_HANDSHAKE"
        self.method = "GET" if self.is_handshake else _METHODS.get(method) or method.decode("latin-1")
        self.scheme = "https" if headers.get(b"URL_SCHEME") == b"https" else "http"
        self.version = "HTTP/1.0" if headers.get(b"VERSION") == b"HTTP/1.0" else "HTTP/1.1"
        self.keeps_alive = keeps_alive(headers, self.version)
        self.announces_body = b"content-length" in headers or b"transfer-encoding" in headers
        self.is_plain = not (self.is_frame or self.is_handshake or self.announces_body)


class Target:
    """What the URL of one or many messages says. Not to be changed: many messages share it.

    Attributes:
        wire_path: As sent.
        path: Percent-decoded.
        query: As sent.
        is_notice: The message is none of a client's, but Mongrel2's own.
    """

    __slots__ = ("is_notice", "path", "query", "wire_path")

    def __init__(self, wire_path: bytes, query: bytes) -> None:
        self.wire_path = wire_path
        self.path = decode_path(wire_path)
        self.query = query.decode("latin-1")
        self.is_notice = wire_path == NOTICE_PATH


Content = tuple[Head, Target, bytes]
"""What stands behind the address of a message: the head, the target and the body."""

repeated: dict[bytes, Content] = {}
"""By all that stands behind the path, of which the path is then looked at."""


def read_content(path: bytes, rest: bytes) -> Content:
    """Return the head, the target and the body of a message with *path* and, behind it, *rest*; see `repeated`.

    A browser's takes 6.5 us when only its URL is new; else 7.8 with tnetstring3, 76 without it
    (`benchmarks/mongrel2_stages.py`, beside a yardstick of 1.1 us).

    Raises:
        ValueError, RecursionError, TypeError, AttributeError: *rest* holds no headers and body.
    """
    key, query = find_key(path, rest)
    head = known.get(key)
    if head is not None:
        content = (head, Target(path, query), b"")
        remember(repeated, rest, content)
        return content
    headers, body = split_content(rest)
    query = headers.pop(b"QUERY", b"")
    for name in _URL_KEYS:
        headers.pop(name, None)
    head = Head(headers)
    if type(query) is not bytes:
        raise ValueError("The query is no text")
    if key:
        remember(known, key, head)
    return head, Target(path, query), body


def find_key(path: bytes, rest: bytes) -> tuple[bytes, bytes]:
    """Return what a message without a body can be known by, and its query; nothing where it is written otherwise.

    What comes before PATTERN holds no comma that a client could have written, so the first is the true one.
    """
    begin, end = rest.find(b":") + 1, len(rest) - len(NO_BODY)
    size = rest[: begin - 1]
    if not rest.endswith(NO_BODY) or not size.isdigit() or int(size) != end - begin:
        return b"", b""
    cut = rest.find(b",", rest.find(b",7:PATTERN,") + 11) + 1
    path_size = len(path)
    if rest.startswith(b"5:QUERY,", cut):
        start = rest.find(b":", cut + 8) + 1
        query = rest[start : start + int(rest[cut + 8 : start - 1])]
        full = path_size + 1 + len(query)
        url = b"5:QUERY,%d:%b,3:URI,%d:%b?%b,7:VERSION,8:HTTP/1.1,4:PATH,%d:%b," % (
            *(len(query), query, full, path, query, path_size, path),
        )
    else:
        query = b""
        url = b"3:URI,%d:%b,7:VERSION,8:HTTP/1.1,4:PATH,%d:%b," % (path_size, path, path_size, path)
    if not rest.startswith(url, cut):
        return b"", b""
    return rest[begin:cut] + rest[cut + len(url) :], query


def remember(book: dict[bytes, Kept], key: bytes, value: Kept) -> None:
    """Keep *value*; when there are too many, all are forgotten, and those that come again are read again."""
    if len(key) <= MAX_KNOWN_BYTES:
        if len(book) >= MAX_KNOWN:
            book.clear()
        book[key] = value


def joined(headers: Mapping[bytes, Any], name: bytes) -> str:
    """Return the lines of a header as one."""
    value = headers.get(name, b"")
    values = value if type(value) is list else [value]
    return b",".join(item for item in values if type(item) is bytes).decode("latin-1")


def keeps_alive(headers: Mapping[bytes, Any], version: str) -> bool:
    """Say whether the client lets the connection stay open (RFC 9112 section 9.3). Mongrel2 itself never asks."""
    if b"connection" not in headers:
        return version != "HTTP/1.0"
    options = [option.strip() for option in joined(headers, b"connection").lower().split(",")]
    if "close" in options:
        return False
    return version != "HTTP/1.0" or "keep-alive" in options
