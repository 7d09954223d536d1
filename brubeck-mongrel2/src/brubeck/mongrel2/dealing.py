"""Which worker a message goes to: credit, fewest unanswered, and the connections that workers have. No I/O."""

from __future__ import annotations

import logging
from collections import Counter, deque
from collections.abc import Callable, Iterable
from heapq import heapify, heappop, heapreplace
from http import HTTPStatus
from typing import Any

from brubeck.mongrel2.messages import NOTICE_PATH
from brubeck.mongrel2.replies import encode_close, encode_reply
from brubeck.mongrel2.wire import Verb, pack_work
from brubeck.mongrel2.workers import Limits, Totals, Worker

__all__ = ["Dealing", "encode_refusal"]

log = logging.getLogger("brubeck.mongrel2")

NOTICE = NOTICE_PATH + b" "

FEW = 4
"""With fewer messages unread a worker will soon have none, and more are taken from Mongrel2. Until then they are left
there, so that frames are fuller: with one worker 1.06 to 1.12 of the rate without this, 1.07 of that with 8
(`benchmarks/mongrel2_balancer.py`)."""


class Dealing:
    """Deals messages to workers.

    Args:
        send: Sends a frame to a worker.
        publish: Sends a reply to Mongrel2.
        limits: What is put up with.
        first_serial: Above every serial of an earlier balancer.
        drop: Told of a message that no worker will see any more.

    Attributes:
        workers: By identity; those that waited longest first.
        waiting: Since when, connection, message, whether it was with a worker that died. Those of a connection are in
            the order in which they came.
        owners: By connection: the worker that has it, how many messages it brought are with that worker, unanswered or
            in its backlog, and whether it is held.
        repeated: By connection of a message that is done over, how often; the first answer may have reached the client
            after all.
    """

    def __init__(
        self,
        send: Callable[[bytes, bytes], object],
        publish: Callable[[bytes], object],
        limits: Limits | None = None,
        first_serial: int = 1,
        drop: Callable[[bytes], object] = lambda data: None,
    ) -> None:
        self.send = send
        self.publish = publish
        self.drop = drop
        self.limits = limits or Limits()
        self.totals = Totals()
        self.workers: dict[bytes, Worker] = {}
        self.waiting: deque[tuple[float, bytes, bytes, bool]] = deque()
        self.owners: dict[bytes, list[Any]] = {}
        self.repeated: dict[bytes, int] = {}
        self._waiting_keys: Counter[bytes] = Counter()
        self._serial = first_serial
        self._dirty: set[Worker] = set()

    @property
    def has_room(self) -> bool:
        """Whether more messages should be read."""
        return len(self.waiting) < self.limits.max_waiting

    @property
    def is_hungry(self) -> bool:
        """Whether the worker that is next has few messages unread, or none is there to have any.

        Always while a message is done over: what its connection brings meanwhile must be seen before that is answered.
        """
        if self.repeated:
            return True
        worker = self._next_worker()
        if worker is None:
            return all(worker.is_leaving for worker in self.workers.values())
        return worker.most_credit - worker.credit < FEW

    def _next_worker(self) -> Worker | None:
        """Return the worker with the fewest unanswered messages, if any has credit."""
        best, fewest = None, 0
        for worker in self.workers.values():
            if worker.credit > 0 and not worker.is_leaving:
                count = len(worker.unanswered) + len(worker.held)
                if best is None or count < fewest:
                    best, fewest = worker, count
        return best

    @property
    def is_done(self) -> bool:
        """Whether nothing waits, and no worker has anything unanswered."""
        return not self.waiting and not any(owner[1] for owner in self.owners.values())

    def take_all(self, messages: list[bytes], now: float) -> None:
        """Take messages of Mongrel2, together where there is nothing special about any of them."""
        keys = self._plain_keys(messages)
        if not keys:
            for data in messages:
                self.take(data, now)
            return
        self.totals.received += len(keys)
        start = 0
        for worker, share in self._shares(len(keys)):
            end = start + share
            self._give_all(worker, keys[start:end], messages[start:end])
            start = end
        for key, data in zip(keys[start:], messages[start:], strict=True):
            self._wait(now, key, data)

    def _plain_keys(self, messages: list[bytes]) -> list[bytes]:
        """Return the connections of *messages*; none where one is a notice, or of a connection that has others."""
        if self.waiting or self.repeated:
            return []
        keys = []
        try:
            for data in messages:
                sender, number, path, _ = data.split(b" ", 3)
                if path == NOTICE_PATH:
                    return []
                keys.append(sender + b" " + number)
        except ValueError:
            return []
        return keys if self.owners.keys().isdisjoint(keys) and len(set(keys)) == len(keys) else []

    def _shares(self, count: int) -> list[tuple[Worker, int]]:
        """Say how many of *count* messages go to each worker, so that those with the fewest unanswered get more."""
        free = [worker for worker in self.workers.values() if worker.credit > 0 and not worker.is_leaving]
        if len(free) == 1:
            return [(free[0], min(count, free[0].credit))]
        shares = dict.fromkeys(free, 0)
        heap = [(len(worker.unanswered) + len(worker.held), place) for place, worker in enumerate(free)]
        heapify(heap)
        while count and heap:
            load, place = heap[0]
            worker = free[place]
            shares[worker] += 1
            if shares[worker] < worker.credit:
                heapreplace(heap, (load + 1, place))
            else:
                heappop(heap)
            count -= 1
        for worker, share in shares.items():
            if share:
                self.workers[worker.identity] = self.workers.pop(worker.identity)
        return list(shares.items())

    def _give_all(self, worker: Worker, keys: list[bytes], messages: list[bytes]) -> None:
        """Give messages to a worker, which has their connections from now on."""
        serial, unanswered, owners = self._serial, worker.unanswered, self.owners
        for key, data in zip(keys, messages, strict=True):
            serial += 1
            unanswered[serial] = (key, data)
            owners[key] = [worker, 1, False]
        worker.serials.extend(range(self._serial + 1, serial + 1))
        worker.messages.extend(messages)
        worker.credit -= len(keys)
        self._serial = serial
        self._dirty.add(worker)

    def take(self, data: bytes, now: float) -> None:
        """Take a message of Mongrel2."""
        try:
            end = data.index(b" ", data.index(b" ") + 1)
        except ValueError:
            self.totals.poisonous += 1
            log.warning("This is no message of Mongrel2: %r", data[:80])
            return
        key = data[:end]
        owner = self.owners.get(key)
        if data.startswith(NOTICE, end + 1):
            self._notice(key, data, owner)
            return
        self.totals.received += 1
        if self.repeated and key in self.repeated:
            self._close(key)  # the answer that is on its way would be taken for the one to this message
            self.drop(data)
        elif self.waiting and key in self._waiting_keys:
            self._wait(now, key, data)
        elif owner is not None:
            self._to_owner(owner, key, data)
        elif self.waiting or not self._assign(key, data):
            self._wait(now, key, data)

    def _wait(self, now: float, key: bytes, data: bytes) -> None:
        self.waiting.append((now, key, data, False))
        self._waiting_keys[key] += 1

    def _keep_waiting(self, items: Iterable[tuple[float, bytes, bytes, bool]]) -> None:
        """Have *items* wait and no others."""
        self.waiting = deque(items)
        self._waiting_keys = Counter(item[1] for item in self.waiting)

    def _notice(self, key: bytes, data: bytes, owner: list[Any] | None) -> None:
        self.totals.disconnects += 1
        self.repeated.pop(key, None)
        if self.waiting and key in self._waiting_keys:
            for item in self.waiting:
                if item[1] == key:
                    self.drop(item[2])
            self._keep_waiting([item for item in self.waiting if item[1] != key])
        if owner is None:
            return
        worker: Worker = owner[0]
        worker.pipelined.discard(key)
        self._flush_worker(worker)
        self.send(worker.identity, Verb.NOTICE + data)
        if key in worker.held:
            worker.held.discard(key)
            owner[2] = False
            if not owner[1]:
                del self.owners[key]

    def _to_owner(self, owner: list[Any], key: bytes, data: bytes) -> None:
        """Give a message to the worker that has its connection, behind what waits for that."""
        worker: Worker = owner[0]
        if owner[1]:
            worker.note_more(key)
        if worker.credit > 0 and not worker.backlog:
            self._give(worker, key, data)
        elif len(worker.backlog) < self.limits.max_backlog:
            worker.backlog.append((key, data))
        else:
            self._close(key)
            self.drop(data)
            return
        owner[1] += 1

    def _assign(self, key: bytes, data: bytes) -> bool:
        """Give a message to the worker with the fewest unanswered ones, if any has credit."""
        best = self._next_worker()
        if best is None:
            return False
        if len(self.workers) > 1:  # of workers with as little to do, the one that waited longest is next
            self.workers[best.identity] = self.workers.pop(best.identity)
        self._give_all(best, [key], [data])
        return True

    def _give(self, worker: Worker, key: bytes, data: bytes) -> None:
        serial = self._serial = self._serial + 1
        worker.credit -= 1
        worker.unanswered[serial] = (key, data)
        worker.serials.append(serial)
        worker.messages.append(data)
        self._dirty.add(worker)

    def flush(self) -> None:
        """Send what was assigned."""
        dirty, self._dirty = self._dirty, set()
        for worker in dirty:
            self._flush_worker(worker)

    def _flush_worker(self, worker: Worker) -> None:
        if worker.messages:
            frame = pack_work(Verb.WORK, worker.serials, worker.messages)
            worker.serials, worker.messages = [], []
            self.send(worker.identity, frame)

    def _give_waiting(self, now: float) -> None:
        waiting, keys = self.waiting, self._waiting_keys
        while waiting:
            _, key, data, is_again = waiting[0]
            owner = self.owners.get(key)
            if owner is not None:
                self._to_owner(owner, key, data)
            elif not (self._again(key, data) if is_again else self._assign(key, data)):
                break
            waiting.popleft()
            keys[key] -= 1
            if not keys[key]:
                del keys[key]

    def _again(self, key: bytes, data: bytes) -> bool:
        if not self._assign(key, data):
            return False
        worker: Worker = self.owners[key][0]
        serial, message = worker.serials.pop(), worker.messages.pop()
        self._flush_worker(worker)
        self.send(worker.identity, pack_work(Verb.AGAIN, [serial], [message]))
        return True

    def _refuse(self, key: bytes, status: int, is_head: bool) -> None:
        self.repeated.pop(key, None)  # no disconnect follows when it is us who close
        sender, number = key.split(b" ")
        self.publish(encode_reply(sender, number, encode_refusal(status, is_head)))
        self.publish(encode_close(sender, number))

    def _close(self, key: bytes) -> None:
        self.totals.closed += 1
        self.publish(encode_close(*key.split(b" ")))


def encode_refusal(status: int, is_head: bool) -> bytes:
    """Return the answer to a message that no worker answers; the connection is closed behind it."""
    reason = HTTPStatus(status).phrase
    text = f"{status} {reason}\n"
    head = (
        f"HTTP/1.1 {status} {reason}\r\nConnection: close\r\nContent-Type: text/plain\r\n"
        f"Content-Length: {len(text)}\r\n{'Retry-After: 1' if status == 503 else 'Cache-Control: no-store'}\r\n\r\n"
    )
    return (head if is_head else head + text).encode()
