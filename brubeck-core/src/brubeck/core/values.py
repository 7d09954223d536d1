"""Values that plugins bring by name, imported when they are used and not before."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, cast

from brubeck.core.discovery import PluginEntry, import_value
from brubeck.core.errors import PluginError
from brubeck.core.missing import explain_import_error

if TYPE_CHECKING:
    from brubeck.core.protocols import CookieSigner

__all__ = ["LazyValue", "check_signer", "merge_values", "read_commands", "read_values"]


@dataclass(frozen=True, slots=True)
class LazyValue:
    """A connection type, a renderer, a mixin or a command that a plugin brings.

    Args:
        kind: `"connection"`, `"renderer"`, `"mixin"` or `"command"`.
        name: The name under which the plugin brings it.
        source: The value itself, or `"package.module:attribute"`.
        entry: Who brings it.
        rivals: Others that bring the same name; while there are any, the value cannot be used.
    """

    kind: str
    name: str
    source: Any
    entry: PluginEntry
    rivals: tuple[PluginEntry, ...] = ()

    @property
    def class_name(self) -> str:
        """The value's own name, known without importing it."""
        if isinstance(self.source, str):
            return self.source.partition(":")[2].strip().rpartition(".")[2]
        return str(getattr(self.source, "__name__", self.name))

    @property
    def conflict(self) -> str | None:
        """What to say while two plugins bring this name; None when it is one's alone."""
        if not self.rivals:
            return None
        both = " and ".join(entry.label for entry in (self.entry, *self.rivals))
        return (
            f"The {self.kind} {self.name!r} is brought by two plugins: {both}. "
            f"Disable one of them, for example with BRUBECK_DISABLE_PLUGINS={self.rivals[-1].distribution}"
        )

    def get(self) -> Any:
        """Return the value, importing it the first time.

        Raises:
            MissingPlugin: It cannot be imported; the message tells why, and the line that mends it.
            PluginError: Two plugins bring this name.

        Blocks:
            As long as the import takes.
        """
        if self.conflict:
            raise PluginError(self.conflict)
        if not isinstance(self.source, str):
            return self.source
        try:
            return import_value(self.source)
        except (Exception, SystemExit) as exc:
            raise explain_import_error(self.kind, self.name, self.source, self.entry, exc) from exc


def read_values(kind: str, hook: str, answer: object, entry: PluginEntry) -> dict[str, LazyValue]:
    """Return what *hook* answered as values by name, none of them imported.

    Raises:
        PluginError: The answer is no mapping of names to values.
    """
    if not isinstance(answer, Mapping):
        raise PluginError(
            f"{hook} of the plugin {entry.label} must return a dict of names and values, got {answer!r}."
        )
    for name, source in answer.items():
        _check_value(hook, name, source, entry)
    return {name: LazyValue(kind, name, source, entry) for name, source in answer.items()}


def read_commands(answer: object, entry: PluginEntry) -> dict[str, LazyValue]:
    """Return what `brubeck_commands` answered as commands by name.

    Raises:
        PluginError: The answer is neither a mapping nor an iterable of commands that have a name.
    """
    if not isinstance(answer, Mapping):
        commands = list(answer) if isinstance(answer, Iterable) else [answer]
        answer = {getattr(command, "name", None): command for command in commands}
    return read_values("command", "brubeck_commands", answer, entry)


def merge_values(tables: Iterable[Mapping[str, LazyValue]]) -> dict[str, LazyValue]:
    """Return one table; a name that stands in two of them becomes a value that tells so when it is used."""
    merged: dict[str, LazyValue] = {}
    for table in tables:
        for name, value in table.items():
            first = merged.get(name)
            merged[name] = replace(first, rivals=(*first.rivals, value.entry)) if first else value
    return merged


def check_signer(signer: Any, owner: str) -> CookieSigner:
    """Return *signer* when it has the methods of a `CookieSigner`; *owner* is to blame otherwise."""
    if not (callable(getattr(signer, "sign", None)) and callable(getattr(signer, "unsign", None))):
        raise PluginError(
            f"brubeck_cookie_signer of the plugin {owner} must return an object with sign and unsign, "
            f"got {signer!r}."
        )
    return cast("CookieSigner", signer)


def _check_value(hook: str, name: object, source: object, entry: PluginEntry) -> None:
    is_value = source is not None and not isinstance(source, str)
    is_reference = isinstance(source, str) and all(part.strip() for part in source.partition(":"))
    if not isinstance(name, str) or not (is_value or is_reference):
        raise PluginError(
            f"{hook} of the plugin {entry.label} must give each value a name, and the value itself or "
            f"'package.module:attribute', got {name!r}: {source!r}."
        )
