"""Files of a folder, for a site that has no server of files before it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from mimetypes import guess_type
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from brubeck.core.errors import ConfigurationError, HTTPError
from brubeck.core.handlers import MessageHandler

if TYPE_CHECKING:
    from brubeck.core.application import Brubeck

__all__ = ["StaticFileHandler"]

PIECE_BYTES = 65536
"""A longer file is sent in pieces of this size."""

_TEXTS = frozenset(("application/javascript", "application/json", "image/svg+xml"))


class StaticFileHandler(MessageHandler):
    """Serves the files of `folder`; its route has a group `file`: `(r"^/static/(?P<file>.+)$", Static)`.

    Never one outside of the folder, nor one whose name or whose folder's begins with a dot, whatever link leads to it.
    """

    folder: ClassVar[str | Path]
    """Where the files lie."""

    cache_control: ClassVar[str] = "no-cache"
    """By default browsers ask each time, and are told where nothing has changed."""

    @classmethod
    def check_application(cls, application: Brubeck) -> None:
        """Refuse a folder that is not there."""
        folder = getattr(cls, "folder", None)
        if folder is None or not Path(folder).is_dir():
            raise ConfigurationError(f"{cls.__qualname__}.folder must be a folder of files, got {folder!r}.")

    def get(self, file: str) -> Any:
        """Answer with the file, or with 304 where the client has it.

        Raises:
            HTTPError: 404 where there is none: the client's fault.

        Blocks:
            The hub, for as long as the disk takes for 64 KiB.
        """
        path = self.find(file)
        if path is None or self.message.path.endswith("\n"):  # `$` matches before it, and `file` has lost it
            raise HTTPError(404)
        stat = path.stat()
        self.headers["ETag"] = etag = f'"{stat.st_mtime_ns:x}-{stat.st_size:x}"'
        self.headers["Cache-Control"] = self.cache_control
        if is_among(etag, self.message.headers.get("If-None-Match", "")):
            return self.make_response(b"", 304)
        self.headers["Content-Type"] = type_of(path)
        self.headers["X-Content-Type-Options"] = "nosniff"
        return path.read_bytes() if stat.st_size <= PIECE_BYTES else read_pieces(path)

    def find(self, file: str) -> Path | None:
        """Return the path of *file*, or None where it is none of ours."""
        if "\0" in file or has_hidden_part(file.replace("\\", "/").split("/")):
            return None
        folder = Path(self.folder).resolve()
        try:
            path = (folder / file).resolve()
            if not path.is_relative_to(folder) or has_hidden_part(path.relative_to(folder).parts):
                return None
            return path if path.is_file() else None
        except (OSError, RuntimeError):  # a name too long, a folder that may not be read, links in a circle
            return None


def has_hidden_part(parts: Iterable[str]) -> bool:
    """Say whether one of *parts* begins with a dot, or is empty: a slash too many, or that of an absolute path."""
    return any(not part or part.startswith(".") for part in parts)


def is_among(etag: str, header: str) -> bool:
    """Say whether `If-None-Match` names *etag* (RFC 9110 section 13.1.2)."""
    return header.strip() == "*" or etag in [part.strip().removeprefix("W/") for part in header.split(",")]


def type_of(path: Path) -> str:
    """Return the content type that the name of *path* stands for; text is UTF-8."""
    kind, encoding = guess_type(path.name)
    if kind is None or encoding is not None:
        return "application/octet-stream"
    return f"{kind}; charset=utf-8" if kind.startswith("text/") or kind in _TEXTS else kind


def read_pieces(path: Path) -> Iterator[bytes]:
    """Yield the file in pieces."""
    with path.open("rb") as file:
        while piece := file.read(PIECE_BYTES):
            yield piece
