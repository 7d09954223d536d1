"""Which line of which template an exception came from, said where the traceback is shown."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import FrameType, TracebackType
from typing import NamedTuple

__all__ = ["Place", "add_place", "frames_of"]


class Place(NamedTuple):
    """A line of a template.

    Args:
        file: The template, by its path where it has one.
        line: Counted from 1; None where the engine does not tell.
        text: What stands in the line; read from the file where it is left out.
    """

    file: str
    line: int | None = None
    text: str | None = None

    def __str__(self) -> str:
        if self.line is None:
            return f"In the template {self.file}"
        text = read_line(self.file, self.line) if self.text is None else self.text
        return f"In the template {self.file}, line {self.line}" + (f":\n    {text.strip()}" if text else "")


def read_line(file: str, line: int) -> str:
    """Return one line of *file*, or nothing where there is none."""
    try:
        return Path(file).read_text(encoding="utf-8").splitlines()[line - 1]
    except (OSError, ValueError, IndexError):
        return ""


def add_place(exception: BaseException, place: Place) -> None:
    """Note *place* on *exception*, so that every traceback of it ends with the template's line."""
    note = str(place)
    if note not in getattr(exception, "__notes__", ()):
        exception.add_note(note)


def frames_of(traceback: TracebackType | None) -> Iterator[tuple[FrameType, int]]:
    """Yield each frame of *traceback* with its line, the innermost first."""
    frames = []
    while traceback is not None:
        frames.append((traceback.tb_frame, traceback.tb_lineno))
        traceback = traceback.tb_next
    yield from reversed(frames)
