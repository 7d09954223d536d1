"""Multipart bodies: what the events of the `multipart` package's parser make of a form.

The package decides what is well-formed, and is asked to be strict; limits, text and files are decided here.
"""

from __future__ import annotations

import re
from tempfile import SpooledTemporaryFile
from typing import Any

from brubeck.core.errors import HTTPError
from brubeck.core.forms import Form, FormLimits, Readable, read_blocks
from brubeck.core.headers import Headers
from brubeck.core.uploads import Upload
from multipart import MultipartError, ParserLimitReached, PushMultipartParser, parse_options_header

__all__ = ["parse_multipart"]

_BOUNDARY_PARAMETER = re.compile(r";[ \t]*boundary[ \t]*=", re.IGNORECASE)
# RFC 2046 section 5.1.1 and what clients send besides; never CR, LF or a quote.
_is_boundary = re.compile(r"[ !#-\[\]-~]{0,69}[!#-\[\]-~]").fullmatch
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
# RFC 7578 section 4.5. A short list: among Python's codecs are slow ones, and UTF-7.
_CHARSETS = {
    None: "utf-8",
    "utf-8": "utf-8",
    "utf8": "utf-8",
    "us-ascii": "utf-8",
    "ascii": "utf-8",
    "iso-8859-1": "latin-1",
    "latin-1": "latin-1",
    "latin1": "latin-1",
    "windows-1252": "cp1252",
}


def parse_multipart(content_type: str, source: Readable, limits: FormLimits) -> Form:
    """Return the form in *source*; what it raises and blocks is said at `brubeck.core.forms.parse_form`."""
    builder = _FormBuilder(limits)
    try:
        with PushMultipartParser(
            find_boundary(content_type),
            max_header_size=limits.max_part_header_bytes,
            max_header_count=limits.max_part_headers,
            # Without it a header may go on over many lines, each of which costs the length of those before.
            strict=True,
        ) as parser:
            for block in read_blocks(source, limits.max_body_bytes):
                for event in parser.parse(block):
                    builder.take(event)
    except ParserLimitReached:
        builder.close()
        raise HTTPError(413, "The headers of a part of the form are too many or too long.") from None
    except MultipartError as exc:
        builder.close()
        raise HTTPError(400, f"The multipart body is malformed: {exc.args[0]}.") from None
    except BaseException:
        builder.close()
        raise
    return builder.form


def find_boundary(content_type: str) -> str:
    """Return the boundary that a `Content-Type` of multipart names.

    Raises:
        HTTPError: 400 when there is none, one that cannot be, or two, of which a firewall in front might have
            read the other one: the client's fault.
    """
    if len(_BOUNDARY_PARAMETER.findall(content_type)) == 1:
        boundary: str = parse_options_header(content_type)[1].get("boundary", "")
        if _is_boundary(boundary):
            return boundary
    raise HTTPError(
        400, "A multipart body needs one boundary of 1 to 70 ASCII characters in its Content-Type."
    )


def _check_headers(pairs: list[tuple[str, str]]) -> None:
    if len(pairs) > len({name for name, _ in pairs}):
        # Which of two dispositions counts is another one elsewhere.
        raise HTTPError(400, "The multipart body is malformed: Repeated header.")
    if any(_CONTROL.search(value) for _, value in pairs):
        raise HTTPError(400, "The multipart body is malformed: Control character in a header.")


class _FormBuilder:
    """Takes the events of the parser: a segment, its bytes, None at its end."""

    def __init__(self, limits: FormLimits) -> None:
        self.form = Form()
        self._limits = limits
        self._memory_left = limits.max_memory_bytes
        self._fields_left = limits.max_fields
        self._files_left = limits.max_files
        self._segment: Any = None
        self._text = bytearray()
        self._upload: Upload | None = None

    def take(self, event: Any) -> None:
        """Do what *event* asks for."""
        if event is None:
            self._finish_file(self._upload) if self._upload else self._finish_field()
        elif not isinstance(event, bytes):
            self._segment = event
            _check_headers(event.headerlist)
            self._start_field() if event.filename is None else self._start_file()
        elif self._upload:
            self._store(self._upload, event)
        else:
            self._take_memory(len(event))
            self._text += event

    def close(self) -> None:
        """Close the files taken so far, the one in the making too."""
        self.form.close()
        if self._upload:
            self._upload.close()

    def _start_field(self) -> None:
        self._fields_left -= 1
        if self._fields_left < 0:
            raise HTTPError(413, f"The form has more than {self._limits.max_fields} fields.")
        self._take_memory(len(self._segment.name))

    def _take_memory(self, size: int) -> None:
        self._memory_left -= size
        if self._memory_left < 0:
            raise HTTPError(413, f"The form's text is longer than {self._limits.max_memory_bytes} bytes.")

    def _finish_field(self) -> None:
        codec = _CHARSETS.get(self._segment.charset and self._segment.charset.lower())
        if codec is None:
            raise HTTPError(400, "A field of the form has a charset that is not taken. Send UTF-8.")
        text = self._text.decode(codec, "replace")
        self._text.clear()
        self.form.fields.setdefault(self._segment.name, []).append(text)

    def _start_file(self) -> None:
        self._files_left -= 1
        if self._files_left < 0:
            raise HTTPError(413, f"The form has more than {self._limits.max_files} files.")
        file = SpooledTemporaryFile(self._limits.spool_bytes)  # noqa: SIM115  (closed by `Form.close`)
        self._upload = Upload(self._segment.filename, Headers(self._segment.headerlist), file)

    def _store(self, upload: Upload, chunk: bytes) -> None:
        try:
            upload.file.write(chunk)
        except OSError as exc:
            raise HTTPError(500, "The server cannot store the file now.") from exc
        upload.size += len(chunk)

    def _finish_file(self, upload: Upload) -> None:
        try:
            upload.file.seek(0)
        except OSError as exc:
            raise HTTPError(500, "The server cannot store the file now.") from exc
        self._upload = None
        if self._segment.filename or upload.size:
            self.form.files.setdefault(self._segment.name, []).append(upload)
        else:
            upload.close()
