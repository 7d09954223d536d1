"""Paging by key in SQL: each page begins where the last one ended, so that the last costs what the first does."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from brubeck.api.pages import StreamPage

__all__ = ["Keyset"]

_is_column = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)?").fullmatch


@dataclass(frozen=True, slots=True)
class Keyset:
    """The two columns that order a stream: a timestamp, which may repeat, and an id, which may not.

    Together they need an index, behind the columns that your own condition compares with `=`:
    `CREATE INDEX … ON links (owner_id, updated_at, id)`.

    Args:
        time: The column of the timestamps.
        id: The column of the ids.
        placeholder: Of the driver: `?` for SQLite, `%s` for psycopg.

    Raises:
        ValueError: A name is none of a column, or the placeholder is none.
    """

    time: str = "updated_at"
    id: str = "id"
    placeholder: str = "?"

    def __post_init__(self) -> None:
        for column in (self.time, self.id):
            if not _is_column(column):
                raise ValueError(f"A column is named by letters, digits and _, got {column!r}.")
        if self.placeholder not in ("?", "%s"):
            raise ValueError(f"placeholder is '?' or '%s', got {self.placeholder!r}.")

    def where(self, page: StreamPage) -> tuple[str, list[Any]]:
        """Return the condition for *page*, to stand behind your own and an `AND`, and its parameters."""
        lower = self._bound(">=", page.since)
        upper = self._bound("<", page.until)
        # One bound at each end: given two, SQLite may seek to the wider and walk from there to the cursor.
        if page.cursor is not None and page.is_descending:
            upper = self._nearer(upper, page.until is None or page.cursor.timestamp < page.until, page)
        elif page.cursor is not None:
            lower = self._nearer(lower, page.since is None or page.cursor.timestamp >= page.since, page)
        conditions = [lower[0], upper[0]]
        return " AND ".join(filter(None, conditions)) or "1 = 1", [*lower[1], *upper[1]]

    def order_by(self, page: StreamPage) -> str:
        """Return what stands behind `ORDER BY`."""
        direction = "DESC" if page.is_descending else "ASC"
        return f"{self.time} {direction}, {self.id} {direction}"

    def key(self, row: Any) -> tuple[int, Any]:
        """Return timestamp and id of a *row* that is read by the names of its columns."""
        return row[self.time.rpartition(".")[2]], row[self.id.rpartition(".")[2]]

    def _bound(self, operator: str, timestamp: int | None) -> tuple[str, list[Any]]:
        if timestamp is None:
            return "", []
        return f"{self.time} {operator} {self.placeholder}", [timestamp]

    def _nearer(
        self, bound: tuple[str, list[Any]], is_inside: bool, page: StreamPage
    ) -> tuple[str, list[Any]]:
        """Return the cursor as a bound where it lies inside the one of the window."""
        if not is_inside or page.cursor is None:
            return bound
        operator = "<" if page.is_descending else ">"
        row = f"({self.time}, {self.id}) {operator} ({self.placeholder}, {self.placeholder})"
        return row, [page.cursor.timestamp, page.cursor.id]
