"""Handlers of streams: items by timestamp, from a moment on, page by page."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from brubeck.api.arguments import get_single, get_whole_number, refuse_argument
from brubeck.api.cursors import Cursor, dump_cursor, parse_cursor
from brubeck.api.links import add_links, change_query
from brubeck.api.pages import StreamedItems, StreamPage
from brubeck.core.errors import ConfigurationError

if TYPE_CHECKING:
    from brubeck.core.application import Brubeck

__all__ = ["StreamedHandlerMixin"]

Item = TypeVar("Item")

NO_PLACE: dict[str, str | None] = {"cursor": None, "page": None, "skip": None}
"""What leads to the first page."""


class StreamedHandlerMixin:
    """Reads which part of a stream a client asks for, and tells it the way to the next.

    Adds: `get_stream_page`, `finish_page`, `get_stream_offset`, `get_stream_end`, `get_paging_arguments`,
        `add_page_links`.
    Needs: nothing.
    Answers: 400 to an argument that is none of these, naming it.
    """

    default_count: ClassVar[int] = 25
    """Items of a page where `count` is not given."""

    max_count: ClassVar[int] = 25
    """Items of a page at most; who asks for more gets as many."""

    max_skip: ClassVar[int] = 10_000
    """How many items `page` and `skip` may pass over: a database reads each of them. A cursor has no such limit."""

    newest_first: ClassVar[bool] = True
    """Whether the stream begins with its latest item."""

    stream_id_type: ClassVar[Callable[[str], Any]] = str
    """Of the ids that tell items of one timestamp apart: `str`, `int`, `uuid.UUID`."""

    @classmethod
    def check_application(cls, application: Brubeck) -> None:
        """Refuse limits that are none."""
        for name in ("default_count", "max_count", "max_skip"):
            limit = getattr(cls, name)
            if not isinstance(limit, int) or limit < 1:
                raise ConfigurationError(f"{cls.__qualname__}.{name} must be a positive int, got {limit!r}.")

    # By cursor

    def get_stream_page(self: Any) -> StreamPage:
        """Return the page that the client asks for: `count`, `since`, `until`, `cursor`.

        Raises:
            Problem: 400, an argument is none: the client's fault.
        """
        since = get_whole_number(self, "since")
        until = get_whole_number(self, "until")
        if since is not None and until is not None and until < since:
            raise refuse_argument("until", "must not lie before since", str(until))
        return StreamPage(
            count=read_count(self),
            since=since,
            until=until,
            cursor=read_cursor(self),
            newest_first=self.newest_first,
        )

    def finish_page(
        self: Any, page: StreamPage, found: Sequence[Item], key: Callable[[Item], tuple[int, Any]]
    ) -> StreamedItems[Item]:
        """Return the items to show, in the order of the stream, and link the pages around them.

        Args:
            page: What was asked for.
            found: Up to `page.limit` items, in the order in which the storage was asked for them.
            key: Gives the timestamp and the id of an item; `Keyset.key` does it for rows.

        Raises:
            ValueError: A timestamp or an id cannot be put into a cursor: the application's fault.
        """
        items = list(found[: page.count])
        has_more = len(found) > page.count
        if page.is_backward:
            items.reverse()
        cursors = find_cursors(self, page, items, has_more, key)
        links = {
            rel: change_query(self.message.query_arguments, NO_PLACE | {"cursor": cursors.get(rel)})
            for rel in ("next", "prev", "first")
            if cursors.get(rel) or (rel == "first" and page.cursor)
        }
        add_links(self, links)
        return StreamedItems(
            items=items,
            next_cursor=cursors["next"],
            prev_cursor=cursors["prev"],
            end_cursor=cursors["end"],
            next_link=links.get("next"),
            prev_link=links.get("prev"),
        )

    # By moment and by number

    def get_stream_offset(self: Any, default_since: int = 0) -> int:
        """Return `since`, milliseconds since 1970: items of that moment and later are asked for.

        Raises:
            Problem: 400, it is no number: the client's fault.
        """
        since = get_whole_number(self, "since")
        return default_since if since is None else since

    def get_stream_end(self: Any, default_until: int | None = None) -> int | None:
        """Return `until`, milliseconds since 1970: items before that moment are asked for.

        Raises:
            Problem: 400, it is no number: the client's fault.
        """
        until = get_whole_number(self, "until")
        return default_until if until is None else until

    def get_paging_arguments(self: Any) -> tuple[int, int, int]:
        """Return `page` (from 0 on), `count`, and how many items to `skip`, which is page times count by default.

        For lists that are short. Items that come or go between two pages are shown twice or never; a cursor has
        neither fault.

        Raises:
            Problem: 400, one of them is no number, or too large: the client's fault.
        """
        count = read_count(self)
        page = get_whole_number(self, "page", greatest=self.max_skip // count) or 0
        skip = get_whole_number(self, "skip", greatest=self.max_skip)
        return page, count, page * count if skip is None else skip

    def add_page_links(self: Any, *, has_more: bool) -> None:
        """Link the pages around the one of `get_paging_arguments`.

        Args:
            has_more: Whether items follow; ask the storage for one more than `count` to know.
        """
        page, count, skip = self.get_paging_arguments()
        by_skip = get_single(self, "skip") is not None
        name, place, step = ("skip", skip, count) if by_skip else ("page", page, 1)
        places: dict[str, int | None] = {}
        if has_more and skip + count <= self.max_skip:
            places["next"] = place + step
        if place:
            places |= {"prev": max(0, place - step), "first": None}
        arguments = self.message.query_arguments
        add_links(self, {rel: change_query(arguments, {name: value}) for rel, value in places.items()})


def read_count(handler: Any) -> int:
    """Return how many items a page has, within the handler's cap."""
    count = get_whole_number(handler, "count", least=1)
    cap: int = handler.max_count
    return min(handler.default_count if count is None else count, cap)


def read_cursor(handler: Any) -> Cursor | None:
    """Return the cursor among the arguments."""
    text = get_single(handler, "cursor")
    if text is None:
        return None
    try:
        return parse_cursor(text, type(handler).stream_id_type)
    except ValueError as exc:
        raise refuse_argument("cursor", str(exc)) from None


def find_cursors(
    handler: Any,
    page: StreamPage,
    items: Sequence[Item],
    has_more: bool,
    key: Callable[[Item], tuple[int, Any]],
) -> dict[str, str | None]:
    """Return the cursors of the next page, of the one before, and of the end of *items*."""
    if not items:
        end = None if page.cursor is None or page.is_backward else dump_cursor(page.cursor)
        return {"next": None, "prev": None, "end": end}
    first, last = (check_key(handler, key(item)) for item in (items[0], items[-1]))
    end = dump_cursor(Cursor(*last))
    has_next, has_prev = (True, has_more) if page.is_backward else (has_more, page.cursor is not None)
    return {
        "next": end if has_next else None,
        "prev": dump_cursor(Cursor(*first, is_backward=True)) if has_prev else None,
        "end": end,
    }


def check_key(handler: Any, key: tuple[int, Any]) -> tuple[int, Any]:
    """Return *key* where a cursor gives its id back as it is."""
    id_type = type(handler).stream_id_type
    if isinstance(id_type, type) and not isinstance(key[1], id_type):
        name = f"{type(handler).__qualname__}.stream_id_type"
        raise ValueError(
            f"{name} is {id_type.__name__}, but an item has the id {key[1]!r}. Set it to the ids' type."
        )
    return key
