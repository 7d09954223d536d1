"""The names of ``dictshield.base``."""

from __future__ import annotations

import json
from typing import Any

from brubeck.dictshield.errors import DictPunch, InvalidShield, ShieldDocException, ShieldException

__all__ = [
    "DictPunch",
    "InvalidShield",
    "ShieldDocException",
    "ShieldException",
    "json",
    "subclass_exception",
]


def subclass_exception(name: str, parents: tuple[type, ...], module: str) -> Any:
    """Return a new exception class *name* that says it lives in *module*."""
    return type(name, parents, {"__module__": module})
