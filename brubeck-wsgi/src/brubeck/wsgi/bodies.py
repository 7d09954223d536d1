"""The content of a request, from bytes to bytes. Takes what arrives, gives content; knows no socket.

A chunked body is read by the grammar of RFC 9112 section 7.1 alone: nothing is guessed, what is not a size, a CRLF
or a well-formed extension ends the request. Extensions and trailers are limited and dropped; trailers never become
headers.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Protocol

from brubeck.wsgi.limits import Limits
from brubeck.wsgi.refusals import Refusal

__all__ = ["BodyDecoder", "ChunkedBody", "LengthBody"]

_TOKEN = rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+"
_QUOTED = rb'"(?:[\t \x21\x23-\x5b\x5d-\x7e\x80-\xff]|\\[\t \x21-\x7e\x80-\xff])*"'
_EXTENSIONS = rb"(?:[ \t]*;[ \t]*" + _TOKEN + rb"(?:[ \t]*=[ \t]*(?:" + _TOKEN + rb"|" + _QUOTED + rb"))?)*"
_chunk_line = re.compile(rb"([0-9A-Fa-f]{1,16})(?:" + _EXTENSIONS + rb")\r\n").match
_unfinished_line = re.compile(rb"[0-9A-Fa-f]{1,16}(?:[ \t]*;[\t \x21-\x7e\x80-\xff]*|[ \t]*)\r?\Z|\Z").match
_trailer_line = re.compile(rb"(" + _TOKEN + rb"):[\t\x20-\x7e\x80-\xff]*\r\n").match
_NEVER_TRAILERS = frozenset(
    (b"connection", b"content-length", b"host", b"te", b"trailer", b"transfer-encoding")
)
"""RFC 9110 section 6.5.1. Others are dropped; these say that somebody else shall read the request differently."""
_unfinished_trailer = re.compile(
    rb"(?:" + _TOKEN + rb")?\Z|" + _TOKEN + rb":[\t\x20-\x7e\x80-\xff]*\r?\Z|\r\Z"
).match


Matcher = Callable[[bytes, int], "re.Match[bytes] | None"]


class BodyDecoder(Protocol):
    """Takes the bytes behind a head for as long as they belong to the body."""

    is_complete: bool
    failure: Refusal | None
    """Why the bytes behind the content that was returned last are no body."""

    def decode(self, data: bytes) -> tuple[bytes, bytes]:
        """Return the content in *data* and what lies behind the body, which is empty before its end.

        Raises:
            Refusal: These bytes are no body, or the body is too long: the client's fault.
        """


class LengthBody:
    """A body whose length the head told."""

    failure: Refusal | None = None

    def __init__(self, length: int) -> None:
        self.remaining = length
        self.is_complete = length == 0

    def decode(self, data: bytes) -> tuple[bytes, bytes]:
        """Return the content in *data* and what lies behind the body."""
        remaining = self.remaining
        if len(data) < remaining:
            self.remaining = remaining - len(data)
            return data, b""
        self.remaining = 0
        self.is_complete = True
        return data[:remaining], data[remaining:]


class ChunkedBody:
    """A body in chunks, each of which tells its own length.

    Content in front of what is malformed is returned, and `failure` set: how far a reader gets depends on what the
    client sent, and not on how it fell into packets.
    """

    def __init__(self, limits: Limits) -> None:
        self.is_complete = False
        self.failure: Refusal | None = None
        self._limits = limits
        self._held = b""
        self._remaining = 0
        """Bytes of the current chunk that are still to come; -2 to 0 of its CRLF."""
        self._size = 0
        self._trailers = 0
        self._trailer_bytes = 0
        self._state = self._read_chunk_line

    def decode(self, data: bytes) -> tuple[bytes, bytes]:
        """Return the content in *data* and what lies behind the body."""
        data = self._held + data if self._held else data
        self._held = b""
        pieces: list[bytes] = []
        place = 0
        try:
            while not self.is_complete:
                ahead = self._state(data, place, pieces)
                if ahead is None:
                    break
                place = ahead
        except Refusal as refusal:
            if not pieces:
                raise
            self.failure = refusal
        content = pieces[0] if len(pieces) == 1 else b"".join(pieces)
        return content, data[place:] if self.is_complete else b""

    # Each state reads one thing at a place in the data and returns the place behind it, or None when it needs more.

    def _read_chunk_line(self, data: bytes, place: int, pieces: list[bytes]) -> int | None:
        match = _chunk_line(data, place)
        if match is None:
            self._hold(data, place, _unfinished_line, self._limits.max_chunk_line_bytes)
            return None
        if match.end() - place > self._limits.max_chunk_line_bytes:
            raise Refusal(400, "A chunk's extensions are too long.")
        size = int(match[1], 16)
        self._size += size
        if self._size > self._limits.max_body_bytes:
            raise Refusal(413, "The body is too large.")
        self._remaining = size
        self._state = self._read_data if size else self._read_trailer
        return match.end()

    def _read_data(self, data: bytes, place: int, pieces: list[bytes]) -> int | None:
        content = data[place : place + self._remaining]
        if content:
            pieces.append(content)
        self._remaining -= len(content)
        if self._remaining:
            return None
        self._state = self._read_data_end
        return place + len(content)

    def _read_data_end(self, data: bytes, place: int, pieces: list[bytes]) -> int | None:
        ending = data[place : place + 2]
        if ending == b"\r\n":
            self._state = self._read_chunk_line
            return place + 2
        if ending not in (b"", b"\r"):
            raise Refusal(400, "A chunk is longer than it said.")
        self._held = ending
        return None

    def _read_trailer(self, data: bytes, place: int, pieces: list[bytes]) -> int | None:
        if data[place : place + 2] == b"\r\n":
            self.is_complete = True
            return place + 2
        match = _trailer_line(data, place)
        if match is None:
            self._hold(data, place, _unfinished_trailer, self._limits.max_trailer_bytes, 431)
            return None
        self._trailers += 1
        self._trailer_bytes += match.end() - place
        limits = self._limits
        if self._trailer_bytes > limits.max_trailer_bytes or self._trailers > limits.max_headers:
            raise Refusal(431, "The trailers are too large.")
        if match[1].lower() in _NEVER_TRAILERS:
            raise Refusal(400, "What frames or routes a request is no trailer.")
        return match.end()

    def _hold(self, data: bytes, place: int, unfinished: Matcher, limit: int, status_code: int = 400) -> None:
        """Keep the beginning of a line, when it can still become one."""
        if len(data) - place > limit:
            raise Refusal(status_code, "A line in a chunked body is too long.")
        if not unfinished(data, place):
            raise Refusal(400, "The chunked body is malformed.")
        self._held = data[place:]


def decoder_for(length: int, chunked: bool, limits: Limits) -> BodyDecoder:
    """Return what decodes a body.

    Raises:
        Refusal: The length is over the limit: the client's fault.
    """
    if chunked:
        return ChunkedBody(limits)
    if length > limits.max_body_bytes:
        raise Refusal(413, "The body is too large.")
    return LengthBody(length)
