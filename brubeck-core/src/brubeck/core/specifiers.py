"""The requirements that most distributions state, judged without the 30 ms that importing `packaging` takes."""

from __future__ import annotations

import re
from operator import ge, lt

__all__ = ["is_plainly_met"]

_RELEASE = r"[0-9]{1,9}(?:\.[0-9]{1,9})*"
_CLAUSE = rf"(?:>=|<)\s*{_RELEASE}"
_REQUIREMENT = re.compile(rf"\s*[A-Za-z0-9][A-Za-z0-9._-]*\s*({_CLAUSE}(?:\s*,\s*{_CLAUSE})*)\s*")
_VERSION = re.compile(_RELEASE)
_COMPARE = {">=": ge, "<": lt}


def is_plainly_met(requirement: str, version: str) -> bool:
    """Return whether *requirement* is made of `>=X` and `<Y` alone and the release *version* meets it.

    False says nothing: another clause, a marker, an extra or a pre-release is `packaging`'s to judge (PEP 440).
    """
    stated = _REQUIREMENT.fullmatch(requirement)
    if stated is None or _VERSION.fullmatch(version) is None:
        return False
    found = _read_release(version)
    clauses = re.findall(rf"(>=|<)\s*({_RELEASE})", stated[1])
    return all(_COMPARE[operator](found, _read_release(bound)) for operator, bound in clauses)


def _read_release(version: str) -> tuple[int, ...]:
    """Return the numbers of *version* without the zeros at its end: 1.0 is 1."""
    numbers = [int(number) for number in version.split(".")]
    while numbers and numbers[-1] == 0:
        numbers.pop()
    return tuple(numbers)
