"""Streams by timestamp, paging, owned documents: what an API of a cloud is made of.

Names are imported when they are used, so that importing this package costs next to nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from brubeck.api.conditions import ConditionalMixin, make_etag
    from brubeck.api.cross_origin import CrossOrigin
    from brubeck.api.cursors import Cursor, dump_cursor, parse_cursor
    from brubeck.api.documents import OwnedModelMixin, StreamedModelMixin
    from brubeck.api.keysets import Keyset
    from brubeck.api.owners import OwnedHandlerMixin
    from brubeck.api.pages import StreamedItems, StreamPage
    from brubeck.api.problems import Problem, ProblemMixin
    from brubeck.api.streams import StreamedHandlerMixin
    from brubeck.api.validation import answer_invalid

__all__ = [
    "ConditionalMixin",
    "CrossOrigin",
    "Cursor",
    "Keyset",
    "OwnedHandlerMixin",
    "OwnedModelMixin",
    "Problem",
    "ProblemMixin",
    "StreamPage",
    "StreamedHandlerMixin",
    "StreamedItems",
    "StreamedModelMixin",
    "answer_invalid",
    "dump_cursor",
    "make_etag",
    "parse_cursor",
]

_ROOMS = {
    "conditions": ("ConditionalMixin", "make_etag"),
    "cross_origin": ("CrossOrigin",),
    "cursors": ("Cursor", "dump_cursor", "parse_cursor"),
    "documents": ("OwnedModelMixin", "StreamedModelMixin"),
    "keysets": ("Keyset",),
    "owners": ("OwnedHandlerMixin",),
    "pages": ("StreamPage", "StreamedItems"),
    "problems": ("Problem", "ProblemMixin"),
    "streams": ("StreamedHandlerMixin",),
    "validation": ("answer_invalid",),
}
_HOMES = {name: f"brubeck.api.{room}" for room, names in _ROOMS.items() for name in names}


def __getattr__(name: str) -> Any:
    """Import *name* from the module that has it."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = globals()[name] = getattr(import_module(_HOMES[name]), name)
    return value


def __dir__() -> list[str]:
    """Return what can be imported from here."""
    return sorted({*globals(), *__all__})
