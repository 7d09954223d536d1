"""What a client asks of a stream, and what it gets: values, whatever the storage."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, TypeVar

from brubeck.api.cursors import Cursor

__all__ = ["StreamPage", "StreamedItems"]

Item = TypeVar("Item")


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamPage:
    """One page of a stream, as a client asked for it.

    A storage answers it with up to `limit` items whose timestamp is at least `since` and less than `until`, that lie
    beyond `cursor`, ordered by (timestamp, id) as `is_descending` says. `Keyset` writes that as SQL.
    """

    count: int
    since: int | None = None
    until: int | None = None
    cursor: Cursor | None = None
    newest_first: bool = True

    @property
    def limit(self) -> int:
        """How many items to ask the storage for: one more than is shown, which tells whether there are more."""
        return self.count + 1

    @property
    def is_backward(self) -> bool:
        """Whether the page lies before its cursor, so that it is read from its end."""
        return self.cursor is not None and self.cursor.is_backward

    @property
    def is_descending(self) -> bool:
        """Whether the storage is to give the latest first."""
        return self.newest_first != self.is_backward


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamedItems(Generic[Item]):
    """A page that was found: its items in the order of the stream, and the way on from it."""

    items: list[Item]
    next_cursor: str | None = None
    """Where the next page begins; None where there is none."""
    prev_cursor: str | None = None
    """Where the page before ends; None where there is none."""
    end_cursor: str | None = None
    """The place behind the last item, also at the end: where one who follows the stream goes on later."""
    next_link: str | None = None
    """The next page as a page links it: a query with all other arguments of this one."""
    prev_link: str | None = None
    """The page before, likewise."""
