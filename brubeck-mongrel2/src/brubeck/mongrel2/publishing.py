"""The socket that answers leave by, and what it knows of the server: there, gone, back again.

An XPUB socket hears the server subscribe, which is the one moment from which nothing is lost, and hears it leave
(`ZMQ_IMMEDIATE` makes libzmq say so). Replies are never dropped by a high-water mark; they wait. Replies to a server
that is gone are dropped at once: its connection ids start again at 1, and would name other people.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import gevent
import zmq
from brubeck.core.errors import ConfigurationError
from brubeck.mongrel2.plain_zmq import MORE, NOBLOCK, plain_sender

__all__ = ["Publisher"]

MAX_PENDING_MESSAGES = 100
"""Batches of replies that libzmq may hold while the server does not read; after that senders wait."""

LINGER_MS = 2000
"""How long closing may take to get rid of the last replies."""

CHECK_INTERVAL_S = 0.05
"""How often the socket is asked for events that a send may have swallowed. A new server needs 0.5 s to start."""


class Publisher:
    """Sends replies to one Mongrel2.

    Args:
        context: Whose I/O thread moves the bytes.
        address: Mongrel2's `recv_spec`.

    Attributes:
        is_subscribed: Whether the server is there and listening.
        generation: Counts the servers that have gone. Compare it with the one a message came in under.
        dropped: Replies that had no server to go to.
    """

    def __init__(self, context: zmq.Context[zmq.Socket[bytes]], address: str) -> None:
        self.address = address
        self.is_subscribed = False
        self.generation = 0
        self.dropped = 0
        self.on_gone: Callable[[], object] | None = None
        self.on_back: Callable[[], object] | None = None
        self._socket = self._make_socket(context, address)
        self._send = plain_sender(self._socket)
        loop = gevent.get_hub().loop
        self._watcher = loop.io(self._socket.fileno(), 1)
        self._timer = loop.timer(CHECK_INTERVAL_S, CHECK_INTERVAL_S, ref=False)

    def _make_socket(self, context: zmq.Context[zmq.Socket[bytes]], address: str) -> zmq.Socket[bytes]:
        socket = context.socket(zmq.XPUB)
        socket.sndhwm = MAX_PENDING_MESSAGES
        socket.linger = LINGER_MS
        socket.setsockopt(zmq.XPUB_NODROP, 1)
        socket.setsockopt(zmq.IMMEDIATE, 1)
        try:
            socket.connect(address)
        except zmq.ZMQError as exc:
            socket.close(0)
            raise ConfigurationError(
                f"{address!r} is no address ZeroMQ can connect to ({exc.strerror}). "
                "Write tcp://host:port or ipc://path, as in Mongrel2's recv_spec."
            ) from None
        return socket

    def start(self) -> None:
        """Begin to listen for the server."""
        self._watcher.start(self.check)
        self._timer.start(self.check)

    def check(self) -> None:
        """Read what the socket has to say of the server. Cheap; called from the hub."""
        while int(self._socket.getsockopt(zmq.EVENTS)) & zmq.POLLIN:
            self._note(self._socket.recv(zmq.NOBLOCK))

    def _note(self, event: bytes) -> None:
        is_subscription = event[:1] == b"\x01"
        if is_subscription == self.is_subscribed:
            return
        self.is_subscribed = is_subscription
        if not is_subscription:
            self.generation += 1
        listener = self.on_back if is_subscription else self.on_gone
        if listener is not None:
            listener()

    def try_send_all(self, replies: Sequence[bytes]) -> bool:
        """Send all of *replies*, or none and say that there is no room now. Never blocks.

        They are the parts of one message, of which Mongrel2 takes each for a message. Whether there is room, and
        whether the server subscribed to it, is settled by the first: all have to be for the same server.
        """
        if not self.is_subscribed:
            self.dropped += len(replies)
            return True
        *parts, last = replies
        send = self._send
        try:
            for part in parts:
                send(part, MORE)
            send(last, NOBLOCK)
        except zmq.Again:
            return False
        return True

    def close(self) -> None:
        """Close the socket; what was sent goes on its way for `LINGER_MS`."""
        self._watcher.stop()
        self._watcher.close()
        self._timer.stop()
        self._timer.close()
        self._socket.close()
