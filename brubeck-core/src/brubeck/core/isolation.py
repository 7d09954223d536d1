"""Loading one plugin, so that whatever is wrong with it stays with it."""

from __future__ import annotations

import time
import types
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any

from brubeck.core.discovery import PluginEntry
from brubeck.core.errors import PluginError
from brubeck.core.missing import Failure, describe_core_conflict, describe_failure, switch_off
from brubeck.core.records import PluginRecord
from brubeck.core.registry import HookRegistry
from brubeck.core.values import LazyValue, read_values

__all__ = [
    "LoadedPlugin",
    "add_plugin",
    "describe_given",
    "describe_rivals",
    "disabled_record",
    "failed_record",
    "load_plugin",
]

VALUE_HOOKS = {
    "connection": "brubeck_connections",
    "renderer": "brubeck_renderers",
    "mixin": "brubeck_mixins",
}


@dataclass(frozen=True, slots=True)
class LoadedPlugin:
    """A registered plugin, and the values it brings by kind and name."""

    entry: PluginEntry
    plugin: object
    record: PluginRecord
    values: dict[str, dict[str, LazyValue]]


def load_plugin(
    entry: PluginEntry, registry: HookRegistry, disabled: Collection[str] = ()
) -> tuple[LoadedPlugin | None, PluginRecord, BaseException | None]:
    """Import and register an installed plugin; return it, what became of it, and what it raised.

    A disabled plugin, and one that needs another brubeck-core, is not imported.

    Blocks:
        As long as the plugin's module takes to import.
    """
    if entry.is_among(disabled):
        return None, disabled_record(entry), None
    unmet = entry.core_conflict()
    if unmet:
        return None, failed_record(entry, describe_core_conflict(entry, unmet)), None
    started = time.perf_counter()
    try:
        plugin = entry.load()
        if registry.has(plugin):  # passed by hand as well: the same plugin, not a second one
            return None, _record(entry, hooks=registry.hooks_of(plugin)), None
        loaded = add_plugin(plugin, entry, registry, import_ms=(time.perf_counter() - started) * 1000)
    except PluginError as exc:
        return None, failed_record(entry, Failure(str(exc), switch_off(entry))), exc
    except (Exception, SystemExit) as exc:
        return None, failed_record(entry, describe_failure(entry, exc)), exc
    return loaded, loaded.record, None


def add_plugin(
    plugin: object, entry: PluginEntry, registry: HookRegistry, *, import_ms: float = 0.0
) -> LoadedPlugin:
    """Register *plugin* (a class is instantiated) and ask what it brings.

    Nothing stays registered on an error.

    Raises:
        PluginError: A hook cannot be called as a hook is, or what it brings is not named as it must be.
    """
    if isinstance(plugin, type):
        plugin = plugin()
    undo = registry.add(plugin, entry)
    try:
        values = {kind: _ask(kind, hook, plugin, entry, registry) for kind, hook in VALUE_HOOKS.items()}
    except BaseException:
        undo()
        raise
    record = _record(
        entry,
        hooks=registry.hooks_of(plugin),
        connections=tuple(values["connection"]),
        renderers=tuple(values["renderer"]),
        mixins=tuple(values["mixin"]),
        import_ms=round(import_ms, 2),
    )
    return LoadedPlugin(entry, plugin, record, values)


def _ask(
    kind: str, hook: str, plugin: object, entry: PluginEntry, registry: HookRegistry
) -> dict[str, LazyValue]:
    calls = registry.freeze(hook, plugin)
    return {name: value for call in calls for name, value in read_values(kind, hook, call(), entry).items()}


def describe_given(plugin: object, name: str | None = None) -> PluginEntry:
    """Return the entry of a plugin that was passed to an application: it has no distribution.

    Args:
        plugin: A module, named by its `__name__`; an object or a class, named by its class.
        name: Another name for it.
    """
    if isinstance(plugin, types.ModuleType):
        return PluginEntry(name or plugin.__name__, plugin.__name__)
    owner = plugin if isinstance(plugin, type) else type(plugin)
    return PluginEntry(name or owner.__name__, f"{owner.__module__}:{owner.__qualname__}")


def describe_rivals(rivals: Iterable[PluginEntry]) -> Failure:
    """Return what is wrong where several distributions give their plugins one name."""
    entries = list(rivals)
    brought = " and ".join(f"{entry.distribution} {entry.version}" for entry in entries)
    return Failure(
        f"the plugin name {entries[0].name!r} is used by {len(entries)} distributions: {brought}.",
        "Uninstall one, or disable one by its distribution's name: "
        f"BRUBECK_DISABLE_PLUGINS={entries[-1].distribution}",
    )


def _record(entry: PluginEntry, **facts: Any) -> PluginRecord:
    """Return the record of *entry*, with the *facts* that are known about it."""
    return PluginRecord(
        name=entry.name,
        module=entry.value,
        distribution=entry.distribution or None,
        version=entry.version or None,
        **facts,
    )


def disabled_record(entry: PluginEntry) -> PluginRecord:
    """Return the record of an *entry* that was switched off by name."""
    mend = "Take its name out of BRUBECK_DISABLE_PLUGINS or disable_plugins to use it."
    return _record(entry, status="disabled", cause="it is disabled.", mend=mend)


def failed_record(entry: PluginEntry, failure: Failure) -> PluginRecord:
    """Return the record of an *entry* that cannot be used."""
    return _record(entry, status="failed", cause=failure.cause, mend=failure.mend)
