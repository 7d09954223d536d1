"""`BooleanField`: true or false, and nothing that merely looks like it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from brubeck.dictshield.errors import ShieldException
from brubeck.dictshield.fields.field import BaseField
from pydantic_core import core_schema
from pydantic_core.core_schema import CoreSchema


class BooleanField(BaseField[bool]):
    """``True`` or ``False``; 1 and "true" are refused."""

    is_mutable: ClassVar[bool] = False
    keeps_empty: ClassVar[bool] = False

    def validate(self, value: Any) -> Any:
        if not isinstance(value, bool):
            raise ShieldException("Not a boolean", self.field_name, value)
        return value

    def core_schema(self) -> CoreSchema | None:
        return core_schema.bool_schema(strict=True)

    def quick_writer(self) -> Callable[[Any], str] | None:
        return {True: "true", False: "false"}.__getitem__

    def for_python(self, value: Any) -> Any:
        return bool(value)

    def _jsonschema_type(self) -> str | None:
        return "boolean"

    @classmethod
    def _from_jsonschema_types(cls) -> list[str]:
        return ["boolean"]

    @classmethod
    def _from_jsonschema_formats(cls) -> list[str | None]:
        return [None]
