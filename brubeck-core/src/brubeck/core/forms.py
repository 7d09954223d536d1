"""Forms: what a query string, a urlencoded body or a multipart body holds, within limits.

Text is UTF-8; what is not becomes U+FFFD. Files may lie on the disk: `Form.close`, which the dispatch calls
when the answer is done, lets go of them.
"""

from __future__ import annotations

import re
from binascii import a2b_qp
from collections.abc import Iterator
from dataclasses import dataclass, field, fields
from io import BytesIO
from typing import Protocol

from brubeck.core.errors import ConfigurationError, HTTPError
from brubeck.core.headers import wire_bytes
from brubeck.core.uploads import Upload

__all__ = ["DEFAULT_LIMITS", "Form", "FormLimits", "Readable", "Upload", "parse_form", "parse_query"]

_BLOCK_BYTES = 65536
_PIECE_BYTES = 4096
_BAD_ESCAPE = re.compile(rb"%(?![0-9A-Fa-f]{2})")


class Readable(Protocol):
    """A body that is still arriving."""

    def read(self, size: int, /) -> bytes:
        """Return up to *size* bytes, `b""` at the end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FormLimits:
    """How much of a form is taken; past any of these the client is answered 413.

    Raises:
        ConfigurationError: A limit is not a positive int.
    """

    max_body_bytes: int = 64 * 1024 * 1024
    """The whole body. Room for a video from a telephone; read what is longer from `message.stream`."""
    max_memory_bytes: int = 4 * 1024 * 1024
    """All text fields together with their names, and a urlencoded body. A long article is 100 kB."""
    max_fields: int = 1000
    """Text fields; PHP, Django and Werkzeug take as many."""
    max_files: int = 100
    """Files. Each may hold a descriptor, of which a process commonly has 1024."""
    max_part_headers: int = 8
    """Headers of one part. RFC 7578 knows three."""
    max_part_header_bytes: int = 4096
    """One header of a part: a name and a filename of 255 characters each, with room."""
    spool_bytes: int = 65536
    """What of one file stays in memory; a longer one goes to the disk."""

    def __post_init__(self) -> None:
        for limit in fields(self):
            value = getattr(self, limit.name)
            if not isinstance(value, int) or value < 1:
                raise ConfigurationError(f"{limit.name} must be a positive int, got {value!r}.")


DEFAULT_LIMITS = FormLimits()


@dataclass(slots=True)
class Form:
    """The text fields and the files of a form: every value of each name, in order."""

    fields: dict[str, list[str]] = field(default_factory=dict)
    files: dict[str, list[Upload]] = field(default_factory=dict)

    def close(self) -> None:
        """Close every file; a second call does nothing."""
        for uploads in self.files.values():
            for upload in uploads:
                upload.close()


def parse_query(query: str | bytes, max_fields: int = DEFAULT_LIMITS.max_fields) -> dict[str, list[str]]:
    """Return the arguments of a query string: every value of each name, in order.

    A plus is a space, a blank value is kept, and only `&` separates.

    Args:
        query: Still encoded. Text stands for bytes that a transport decoded as latin-1.
        max_fields: How many are taken.

    Raises:
        HTTPError: 400 when there are more: the client's fault.
    """
    if isinstance(query, bytes):
        query = query.decode("latin-1")
    is_plain = "%" not in query and "+" not in query and query.isascii()
    if is_plain and "&" not in query:
        # One plain argument, the commonest query: 0.2 us less of 0.7 (`benchmarks/dispatch.py`).
        name, _, value = query.partition("=")
        return {name: [value]} if query else {}
    arguments: dict[str, list[str]] = {}
    pairs = query.split("&", max_fields)
    if len(pairs) > max_fields:
        raise HTTPError(400, f"The query has more than {max_fields} arguments.")
    for pair in pairs:
        if pair:
            name, _, value = pair.partition("=")
            if not is_plain:
                name, value = _unquote(name), _unquote(value)
            if name in arguments:
                arguments[name].append(value)
            else:
                arguments[name] = [value]
    return arguments


def _unquote(text: str) -> str:
    raw = wire_bytes(text).replace(b"+", b" ")
    if b"%" in raw:
        raw = b"".join(map(_unescape, _split_between_escapes(raw)))
    return raw.decode("utf-8", "replace")


def _unescape(raw: bytes) -> bytes:
    # Read as quoted-printable with = for %, since its decoder is in C.
    return a2b_qp(_BAD_ESCAPE.sub(b"=25", raw.replace(b"=", b"=3D")).replace(b"%", b"="))


def _split_between_escapes(raw: bytes) -> Iterator[bytes]:
    """Yield *raw* in pieces: `re`, like urllib, takes some 90 bytes of memory for each byte it replaces."""
    start = 0
    while start < len(raw):
        end = start + _PIECE_BYTES
        if end < len(raw) and (escape := raw.rfind(b"%", end - 2, end)) != -1:
            end = escape
        yield raw[start:end]
        start = end


def parse_form(content_type: str, body: bytes | Readable, limits: FormLimits = DEFAULT_LIMITS) -> Form:
    """Return the form in *body*; where *content_type* is not that of a form, an empty one, with nothing read.

    A part with a filename is a file. The empty one with an empty name, which browsers send where no file was
    chosen, is left out.

    Args:
        content_type: The value of the `Content-Type` header.
        body: The content, or what gives it by `read(size)`.
        limits: How much is taken.

    Raises:
        HTTPError: 413 past a limit, 400 where the body is malformed: the client's fault. 500 when a file
            cannot be stored (disk full, no descriptor left): the server's, with the OSError as its cause.

    Blocks:
        The greenlet while the body arrives; the hub for each block that goes to the disk.
    """
    media_type = content_type.partition(";")[0].strip(" \t").lower()
    source = BytesIO(body) if isinstance(body, bytes) else body
    if media_type == "application/x-www-form-urlencoded":
        return _parse_urlencoded(source, limits)
    if media_type == "multipart/form-data":
        # Imported with the first form that needs it; most processes see none.
        from brubeck.core.multiparts import parse_multipart

        return parse_multipart(content_type, source, limits)
    return Form()


def _parse_urlencoded(source: Readable, limits: FormLimits) -> Form:
    content = b"".join(read_blocks(source, min(limits.max_body_bytes, limits.max_memory_bytes)))
    try:
        return Form(parse_query(content, limits.max_fields))
    except HTTPError:
        raise HTTPError(413, f"The form has more than {limits.max_fields} fields.") from None


def read_blocks(source: Readable, max_bytes: int) -> Iterator[bytes]:
    """Yield *source* in blocks that do not depend on how it arrived, the last one the longest.

    So a client that sends single bytes costs no more than another, and what follows the last boundary of a
    multipart body is in one block with that boundary, where a strict parser lets it pass.

    Raises:
        HTTPError: 413 when there are more than *max_bytes*: the client's fault.
    """
    pending = bytearray()
    size = 0
    while chunk := source.read(_BLOCK_BYTES):
        size += len(chunk)
        if size > max_bytes:
            raise HTTPError(413, f"The form is longer than {max_bytes} bytes.")
        pending += chunk
        if len(pending) >= 2 * _BLOCK_BYTES:
            yield bytes(pending[:_BLOCK_BYTES])
            del pending[:_BLOCK_BYTES]
    if pending:
        yield bytes(pending)
