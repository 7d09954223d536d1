"""`GeoPointField`: two coordinates."""

from __future__ import annotations

import math
from typing import Any, ClassVar, NoReturn

from brubeck.dictshield.errors import ShieldException
from brubeck.dictshield.fields.field import BaseField


class GeoPointField(BaseField[Any]):
    """Two finite numbers, as a list, a tuple, or a dictionary with two keys of your choice."""

    keeps_empty: ClassVar[bool] = False

    def validate(self, value: Any) -> Any:
        if not isinstance(value, list | tuple | dict):
            self._refuse(
                "GeoPointField can only accept tuples, lists of (x, y), or dicts of {k1: v1, k2: v2}", value
            )
        if len(value) != 2:
            self._refuse("Value must be a two-dimensional point", value)
        for coordinate in value.values() if isinstance(value, dict) else value:
            self._validate_coordinate(coordinate, value)
        return value

    def _validate_coordinate(self, coordinate: Any, value: Any) -> None:
        if not isinstance(coordinate, float | int):
            self._refuse("Both values in point must be float or int", value)
        if isinstance(coordinate, float) and not math.isfinite(coordinate):
            self._refuse("Both values in point must be finite", value)

    def _refuse(self, reason: str, value: Any) -> NoReturn:
        raise ShieldException(reason, self.field_name, value)

    def _jsonschema_type(self) -> str | None:
        return "array"

    def _jsonschema_items(self) -> dict[str, Any]:
        return {"type": "number"}

    def _jsonschema_minItems(self) -> int:  # noqa: N802 - the keyword of JSON Schema
        return 2

    def _jsonschema_maxItems(self) -> int:  # noqa: N802 - the keyword of JSON Schema
        return 2
