"""Numbers among the arguments of a message: read strictly, and refused by the argument's name."""

from __future__ import annotations

import re
from typing import Any

from brubeck.api.problems import Problem

__all__ = ["MAX_NUMBER", "get_single", "get_whole_number", "refuse_argument"]

MAX_NUMBER = 2**53 - 1
"""What JSON readers of every language keep exactly (RFC 8259 section 6), and a column of 64 bits holds."""

MAX_SHOWN_CHARACTERS = 40
"""How much of a refused value the answer repeats."""

_is_number = re.compile(
    r"[0-9]{1,16}"
).fullmatch  # no sign, no space, no digit but ASCII's; as long as MAX_NUMBER


def refuse_argument(name: str, reason: str, value: str | None = None) -> Problem:
    """Return the 400 for an argument of the client.

    Args:
        name: Of the argument.
        reason: What goes on from its name: `must be …`.
        value: What was given, to be shown.
    """
    shown = "" if value is None else f", got {value[:MAX_SHOWN_CHARACTERS]!r}"
    return Problem(400, f"{name} {reason}{shown}.", errors={name: [f"{reason}{shown}"]})


def get_single(handler: Any, name: str) -> str | None:
    """Return the one value of an argument; None where there is none, or a blank one.

    Raises:
        Problem: 400, it is given more than once: which one did a proxy look at?
    """
    values = handler.get_arguments(name) or [""]
    if len(values) > 1:
        raise refuse_argument(name, "must be given once")
    return values[0] or None


def get_whole_number(handler: Any, name: str, *, least: int = 0, greatest: int = MAX_NUMBER) -> int | None:
    """Return the argument *name* as a number, None where it is not given.

    Raises:
        Problem: 400, it is no number, or out of range.
    """
    text = get_single(handler, name)
    if text is None:
        return None
    if not _is_number(text) or not least <= int(text) <= greatest:
        raise refuse_argument(name, f"must be a whole number from {least} to {greatest}", text)
    return int(text)
