"""Fields whose value is a number."""

from __future__ import annotations

import cmath
import decimal
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from brubeck.dictshield.errors import ShieldException
from brubeck.dictshield.fields.field import BaseField
from pydantic_core import core_schema
from pydantic_core.core_schema import CoreSchema

if TYPE_CHECKING:
    from brubeck.dictshield.document import BaseDocument

N = TypeVar("N")

# The engine keeps whole bounds in 64 bits; others are compared in Python.
_ENGINE_BOUND = 2**63


def is_finite(number: Any) -> bool:
    """Return whether *number*, of whatever class, is neither infinite nor NaN, which equals nothing."""
    if isinstance(number, decimal.Decimal):
        return number.is_finite()
    return not isinstance(number, float | complex) or cmath.isfinite(number)


class BoundedField(BaseField[N]):
    """A value with a least and a greatest one; the base of all numbers."""

    is_mutable: ClassVar[bool] = False
    keeps_empty: ClassVar[bool] = False
    number_type = "Number"

    def __init__(self, min_value: Any = None, max_value: Any = None, **options: Any) -> None:
        self.min_value = min_value
        self.max_value = max_value
        super().__init__(**options)

    def _validate_bounds(self, value: Any) -> None:
        if self.min_value is not None and value < self.min_value:
            reason = f"{self.number_type} value below min_value: {self.min_value}"
            raise ShieldException(reason, self.field_name, value)
        if self.max_value is not None and value > self.max_value:
            reason = f"{self.number_type} value above max_value: {self.max_value}"
            raise ShieldException(reason, self.field_name, value)

    def _jsonschema_type(self) -> str | None:
        return "number"

    def _jsonschema_minimum(self) -> Any:
        return self._bound_for_json(self.min_value)

    def _jsonschema_maximum(self) -> Any:
        return self._bound_for_json(self.max_value)

    @staticmethod
    def _bound_for_json(bound: Any) -> Any:
        return float(bound) if isinstance(bound, decimal.Decimal) else bound


class NumberField(BoundedField[N]):
    """A number of a class of your choice.

    Args:
        number_class: Makes a number of what is set; raises ValueError or TypeError.
        number_type: What to call it in a refusal.
        min_value: The least value.
        max_value: The greatest value.
        options: See `BaseField`.
    """

    def __init__(
        self,
        number_class: Callable[[Any], N] = float,  # type: ignore[assignment] # N is float unless a class is given
        number_type: str = "Number",
        min_value: Any = None,
        max_value: Any = None,
        **options: Any,
    ) -> None:
        self.number_class = number_class
        self.number_type = number_type
        super().__init__(min_value=min_value, max_value=max_value, **options)

    if TYPE_CHECKING:

        def __set__(self, instance: BaseDocument, value: N | str | float | None) -> None: ...

    def convert(self, value: Any) -> Any:
        if type(value) is self.number_class:
            return value
        try:
            return self.number_class(value)
        except (ValueError, TypeError, ArithmeticError, AttributeError) as exc:
            raise ShieldException(f"Not {self.number_type}", self.field_name, value) from exc

    def validate(self, value: Any) -> Any:
        number = self.convert(value)
        if not is_finite(number):
            raise ShieldException(f"{self.number_type} value is not finite", self.field_name, value)
        self._validate_bounds(number)
        return number

    def settle(self, value: Any) -> Any:
        return self.convert(value)

    def for_python(self, value: Any) -> Any:
        return self.convert(value)

    def _engine_bounds(self, kind: type) -> dict[str, Any] | None:
        """Return the bounds for the engine, None where they are not of *kind*."""
        given = {"ge": self.min_value, "le": self.max_value}
        bounds = {name: bound for name, bound in given.items() if bound is not None}
        fits = all(type(bound) in (int, kind) and abs(bound) < _ENGINE_BOUND for bound in bounds.values())
        return bounds if fits else None


class IntField(NumberField[int]):
    """A whole number. What has a fraction loses it when it is set, as ``int()`` does."""

    number_name: ClassVar[str] = "Int"

    def __init__(self, min_value: Any = None, max_value: Any = None, **options: Any) -> None:
        super().__init__(int, self.number_name, min_value, max_value, **options)

    def core_schema(self) -> CoreSchema | None:
        bounds = self._engine_bounds(int)
        return None if bounds is None else core_schema.int_schema(strict=True, **bounds)

    def quick_writer(self) -> Callable[[Any], str] | None:
        return int.__repr__

    def _jsonschema_type(self) -> str | None:
        return "integer"

    @classmethod
    def _from_jsonschema_types(cls) -> list[str]:
        return ["integer"]

    @classmethod
    def _from_jsonschema_formats(cls) -> list[str | None]:
        return [None]


class LongField(IntField):
    """A whole number; Python 3 has one type for short and long ones."""

    number_name: ClassVar[str] = "Long"

    @classmethod
    def _from_jsonschema_types(cls) -> list[str]:
        return []


class FloatField(NumberField[float]):
    """A finite floating point number; JSON has no word for NaN and infinity."""

    def __init__(self, min_value: Any = None, max_value: Any = None, **options: Any) -> None:
        super().__init__(float, "Float", min_value, max_value, **options)

    def core_schema(self) -> CoreSchema | None:
        bounds = self._engine_bounds(float)
        return (
            None if bounds is None else core_schema.float_schema(strict=True, allow_inf_nan=False, **bounds)
        )

    def quick_writer(self) -> Callable[[Any], str] | None:
        return float.__repr__

    @classmethod
    def _from_jsonschema_types(cls) -> list[str]:
        return ["number"]

    @classmethod
    def _from_jsonschema_formats(cls) -> list[str | None]:
        return [None]


class DecimalField(BoundedField[decimal.Decimal]):
    """A finite decimal number; in JSON a string, so that no digit is lost.

    What is set is kept as it is; `validate` turns it into a ``Decimal``.
    """

    number_type = "Decimal"

    if TYPE_CHECKING:

        def __set__(self, instance: BaseDocument, value: decimal.Decimal | str | float | None) -> None: ...

    def validate(self, value: Any) -> Any:
        number = self._make(value)
        if not number.is_finite():
            raise ShieldException("Decimal value is not finite", self.field_name, value)
        self._validate_bounds(number)
        return number

    def _make(self, value: Any) -> decimal.Decimal:
        if isinstance(value, decimal.Decimal):
            return value
        try:
            return decimal.Decimal(str(value))
        except (ArithmeticError, ValueError, TypeError, RecursionError) as exc:
            raise ShieldException("Could not convert to decimal", self.field_name, value) from exc

    def settle(self, value: Any) -> Any:
        return self._make(value)

    def for_python(self, value: Any) -> Any:
        return self._make(value)

    def for_json(self, value: Any) -> Any:
        return str(value)

    def _jsonschema_type(self) -> str | None:
        return "string"

    def _jsonschema_minimum(self) -> Any:
        return None  # a string has no minimum in JSON Schema

    def _jsonschema_maximum(self) -> Any:
        return None
