"""`MultiValueDict`: a dictionary that keeps every value of a key and shows the last."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Iterator, Mapping
from typing import Any


class MultiValueDictKeyError(KeyError):
    """The key is not there."""


class MultiValueDict(dict[str, Any]):
    """A dictionary of lists that reads like one of their last items.

    Args:
        key_to_list_mapping: Keys with their lists.
    """

    def __init__(
        self, key_to_list_mapping: Mapping[str, list[Any]] | Iterable[tuple[str, list[Any]]] = ()
    ) -> None:
        super().__init__(key_to_list_mapping)

    def __repr__(self) -> str:
        return f"<{type(self).__name__}: {super().__repr__()}>"

    def __getitem__(self, key: str) -> Any:
        try:
            values = super().__getitem__(key)
        except KeyError:
            raise MultiValueDictKeyError(f"Key {key!r} not found in {self!r}") from None
        return values[-1] if values else []

    def __setitem__(self, key: str, value: Any) -> None:
        super().__setitem__(key, [value])

    def __copy__(self) -> MultiValueDict:
        return type(self)([(key, list(values)) for key, values in self.lists()])

    def __deepcopy__(self, memo: dict[int, Any] | None = None) -> MultiValueDict:
        return type(self)([(key, copy.deepcopy(values, memo)) for key, values in self.lists()])

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (dict(self.lists()),)

    def get(self, key: str, default: Any = None) -> Any:
        """Return the last value of *key*, *default* where it has none."""
        values = super().get(key)
        return values[-1] if values else default

    def getlist(self, key: str, default: Any = None) -> Any:
        """Return all values of *key*."""
        return super().get(key, [] if default is None else default)

    def setlist(self, key: str, list_: list[Any]) -> None:
        """Replace all values of *key*."""
        super().__setitem__(key, list_)

    def setdefault(self, key: str, default: Any = None) -> Any:
        """Return the last value of *key*, which is *default* if there was none."""
        if key not in self:
            self[key] = default
        return self[key]

    def setlistdefault(self, key: str, default_list: Iterable[Any] = ()) -> Any:
        """Return all values of *key*, which are *default_list* if there were none."""
        if key not in self:
            self.setlist(key, list(default_list))
        return self.getlist(key)

    def appendlist(self, key: str, value: Any) -> None:
        """Add a value to those of *key*."""
        self.setlist(key, [*self.getlist(key), value])

    def items(self) -> Any:
        """Return the keys with their last values."""
        return [(key, self[key]) for key in self]

    def iteritems(self) -> Iterator[tuple[str, Any]]:
        """Yield the keys with their last values."""
        yield from self.items()

    def lists(self) -> Any:
        """Return the keys with all their values."""
        return super().items()

    def iterlists(self) -> Iterator[tuple[str, Any]]:
        """Yield the keys with all their values."""
        yield from self.lists()

    def values(self) -> Any:
        """Return the last value of each key."""
        return [self[key] for key in self]

    def itervalues(self) -> Iterator[Any]:
        """Yield the last value of each key."""
        yield from self.values()

    def copy(self) -> MultiValueDict:
        """Return a copy with lists of its own."""
        return copy.copy(self)

    def update(self, *args: Any, **kwargs: Any) -> None:
        """Add the values of another dictionary to those that are there."""
        if len(args) > 1:
            raise TypeError(f"update expected at most 1 argument, got {len(args)}.")
        for source in (*args, kwargs):
            self._extend(source)

    def _extend(self, source: Any) -> None:
        if isinstance(source, MultiValueDict):
            for key, values in source.lists():
                self.setlist(key, [*self.getlist(key), *values])
            return
        if not isinstance(source, Mapping):
            raise ValueError(f"update takes a MultiValueDict or a dictionary, got {source!r}.")
        for key, value in source.items():
            self.appendlist(key, value)

    def dict(self) -> dict[str, Any]:
        """Return a plain dictionary of the last values."""
        return {key: self[key] for key in self}
