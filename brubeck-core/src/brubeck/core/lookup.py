"""What plugins bring, asked for with no application at hand: by an import line, or by the command line."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from typing import cast

from brubeck.core.discovery import PluginEntry, disabled_by_environment, find_rivals, scan
from brubeck.core.errors import MissingPlugin
from brubeck.core.isolation import describe_rivals, failed_record
from brubeck.core.missing import explain_missing, home_of
from brubeck.core.plugins import PluginManager
from brubeck.core.records import PluginRecord
from brubeck.core.values import LazyValue, merge_values

__all__ = ["find_commands", "find_connection", "find_missing_command", "part_rivals"]


def find_connection(class_name: str) -> type:
    """Return the connection class that an installed plugin brings.

    Stands behind `from brubeck.connections import <class name>`. Where the class is one of Brubeck's own,
    only its plugin is imported; otherwise all are asked for its name.

    Raises:
        MissingPlugin: No plugin brings it, or the one that does cannot be used; tells why and what to type.
        PluginError: Two plugins bring a class of this name.

    Blocks:
        As long as the scan and the imports take.
    """
    entries, broken = part_rivals(scan())
    home = home_of("connection", class_name)
    own = [entry for entry in entries if entry.distribution == home]
    found, records = _find_class(class_name, own)
    if found is None:
        found, records = _find_class(class_name, entries)
    if found is None:
        raise explain_missing(
            "connection", class_name, records=(*records, *broken), known=_class_names(entries)
        )
    return cast("type", found.get())


def find_commands() -> dict[str, LazyValue]:
    """Return the subcommands that installed plugins bring, by name; `get()` gives the click command.

    A plugin that cannot be loaded brings none, and `brubeck plugins` tells why.

    Blocks:
        As long as the scan and the imports take.
    """
    entries, _ = part_rivals(scan())
    return _load_quietly(entries).commands()


def find_missing_command(name: str) -> MissingPlugin | None:
    """Return what to say of a command of Brubeck's own that no plugin brings; None for any other name.

    Blocks:
        As long as the scan and the imports take.
    """
    if home_of("command", name) is None:
        return None
    entries, broken = part_rivals(scan())
    return explain_missing("command", name, records=(*_load_quietly(entries).records, *broken))


def part_rivals(
    entries: Iterable[PluginEntry], disabled: Iterable[str] = ()
) -> tuple[list[PluginEntry], list[PluginRecord]]:
    """Return the entries whose names are their own, and records of those that share one."""
    entries = list(entries)
    off = disabled_by_environment().union(disabled)
    rivals = find_rivals(entry for entry in entries if not entry.is_among(off))
    records = [failed_record(entry, describe_rivals(group)) for group in rivals.values() for entry in group]
    shared = {entry for group in rivals.values() for entry in group}
    return [entry for entry in entries if entry not in shared], records


def _load_quietly(entries: Iterable[PluginEntry]) -> PluginManager:
    return PluginManager(entries=entries, strict=False, log_level=logging.DEBUG).load()


def _find_class(
    class_name: str, entries: list[PluginEntry]
) -> tuple[LazyValue | None, tuple[PluginRecord, ...]]:
    manager = _load_quietly(entries)
    tables = [{value.class_name: value} for value in manager.connections.values()]
    return merge_values(tables).get(class_name), manager.records


def _class_names(entries: list[PluginEntry]) -> list[str]:
    return [value.class_name for value in _load_quietly(entries).connections.values()]
