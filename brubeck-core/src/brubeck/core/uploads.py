"""Uploads: one file of a form, in memory while it is small, else in a temporary file without a name."""

from __future__ import annotations

import re
from contextlib import suppress
from pathlib import Path
from shutil import copyfileobj
from typing import IO, Any

from brubeck.core.headers import Headers

__all__ = ["Upload", "clean_filename"]

# Control characters, and those that turn the direction of writing (they show "exe.txt" as "txt.exe").
_NOT_IN_FILENAME = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")
_is_media_type = re.compile(r"[!#$%&'*+\-.^_`|~0-9a-z]+/[!#$%&'*+\-.^_`|~0-9a-z]+").fullmatch


class Upload:
    """One file of a form.

    Attributes:
        filename: What the client calls it: the last component only, without control characters; may be empty.
            To be shown, not to be opened: it is not unique, and any name is possible.
        content_type: The media type that the client claims, without parameters; `application/octet-stream`
            where it claims none.
        headers: The headers of the part, as sent.
        file: The content, a binary file at its start.
        size: The length in bytes.
    """

    def __init__(self, filename: str, headers: Headers, file: IO[bytes], size: int = 0) -> None:
        self.filename = clean_filename(filename)
        media_type = headers.get("Content-Type", "").partition(";")[0].strip().lower()
        self.content_type = media_type if _is_media_type(media_type) else "application/octet-stream"
        self.headers = headers
        self.file = file
        self.size = size

    @property
    def body(self) -> bytes:
        """The whole content; the position of `file` stays."""
        position = self.file.tell()
        self.file.seek(0)
        content = self.file.read()
        self.file.seek(position)
        return content

    def save(self, path: str | Path) -> int:
        """Write the content to *path*, over what is there, and return its length.

        Blocks:
            Yes, on the disk; other greenlets wait.
        """
        position = self.file.tell()
        self.file.seek(0)
        with Path(path).open("wb") as target:
            copyfileobj(self.file, target)
        self.file.seek(position)
        return self.size

    def close(self) -> None:
        """Let go of the content, and of its room on the disk; a second call does nothing."""
        # Closing writes what is still buffered, which a full disk refuses; the descriptor goes back anyway.
        with suppress(OSError):
            self.file.close()

    def __getitem__(self, key: str) -> Any:
        """Return `filename`, `content_type` or `body`: in the first Brubeck an upload was a dict."""
        if key not in ("filename", "content_type", "body"):
            raise KeyError(key)
        return getattr(self, key)

    def __repr__(self) -> str:
        return f"<Upload {self.filename!r} {self.content_type} {self.size} bytes>"


def clean_filename(filename: str) -> str:
    """Return the last component of *filename*, by the separators of any system, fit to be shown."""
    name = _NOT_IN_FILENAME.sub("", filename.replace("\\", "/").rpartition("/")[2])
    return "" if name in (".", "..") else name
