"""JSON text in the layout of ``json.dumps``, which DictShield's users compare and sign."""

from __future__ import annotations

import datetime
import decimal
import json
import uuid
from collections.abc import Callable
from typing import Any

from brubeck.dictshield.errors import ShieldException


def _adapt(value: Any) -> Any:
    """Return a form of *value* that JSON has a word for: the inside of a DictField is the user's own."""
    if isinstance(value, datetime.date | datetime.time):
        return value.isoformat()
    if isinstance(value, uuid.UUID | decimal.Decimal):
        return str(value)
    raise TypeError(f"A value of type {type(value).__name__} has no form in JSON.")


# NaN and Infinity are no JSON: refusing them here beats a parser's refusal at the other end.
encode_json: Callable[[Any], str] = json.JSONEncoder(default=_adapt, allow_nan=False).encode
encode_sorted_json: Callable[[Any], str] = json.JSONEncoder(
    default=_adapt, allow_nan=False, sort_keys=True
).encode


def dump_json(data: Any, *, sort_keys: bool = False) -> str:
    """Return *data* as JSON text.

    Raises:
        ShieldException: *data* holds what JSON cannot say.
    """
    try:
        return (encode_sorted_json if sort_keys else encode_json)(data)
    except (TypeError, ValueError, RecursionError) as exc:
        raise unwritable(exc) from exc


def unwritable(cause: Exception) -> ShieldException:
    """Return the exception for a value that cannot be written."""
    return ShieldException(f"Value cannot be written as JSON: {cause}", None, None)
