"""Work that needs a processor for a tenth of a second, done beside the greenlets instead of before them.

Two threads at most: argon2 takes memory by the dozen MiB, and a machine's cores are for answering. The
threads are nicer than the thread of the hub where the system has a niceness for each thread (Linux), so
that a hundred logins wait for each other and nobody else waits for them.
"""

from __future__ import annotations

import contextlib
import os
import sys
import weakref
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar

import gevent
from gevent.threadpool import ThreadPool

__all__ = ["THREADS", "run_in_thread"]

THREADS = 2
_NICENESS = 10

P = ParamSpec("P")
Result = TypeVar("Result")

_pools: weakref.WeakKeyDictionary[Any, ThreadPool] = weakref.WeakKeyDictionary()


def run_in_thread(function: Callable[P, Result], *args: P.args, **kwargs: P.kwargs) -> Result:
    """Return what *function* returns, computed in a thread.

    Blocks:
        The calling greenlet; not the hub.
    """
    hub = gevent.get_hub()
    pool = _pools.get(hub)
    if pool is None:
        pool = _pools[hub] = ThreadPool(THREADS, hub=hub)
    result: Result = pool.apply(_call_nicely, (function, args, kwargs))
    return result


def _call_nicely(function: Callable[..., Result], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Result:
    if sys.platform == "linux":
        # setpriority(2): with 0 on Linux, the calling thread alone.
        with contextlib.suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, 0, _NICENESS)
    return function(*args, **kwargs)
