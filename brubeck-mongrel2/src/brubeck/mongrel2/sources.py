"""Where messages come from: straight from Mongrel2 here, by way of the balancer in `balanced`."""

from __future__ import annotations

import logging
from collections import deque
from typing import Any, Protocol

import gevent
import zmq
from brubeck.core.errors import ConfigurationError
from brubeck.mongrel2.answering import Answerer
from brubeck.mongrel2.crew import POOL_CHECK_S, Crew
from brubeck.mongrel2.outlets import GatheringOutlet
from brubeck.mongrel2.plain_zmq import NOBLOCK, message_probe

__all__ = ["DirectSource", "Source", "connect"]

log = logging.getLogger("brubeck.mongrel2")

QUIET_S = 0.01
"""Nothing pulled for so long: what was on its way has arrived."""

LONGEST_WAIT_FOR_QUIET_S = 0.5

HELD = 16
"""Messages after which their replies are sent, while the batch goes on: Mongrel2 works on them meanwhile. With all 64
held to the end of the batch a processor was idle a sixth of the time, and there were 0.71 to 0.87 as many requests/s
(`benchmarks/mongrel2.py`, `HELD = 64` beside it)."""

MAX_KEPT = 10_000
"""Messages read before they are handled, at the end."""

LAST_LOOKS = 20
"""How often, a millisecond apart, a disconnected socket is still read: its link closes only while it is used."""


class Source(Protocol):
    """Brings a crew its messages."""

    def begin(self) -> Crew[Any]:
        """Connect, and return a crew that takes and answers."""

    def pause(self) -> None:
        """Take nothing: the server has gone."""

    def leave(self) -> None:
        """Have nothing more sent, and take what is on its way; may block the greenlet."""

    def work_off(self) -> None:
        """Have what was taken given to handlers, as the pool gets room; may block the greenlet."""

    def finish(self) -> None:
        """All is answered: say so where that matters; may block the greenlet."""

    def close(self) -> None:
        """Close the sockets."""


class DirectSource:
    """Pulls from Mongrel2 itself.

    Args:
        context: Whose I/O thread moves the bytes.
        address: Mongrel2's `send_spec`.
        answerer: Handles the messages.
        pool: The application's.
        outlet: The answerer's.
    """

    def __init__(
        self, context: zmq.Context[Any], address: str, answerer: Answerer, pool: Any, outlet: GatheringOutlet
    ) -> None:
        self._context = context
        self._address = address
        self._answerer = answerer
        self._pool = pool
        self._outlet = outlet
        self._socket: zmq.Socket[bytes] | None = None
        self._crew: Crew[bytes] | None = None
        self._kept: deque[bytes] = deque()

    def begin(self) -> Crew[bytes]:
        """Connect the pulling socket. The publishing one has been subscribed to, so no answer is lost."""
        self.close()
        self._socket = connect(self._context, zmq.PULL, self._address)
        answerer = self._answerer
        fd = self._socket.fileno()
        has_more = message_probe(self._socket)
        flush, early = self._outlet.flush_or_retry, self._outlet.flush_early
        take, handle, blocked = self._socket.recv, answerer.handle, answerer.note_blocked
        self._crew = Crew(self._pool, take, has_more, handle, fd, blocked, flush, early, HELD)
        return self._crew

    def pause(self) -> None:
        """Close the socket: what it holds came from clients that are gone."""
        self.close()

    def leave(self) -> None:
        """Stop in the order that was seen to lose the least: read until it is quiet, disconnect, read again.

        What a full pool has no room for is kept for `work_off`.
        """
        crew, pulled = self._crew, self._socket
        if crew is None or pulled is None:
            return
        kept = self._kept
        has_more = message_probe(pulled)
        taken = 0

        def take(flags: int) -> bytes:
            nonlocal taken
            data = kept.popleft() if kept else pulled.recv(flags)
            taken += 1
            return data

        crew.take_from(take, lambda: bool(kept) or has_more())

        def keep() -> int:
            """Read what is there, unless the server has gone; return how many messages have come so far."""
            while self._socket is pulled and len(kept) < MAX_KEPT and has_more():
                kept.append(pulled.recv(NOBLOCK))
            crew.wake()
            return taken + len(kept)

        for _ in range(int(LONGEST_WAIT_FOR_QUIET_S / QUIET_S)):
            before = keep()
            gevent.sleep(QUIET_S)
            if keep() == before:
                break
        if self._socket is pulled:
            pulled.disconnect(self._address)
        for _ in range(LAST_LOOKS):
            keep()
            gevent.sleep(0.001)
        if len(kept) >= MAX_KEPT:
            log.error("More than %d messages wait at the stop; what is behind them is lost.", MAX_KEPT)

    def work_off(self) -> None:
        """Wait until the crew has taken what was kept."""
        while self._kept and self._crew is not None:
            gevent.sleep(POOL_CHECK_S)
            self._crew.wake()

    def finish(self) -> None:
        """Do nothing: nobody waits to hear."""

    def close(self) -> None:
        """Close the socket; what was not taken is lost."""
        socket_, self._socket = self._socket, None
        self._kept.clear()
        if self._crew is not None:
            self._crew.close()
            self._crew = None
        if socket_ is not None:
            socket_.close(0)


def connect(context: zmq.Context[Any], kind: int, address: str, identity: bytes = b"") -> zmq.Socket[bytes]:
    """Return a connected socket.

    Raises:
        ConfigurationError: ZeroMQ cannot connect to the address.
    """
    made: zmq.Socket[bytes] = context.socket(kind)
    made.linger = 0
    if identity:
        made.identity = identity
        made.sndhwm = made.rcvhwm = 0
    try:
        made.connect(address)
    except zmq.ZMQError as exc:
        made.close()
        raise ConfigurationError(f"{address!r} cannot be connected to: {exc.strerror}.") from None
    return made
