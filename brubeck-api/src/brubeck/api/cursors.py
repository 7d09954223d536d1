"""A place in a stream, as text that a client gives back: behind which item the next page begins.

A cursor is not signed. All it says is a timestamp and an id, and a forged one only leads to another place in what
the handler's query lets this client see anyway. It is validated: what `dump_cursor` would not write is refused.
"""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

__all__ = ["Cursor", "dump_cursor", "parse_cursor"]

MAX_CURSOR_BYTES = 300
"""Before base64: a direction, 17 characters of timestamp, and an id as long as a key of most databases may be."""

MAX_TIMESTAMP_MS = 2**53 - 1
MAX_ID = 2**63 - 1
"""What a column of 64 bits holds: a database driver fails on more."""


@dataclass(frozen=True, slots=True)
class Cursor:
    """Beside which item a page begins: behind it, or, read backward, before it."""

    timestamp: int
    id: Any
    is_backward: bool = False


def dump_cursor(cursor: Cursor) -> str:
    """Return *cursor* as text of letters, digits, `-` and `_`.

    Raises:
        ValueError: The timestamp is no int of milliseconds, or the id is too long, too large, or holds what
            databases refuse (NUL): the application's fault.
    """
    raw = f"{'b' if cursor.is_backward else 'f'}{cursor.timestamp}.{cursor.id}".encode()
    if not _is_int(cursor.timestamp, MAX_TIMESTAMP_MS):
        raise ValueError(f"A cursor's timestamp is an int of milliseconds, got {cursor.timestamp!r}.")
    if isinstance(cursor.id, int) and not _is_int(cursor.id, MAX_ID):
        raise ValueError(f"A cursor's id fits in 64 bits, got {cursor.id!r}.")
    if b"\0" in raw or len(raw) > MAX_CURSOR_BYTES:
        raise ValueError(f"A cursor's id has no NUL and about {MAX_CURSOR_BYTES} bytes, got {cursor.id!r}.")
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def parse_cursor(text: str, id_type: Callable[[str], Any] = str) -> Cursor:
    """Return the cursor that `dump_cursor` wrote as *text*.

    Args:
        text: From a client.
        id_type: Makes the id of its text: `str`, `int`, `uuid.UUID`, …; whatever raises ValueError for what it
            does not take.

    Raises:
        ValueError: It never wrote that: the client's fault.
    """
    try:
        cursor = _decode(text, id_type)
        is_ours = dump_cursor(cursor) == text
    except (ValueError, TypeError, ArithmeticError):
        is_ours = False
    if not is_ours:
        raise ValueError("is no cursor of this stream")
    return cursor


def _decode(text: str, id_type: Callable[[str], Any]) -> Cursor:
    """Read leniently; the round trip of `parse_cursor` refuses what is not written as we write it."""
    if len(text) > 2 * MAX_CURSOR_BYTES:
        raise ValueError("too long")
    plain = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode()
    timestamp, _, item_id = plain[1:].partition(".")
    return Cursor(int(timestamp), id_type(item_id), is_backward=plain[:1] == "b")


def _is_int(value: object, greatest: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and abs(value) <= greatest
