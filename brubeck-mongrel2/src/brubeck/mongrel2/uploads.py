"""Bodies that Mongrel2 parked in a file, and when its word about that can be trusted.

Above `limits.content_length` Mongrel2 writes a body to `upload.temp_store` and sends two messages with an empty
body: one when it begins (`x-mongrel2-upload-start`), one when it is complete (`x-mongrel2-upload-done`). Clients can
write both headers as well. A real upload is known by what a client cannot bring about: an empty body where the framing
announces one. Only then, and only inside the upload folder, is a file opened.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Mapping
from contextlib import suppress
from io import BufferedReader
from pathlib import Path
from typing import Any

from brubeck.core.errors import ConfigurationError, HTTPError

Headers = Mapping[bytes, Any]

__all__ = ["UploadBody", "UploadFolder", "is_parked", "upload_stage"]

MAX_CONTENT_LENGTH = 2**31 - 1
"""What Mongrel2 can read; it takes more for 0 and delivers an empty body."""

START = b"x-mongrel2-upload-start"
DONE = b"x-mongrel2-upload-done"

_read_length = re.compile(rb"\s*\+?0*([0-9]{1,10})(?![0-9])").match
"""As Mongrel2 reads a `Content-Length`: it takes `+9` and `9 men` for 9."""


def upload_stage(headers: Headers, body: bytes) -> str | None:
    """Return `start`, `done`, or None where Mongrel2 parked no body, whatever the client wrote."""
    if START not in headers or body or not _announces_body(headers):
        return None
    start, done = headers[START], headers.get(DONE)
    if type(start) is not bytes:  # written by the client as well
        return None
    if done is None:
        return "start"
    return "done" if done == start else None


def _announces_body(headers: Headers) -> bool:
    length = headers.get(b"content-length")
    if length is None:
        return headers.get(b"transfer-encoding") == b"chunked"
    return type(length) is bytes and length.isdigit() and _is_of_body(length)


def is_parked(headers: Headers, body: bytes) -> bool:
    """Say whether Mongrel2 has parked a body and left it to us, also where its framing is to be refused.

    It puts its own values into both headers, over what a client wrote. It parks nothing where it sees no body, and
    what it sees is not what others do: it goes by the first of two lengths, and by its beginning.
    """
    if body or type(headers.get(DONE)) is not bytes or headers.get(START) != headers[DONE]:
        return False
    length, coding = _first(headers, b"content-length"), _first(headers, b"transfer-encoding")
    if length is None:
        return coding == b"chunked"
    return _is_of_body(length)


def _is_of_body(length: bytes) -> bool:
    """Say whether Mongrel2 takes a body behind *length*."""
    found = _read_length(length)
    return found is not None and 0 < int(found[1]) <= MAX_CONTENT_LENGTH


def _first(headers: Headers, name: bytes) -> bytes | None:
    value = headers.get(name)
    if type(value) is list:
        value = value[0] if value else None
    return value if type(value) is bytes else None


class UploadBody:
    """A parked body as a stream, cut to its length: Mongrel2 may append what was pipelined behind it.

    Args:
        file: At its start.
        size: How many bytes belong to the body.
    """

    def __init__(self, file: BufferedReader, size: int) -> None:
        self.size = size
        self._file = file
        self._left = size

    def read(self, size: int = -1, /) -> bytes:
        """Return up to *size* bytes, `b""` at the end.

        Blocks:
            Yes, on the disk; other greenlets wait.
        """
        wanted = self._left if size < 0 else min(size, self._left)
        data = self._file.read(wanted) if wanted else b""
        self._left = self._left - len(data) if data or not wanted else 0  # somebody cut it
        if not self._left:
            self._file.close()  # a request that has its whole body lets go of the stream
        return data

    def close(self) -> None:
        """Let go of the file. It has no name any more, so this ends it."""
        self._file.close()


class UploadFolder:
    """The folder of Mongrel2's `upload.temp_store`, the only one whose files are opened.

    Args:
        path: An existing folder.
        max_bytes: Longer uploads are answered with 413 before they are sent.

    Raises:
        ConfigurationError: There is no such folder.
    """

    def __init__(self, path: str | Path, max_bytes: int) -> None:
        self.path = Path(path).resolve()
        self.max_bytes = max_bytes
        if not self.path.is_dir():
            raise ConfigurationError(f"upload_folder must be a folder that exists, got {str(path)!r}.")

    def check_start(self, headers: Headers) -> None:
        """Refuse an upload that is announced as too long.

        Raises:
            HTTPError: 413. Mongrel2 drops the rest when the connection is closed behind it.
        """
        length = headers.get(b"content-length")
        if length is not None and int(length) > self.max_bytes:
            raise HTTPError(413, f"The body is longer than {self.max_bytes} bytes.")

    def open(self, headers: Headers) -> UploadBody:
        """Open and unlink the file of a complete upload.

        Raises:
            HTTPError: 400, the file is not in the folder, not a plain file or not there; 413, it is too long.
        """
        path = Path(os.fsdecode(headers[DONE]))
        try:
            descriptor = self._open_inside(path)
        except (OSError, ValueError, RuntimeError):  # a loop of links is a RuntimeError, a NUL a ValueError
            raise HTTPError(400, "The upload cannot be read.") from None
        file = os.fdopen(descriptor, "rb")
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode):
            file.close()
            raise HTTPError(400, "The upload cannot be read.")
        with suppress(OSError):
            path.unlink()
        return self._checked(file, found.st_size, headers)

    def discard(self, headers: Headers, body: bytes) -> None:
        """Unlink the file of a complete upload that nobody will read; what is none of Mongrel2's stays.

        Whoever may send requests that are refused could fill the disk otherwise.
        """
        if not is_parked(headers, body):
            return
        with suppress(OSError, ValueError, RuntimeError):
            path = self._inside(Path(os.fsdecode(headers[DONE])))
            if stat.S_ISREG(path.lstat().st_mode):
                path.unlink()

    def _open_inside(self, path: Path) -> int:
        return os.open(self._inside(path), os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)

    def _inside(self, path: Path) -> Path:
        if path.parent.resolve() != self.path or path.name in ("", ".."):
            raise ValueError("The file is not in the upload folder.")
        return self.path / path.name

    def _checked(self, file: BufferedReader, size: int, headers: Headers) -> UploadBody:
        length = headers.get(b"content-length")
        if length is not None:
            if size < int(length):
                file.close()
                raise HTTPError(400, "The upload is shorter than announced.")
            size = int(length)
        if size > self.max_bytes:
            file.close()
            raise HTTPError(413, f"The body is longer than {self.max_bytes} bytes.")
        return UploadBody(file, size)
