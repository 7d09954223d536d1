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

from brubeck.core.routing import METHODS
from brubeck.mongrel2.messages import UNREADABLE, check_address, known_senders, refuse, split_content

__all__ = ["Head", "joined", "keeps_alive", "read_message"]

Kept = TypeVar("Kept")

MAX_KNOWN = 512
"""Heads kept, and messages; with `MAX_KNOWN_BYTES` and their dictionaries no more than some MiB."""

MAX_KNOWN_BYTES = 2048

_METHODS = {method.encode(): method for method in METHODS}
_URL_KEYS = (b"URI", b"PATH", b"FRAGMENT")
_known: dict[bytes, Head] = {}
_repeated: dict[bytes, tuple[Head, bytes]] = {}


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
        self.is_frame = method == b"WEBSOCKET"
        self.is_handshake = method == b"WEBSOCKET_HANDSHAKE"
        self.method = "GET" if self.is_handshake else _METHODS.get(method) or method.decode("latin-1")
        self.scheme = "https" if headers.get(b"URL_SCHEME") == b"https" else "http"
        self.version = "HTTP/1.0" if headers.get(b"VERSION") == b"HTTP/1.0" else "HTTP/1.1"
        self.keeps_alive = keeps_alive(headers, self.version)
        self.announces_body = b"content-length" in headers or b"transfer-encoding" in headers
        self.is_plain = not (self.is_frame or self.is_handshake or self.announces_body)


def read_message(data: bytes) -> tuple[bytes, bytes, bytes, Head, bytes, bytes]:
    """Return the sender, the connection's number, the path, the head, the query and the body of *data*.

    A browser's message takes 0.9 us when its URL is known, 6.5 when its client is; else 7.8 with tnetstring3, 76
    without it (`benchmarks/mongrel2_stages.py`, beside a yardstick of 1.1 us).

    Raises:
        MessageError: *data* holds no message.
    """
    try:
        sender, number, path, rest = data.split(b" ", 3)
        if sender not in known_senders or not number.isdigit():
            check_address(sender, number)
        found = _repeated.get(rest)
        if found is not None:
            return sender, number, path, found[0], found[1], b""
        key, query = find_key(path, rest)
        head = _known.get(key)
        if head is not None:
            remember(_repeated, rest, (head, query))
            return sender, number, path, head, query, b""
        headers, body = split_content(rest)
        query = headers.pop(b"QUERY", b"")
        for name in _URL_KEYS:
            headers.pop(name, None)
        head = Head(headers)
        if type(query) is not bytes:
            raise ValueError("The query is no text")
    except UNREADABLE as exc:
        raise refuse(exc, data) from None
    if key:
        remember(_known, key, head)
    return sender, number, path, head, query, body


def find_key(path: bytes, rest: bytes) -> tuple[bytes, bytes]:
    """Return what a message without a body can be known by, and its query; nothing where it is written otherwise.

    What comes before PATTERN holds no comma that a client could have written, so the first is the true one.
    """
    if not rest.endswith(b",}0:,"):
        return b"", b""
    cut = rest.find(b",", rest.find(b",7:PATTERN,") + 11) + 1
    size = len(path)
    if rest.startswith(b"5:QUERY,", cut):
        begin = rest.find(b":", cut + 8) + 1
        query = rest[begin : begin + int(rest[cut + 8 : begin - 1])]
        full = size + 1 + len(query)
        url = b"5:QUERY,%d:%b,3:URI,%d:%b?%b,7:VERSION,8:HTTP/1.1,4:PATH,%d:%b," % (
            *(len(query), query, full, path, query, size, path),
        )
    else:
        query = b""
        url = b"3:URI,%d:%b,7:VERSION,8:HTTP/1.1,4:PATH,%d:%b," % (size, path, size, path)
    if not rest.startswith(url, cut):
        return b"", b""
    return rest[rest.find(b":") : cut] + rest[cut + len(url) :], query


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
