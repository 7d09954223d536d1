"""Documents among other people's types: rows, pydantic, dataclasses."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any, Self

from brubeck.dictshield.errors import InvalidShield, ShieldException
from brubeck.dictshield.plan import plan_of
from pydantic_core import core_schema


class DataclassFields:
    """``__dataclass_fields__`` of a document class, made when somebody asks.

    It makes ``dataclasses.fields``, ``asdict`` and ``replace`` work on documents, and what builds on them.
    """

    def __get__(self, instance: Any, owner: Any) -> dict[str, Any]:
        made = {name: describe_field(name, field) for name, field in owner._fields.items()}
        owner.__dataclass_fields__ = made
        return made


def describe_field(name: str, field: Any) -> Any:
    """Return the ``dataclasses.Field`` for a field of a document."""
    made: Any = dataclasses.field(default=None, metadata={"dictshield": field})
    made.name, made.type = name, Any
    made._field_type = dataclasses._FIELD  # type: ignore[attr-defined] # what fields() looks for
    return made


class Interop:
    """Ways in and out for those who bring their own types."""

    __dataclass_fields__ = DataclassFields()

    @classmethod
    def from_mapping(cls, row: Any) -> Self:
        """Return a document with the values of a database's row, whatever the database.

        Args:
            row: A mapping, something with ``keys()`` (``sqlite3.Row``), or a named tuple. Columns that no
                field knows and columns that are NULL are left out.

        Raises:
            ShieldException: A value cannot be converted to its field's type.
            InvalidShield: *row* is nothing of the kind.
        """
        values = read_row(row)
        return cls(**{k: v for k, v in values.items() if v is not None and isinstance(k, str)})

    @classmethod
    def from_object(cls, source: Any) -> Self:
        """Return a document with the attributes of *source* (a dataclass, an ORM's object) as values."""
        return cls(**{name: getattr(source, name) for name in plan_of(cls).fields if hasattr(source, name)})

    def to_object(self, kind: Any) -> Any:
        """Return a *kind* (a dataclass, a named tuple) made with the fields whose names it knows."""
        known = (
            [field.name for field in dataclasses.fields(kind)]
            if dataclasses.is_dataclass(kind)
            else kind._fields
        )
        document: Any = self
        return kind(**{name: document[name] for name in known if name in document._fields})

    @classmethod
    def hold(cls, values: Mapping[str, Any]) -> Self:
        """Return a document that holds *values* as they are, unconverted and unchecked, to be looked at."""
        document: Any = cls.__new__(cls)
        names = plan_of(cls).names
        document._values = {names[key]: value for key, value in values.items() if key in names}
        document._clean = False
        return document  # type: ignore[no-any-return]

    @classmethod
    def has_keys(cls, values: Mapping[Any, Any]) -> bool:
        """Return whether every key of *values* is known here."""
        return values.keys() <= plan_of(cls).names.keys() | {"_cls", "_types"}

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: Any) -> core_schema.CoreSchema:
        """Let pydantic take a document or a mapping for a field of this type, validate it and dump it."""
        serialization = core_schema.plain_serializer_function_ser_schema(dump_for_pydantic, info_arg=True)
        return core_schema.no_info_plain_validator_function(cls._from_pydantic, serialization=serialization)

    @classmethod
    def _from_pydantic(cls, value: Any) -> Self:
        try:
            document: Any = value if isinstance(value, cls) else cls.from_mapping(value)
        except InvalidShield:
            raise ShieldException(f"Not a {cls.__name__}", None, value) from None
        document.validate()
        return document  # type: ignore[no-any-return]

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: Any, handler: Any) -> dict[str, Any]:
        document: Any = cls
        return document.for_jsonschema()  # type: ignore[no-any-return]


def dump_for_pydantic(document: Any, info: Any) -> Any:
    """Return what ``model_dump`` shows of a document."""
    return document.to_json(encode=False) if info.mode_is_json() else document.to_python()


def read_row(row: Any) -> dict[Any, Any]:
    """Return the columns of *row* with their values."""
    if isinstance(row, Mapping):
        return dict(row)
    if hasattr(row, "keys"):
        return {key: row[key] for key in row.keys()}  # noqa: SIM118 - a sqlite3.Row iterates over its values
    if hasattr(row, "_asdict"):
        return dict(row._asdict())
    raise InvalidShield(f"from_mapping takes a mapping or a row with keys(), got {row!r}.")
