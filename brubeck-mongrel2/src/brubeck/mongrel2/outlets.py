"""Where replies go, and what is counted on the way."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import gevent

__all__ = ["Counters", "GatheringOutlet", "Outlet"]

MAX_GATHERED = 2000
MAX_GATHERED_BYTES = 16 * 1024 * 1024
"""What waits for room in the publishing socket before handlers wait too."""

MAX_PARTS = 64
"""Replies in one message; as many as a batch has."""

RETRY_S = 0.005
"""Until a full socket is tried again."""


class Outlet(Protocol):
    """Where replies go."""

    @property
    def generation(self) -> int:
        """Counts the servers that have gone."""

    def send(self, data: bytes) -> None:
        """Send a reply; may block the greenlet."""

    def try_send(self, data: bytes) -> bool:
        """Send a reply, or say that there is no room."""

    def send_answer(self, address: bytes, reply: bytes) -> None:
        """Send a whole answer, *reply*, which begins with the *address* of its connection; may block the greenlet."""


class Sink(Protocol):
    """What a `GatheringOutlet` sends by: a `Publisher`."""

    @property
    def generation(self) -> int:
        """Counts the servers that have gone."""

    def try_send_all(self, replies: Sequence[bytes]) -> bool:
        """Send all of *replies*, or none and say that there is no room."""


class GatheringOutlet:
    """Replies gathered until a batch is done, and sent together.

    A message that is sent alone wakes ZeroMQ's thread, and that thread wakes Mongrel2; the parts of one message wake
    them once. That saves a sixth to a third of what a request costs this process (`benchmarks/mongrel2_sending.py`).

    Attributes:
        flush_soon: Has `flush` called when the hub runs next.
    """

    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        self._replies: list[bytes] = []
        self._size = 0
        self._places: dict[bytes, int] = {}
        self._has_joined = False
        self._loop = gevent.get_hub().loop
        self.flush_soon: Callable[[], object] = self._flush_soon

    @property
    def generation(self) -> int:
        """Of the server."""
        return self._sink.generation

    @property
    def has_replies(self) -> bool:
        """Whether anything was gathered."""
        return bool(self._replies)

    def send(self, data: bytes) -> None:
        """Gather a reply; wait while too many are."""
        while not self.try_send(data):
            gevent.sleep(RETRY_S)

    def try_send(self, data: bytes) -> bool:
        """Gather a reply, unless too many are."""
        self._places.clear()  # an answer that follows must not overtake it
        return self._gather(data)

    def send_answer(self, address: bytes, reply: bytes) -> None:
        """Gather an answer; those to one connection become one reply.

        Mongrel2 ends a connection for which more than sixteen replies wait, and a client may have pipelined more.
        """
        replies, places = self._replies, self._places
        place = places.get(address)
        if place is not None:
            self._has_joined = True
            replies[place] += reply[len(address) :]
            self._size += len(reply) - len(address)
            return
        count = len(replies)
        # What `_gather` says to most answers, without the call.
        if 0 < count < MAX_GATHERED and self._size < MAX_GATHERED_BYTES:
            replies.append(reply)
            self._size += len(reply)
            places[address] = count
            return
        while not self._gather(reply):
            gevent.sleep(RETRY_S)
        places[address] = len(replies) - 1

    def _gather(self, data: bytes) -> bool:
        replies = self._replies
        if not replies:
            self.flush_soon()
        elif len(replies) >= MAX_GATHERED or self._size >= MAX_GATHERED_BYTES:
            return False
        replies.append(data)
        self._size += len(data)
        return True

    def clear(self) -> None:
        """Drop what was gathered."""
        self._places.clear()
        self._has_joined = False
        self._replies.clear()
        self._size = 0

    def flush(self) -> bool:
        """Send what was gathered; say whether all of it went."""
        self._places.clear()
        self._has_joined = False
        replies = self._replies
        while replies:
            batch = first_of_one_server(replies)
            if not self._sink.try_send_all(batch):
                return False
            del replies[: len(batch)]
        self._size = 0
        return True

    def flush_early(self) -> None:
        """Send what was gathered so far, unless a client pipelines: what follows for it is to join its reply."""
        if not self._has_joined:
            self.flush_or_retry()

    def _flush_soon(self) -> None:
        self._loop.run_callback(self.flush_or_retry)

    def flush_or_retry(self) -> None:
        """Send what was gathered, now or soon. May run in the hub."""
        if not self.flush():
            gevent.spawn_later(RETRY_S, self.flush_or_retry)


def first_of_one_server(replies: list[bytes]) -> list[bytes]:
    """Return the beginning of *replies* that goes to one server, `MAX_PARTS` at most."""
    batch = replies[:MAX_PARTS]
    sender = batch[0][: batch[0].find(b" ") + 1]
    for count, reply in enumerate(batch):
        if not reply.startswith(sender):
            return batch[:count]
    return batch


@dataclass
class Counters:
    """What a person who looks after the server asks for."""

    poisonous: int = 0
    disconnects: int = 0
    stale: int = 0
    overrun: int = 0
