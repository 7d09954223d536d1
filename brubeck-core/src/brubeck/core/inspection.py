"""What became of every installed plugin, asked for without letting any of them into this process."""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, replace
from typing import IO, Any, cast

from brubeck.core.discovery import PluginEntry, disabled_by_environment, scan
from brubeck.core.errors import PluginError
from brubeck.core.isolation import disabled_record, failed_record
from brubeck.core.lookup import part_rivals
from brubeck.core.missing import Failure, describe_unknown_names, switch_off
from brubeck.core.records import PluginRecord

__all__ = ["IMPORT_TIMEOUT_S", "inspect_plugins", "unknown_disabled_names"]

IMPORT_TIMEOUT_S = 5.0
"""How long one plugin may take to import; a light module takes a hundredth of a second."""
START_TIMEOUT_S = 30.0
"""How long the child may take until it is ready: the start of Python on a busy machine."""


def inspect_plugins(
    disabled: Iterable[str] = (), *, timeout_s: float = IMPORT_TIMEOUT_S
) -> tuple[PluginRecord, ...]:
    """Return a record of each installed plugin, sorted by name.

    Plugins are imported by a child process. One that ends the process, or hangs, is a failed record like
    any other, and a new child goes on with the rest. Disabled plugins are not imported at all.

    Args:
        disabled: Names of plugins or distributions; those of `BRUBECK_DISABLE_PLUGINS` are added.
        timeout_s: How long each may take.

    Blocks:
        Until the child has imported them all.
    """
    off = disabled_by_environment().union(disabled)
    entries, records = part_rivals(scan(), off)
    records += [disabled_record(entry) for entry in entries if entry.is_among(off)]
    records += _probe([entry for entry in entries if not entry.is_among(off)], timeout_s)
    return tuple(
        _mark_conflicts(sorted(records, key=lambda record: (record.name, record.distribution or "")))
    )


def unknown_disabled_names() -> tuple[str, ...]:
    """Return a sentence for each name in `BRUBECK_DISABLE_PLUGINS` that no installed plugin has."""
    return tuple(describe_unknown_names(disabled_by_environment(), scan()))


def _probe(waiting: list[PluginEntry], timeout_s: float) -> Iterator[PluginRecord]:
    while waiting:
        with _child(waiting) as child:
            lines = _read_lines(child, timeout_s)
            if next(lines, None) != "ready":
                raise PluginError(f"The process that imports plugins could not start: {_how_it_ended(child)}")
            for facts in lines:
                yield PluginRecord.from_dict(facts)
                waiting = waiting[1:]
                if not waiting:
                    return
            yield failed_record(waiting[0], Failure(_how_it_ended(child), switch_off(waiting[0])))
            waiting = waiting[1:]


@contextmanager
def _child(entries: list[PluginEntry]) -> Iterator[subprocess.Popen[bytes]]:
    """Start a child that imports *entries*; whatever it started itself ends with it."""
    child = subprocess.Popen(
        [sys.executable, "-P", "-m", "brubeck.core.probe"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)},
        start_new_session=True,
    )
    try:
        with suppress(BrokenPipeError), cast("IO[bytes]", child.stdin) as pipe:
            pipe.write(json.dumps([asdict(entry) for entry in entries]).encode())
        yield child
    finally:
        with suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)
        child.wait()
        cast("IO[bytes]", child.stdout).close()


def _read_lines(child: subprocess.Popen[bytes], timeout_s: float) -> Iterator[Any]:
    """Yield what the child says; stop when it ended, or said nothing for *timeout_s* seconds."""
    pipe = cast("IO[bytes]", child.stdout).fileno()
    pending = b""
    patience_s = START_TIMEOUT_S
    while select.select([pipe], [], [], patience_s)[0]:
        patience_s = timeout_s
        piece = os.read(pipe, 65536)
        if not piece:
            child.wait()
            return
        *lines, pending = (pending + piece).split(b"\n")
        yield from map(json.loads, lines)


def _how_it_ended(child: subprocess.Popen[bytes]) -> str:
    code = child.poll()
    if code is None:
        return "importing it did not end in time."
    if code < 0:
        return f"importing it killed the process by {signal.Signals(-code).name}."
    return f"importing it ended the process with exit code {code}."


def _mark_conflicts(records: list[PluginRecord]) -> Iterator[PluginRecord]:
    for record in records:
        conflicts = tuple(
            f"{kind} {name!r} is also brought by {other.label}"
            for kind in ("connections", "renderers", "mixins", "commands")
            for name in getattr(record, kind)
            for other in records
            if other is not record and name in getattr(other, kind)
        )
        yield replace(record, conflicts=conflicts)
