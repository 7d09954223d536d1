"""The child process that imports plugins for `brubeck plugins`, so that one that ends it ends nothing else.

Run as `python -m brubeck.core.probe`. Gets the entries as JSON on its standard input, and writes one line
of JSON when it is ready and one for each plugin, in that order. What plugins print goes elsewhere.
"""

from __future__ import annotations

import json
import os
import sys
from dataclasses import replace
from typing import TextIO

from brubeck.core.discovery import PluginEntry
from brubeck.core.errors import PluginError
from brubeck.core.isolation import failed_record, load_plugin
from brubeck.core.missing import Failure, switch_off
from brubeck.core.records import PluginRecord
from brubeck.core.registry import HookRegistry
from brubeck.core.values import read_commands

__all__ = ["probe_plugin"]


def probe_plugin(entry: PluginEntry) -> PluginRecord:
    """Import one plugin and return what became of it, its commands included.

    Blocks:
        As long as the plugin's module takes to import.
    """
    registry = HookRegistry()
    _, record, _ = load_plugin(entry, registry)
    try:
        tables = [read_commands(call(), entry) for call in registry.freeze("brubeck_commands")]
    except PluginError as exc:
        return failed_record(entry, Failure(str(exc), switch_off(entry)))
    except (Exception, SystemExit) as exc:
        cause = f"brubeck_commands raised {type(exc).__name__}: {exc}"
        return failed_record(entry, Failure(cause, switch_off(entry)))
    return replace(record, commands=tuple(name for table in tables for name in table))


def _take_stdout() -> TextIO:
    """Return the pipe to the parent, and point standard output at standard error."""
    report = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    return report


def _say(report: TextIO, line: object) -> None:
    report.write(json.dumps(line) + "\n")
    report.flush()


def main() -> None:
    """Probe each plugin that the parent names."""
    report = _take_stdout()
    entries = json.load(sys.stdin)
    _say(report, "ready")
    for entry in entries:
        _say(report, probe_plugin(PluginEntry(**entry)).as_dict())
    os._exit(0)  # a thread that a plugin left behind would keep the process


if __name__ == "__main__":
    main()
