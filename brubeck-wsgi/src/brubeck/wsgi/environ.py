"""The environ and the input that PEP 3333 describes, from a parsed head."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from functools import lru_cache
from io import BytesIO
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote_to_bytes

from brubeck.wsgi.files import FileWrapper

if TYPE_CHECKING:
    from brubeck.core.requests import BodyStream
    from brubeck.wsgi.exchange import Exchange
    from brubeck.wsgi.heads import Fields

__all__ = ["Input", "base_environ", "make_environ"]

_COOKIES = ("HTTP_COOKIE", "HTTP_COOKIE2")
_UNPREFIXED = {"CONTENT_TYPE": "CONTENT_TYPE", "CONTENT_LENGTH": "CONTENT_LENGTH"}


def base_environ(server: tuple[str, int], scheme: str, *, multiprocess: bool = False) -> dict[str, Any]:
    """Return what is the same for every request."""
    return {
        "SCRIPT_NAME": "",
        "SERVER_NAME": server[0],
        "SERVER_PORT": str(server[1]),
        "SERVER_SOFTWARE": "brubeck",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": scheme,
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,  # another greenlet may be in the application meanwhile
        "wsgi.multiprocess": multiprocess,
        "wsgi.run_once": False,
        "wsgi.input_terminated": True,  # the input ends where the body does, also without a length
        "wsgi.file_wrapper": FileWrapper,
        "brubeck.carries_websockets": True,
    }


def make_environ(exchange: Exchange, base: dict[str, Any]) -> dict[str, Any]:
    """Return the environ of one request, beside what *base* says of the server."""
    head = exchange.head
    fields, path, peer = head.fields, head.path, exchange.client.peer
    known = fields.environ
    if known is None or known[0] is not base:
        known = fields.environ = (base, with_headers(base, fields))
    environ = known[1].copy()
    environ["REQUEST_METHOD"] = head.method
    environ["PATH_INFO"] = unquote_to_bytes(path).decode("latin-1") if "%" in path else path
    environ["QUERY_STRING"] = head.query
    environ["RAW_URI"] = environ["REQUEST_URI"] = head.target.decode("latin-1")
    environ["REMOTE_ADDR"] = peer[0]
    environ["REMOTE_PORT"] = str(peer[1])
    body = exchange.body
    environ["wsgi.input"] = BytesIO(body) if isinstance(body, bytes) else Input(body)
    return environ


def with_headers(base: dict[str, Any], fields: Fields) -> dict[str, Any]:
    """Return *base* with what all requests that come with the same *fields* say.

    A header whose name holds an underscore is left out: it would be taken for the one with a hyphen.
    """
    environ = base.copy()
    environ["SERVER_PROTOCOL"] = fields.version
    for name, value in fields.headers:
        key = environ_key(name)
        if key is None:
            continue
        text = value.decode("latin-1")
        if key in environ and key.startswith("HTTP_"):
            # RFC 9110 section 5.2; cookies by RFC 6265 and, once, RFC 2965
            text = environ[key] + ("; " if key in _COOKIES else ",") + text
        environ[key] = text
    return environ


@lru_cache(maxsize=256)
def environ_key(name: bytes) -> str | None:
    """Return the key of the header *name*, None where it holds an underscore."""
    if b"_" in name:
        return None
    text = name.decode("latin-1").upper().replace("-", "_")
    return _UNPREFIXED.get(text) or "HTTP_" + text


class Input:
    """`wsgi.input` over a body that is still arriving; it ends where the body does.

    Args:
        stream: The body.
    """

    __slots__ = ("_rest", "_start", "_stream")

    def __init__(self, stream: BodyStream) -> None:
        self._stream = stream
        self._rest = b""
        self._start = 0
        """How much of the rest was read."""

    def read(self, size: int | None = -1, /) -> bytes:
        """Return *size* bytes, fewer only at the end; all without a size."""
        if size is None or size < 0:
            data, self._rest = self._rest[self._start :] + self._stream.read(), b""
            self._start = 0
            return data
        held = self._rest[self._start : self._start + size]
        self._start += len(held)
        pieces, missing = [held], size - len(held)
        while missing and (piece := self._stream.read(missing)):
            pieces.append(piece)
            missing -= len(piece)
        return b"".join(pieces)

    def readline(self, size: int | None = -1, /) -> bytes:
        """Return the next line with its LF, at most *size* bytes of it."""
        missing = sys.maxsize if size is None or size < 0 else size
        pieces = []
        while missing and (piece := self._read_line_part(missing)):
            pieces.append(piece)
            missing -= len(piece)
            if piece[-1:] == b"\n":
                break
        return b"".join(pieces)

    def _read_line_part(self, size: int) -> bytes:
        """Return what is here of a line, at most *size* bytes; each byte is searched and copied once."""
        if self._start == len(self._rest):
            self._rest, self._start = self._stream.read(4096), 0
        begin = self._start
        limit = begin + size
        self._start = end = self._rest.find(b"\n", begin, limit) + 1 or min(limit, len(self._rest))
        return self._rest[begin:end]

    def readlines(self, hint: int | None = -1, /) -> list[bytes]:
        """Return the lines, ending once *hint* bytes are passed."""
        least = sys.maxsize if hint is None or hint <= 0 else hint
        lines, size = [], 0
        for line in self:
            lines.append(line)
            size += len(line)
            if size >= least:
                break
        return lines

    def __iter__(self) -> Iterator[bytes]:
        return iter(self.readline, b"")
