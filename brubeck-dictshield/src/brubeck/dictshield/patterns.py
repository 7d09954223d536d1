"""Regular expressions of JSON Schema, which are searched for, and of fields, which match at the start."""

from __future__ import annotations

import re

from brubeck.dictshield.errors import ShieldException

# What may stand before a match; in this spelling Python and ECMA-262 agree on it.
ANYWHERE = r"[\s\S]*?"

_flags_in_front = re.compile(r"\A(?:\(\?[aiLmsux]+\))+")
_escape_or_class = re.compile(r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]", re.DOTALL)
_inner_group = re.compile(r"\([^()]*\)")

# The flags that ECMA-262 has as well, by their letters in it.
_FLAGS = {"i": re.IGNORECASE, "m": re.MULTILINE, "s": re.DOTALL}


def read_pattern(pattern: str | re.Pattern[str]) -> re.Pattern[str]:
    """Return what matches at the start of a text where *pattern* is found in it.

    Args:
        pattern: As a schema has it. A compiled one, such as 0.4.4 put there, matches at the start already.

    Raises:
        ShieldException: It is no regular expression, or none of Python's.
    """
    if isinstance(pattern, re.Pattern):
        return pattern
    try:
        compiled = re.compile(pattern)
        text = grouped(compiled)
        is_anchored = text.startswith("^") and not compiled.flags & re.MULTILINE
        return compiled if is_anchored else re.compile(ANYWHERE + text, compiled.flags)
    except (re.error, TypeError, OverflowError, RecursionError) as exc:
        raise ShieldException(f"The pattern cannot be read: {exc}", None, pattern) from exc


def dump_pattern(regex: re.Pattern[str]) -> str | None:
    """Return what a schema searches for where *regex* matches at the start; None where it cannot say that."""
    if regex.flags & re.VERBOSE:
        return None
    text = grouped(regex)
    letters = "".join(letter for letter, flag in _FLAGS.items() if regex.flags & flag)
    if letters:
        return f"^(?{letters}:{text})"
    if text.startswith(ANYWHERE):
        return text.removeprefix(ANYWHERE)
    return text if text.startswith("^") else f"^{text}"


def grouped(regex: re.Pattern[str]) -> str:
    """Return the text of *regex* without flags in front, in a group where it would fall apart otherwise."""
    text = _flags_in_front.sub("", regex.pattern)
    return f"(?:{text})" if has_alternatives(text) else text


def has_alternatives(text: str) -> bool:
    """Return whether a ``|`` stands outside of all groups."""
    rest, count = _escape_or_class.sub("", text), 1
    while count:
        rest, count = _inner_group.subn("", rest)
    return "|" in rest
