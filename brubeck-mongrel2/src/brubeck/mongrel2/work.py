"""What is being worked on: an entry a connection, so that answers leave in the order of requests."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any

import gevent
from brubeck.core.errors import ClientDisconnected
from brubeck.mongrel2.intake import Mongrel2Request

__all__ = ["Work", "WorkRegister"]

Key = tuple[bytes, bytes]

INTERRUPTIBLE = frozenset(("GET", "HEAD", "OPTIONS"))
"""Their handlers hear of a disconnect as an exception, for they change nothing (RFC 9110 section 9.2.1)."""

MAX_QUEUED = 100
"""Requests pipelined on one connection and not begun; a client that sends more is disconnected."""


class Work:
    """One message whose handler is blocked, and those that wait behind it. What never blocks has no need of this.

    Attributes:
        message: Being answered.
        generation: Of the server it came from; see `Publisher`.
        greenlet: Answers it.
        is_gone: The client has left, or the server has: nobody is there to be answered.
        queue: What the client pipelined.
    """

    is_gone = False
    queue: deque[Mongrel2Request] | None = None

    def __init__(self, message: Mongrel2Request, generation: int, greenlet: Any) -> None:
        self.message = message
        self.generation = generation
        self.greenlet = greenlet


class WorkRegister(dict[Key, Work]):
    """All work, by connection.

    Args:
        drop: Told of each request that will not be answered.
    """

    def __init__(self, drop: Callable[[Mongrel2Request], object]) -> None:
        super().__init__()
        self._drop = drop

    def drop_queue(self, work: Work) -> None:
        """Forget what the client pipelined."""
        queue, work.queue = work.queue, None
        for message in queue or ():
            self._drop(message)

    def note_gone(self, key: Key) -> bool:
        """Note that the client of *key* has left; say whether anyone was working for it."""
        work = self.get(key)
        if work is None or work.is_gone:
            return work is not None
        work.is_gone = True
        self.drop_queue(work)
        if work.message.method in INTERRUPTIBLE:
            gevent.get_hub().loop.run_callback(self._interrupt, key, work)
        return True

    def note_all_gone(self) -> None:
        """Note that the server has gone, and every client with it, or that all was given to another process."""
        for key, work in list(self.items()):
            # Another process may be answering the safe ones by now, and would miss what belongs to them.
            work.queue = deque(message for message in work.queue or () if message.method not in INTERRUPTIBLE)
            self.note_gone(key)

    def _interrupt(self, key: Key, work: Work) -> None:
        """Raise in the greenlet that still works for a client that has left. Runs in the hub."""
        if self.get(key) is work and not work.greenlet.dead:
            work.greenlet.throw(ClientDisconnected())
