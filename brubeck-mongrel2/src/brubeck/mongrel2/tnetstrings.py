"""Typed netstrings, as Mongrel2 writes them: `SIZE:DATA` and one character that names the type.

`pop` is the one of the package `tnetstring3`, written in C, where that is installed, else the plain one here. Both
give bytes for strings and refuse the same inputs with ValueError or RecursionError.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

__all__ = ["dump", "pop", "pop_plain"]

MAX_SIZE_DIGITS = 10
"""More digits than any size Mongrel2 can send (RAM ends first), so that a size is never an endless number."""

MAX_DEPTH = 32
"""Mongrel2 nests three deep; the stack is not the client's to use up."""


def pop_plain(data: bytes) -> tuple[Any, bytes]:
    """Return the first value of *data* and the bytes behind it.

    Raises:
        ValueError: *data* does not begin with a typed netstring.
    """
    value, end = _read(data, 0, len(data), 0)
    return value, data[end:]


def _read(data: bytes, start: int, limit: int, depth: int) -> tuple[Any, int]:
    """Return the value at *start* and the position behind it; nothing at or behind *limit* is read."""
    colon = data.find(b":", start, min(limit, start + MAX_SIZE_DIGITS + 1))
    digits = data[start:colon] if colon > start else b""
    if not digits.isdigit() or (digits[0] == 48 and len(digits) > 1):
        raise ValueError("Not a tnetstring: no size before a colon.")
    begin = colon + 1
    end = begin + int(digits)
    if end >= limit:
        raise ValueError("Not a tnetstring: shorter than its size says.")
    read = _READERS.get(data[end])
    if read is None:
        raise ValueError(f"Not a tnetstring: unknown type {data[end : end + 1]!r}.")
    if depth > MAX_DEPTH:
        raise ValueError("Not a tnetstring of ours: nested too deep.")
    return read(data, begin, end, depth), end + 1


def _read_bytes(data: bytes, begin: int, end: int, depth: int) -> bytes:
    return data[begin:end]


def _read_int(data: bytes, begin: int, end: int, depth: int) -> int:
    if end - begin > 20:
        raise ValueError("Not a tnetstring of ours: the number is too long.")
    return int(data[begin:end])


def _read_float(data: bytes, begin: int, end: int, depth: int) -> float:
    return float(data[begin:end])


def _read_bool(data: bytes, begin: int, end: int, depth: int) -> bool:
    word = data[begin:end]
    if word not in (b"true", b"false"):
        raise ValueError(f"Not a tnetstring: {word[:20]!r} is no truth value.")
    return word == b"true"


def _read_null(data: bytes, begin: int, end: int, depth: int) -> None:
    if begin != end:
        raise ValueError("Not a tnetstring: a null has content.")


def _read_list(data: bytes, begin: int, end: int, depth: int) -> list[Any]:
    items = []
    while begin < end:
        item, begin = _read(data, begin, end, depth + 1)
        items.append(item)
    return items


def _read_dict(data: bytes, begin: int, end: int, depth: int) -> dict[Any, Any]:
    items = {}
    while begin < end:
        key, begin = _read(data, begin, end, depth + 1)
        if not isinstance(key, bytes):
            raise ValueError("Not a tnetstring of ours: a key is not a string.")
        items[key], begin = _read(data, begin, end, depth + 1)
    return items


_READERS: dict[int, Callable[[bytes, int, int, int], Any]] = {
    ord(","): _read_bytes,
    ord("#"): _read_int,
    ord("^"): _read_float,
    ord("!"): _read_bool,
    ord("~"): _read_null,
    ord("]"): _read_list,
    ord("}"): _read_dict,
}


def dump(value: object) -> bytes:
    """Return *value* (bytes, str, bool, int, None, list, tuple, mapping) as a typed netstring.

    Raises:
        TypeError: *value* or something in it is of another type.
    """
    payload, tag = _dump_payload(value)
    return b"%d:%b%b" % (len(payload), payload, tag)


def _dump_payload(value: object) -> tuple[bytes, bytes]:  # noqa: PLR0911 - a table of types
    match value:
        case bytes():
            return value, b","
        case str():
            return value.encode(), b","
        case bool():
            return (b"true" if value else b"false"), b"!"
        case int():
            return b"%d" % value, b"#"
        case None:
            return b"", b"~"
        case list() | tuple():
            return b"".join(map(dump, value)), b"]"
        case Mapping():
            return b"".join(dump(key) + dump(item) for key, item in value.items()), b"}"
        case _:
            raise TypeError(f"A typed netstring cannot hold {value!r}.")


try:
    from tnetstring import pop
except ImportError:
    pop = pop_plain
