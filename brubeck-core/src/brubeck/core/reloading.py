"""`brubeck run --reload`: a parent that starts the program again when a file of the project changes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

__all__ = ["run_reloading"]

POLL_S = 0.5
"""How often the files are looked at. A project of a thousand files costs a few milliseconds each time."""
GRACE_S = 5.0
"""How long a child may take to leave before it is killed."""
SUFFIXES = frozenset((".py", ".html", ".mako", ".mustache", ".toml", ".json"))
SKIPPED = frozenset(("__pycache__", "node_modules", "site-packages", "build", "dist"))


def run_reloading(target: str, arguments: Sequence[str]) -> int:
    """Run the command in a child, again after each change, until Ctrl-C or SIGTERM; return the exit code.

    A child that fails (a syntax error, say) is not started again before a file changes.
    """
    folder = project_folder(target)
    command = [sys.executable, "-m", "brubeck.core.command", *(arg for arg in arguments if arg != "--reload")]
    stopping: list[int] = []
    for number in (signal.SIGTERM, signal.SIGINT):  # a shell's background job starts with SIGINT ignored
        signal.signal(number, lambda number, frame: stopping.append(number))
    child = subprocess.Popen(command)
    seen = snapshot(folder)
    while not stopping:
        time.sleep(POLL_S)
        now = snapshot(folder)
        if now != seen and not stopping:
            sys.stderr.write(f"{changed_name(seen, now)} changed; starting again\n")
            seen = now
            leave(child)
            child = subprocess.Popen(command)
    leave(child)
    return 0


def project_folder(target: str) -> Path:
    """Return the folder whose files matter: the script's own, else the current one."""
    place = target.partition(":")[0]
    return Path(place).resolve().parent if place.endswith(".py") else Path.cwd()


def snapshot(folder: Path) -> dict[str, int]:
    """Return each watched file under *folder* with the time of its last change, in nanoseconds."""
    return dict(watched(str(folder)))


def watched(folder: str) -> Iterator[tuple[str, int]]:
    """Yield the files under *folder*, leaving out hidden folders, virtual environments and builds."""
    try:
        entries = list(os.scandir(folder))
    except OSError:
        return
    if any(entry.name == "pyvenv.cfg" for entry in entries):
        return
    for entry in entries:
        if entry.name.startswith(".") or entry.name in SKIPPED:
            continue
        if entry.is_dir(follow_symlinks=False):
            yield from watched(entry.path)
        elif os.path.splitext(entry.name)[1] in SUFFIXES:  # noqa: PTH122 - in a loop over every file
            yield from stat_of(entry)


def stat_of(entry: os.DirEntry[str]) -> Iterator[tuple[str, int]]:
    """Yield the entry's path and time; nothing when it has just gone."""
    try:
        yield entry.path, entry.stat().st_mtime_ns
    except OSError:
        return


def changed_name(before: dict[str, int], after: dict[str, int]) -> str:
    """Return the name of one file that differs."""
    differing = [path for path in {*before, *after} if before.get(path) != after.get(path)]
    return Path(min(differing)).name


def leave(child: subprocess.Popen[bytes]) -> None:
    """Have *child* drain and leave; kill it when it does not."""
    if child.poll() is not None:
        return
    child.send_signal(signal.SIGTERM)
    try:
        child.wait(GRACE_S)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()
