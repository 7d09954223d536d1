"""Fields whose value is a moment, a day or a time of day."""

from __future__ import annotations

import datetime
import math
import re
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from brubeck.dictshield.errors import InvalidShield, ShieldException
from brubeck.dictshield.fields.field import BaseField
from brubeck.dictshield.fields.numbers import LongField
from pydantic_core import core_schema
from pydantic_core.core_schema import CoreSchema

if TYPE_CHECKING:
    from brubeck.dictshield.document import BaseDocument

M = TypeVar("M")

Format = str | Callable[[Any], Any]

_WHOLE_NUMBER = re.compile(r"[+-]?[0-9]{1,19}\Z")


def _isoformat(value: Any) -> Any:
    return value.isoformat()


class MomentField(BaseField[M]):
    """A value of ``datetime`` that text can stand for; the base of `DateTimeField` and its kin.

    Args:
        format: How JSON shows it: a pattern for ``strftime``, or a callable.
        options: See `BaseField`.
    """

    is_mutable: ClassVar[bool] = False
    keeps_empty: ClassVar[bool] = False
    moment_class: ClassVar[type] = object
    moment_type: ClassVar[str] = ""
    jsonschema_format: ClassVar[str | None] = None

    def __init__(self, format: Format = _isoformat, **options: Any) -> None:  # noqa: A002 - the name of 0.4.4
        self.format = format
        super().__init__(**options)

    if TYPE_CHECKING:

        def __set__(self, instance: BaseDocument, value: M | str | None) -> None: ...

    def convert(self, value: Any) -> Any:
        return self.read_text(value) if isinstance(value, str) else value

    def read_text(self, value: str) -> Any:
        """Return the moment that *value* names in ISO 8601."""
        try:
            return self.moment_class.fromisoformat(value)  # type: ignore[attr-defined] # object has none
        except ValueError as exc:
            raise ShieldException(f"Not a {self.moment_type}", self.field_name, value) from exc

    def is_moment(self, value: Any) -> bool:
        """Return whether *value* is of the field's class."""
        return isinstance(value, self.moment_class)

    def validate(self, value: Any) -> Any:
        if not self.is_moment(value):
            raise ShieldException(f"Not a {self.moment_type}", self.field_name, value)
        return value

    def for_json(self, value: Any) -> Any:
        return write_moment(value, self.format)

    def _jsonschema_type(self) -> str | None:
        return "string"

    def _jsonschema_format(self) -> str | None:
        return self.jsonschema_format

    @classmethod
    def _from_jsonschema_types(cls) -> list[str]:
        return ["string"] if cls.jsonschema_format else []

    @classmethod
    def _from_jsonschema_formats(cls) -> list[str | None]:
        return [cls.jsonschema_format]


def write_moment(value: Any, format: Format) -> Any:  # noqa: A002 - the name of 0.4.4
    """Return *value* in *format*."""
    if isinstance(format, str):
        return value.strftime(format)
    if callable(format):
        return format(value)
    raise InvalidShield(f"format must be a pattern for strftime or a callable, got {format!r}.")


class DateTimeField(MomentField[datetime.datetime]):
    """A ``datetime``, or ISO 8601 text for one; an offset from UTC is kept."""

    moment_class: ClassVar[type] = datetime.datetime
    moment_type: ClassVar[str] = "datetime"
    jsonschema_format: ClassVar[str | None] = "date-time"

    @classmethod
    def iso8601_to_date(cls, datestring: str) -> datetime.datetime:
        """Return the ``datetime`` that ISO 8601 text names.

        Raises:
            ValueError: *datestring* is no such text.
        """
        return datetime.datetime.fromisoformat(datestring)

    @classmethod
    def date_to_iso8601(cls, dt: datetime.datetime, format: Format) -> Any:  # noqa: A002 - the name of 0.4.4
        """Return *dt* in *format*."""
        return write_moment(dt, format)

    def core_schema(self) -> CoreSchema | None:
        return core_schema.is_instance_schema(datetime.datetime)


class DateField(MomentField[datetime.date]):
    """A day, or ISO 8601 text for one. A ``datetime`` is more than a day and is refused."""

    moment_class: ClassVar[type] = datetime.date
    moment_type: ClassVar[str] = "date"
    jsonschema_format: ClassVar[str | None] = "date"

    def is_moment(self, value: Any) -> bool:
        return super().is_moment(value) and not isinstance(value, datetime.datetime)


class TimeField(MomentField[datetime.time]):
    """A time of day, or ISO 8601 text for one."""

    moment_class: ClassVar[type] = datetime.time
    moment_type: ClassVar[str] = "time"
    jsonschema_format: ClassVar[str | None] = "time"


class TimeStampField(DateTimeField):
    """A ``datetime`` that is seconds since 1970 in JSON, and may be set as such."""

    if TYPE_CHECKING:

        def __set__(self, instance: BaseDocument, value: datetime.datetime | str | float | None) -> None: ...

    def convert(self, value: Any) -> Any:
        if not isinstance(value, int | float) or isinstance(value, bool):
            return super().convert(value)
        try:
            return self.timestamp_to_date(value)
        except (ValueError, OverflowError, OSError) as exc:
            raise ShieldException("Not a datetime", self.field_name, value) from exc

    @classmethod
    def timestamp_to_date(cls, value: float) -> datetime.datetime:
        """Return the moment *value* seconds after 1970, in UTC."""
        return datetime.datetime.fromtimestamp(value, tz=datetime.UTC)

    @classmethod
    def date_to_timestamp(cls, value: datetime.datetime) -> int:
        """Return the whole seconds since 1970; a *value* without an offset is local time."""
        return math.floor(value.timestamp())

    def for_json(self, value: Any) -> Any:
        return self.date_to_timestamp(value)

    def core_schema(self) -> CoreSchema | None:
        return super().core_schema()  # a datetime is kept as it is here, too

    def _jsonschema_type(self) -> str | None:
        return "integer"

    def _jsonschema_format(self) -> str | None:
        return None

    @classmethod
    def _from_jsonschema_types(cls) -> list[str]:
        return []


class MillisecondField(LongField):
    """Milliseconds since 1970 as a whole number; may be set as a ``datetime`` or ISO 8601 text."""

    number_name: ClassVar[str] = "Millisecond"

    if TYPE_CHECKING:

        def __set__(self, instance: BaseDocument, value: float | str | datetime.datetime | None) -> None: ...

    def convert(self, value: Any) -> Any:
        if isinstance(value, str) and not _WHOLE_NUMBER.match(value):
            value = self._read_text(value)
        if isinstance(value, datetime.datetime):
            return count_milliseconds(value)
        return super().convert(value)

    def _read_text(self, value: str) -> datetime.datetime:
        try:
            return datetime.datetime.fromisoformat(value)
        except ValueError as exc:
            raise ShieldException(f"Not {self.number_type}", self.field_name, value) from exc

    def core_schema(self) -> CoreSchema | None:
        return super().core_schema()  # a whole number is kept as it is here, too


def count_milliseconds(moment: datetime.datetime) -> int:
    """Return the milliseconds since 1970; a *moment* without an offset is UTC, as databases mean it."""
    aware = moment if moment.tzinfo else moment.replace(tzinfo=datetime.UTC)
    return (aware - datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)) // datetime.timedelta(milliseconds=1)


def curtime() -> int:
    """Return the milliseconds since 1970: a default for `MillisecondField` and `LongField`."""
    return time.time_ns() // 1_000_000
