"""The server: it accepts connections, lends them workers, and looks at the clock. Knows nothing of what is served.

A worker is a greenlet that answers one client after another. The hub switches to an idle one when bytes arrive; one
whose handler blocks stays away until it is done, and the next client gets another. So nothing is spawned for a
handler that does not block, and ten thousand that sleep cost ten thousand greenlets.
"""

from __future__ import annotations

import errno
import logging
import socket
import ssl
import time
from collections import deque
from collections.abc import Callable, Sequence
from email.utils import formatdate
from typing import TYPE_CHECKING, Any

from brubeck.core.errors import ClientDisconnected
from brubeck.core.responses import reason_phrase
from brubeck.wsgi.channel import Channel
from brubeck.wsgi.client import Client
from brubeck.wsgi.exchange import Exchange
from brubeck.wsgi.heads import HeadReader, KnownHeads
from brubeck.wsgi.limits import Limits
from brubeck.wsgi.refusals import Refusal
from brubeck.wsgi.streams import PlainStream, TLSStream
from gevent import GreenletExit, get_hub, getcurrent, sleep
from gevent.event import Event
from greenlet import greenlet

if TYPE_CHECKING:
    from brubeck.core.websockets import Rooms

__all__ = ["Server"]

log = logging.getLogger("brubeck.wsgi")

TICK_S = 0.5
ACCEPT_BATCH = 128
"""Connections accepted before others have their turn; one, where other processes accept from the same listener.

Of 64 connections that wait, one of two workers took 62 with a batch, and 44 one by one. For a single process a batch
saves a sixth of what a connection costs.
"""
MAX_IDLE_WORKERS = 256
_LENGTHS_OF_OWN = (len("date"), len("server"))
_OUT_OF_ROOM = frozenset((errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM))


class Server:
    """Serves what arrives on *listeners* through *gateway*.

    Args:
        gateway: Called in a worker with each `Exchange`; answers it.
        listeners: Sockets that listen, not blocking.
        limits: What clients may ask for.
        max_workers: Handlers at work at once.
        tls: Wraps each connection, where given.
        shares_listeners: Whether other processes accept from the same ones.
    """

    def __init__(
        self,
        gateway: Callable[[Exchange], None],
        listeners: Sequence[socket.socket],
        limits: Limits,
        max_workers: int,
        tls: ssl.SSLContext | None = None,
        *,
        shares_listeners: bool = False,
    ) -> None:
        self.gateway = gateway.__call__  # type: ignore[operator] # bound, which spares a look through the type
        self.limits = limits
        self.hub = get_hub()
        self.loop = self.hub.loop
        self.now = time.monotonic()
        self.extra = b""
        """The header lines that every answer has."""
        self.is_stopping = False
        self.clients: set[Channel] = set()
        self.rooms: Rooms | None = None
        """Who hears what among the WebSockets, once there is one."""
        self.known_heads = KnownHeads(limits)
        self.keep_alive_timeout_s = limits.keep_alive_timeout_s
        self.max_requests = limits.max_requests
        self.idle_workers: list[Any] = []
        self.idle_readers: list[HeadReader] = []
        self._max_workers = max_workers
        self._workers = 0
        self._waiting: deque[Channel] = deque()
        self._tls = tls
        self._listeners = list(listeners)
        self._accept_batch = 1 if shares_listeners else ACCEPT_BATCH
        self._acceptors: list[Any] = []
        self._gives_up_at = float("inf")
        self._done = Event()
        self._timer: Any = None

    # Life

    def serve(self) -> None:
        """Answer until `stop` is called and everything taken is answered.

        Blocks:
            The calling greenlet.
        """
        self._tick()
        self._timer = self.loop.timer(TICK_S, TICK_S)
        self._timer.start(self._tick)
        self._acceptors = [self.loop.io(listener.fileno(), 1) for listener in self._listeners]
        for acceptor, listener in zip(self._acceptors, self._listeners, strict=True):
            acceptor.start(self._accept, listener)
        try:
            self._done.wait()
        finally:
            self.close()

    def stop(self, timeout_s: float) -> None:
        """Accept no more; have `serve` return when all is answered, or after *timeout_s* seconds."""
        self._gives_up_at = min(self._gives_up_at, time.monotonic() + timeout_s)
        if self.is_stopping:
            self._check_done()
            return
        self._accept_rest()
        self.is_stopping = True
        self._stop_accepting()
        self.now = time.monotonic()
        for client in list(self.clients):
            client.drain_hub()
        self._check_done()

    def _stop_accepting(self) -> None:
        for acceptor in self._acceptors:
            acceptor.stop()
            acceptor.close()
        self._acceptors = []
        for listener in self._listeners:
            listener.close()

    def close(self) -> None:
        """Let go of every socket and timer."""
        self._stop_accepting()
        if self._timer is not None:
            self._timer.stop()
            self._timer.close()
            self._timer = None
        at_work = [client for client in self.clients if client.worker not in (None, getcurrent())]
        for client in at_work:  # by the hub: a worker that is done, or waits once more, goes on there
            self.loop.run_callback(self._end_work_hub, client)
        if at_work:
            sleep(0)
        for client in list(self.clients):
            client.close()

    def _end_work_hub(self, client: Channel) -> None:
        worker = client.worker
        if worker is None:
            return
        worker.throw(GreenletExit)
        if client.worker is worker:
            client.abort()  # it goes on in spite of that, and its answer is not whole

    def _check_done(self) -> None:
        if not self.clients or time.monotonic() >= self._gives_up_at:
            self._done.set()

    def _tick(self) -> None:
        """Look at the clock for all connections; make the lines that every answer has."""
        now = self.now = time.monotonic()
        self.extra = b"Date: %b\r\nServer: brubeck\r\n" % formatdate(usegmt=True).encode()
        late = [client for client in self.clients if client.deadline <= now]
        for client in late:
            client.expire()
        if self.is_stopping:
            self._check_done()
        elif self._acceptors:
            self._accept_again()

    def _accept_again(self) -> None:
        for acceptor, listener in zip(self._acceptors, self._listeners, strict=True):
            if not acceptor.active and len(self.clients) < self.limits.max_connections:
                acceptor.start(self._accept, listener)

    # Connections

    def _accept(self, listener: socket.socket) -> None:
        for _ in range(self._accept_batch):
            if not self._accept_one(listener):
                return

    def _accept_rest(self) -> None:
        """Take what the kernel let in already: closing the listener would reset it."""
        for _, listener in zip(self._acceptors, self._listeners, strict=False):
            while self._accept_one(listener):
                pass

    def _accept_one(self, listener: socket.socket) -> bool:
        """Take a connection; say whether another may wait."""
        if len(self.clients) >= self.limits.max_connections:
            self._pause(listener)
            return False
        try:
            sock, peer = listener.accept()
        except BlockingIOError:
            return False
        except OSError as exc:
            if exc.errno in _OUT_OF_ROOM:
                log.warning("No connection can be accepted: %s; trying again in %s s", exc.strerror, TICK_S)
                self._pause(listener)
            return False
        self._welcome(sock, peer)
        return True

    def _pause(self, listener: socket.socket) -> None:
        self._acceptors[self._listeners.index(listener)].stop()

    def _welcome(self, sock: socket.socket, peer: Any) -> None:
        try:
            sock.setblocking(False)
            if sock.family != socket.AF_UNIX:
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            stream = TLSStream(sock, self._tls) if self._tls else PlainStream(sock)
        except OSError:
            sock.close()
            return
        address = (peer[0], peer[1]) if isinstance(peer, tuple) else ("", 0)
        self.clients.add(Client(self, stream, address))

    def forget(self, client: Channel) -> bool:
        """Count *client* no more; say whether it was counted."""
        if client not in self.clients:
            return False
        self.clients.remove(client)
        if self.is_stopping and not self.clients:
            self._done.set()
        return True

    # Workers

    def hire(self, client: Channel) -> Any:
        """Return a new worker for *client*; None where there may be no more, and the client waits or is refused."""
        if self._workers >= self._max_workers:
            self._wait_for_room(client)
            return None
        self._workers += 1
        return greenlet(self._work, self.hub)

    def _wait_for_room(self, client: Channel) -> None:
        """Have *client* wait for a worker, or tell it to come again later."""
        if self.limits.when_full == "refuse":
            client.refuse(Refusal(503, "The server is busy."))
            return
        client.watcher.stop()
        client.deadline = float("inf")
        self._waiting.append(client)

    def _work(self, client: Channel) -> None:
        """Work for one client after another; whatever fails, the connection is in order afterwards."""
        worker = getcurrent()
        idle, waiting = self.idle_workers, self._waiting
        while True:
            try:
                client.run()
            except (ClientDisconnected, GreenletExit):
                client.close()
            except BaseException:
                log.exception("Answering failed; the connection is closed")
                client.abort()
                client.close()
            client.worker = None
            worker.gr_context = None  # what a handler put into context variables is not for the next client
            following = self._next_waiting() if waiting else None
            if following is not None:
                client = following
                client.worker = worker
                continue
            if self.is_stopping or len(idle) >= MAX_IDLE_WORKERS:
                break
            idle.append(worker)
            client = self._next_client()
        self._workers -= 1

    def _next_waiting(self) -> Channel | None:
        while self._waiting:
            client = self._waiting.popleft()
            if client in self.clients and client.worker is None:
                client.watcher.start(client.on_readable_hub)
                return client
        return None

    def _next_client(self) -> Channel:
        """Wait for the hub to bring a client; what a handler left behind (a timeout, say) is not for us."""
        while True:
            try:
                client = self.hub.switch()
            except BaseException:  # noqa: S112 - a leftover of a handler that is done
                continue
            if isinstance(client, Channel):
                return client

    def extra_for(self, headers: Sequence[tuple[str, str]]) -> bytes:
        """Return the lines every answer has, but those that the application set itself."""
        own = {name.lower() for name, _ in headers if len(name) in _LENGTHS_OF_OWN} & {"date", "server"}
        if not own:
            return self.extra
        lines = self.extra.splitlines(keepends=True)
        return b"".join(line for line in lines if line.partition(b":")[0].decode().lower() not in own)

    def encode_refusal(self, refusal: Refusal) -> bytes:
        """Return the answer to what is no request."""
        body = f"{refusal.status_code} {reason_phrase(refusal.status_code)}: {refusal.reason}\n".encode()
        retry = b"Retry-After: %d\r\n" % self.limits.retry_after_s if refusal.status_code == 503 else b""
        return (
            b"HTTP/1.1 %d %b\r\n%b%bContent-Type: text/plain; charset=utf-8\r\nConnection: close\r\n"
            b"Content-Length: %d\r\n\r\n%b"
        ) % (
            refusal.status_code,
            reason_phrase(refusal.status_code).encode(),
            self.extra,
            retry,
            len(body),
            body if refusal.has_content else b"",
        )
