"""Answers about what is installed, kept as long as nothing is installed or removed."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

__all__ = ["keep_while_installed", "stamp_path"]

Arguments = ParamSpec("Arguments")
Answer = TypeVar("Answer")
Stamp = tuple[tuple[str, int, int], ...]

SETTLED_NS = 2_000_000_000
"""A folder that changed this recently may change again within one tick of its file system's clock; the coarsest
in use (FAT) ticks every two seconds. Installers write what lies in a new folder within that time, too."""


def keep_while_installed(read: Callable[Arguments, Answer]) -> Callable[Arguments, Answer]:
    """Return *read* with its answers kept while `sys.path` and the folders on it stay as they are.

    A distribution that comes or goes changes its folder's time of modification; a file that is edited inside of
    its `.dist-info` does not. Answers to hashable
    arguments given by position are kept.
    """
    kept: tuple[Stamp | None, dict[object, Answer]] = (None, {})

    @wraps(read)
    def ask(*args: Arguments.args, **kwargs: Arguments.kwargs) -> Answer:
        nonlocal kept
        stamp = stamp_path()
        if stamp is None or kwargs:
            return read(*args, **kwargs)
        if kept[0] != stamp:
            kept = (stamp, {})
        answers = kept[1]  # another thread may put new ones in their place, and this answer is of these
        if args not in answers:
            answers[args] = read(*args, **kwargs)
        return answers[args]

    return ask


def stamp_path() -> Stamp | None:
    """Return what changes when something on `sys.path` comes or goes; None while it has just changed.

    Blocks:
        For one `stat` of each folder, 2 µs.
    """
    newest = time.time_ns() - SETTLED_NS
    stamp = []
    for folder in sys.path:
        try:
            state = os.stat(folder or ".")  # noqa: PTH116 - ten times as fast as Path, and asked for each app
        except (OSError, ValueError):
            stamp.append((folder, 0, 0))
            continue
        if state.st_mtime_ns > newest:
            return None
        stamp.append((folder, state.st_mtime_ns, state.st_ino))
    return tuple(stamp)
