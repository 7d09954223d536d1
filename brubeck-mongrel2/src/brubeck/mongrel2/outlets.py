"""Where replies go, and what is counted on the way."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import gevent

__all__ = ["Counters", "GatheringOutlet", "Outlet"]

MAX_GATHERED_BYTES = 16 * 1024 * 1024
"""What waits for room in the publishing socket before handlers wait too."""

OVERHEAD_BYTES = 8192
"""Counted for each reply beside its own bytes, so that no more than 2048 wait."""

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

    def send_answer(self, key: tuple[bytes, bytes], reply: bytes) -> None:
        """Send *reply*, a whole answer to the connection that *key* names; may block the greenlet."""


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
        self._room = MAX_GATHERED_BYTES
        self._sender = b""
        self._is_for_one = True
        self._places: dict[tuple[bytes, bytes], int] = {}
        self._has_joined = False
        self._will_flush = self._will_retry = False
        self._clearings = 0
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
        """Gather a reply; wait while too many are, and drop it when all is cleared meanwhile."""
        clearings = self._clearings
        while not self.try_send(data) and self._wait(clearings):
            pass

    def try_send(self, data: bytes) -> bool:
        """Gather a reply, unless too many are."""
        self._places.clear()  # an answer that follows must not overtake it
        return self._gather(data[: data.find(b" ")], data)

    def send_answer(self, key: tuple[bytes, bytes], reply: bytes) -> None:
        """Gather an answer; those to one connection become one reply.

        Mongrel2 ends a connection for which more than sixteen replies wait, and a client may have pipelined more.
        Waits, and may drop it, as `send` does.
        """
        replies, places = self._replies, self._places
        if key in places:
            self._has_joined = True
            answer = reply[reply.index(b", ") + 2 :]
            replies[places[key]] += answer
            self._room -= len(answer)
            return
        # What `_gather` says to most answers, without the call.
        room = self._room - len(reply) - OVERHEAD_BYTES
        if room > 0 and replies and key[0] == self._sender:
            self._room = room
            places[key] = len(replies)
            replies.append(reply)
            return
        clearings = self._clearings
        while not self._gather(key[0], reply):
            if not self._wait(clearings):
                return
        places[key] = len(replies) - 1

    def _wait(self, clearings: int) -> bool:
        """Wait for room; say whether nothing was cleared meanwhile, which would have taken what waits with it."""
        gevent.sleep(RETRY_S)
        return clearings == self._clearings

    def _gather(self, sender: bytes, reply: bytes) -> bool:
        """Gather a reply to the server *sender*, unless too many are."""
        if not self._replies:
            self._sender, self._is_for_one = sender, True
            self.flush_soon()
        elif self._room <= 0:
            return False
        elif sender != self._sender:
            self._is_for_one = False
        self._replies.append(reply)
        self._room -= len(reply) + OVERHEAD_BYTES
        return True

    def clear(self) -> None:
        """Drop what was gathered, and what waits for room: its server has gone, or it was given to another process."""
        self._clearings += 1
        self._places.clear()
        self._has_joined = False
        self._replies.clear()
        self._room = MAX_GATHERED_BYTES

    def flush(self) -> bool:
        """Send what was gathered; say whether all of it went."""
        self._places.clear()
        self._has_joined = False
        replies = self._replies
        while replies:
            batch = replies[:MAX_PARTS] if self._is_for_one else first_of_one_server(replies)
            if not self._sink.try_send_all(batch):
                self._room = MAX_GATHERED_BYTES - sum(map(len, replies)) - OVERHEAD_BYTES * len(replies)
                return False
            del replies[: len(batch)]
        self._room = MAX_GATHERED_BYTES
        return True

    def flush_early(self) -> None:
        """Send what was gathered so far, unless a client pipelines: what follows for it is to join its reply."""
        if not self._has_joined:
            self.flush_or_retry()

    def _flush_soon(self) -> None:
        if not self._will_flush:
            self._will_flush = True
            self._loop.run_callback(self._flush_now)

    def _flush_now(self) -> None:
        self._will_flush = False
        self.flush_or_retry()

    def flush_or_retry(self) -> None:
        """Send what was gathered, now or soon. May run in the hub."""
        if self._replies and not self.flush() and not self._will_retry:
            self._will_retry = True
            gevent.spawn_later(RETRY_S, self._retry)

    def _retry(self) -> None:
        self._will_retry = False
        self.flush_or_retry()


def first_of_one_server(replies: list[bytes]) -> list[bytes]:
    """Return the beginning of *replies* that goes to one server, `MAX_PARTS` at most."""
    batch = replies[:MAX_PARTS]
    sender = batch[0][: batch[0].find(b" ") + 1]
    for reply in batch:
        if not reply.startswith(sender):
            return batch[: batch.index(reply)]
    return batch


@dataclass
class Counters:
    """What a person who looks after the server asks for."""

    poisonous: int = 0
    disconnects: int = 0
    stale: int = 0
    overrun: int = 0
