"""How work is spawned: the one module of core that knows gevent."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from typing import Any

import gevent
from brubeck.core.errors import ConfigurationError
from gevent import monkey
from gevent.event import Event
from gevent.os import make_nonblocking, nb_read
from gevent.pool import Pool

__all__ = [
    "DEFAULT_POOL_SIZE",
    "Event",
    "Pool",
    "make_pool",
    "on_signals",
    "patch",
    "repeat",
    "when_closed",
]

DEFAULT_POOL_SIZE = 20_000
"""Messages in work at once. Enough for ten thousand long polls; at some 20 KiB each, well under a GiB when full."""


def patch() -> None:
    """Make the standard library's blocking calls switch greenlets. A second call does nothing."""
    if not monkey.is_module_patched("socket"):
        monkey.patch_all()


def make_pool(pool: Pool | int | None) -> Pool:
    """Return a bounded pool of greenlets.

    Raises:
        ConfigurationError: *pool* is neither a pool with room for someone, a positive number nor None.
    """
    if pool is None:
        return Pool(DEFAULT_POOL_SIZE)
    if isinstance(pool, Pool) and pool.size != 0:
        return pool
    if isinstance(pool, int) and not isinstance(pool, bool) and pool > 0:
        return Pool(pool)
    raise ConfigurationError(f"pool must be a gevent.pool.Pool, a positive int or None, got {pool!r}.")


def on_signals(
    stop: Callable[[], Any], numbers: tuple[int, ...] = (signal.SIGTERM, signal.SIGINT)
) -> Callable[[], None]:
    """Call *stop* in a greenlet when one of the signals *numbers* comes; return what undoes this.

    Outside the main thread signals cannot be watched, and nothing is done.
    """
    if threading.current_thread() is not threading.main_thread():
        return lambda: None
    watchers = [gevent.signal_handler(number, stop) for number in numbers]

    def undo() -> None:
        for watcher, number in zip(watchers, numbers, strict=True):
            watcher.cancel()
            signal.signal(number, signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL)

    return undo


def when_closed(fileno: int, call: Callable[[], Any]) -> None:
    """Call *call* in a greenlet once the other end of the pipe *fileno* is closed."""

    def watch() -> None:
        while nb_read(fileno, 1):
            pass
        call()

    make_nonblocking(fileno)
    gevent.spawn(watch)


def repeat(call: Callable[[], Any], every_s: float) -> Callable[[], None]:
    """Call *call* in a greenlet again and again, *every_s* seconds after it has returned; return what ends this."""

    def go_on() -> None:
        while True:
            call()
            gevent.sleep(every_s)

    end: Callable[[], None] = gevent.spawn(go_on).kill
    return end
