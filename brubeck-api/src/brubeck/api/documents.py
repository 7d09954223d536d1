"""Fields that documents of a stream share. Both classes stand on either side of `Document`."""

from __future__ import annotations

from typing import Any

from brubeck.dictshield import BaseField, MillisecondField, StringField, UUIDField, curtime

__all__ = ["OwnedModelMixin", "StreamedModelMixin"]


class OwnedModelMixin:
    """A document that belongs to somebody: `owner_id`, which no view shows, and `owner_username`.

    Other ids than UUIDs are said in the class: `owner_id = IntField(required=True)`.
    """

    owner_id: BaseField[Any] = UUIDField(required=True)
    owner_username = StringField(max_length=30, required=True)

    def __init_subclass__(cls, **options: Any) -> None:
        """Hide `owner_id`, whatever else the class hides, and wherever it stands among the bases."""
        super().__init_subclass__(**options)
        hidden = getattr(cls, "_private_fields", ())
        if "owner_id" not in hidden:
            cls._private_fields = [*hidden, "owner_id"]  # type: ignore[attr-defined]  # of the document beside it


class StreamedModelMixin:
    """A document with its moments, in milliseconds since 1970: `created_at` and `updated_at`.

    Both are required, so that a document that was never touched is refused and not stored at 1970.
    """

    created_at = MillisecondField(required=True)
    updated_at = MillisecondField(required=True)

    def touch(self: Any, now: int | None = None) -> None:
        """Note that the document is made or changed now.

        The first time sets both moments. `updated_at` never goes back, also where the clock does.

        Args:
            now: The moment, such as `handler.current_time`; the clock's by default.
        """
        moment = curtime() if now is None else now
        if self.created_at is None:
            self.created_at = moment
        self.updated_at = max(moment, self.created_at, self.updated_at or moment)
