"""The balancer's process: it moves frames between Mongrel2, the rules of `Balance`, and the workers."""

from __future__ import annotations

import contextlib
import logging
import os
import socket
import time
from collections import deque
from pathlib import Path

import zmq
from brubeck.core.errors import ConfigurationError
from brubeck.mongrel2.balancing import Balance
from brubeck.mongrel2.messages import MessageError, decode_message
from brubeck.mongrel2.plain_zmq import MORE, NOBLOCK, message_probe, plain_getter, plain_sender
from brubeck.mongrel2.uploads import UploadFolder
from brubeck.mongrel2.workers import Limits

__all__ = ["BalancerProcess"]

log = logging.getLogger("brubeck.mongrel2")

RCVMORE = int(zmq.RCVMORE)

BURST = 256
"""Messages read before workers are listened to again."""

LOOKS = 3
"""Up to here the socket of the workers is asked whether it has a frame: see `crew.LOOKS`."""

TICK_S = 0.1

NAP_S = 0.005
"""How long at most messages are left in Mongrel2 because the worker that is next has enough: see `dealing.FEW`."""

GRACE_S = 0.02
"""From a cut lifeline to taking the worker for dead: what it said before, on another socket, is still to be heard."""


class BalancerProcess:
    """Runs a `Balance` over sockets. Blocks its thread; needs no greenlets.

    Args:
        pull_addr: Mongrel2's `send_spec`.
        pub_addr: Mongrel2's `recv_spec`, for answers of the balancer's own.
        address: Where workers come to.
        limits: What is put up with.
        uploads: The folder of parked bodies, where there is one: those of requests that no worker sees are removed.
    """

    def __init__(
        self,
        pull_addr: str,
        pub_addr: str,
        address: str,
        limits: Limits | None = None,
        uploads: UploadFolder | None = None,
    ) -> None:
        self.pull_addr = pull_addr
        self.address = address
        self.is_stopping = False
        self._context = zmq.Context()
        self._poller = zmq.Poller()
        self._pull: zmq.Socket[bytes] | None = None
        self._is_reading = False
        self._is_taking = True
        self._read_at = self._ticked_at = 0.0
        self._router = self._make_router(address)
        self._pub = self._make_pub(pub_addr)
        self._lines: dict[int, tuple[socket.socket, bytes]] = {}
        self._line = open_lifeline(address)
        self._cut: deque[tuple[float, bytes, socket.socket]] = deque()
        self._latest: dict[bytes, socket.socket] = {}
        self._poller.register(self._router, zmq.POLLIN)
        self._poller.register(self._pub, zmq.POLLIN)
        self._poller.register(self._line.fileno(), zmq.POLLIN)
        self._uploads = uploads
        lifeline = lifeline_name(self._line)
        self.balance = Balance(self._send, self._publish, limits, time.time_ns(), lifeline, self._drop)

    def _make_router(self, address: str) -> zmq.Socket[bytes]:
        router = self._context.socket(zmq.ROUTER)
        router.sndhwm = 0
        router.linger = 1000
        router.setsockopt(zmq.ROUTER_MANDATORY, 1)
        router.setsockopt(zmq.ROUTER_HANDOVER, 1)
        remove_stale_socket(address)
        try:
            router.bind(address)
        except zmq.ZMQError as exc:
            router.close(0)
            raise ConfigurationError(f"The balancer cannot listen on {address!r}: {exc.strerror}.") from None
        self._router_send = plain_sender(router)
        self._router_get = plain_getter(router)
        self._has_frames = message_probe(router)
        return router

    def _make_pub(self, address: str) -> zmq.Socket[bytes]:
        pub = self._context.socket(zmq.XPUB)
        pub.sndhwm = 0
        pub.linger = 1000
        pub.setsockopt(zmq.IMMEDIATE, 1)
        pub.connect(address)
        return pub

    def _send(self, identity: bytes, frame: bytes) -> None:
        with contextlib.suppress(zmq.ZMQError):  # it has gone; the lifeline or the clock will say so
            self._router_send(identity, MORE)
            self._router_send(frame, NOBLOCK)

    def _publish(self, data: bytes) -> None:
        self._pub.send(data, zmq.NOBLOCK)

    def _drop(self, data: bytes) -> None:
        """Remove the parked body of a request that no worker will see."""
        if self._uploads is None:
            return
        with contextlib.suppress(MessageError):
            message = decode_message(data)
            if b"FLAGS" not in message.headers:  # which Mongrel2 alone writes, to frames of WebSockets
                self._uploads.discard(message.headers, message.body)

    def run(self) -> None:
        """Balance until `is_stopping`, and until what was given is answered. WebSockets are their workers' to close.

        Blocks:
            The thread.
        """
        while self._is_taking or not self.balance.is_done:
            self.turn()

    def turn(self) -> None:
        """Wait a moment for something to happen, and see to it.

        Blocks:
            The thread.
        """
        balance = self.balance
        ready = dict(self._poller.poll(int(1000 * self._longest_wait())))
        now = time.monotonic()
        if self._pub in ready:
            self._hear_server()
        if self._router in ready:
            self._hear_all(now)
        is_last = self.is_stopping and self._is_taking  # for what was left until now
        # Where nothing was wanted before, a worker may just have made room.
        if is_last or (self._pull in ready if self._is_reading else self._wants_messages(now)):
            self._take_all(now)
        if is_last:
            self._is_taking = False
        self._hear_lifelines(ready, now)
        while self._cut and self._cut[0][0] <= now:
            self._note_cut(*self._cut.popleft()[1:], now)
        if now - self._ticked_at > TICK_S:
            self._ticked_at = now
            balance.tick(now)
        balance.flush()
        self._choose_reading(now)

    def _longest_wait(self) -> float:
        if self._pull is not None and not self._is_reading:
            return NAP_S
        return GRACE_S if self._cut else TICK_S

    def _take_all(self, now: float) -> None:
        """Take what Mongrel2 has sent."""
        if self._pull is None:
            return
        receive, messages = self._pull.recv, []
        try:
            for _ in range(BURST):
                messages.append(receive(NOBLOCK))  # noqa: PERF401 - what came before `Again` is kept
        except zmq.Again:
            pass
        self._read_at = now
        self.balance.take_all(messages, now)

    def _hear_all(self, now: float) -> None:
        """Hear what workers have said."""
        receive, is_cut_short, hear = self._router.recv, self._router_get, self.balance.hear
        try:
            for turn in range(BURST):
                if 0 < turn < LOOKS and not self._has_frames():
                    return
                identity, frame = receive(NOBLOCK), receive(NOBLOCK)
                if is_cut_short(RCVMORE):
                    while self._router.getsockopt(zmq.RCVMORE):
                        self._router.recv(zmq.NOBLOCK)
                    self.balance.note_poison(identity, frame)
                else:
                    hear(identity, frame, now)
        except zmq.Again:
            pass

    def _hear_server(self) -> None:
        """Begin to pull when the server listens; forget its clients when it has gone."""
        while True:
            try:
                event = self._pub.recv(zmq.NOBLOCK)
            except zmq.Again:
                return
            if event[:1] == b"\x01" and self._pull is None:
                self._pull = self._context.socket(zmq.PULL)
                self._pull.linger = 0
                self._pull.connect(self.pull_addr)
            elif event[:1] == b"\x00" and self._pull is not None:
                log.info("Mongrel2 has gone.")
                if self._is_reading:
                    self._poller.unregister(self._pull)
                    self._is_reading = False
                self._pull.close(0)
                self._pull = None
                self.balance.forget_server()

    def _choose_reading(self, now: float) -> None:
        """Leave messages in Mongrel2 while too many wait here, no worker needs them yet, or nothing new is wanted."""
        if self._pull is None:
            return
        wanted = self._wants_messages(now)
        if wanted and not self._is_reading:
            self._poller.register(self._pull, zmq.POLLIN)
        elif self._is_reading and not wanted:
            self._poller.unregister(self._pull)
        self._is_reading = wanted

    def _wants_messages(self, now: float) -> bool:
        balance = self.balance
        if self.is_stopping or not balance.has_room:
            return False
        return balance.is_hungry or now - self._read_at >= NAP_S

    def _hear_lifelines(self, ready: dict[object, int], now: float) -> None:
        if self._line.fileno() in ready:
            with contextlib.suppress(OSError):
                self._accept_line()
        for number in [number for number in ready if isinstance(number, int) and number in self._lines]:
            with contextlib.suppress(BlockingIOError):
                self._hear_line(number, now)

    def _accept_line(self) -> None:
        """Take a lifeline. Its worker's name is read when it is there: whoever is slow to say it holds up nobody."""
        connection, _ = self._line.accept()
        connection.setblocking(False)
        self._lines[connection.fileno()] = (connection, b"")
        self._poller.register(connection.fileno(), zmq.POLLIN)

    def _hear_line(self, number: int, now: float) -> None:
        """Read the worker's name, or learn that the line is cut."""
        connection, identity = self._lines[number]
        if said := read_line(connection):
            if not identity:
                self._lines[number] = (connection, said)
                self._latest[said] = connection
            return
        self._poller.unregister(number)
        del self._lines[number]
        connection.close()
        self._cut.append((now + GRACE_S, identity, connection))

    def _note_cut(self, identity: bytes, connection: socket.socket, now: float) -> None:
        """Take a worker for dead, unless it has come back with another line meanwhile."""
        if self._latest.get(identity) is connection:
            del self._latest[identity]
            self.balance.lose(identity, now)

    def close(self) -> None:
        """Close the sockets."""
        for connection, _ in self._lines.values():
            connection.close()
        self._line.close()
        for each in (self._router, self._pub, self._pull):
            if each is not None:
                each.close()
        self._context.term()


def read_line(connection: socket.socket) -> bytes:
    """Return what came by a lifeline, nothing when it is cut."""
    try:
        return connection.recv(4096)
    except ConnectionError:
        return b""


def open_lifeline(address: str) -> socket.socket:
    """Return a listening socket beside the balancer's own: a worker's end of it closes when the worker dies."""
    if address.startswith("ipc://"):
        path = f"{address[6:]}.alive"
        Path(path).unlink(missing_ok=True)
        line = socket.socket(socket.AF_UNIX)
        line.bind(path)
    else:
        host = address.removeprefix("tcp://").rpartition(":")[0]
        line = socket.create_server(("" if host == "*" else host, 0))
    line.listen(1024)
    line.setblocking(False)
    return line


def lifeline_name(line: socket.socket) -> str:
    """Return what a worker needs to find the lifeline: a path, or a port on the balancer's host."""
    return line.getsockname() if line.family == socket.AF_UNIX else str(line.getsockname()[1])


def remove_stale_socket(address: str) -> None:
    """Remove what an earlier balancer left in the file system."""
    path = address.removeprefix("ipc://")
    if path != address and os.path.exists(path):  # noqa: PTH110 - also true for sockets nobody may open
        Path(path).unlink()
