"""Who gets which message: the balancer's rules, with no socket and no clock of their own.

Workers say how many messages they take unread (their credit) and which they have answered. A new message goes to the
worker with the fewest unanswered ones among those with credit; one of a connection that a worker has, to that worker.
What a dead worker had not answered is given to another when its method is safe, and answered with 502 when it is not.
"""

from __future__ import annotations

import json
import logging
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from brubeck.mongrel2.dealing import Dealing
from brubeck.mongrel2.messages import MessageError, check_address, decode_message
from brubeck.mongrel2.wire import Verb, unpack_numbers
from brubeck.mongrel2.workers import Limits, Worker

__all__ = ["Balance"]

log = logging.getLogger("brubeck.mongrel2")

SAFE_METHODS = frozenset((b"GET", b"HEAD", b"OPTIONS", b"TRACE"))
"""They change nothing, so that another worker may do them over (RFC 9110 section 9.2.1)."""

REMEMBERED_S = 3600.0
"""How long a worker that was taken for dead is told so, should it speak again."""


class Balance(Dealing):
    """The rules.

    Args:
        send: Sends a frame to a worker.
        publish: Sends a reply to Mongrel2.
        limits: What is put up with.
        first_serial: Above every serial of an earlier balancer.
        lifeline: What a worker needs to find it.
        drop: Told of a message that no worker will see any more.
    """

    def __init__(
        self,
        send: Callable[[bytes, bytes], object],
        publish: Callable[[bytes], object],
        limits: Limits | None = None,
        first_serial: int = 1,
        lifeline: str = "",
        drop: Callable[[bytes], object] = lambda data: None,
    ) -> None:
        super().__init__(send, publish, limits, first_serial, drop)
        self.lifeline = lifeline
        self._lost: dict[bytes, float] = {}
        self._verbs: dict[bytes, Callable[[Worker, bytes, float], object]] = {
            Verb.DONE: self._done,
            Verb.SENDING: self._sending,
            Verb.BEGUN: self._begun,
            Verb.HOLD: self._hold,
            Verb.RELEASE: self._release,
            Verb.LEAVE: self._leave,
            Verb.ALL: self._pass_on,
            Verb.PING: lambda worker, frame, now: self.send(worker.identity, Verb.PING),
        }

    def hear(self, identity: bytes, frame: bytes, now: float) -> None:
        """Take a frame of a worker, or of someone who asks."""
        verb = frame[:1]
        if verb == Verb.STATUS:
            self.send(identity, Verb.STATUS + json.dumps(self.status(now)).encode())
            return
        if verb == Verb.READY:
            self._ready(identity, frame, now)
            return
        worker = self.workers.get(identity)
        if worker is None:
            self.send(identity, Verb.LOST if identity in self._lost else Verb.WHO)
            return
        worker.heard_at = now
        act = self._verbs.get(verb)
        try:
            if act is not None:
                act(worker, frame, now)
        except (ValueError, IndexError):
            self.note_poison(identity, frame)

    def note_poison(self, identity: bytes, frame: bytes) -> None:
        """Count what is no frame of a worker."""
        self.totals.poisonous += 1
        log.warning("The worker %r said %r, which cannot be read.", identity, frame[:80])

    def _ready(self, identity: bytes, frame: bytes, now: float) -> None:
        credit, about = int.from_bytes(frame[1:3], "little"), read_about(frame[3:])
        self._lost.pop(identity, None)
        known = self.workers.get(identity)
        if known is not None:
            self.lose(identity, now)
        self.workers[identity] = Worker(identity, credit, about, now)
        self.send(identity, Verb.WELCOME + self.lifeline.encode())
        self._give_waiting(now)

    def _done(self, worker: Worker, frame: bytes, now: float) -> None:
        credit, serials = unpack_numbers(frame)
        worker.credit = min(worker.credit + credit, worker.most_credit)
        if worker.begun:
            worker.begun.difference_update(serials)
        owners, repeated, pipelined = self.owners, self.repeated, worker.pipelined
        pop, answered = worker.unanswered.pop, 0
        for serial in serials:
            found = pop(serial, None)
            if found is None:
                continue
            key = found[0]
            if repeated:
                repeated.pop(key, None)
            answered += 1
            owner = owners.get(key)
            if owner is not None and owner[0] is worker:
                owner[1] -= 1
                if not owner[1] and not owner[2]:
                    del owners[key]
                    if pipelined:
                        pipelined.discard(key)
        self.totals.answered += answered
        while worker.backlog and worker.credit > 0:
            self._give(worker, *worker.backlog.popleft())
        if self.waiting:
            self._give_waiting(now)

    def _sending(self, worker: Worker, frame: bytes, now: float) -> None:
        unpack_numbers(frame)
        worker.sending = frame

    def _begun(self, worker: Worker, frame: bytes, now: float) -> None:
        worker.begun.update(serial for serial in unpack_numbers(frame)[1] if serial in worker.unanswered)

    def _hold(self, worker: Worker, frame: bytes, now: float) -> None:
        key = frame[1:]
        sender, number = key.split(b" ")
        check_address(sender, number)
        owner = self.owners.setdefault(key, [worker, 0, True])
        if owner[0] is worker:
            owner[2] = True
            worker.held.add(key)

    def _release(self, worker: Worker, frame: bytes, now: float) -> None:
        key = frame[1:]
        worker.held.discard(key)
        owner = self.owners.get(key)
        if owner is not None and owner[0] is worker:
            owner[2] = False
            if not owner[1]:
                del self.owners[key]
                worker.pipelined.discard(key)

    def _leave(self, worker: Worker, frame: bytes, now: float) -> None:
        if not worker.is_leaving:
            worker.is_leaving = True
            self.totals.departures += 1
        self._flush_worker(worker)
        self.send(worker.identity, Verb.GOODBYE)

    def _pass_on(self, worker: Worker, frame: bytes, now: float) -> None:
        for other in self.workers.values():
            if other is not worker:
                self.send(other.identity, frame)

    def lose(self, identity: bytes, now: float) -> None:
        """Note that a worker is no more, and see to what it had."""
        worker = self.workers.pop(identity, None)
        if worker is None:
            return
        self._lost[identity] = now
        self._dirty.discard(worker)
        for key in [key for key, owner in self.owners.items() if owner[0] is worker]:
            del self.owners[key]
        if not worker.is_leaving or worker.unanswered:
            self.totals.deaths += 1
            log.warning(
                "The worker %s has died with %d unanswered.", worker.about.get("pid"), len(worker.unanswered)
            )
        for key in worker.held:
            self._close(key)
        dead = set(worker.held)
        self._settle_doubled(worker, dead)
        saved = []
        for serial, (key, data) in [*worker.unanswered.items(), *((0, item) for item in worker.backlog)]:
            if key not in dead and not self._may_go_on(key, data, serial in worker.begun, serial != 0):
                dead.add(key)
            if key in dead:
                self.drop(data)
            else:
                saved.append((now, key, data, serial != 0))
        self._keep_waiting([*saved, *self.waiting])
        self._give_waiting(now)

    def _settle_doubled(self, worker: Worker, dead: set[bytes]) -> None:
        """See to the connections with several unanswered messages of a dead worker.

        Where the answer to the first was leaving when the next came, the client has had it, and the next is done over.
        Else the client pipelines, and how many answers it has had cannot be known: its connection is closed. What was
        never sent is in no doubt.
        """
        sent = {key for key, _ in worker.unanswered.values()}
        counts = Counter(key for key, _ in [*worker.unanswered.values(), *worker.backlog] if key in sent)
        leaving = worker.leaving()
        for key in (key for key, count in counts.items() if count > 1 and key not in dead):
            if key in leaving and key not in worker.pipelined:
                first = next(serial for serial, item in worker.unanswered.items() if item[0] == key)
                del worker.unanswered[first]
                self.totals.answered += 1
            else:
                self._close(key)
                dead.add(key)

    def _may_go_on(self, key: bytes, data: bytes, has_begun: bool, was_sent: bool) -> bool:
        """Say whether a message of a dead worker may be given to another; where not, answer it or close."""
        try:
            method = decode_message(data).get(b"METHOD")
        except MessageError:
            return False  # Mongrel2 sends none such, and nobody could be answered
        if has_begun or method.startswith(b"WEBSOCKET"):
            self._close(key)
            return False
        if not was_sent:
            return True
        if method not in SAFE_METHODS or self.repeated.get(key, 0) >= self.limits.max_repeats:
            self.totals.failed += 1
            self._refuse(key, 502, method == b"HEAD")
            return False
        self.totals.retried += 1
        self.repeated[key] = self.repeated.get(key, 0) + 1
        return True

    def tick(self, now: float) -> None:
        """Look at what has waited too long. Call it several times a second."""
        self._lost = {identity: since for identity, since in self._lost.items() if now - since < REMEMBERED_S}
        for worker in list(self.workers.values()):
            if now - worker.heard_at > self.limits.dead_after_s:
                self.lose(worker.identity, now)
        since = now - self.limits.wait_s
        late = [item for item in self.waiting if item[0] < since]
        if not late:
            return
        self._keep_waiting([item for item in self.waiting if item[0] >= since])
        for _, key, data, _ in late:
            self.totals.expired += 1
            self._refuse(key, 503, b"4:HEAD," in data[:2000])
            self.drop(data)

    def forget_server(self) -> None:
        """Note that Mongrel2 has gone, and every client with it."""
        for _, _, data, _ in self.waiting:
            self.drop(data)
        self._keep_waiting(())
        self.owners.clear()
        self.repeated.clear()
        for worker in self.workers.values():
            for _, data in worker.unanswered.values():
                end = data.index(b" ", data.index(b" ") + 1)
                self.send(worker.identity, Verb.NOTICE + data[:end] + _DISCONNECT)
            for _, data in worker.backlog:
                self.drop(data)
            worker.unanswered.clear()
            worker.begun.clear()
            worker.held.clear()
            worker.pipelined.clear()
            worker.backlog.clear()

    def status(self, now: float) -> dict[str, Any]:
        """Return what there is to know, for people and programs."""
        return {
            "totals": asdict(self.totals),
            "waiting": len(self.waiting),
            "connections": len(self.owners),
            "workers": [worker.describe(now) for worker in self.workers.values()],
        }


def read_about(text: bytes) -> dict[str, Any]:
    """Return the process and the host that a worker names; what else it says is for nobody."""
    try:
        about = json.loads(text)
    except (ValueError, RecursionError):
        about = None
    if not isinstance(about, dict):
        about = {}
    pid, host = about.get("pid"), about.get("host")
    return {"pid": pid if type(pid) is int else None, "host": host[:255] if isinstance(host, str) else None}


_DISCONNECT = b' @* 16:6:METHOD,4:JSON,}21:{"type":"disconnect"},'
