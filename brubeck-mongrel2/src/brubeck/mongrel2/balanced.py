"""Messages by way of the balancer, which hears of each answer a moment before and after it leaves."""

from __future__ import annotations

import json
import os
import secrets
import socket
from collections import deque
from contextlib import suppress
from time import monotonic
from typing import Any

import gevent
import zmq
from brubeck.mongrel2.answering import Answerer
from brubeck.mongrel2.crew import POOL_CHECK_S, Crew, Member
from brubeck.mongrel2.messages import decode_message
from brubeck.mongrel2.outlets import RETRY_S, GatheringOutlet
from brubeck.mongrel2.plain_zmq import NOBLOCK, message_probe, plain_sender
from brubeck.mongrel2.sources import connect
from brubeck.mongrel2.wire import Verb, pack_numbers, unpack_work

__all__ = ["BalancedSource"]

Item = tuple[int, bytes]

CREDIT = 64
"""Messages a worker takes unread. More makes frames fuller, fewer makes a slow worker hold up less."""

PING_S = 1.0

READY_AGAIN_S = 2.0
"""How long a READY may stay without an answer."""


class BalancedSource:
    """Asks the balancer for messages, and says what was answered.

    Args:
        context: Whose I/O thread moves the bytes.
        address: The balancer's.
        answerer: Handles the messages; its outlet is a `GatheringOutlet`.
        pool: The application's.
        credit: Messages taken unread.
    """

    def __init__(
        self, context: zmq.Context[Any], address: str, answerer: Answerer, pool: Any, credit: int = CREDIT
    ) -> None:
        self._context = context
        self._address = address
        self._answerer = answerer
        self._pool = pool
        self._credit = credit
        self._socket: zmq.Socket[bytes] | None = None
        self._lifeline: socket.socket | None = None
        self._crew: Crew[Item] | None = None
        self._pending: deque[Item] = deque()
        self._again: set[int] = set()
        self._done: list[int] = []
        self._ahead = 0
        self._goodbyes = 0
        self._will_flush = False
        self._is_leaving = False
        self._is_known = False
        self._said_ready_at = 0.0
        self._identity = b""
        self._outlet: GatheringOutlet = answerer.outlet  # type: ignore[assignment]
        self._outlet.flush_soon = self.flush_soon
        answerer.on_begun = self.note_begun
        self._hub = gevent.get_hub()
        self._pinger = self._hub.loop.timer(PING_S, PING_S, ref=False)

    def begin(self) -> Crew[Item]:
        """Connect to the balancer and ask for work."""
        self.close()
        self._identity = b"w" + secrets.token_bytes(15)
        self._socket = connect(self._context, zmq.DEALER, self._address, self._identity)
        self._recv = self._socket.recv
        self._send = plain_sender(self._socket)
        self._is_leaving = False
        fd = self._socket.fileno()
        self._probe = message_probe(self._socket)
        self._crew = Crew(
            self._pool, self.take, self.has_more, self.handle, fd, self.note_blocked, self.flush
        )
        self._say_ready()
        self._pinger = self._hub.loop.timer(PING_S, PING_S, ref=False)
        self._pinger.start(self._ping)
        return self._crew

    def _say_ready(self) -> None:
        about = {"pid": os.getpid(), "host": socket.gethostname()}
        self._is_known = False
        self._said_ready_at = monotonic()
        self._pending.clear()
        self._again.clear()
        self._done.clear()
        self._ahead = 0
        self._tell(Verb.READY + self._credit.to_bytes(2, "little") + json.dumps(about).encode())

    def _ping(self) -> None:
        self._tell(Verb.PING)
        if self._crew is not None:
            self._crew.wake()

    def _tell(self, frame: bytes) -> None:
        """Say *frame*, and hear what came meanwhile: the send may have swallowed the descriptor's signal."""
        self._say(frame)
        self._look()

    def _look(self) -> None:
        if self._crew is not None and self._probe():
            self._crew.wake()

    def _say(self, frame: bytes) -> None:
        """Send *frame*. Nothing is waited for: a balancer that is away hears READY when it is back."""
        if self._socket is not None:
            with suppress(zmq.Again):
                self._send(frame, NOBLOCK)

    def take(self, flags: int) -> Item:
        """Return the next message; raises `zmq.Again` when there is none."""
        pending = self._pending
        while not pending:
            self._read(flags)
        return pending.popleft()

    def _read(self, flags: int) -> None:
        frame = self._recv(flags)
        verb = frame[:1]
        if verb == Verb.WORK:
            self._pending.extend(unpack_work(frame))
        elif verb == Verb.AGAIN:
            again = unpack_work(frame)
            self._again.update(serial for serial, _ in again)
            self._pending.extend(again)
        else:
            self._hear(verb, frame)

    def has_more(self) -> bool:
        """Say whether `take` would find something."""
        return bool(self._pending) or self._probe()

    def _hear(self, verb: bytes, frame: bytes) -> None:
        if verb == Verb.NOTICE:
            self._answerer.take_notice(decode_message(frame[1:]))
        elif verb == Verb.GOODBYE:
            self._goodbyes += 1
        elif verb in (Verb.WHO, Verb.LOST):
            self._introduce(is_lost=verb == Verb.LOST)
        elif verb == Verb.WELCOME:
            self._is_known = True
            self._hold_lifeline(frame[1:].decode())
        elif verb == Verb.ALL:
            self._answerer.take_broadcast(frame[1:])

    def _introduce(self, is_lost: bool) -> None:
        """Say READY again, once for the many times a balancer may have asked; drop what it gave to others."""
        if self._is_leaving or (not self._is_known and monotonic() - self._said_ready_at < READY_AGAIN_S):
            return
        if is_lost:
            self._outlet.clear()
            self._answerer.give_up()
        self._say_ready()

    def _hold_lifeline(self, name: str) -> None:
        """Hold a connection that breaks when this process does."""
        if self._socket is None or not name:
            return
        if name.startswith("/"):
            line, target = socket.socket(socket.AF_UNIX), name
        else:
            host = self._address.removeprefix("tcp://").rpartition(":")[0]
            line, target = socket.socket(), (host, int(name))  # type: ignore[assignment]
        gevent.spawn(self._connect_lifeline, line, target)

    def _connect_lifeline(self, line: socket.socket, target: Any) -> None:
        try:
            line.settimeout(2)
            line.connect(target)
            line.sendall(self._identity)
        except OSError:
            line.close()
            return
        old, self._lifeline = self._lifeline, line
        if old is not None:  # only now: the balancer is to see the new one first
            old.close()

    def handle(self, item: Item, member: Member) -> None:
        """Answer one message, and note that for the balancer, also where the handler ended its greenlet."""
        serial, data = item
        member.serial = serial
        member.must_close = serial in self._again
        if member.must_close:
            self._again.discard(serial)
        try:
            self._answerer.handle(data, member)
        finally:
            self._done.append(serial)
            if member.was_credited:
                member.was_credited = False
                self._ahead -= 1
            if member.is_blocked:
                self.flush_soon()

    def note_blocked(self, member: Member) -> None:
        """Return the credit of a message that waits: the worker has time for others."""
        self._answerer.note_blocked(member)
        if not member.was_credited:
            member.was_credited = True
            self._ahead += 1

    def note_begun(self, member: Member) -> None:
        """Say that the answer has begun: a message that cannot be given to another."""
        self._tell(pack_numbers(Verb.BEGUN, [member.serial]))

    def hold(self, key: tuple[bytes, bytes]) -> None:
        """Have all that comes on a connection sent here."""
        self._tell(Verb.HOLD + b" ".join(key))

    def release(self, key: tuple[bytes, bytes]) -> None:
        """End `hold`."""
        self._tell(Verb.RELEASE + b" ".join(key))

    def pass_on(self, payload: bytes) -> None:
        """Send *payload* to all other workers."""
        self._tell(Verb.ALL + payload)

    def flush_soon(self) -> None:
        """Flush when the hub runs next."""
        if not self._will_flush:
            self._will_flush = True
            self._hub.loop.run_callback(self.flush)

    def flush(self) -> None:
        """Send the answers that were gathered, saying so before and after. Runs in the hub.

        Should this process die in between, the balancer knows whose answers may have left.
        """
        self._will_flush = False
        if self._done and self._outlet.has_replies:
            self._say(pack_numbers(Verb.SENDING, self._done))  # DONE follows
        if not self._outlet.flush():
            self._look()
            gevent.spawn_later(RETRY_S, self.flush_soon)
            return
        if self._done or self._ahead:
            done, self._done = self._done, []
            credit, self._ahead = len(done) + self._ahead, 0
            self._tell(pack_numbers(Verb.DONE, done, credit))

    def pause(self) -> None:
        """Go on: the balancer knows that the server has gone, and has nothing for us."""

    def leave(self) -> None:
        """Ask the balancer for no more, and wait until it has said that nothing comes."""
        self._is_leaving = True
        self._farewell()

    def work_off(self) -> None:
        """Wait until the crew has taken what came before the goodbye."""
        while self._pending and self._crew is not None:
            gevent.sleep(POOL_CHECK_S)
            self._crew.wake()

    def finish(self) -> None:
        """Wait until the balancer has heard that all is answered."""
        self.flush()
        while self._done:  # no room yet; `flush` comes back by itself
            gevent.sleep(RETRY_S)
        if self._goodbyes:  # there is a balancer to hear it
            self._farewell()

    def _farewell(self) -> None:
        """Say that we leave, and read until the balancer has heard it: with a full pool the crew reads nothing."""
        seen = self._goodbyes
        self._tell(Verb.LEAVE)
        with gevent.Timeout(2, False):
            while self._goodbyes == seen:
                self._read_all()
                gevent.sleep(0.002)

    def _read_all(self) -> None:
        if self._socket is not None:
            with suppress(zmq.Again):
                while True:
                    self._read(NOBLOCK)
        if self._pending and self._crew is not None:
            self._crew.wake()

    def close(self) -> None:
        """Close the sockets."""
        self._pinger.stop()
        self._pinger.close()
        crew, self._crew = self._crew, None
        if crew is not None:
            crew.close()
        socket_, self._socket = self._socket, None
        if socket_ is not None:
            socket_.close(1000)
        line, self._lifeline = self._lifeline, None
        if line is not None:
            line.close()
