"""A client's connection as greenlets see it: who waits for what, how bytes are sent and received, and how it ends.

Methods with *hub* in their name are called by the hub and never block; the others may block the calling greenlet.
What the bytes mean is the business of a subclass: `Client` for HTTP.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from brubeck.core.errors import ClientDisconnected
from brubeck.wsgi.refusals import BodyFailure
from gevent import GreenletExit, getcurrent

if TYPE_CHECKING:
    from brubeck.wsgi.refusals import Refusal
    from brubeck.wsgi.server import Server
    from brubeck.wsgi.streams import PlainStream

__all__ = ["NEVER", "Channel"]

NEVER = float("inf")
_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


class Channel:
    """A connection that one greenlet at a time works for.

    The watcher stays on while a handler is at work, so that a client that goes away is seen. The timer of the server
    looks at `deadline` and calls `expire`.
    """

    __slots__ = (
        "_rate_begun",
        "_rate_bytes",
        "_waiter",
        "_writable",
        "closing",
        "deadline",
        "expire",
        "gone",
        "held",
        "peer",
        "server",
        "stream",
        "watcher",
        "worker",
    )

    def __init__(self, server: Server, stream: PlainStream, peer: tuple[str, int]) -> None:
        self.server = server
        self.stream = stream
        self.peer = peer
        self.held = b""
        """Bytes that arrived and whose turn has not come."""
        self.worker: Any = None
        """The greenlet that is at work for this client."""
        self.gone = False
        """Whether the client sends no more, and nothing can be sent; `closing` is true then."""
        self.closing = False
        """Whether the answer at hand is the last."""
        self._rate_begun = 0.0
        self._rate_bytes = 0
        self._waiter: Any = None
        """The greenlet that waits for bytes, or for room to send them."""
        self._writable: Any = None
        self.watcher = server.loop.io(stream.sock.fileno(), 1)
        self.expire: Any = self.close
        self.deadline = server.now + server.limits.header_timeout_s
        self.watcher.start(self.on_readable_hub)

    # Bytes come

    def on_readable_hub(self) -> None:
        """Give the bytes to whoever wants them: a worker, a waiting greenlet, or the buffer."""
        if self.worker is not None:
            self._on_readable_busy()
            return
        server = self.server
        workers = server.idle_workers
        worker = workers.pop() if workers else server.hire(self)
        if worker is not None:
            self.worker = worker
            worker.switch(self)

    def _on_readable_busy(self) -> None:
        """A handler is at work: wake the greenlet that reads the body, hold a little, or see that the client left."""
        if self._waiter is not None and self._writable is None:
            self.wake()
            return
        data = self.receive()
        if data is None:
            return
        if not data:
            self._leave()
        else:
            self.held += data
            if len(self.held) >= self.server.limits.max_buffered_bytes:
                self.watcher.stop()

    def receive(self) -> bytes | None:
        """Return what has arrived: None for nothing, `b""` at the end, also of a broken connection."""
        try:
            return self.stream.receive()
        except BlockingIOError:
            return None
        except OSError:
            return b""

    def _leave(self) -> None:
        """The client has gone: tell the greenlet that works for it, unless it is about to find out."""
        self.gone = True
        self.closing = True
        self.watcher.stop()
        worker = self.worker
        if worker is not None and worker is not getcurrent():
            worker.throw(ClientDisconnected("The client has closed the connection."))

    def run(self) -> None:
        """Do what is to be done with the bytes that have arrived; called in a worker."""
        raise NotImplementedError

    def drain_hub(self) -> None:
        """The server stops."""
        raise NotImplementedError

    def refuse(self, refusal: Refusal) -> None:
        """Tell the client why it is not served, and end the connection."""
        raise NotImplementedError

    # Waiting

    def wait(self, timeout_s: float, on_timeout: Any) -> None:
        """Block the calling greenlet until `wake`, or until `deadline` has *on_timeout* throw at it."""
        self._waiter = getcurrent()
        deadline, expire = self.deadline, self.expire
        self.deadline = self.server.now + timeout_s
        self.expire = on_timeout
        try:
            self.server.hub.switch()
        finally:
            self._waiter = None
            self.deadline, self.expire = deadline, expire

    def wake(self) -> None:
        """Switch to the greenlet that waits."""
        waiter = self._waiter
        if waiter is not None:
            self._waiter = None
            waiter.switch()

    def expire_body(self) -> None:
        """The greenlet that reads the body is told."""
        self.closing = True
        if self._waiter is not None:
            self._waiter.throw(BodyFailure(408, "The body did not arrive in time."))

    def expire_write(self) -> None:
        """The client takes nothing of its answer; the kernel shall not keep what it did not take."""
        self.abort()
        if self._waiter is not None:
            self._waiter.throw(ClientDisconnected("The client did not take its answer in time."))

    # Sending and receiving

    def send(self, data: bytes) -> None:
        """Send all of *data*.

        Raises:
            ClientDisconnected: The client has gone, or takes its answer too slowly.

        Blocks:
            The greenlet, while the client takes nothing; not the hub.
        """
        if self.gone:
            raise ClientDisconnected("The client has closed the connection.")
        stream = self.stream
        try:
            count = stream.send(data)
        except BlockingIOError:
            count = 0
        except OSError as exc:
            raise self._lost() from exc
        if count < len(data) or (stream.is_sealed and stream.wants_write):
            self._send_rest(memoryview(data)[count:])

    def _send_rest(self, rest: memoryview) -> None:
        server = self.server
        begun, sent = server.now, 0
        while rest or self.stream.wants_write:
            self.wait_writable(begun, sent)
            try:
                count = self.send_some(rest)
            except BlockingIOError:
                continue
            except OSError as exc:
                raise self._lost() from exc
            sent += count
            rest = rest[count:]

    def wait_writable(self, begun: float, sent: int) -> None:
        """Block the greenlet until the client takes more; refuse one that took too little since *begun*."""
        server = self.server
        limits = server.limits
        waited = server.now - begun
        if waited > limits.rate_grace_s and sent < limits.min_rate_bytes * waited:
            self.abort()
            raise ClientDisconnected("The client takes its answer too slowly.")
        watcher = self._writable = server.loop.io(self.stream.sock.fileno(), 2)
        watcher.start(self.wake)
        try:
            self.wait(limits.write_timeout_s, self.expire_write)
        except GreenletExit:
            self.abort()
            raise
        finally:
            self._writable = None
            watcher.stop()
            watcher.close()

    def send_from_file(self, fileno: int, offset: int, count: int, begun: float, sent: int) -> int | None:
        """Have the kernel send from a file; return how many bytes it did, None where it cannot.

        The client has taken *sent* bytes since *begun*, when the file's turn came.

        Raises:
            ClientDisconnected: Nobody takes them.
        """
        while True:
            try:
                return self.stream.send_file(fileno, offset, count)
            except BlockingIOError:
                self.wait_writable(begun, sent)
            except OSError as exc:
                raise self._lost() from exc

    def send_some(self, rest: memoryview) -> int:
        """Send a part of *rest*, or what the stream holds; return how much of *rest* was taken."""
        if rest:
            return self.stream.send(rest)
        self.stream.flush()
        return 0

    def _lost(self) -> ClientDisconnected:
        self.gone = self.closing = True
        return ClientDisconnected("The connection is broken.")

    def send_continue(self) -> None:
        """Ask for the body (RFC 9110 section 15.2.1)."""
        self.send(_CONTINUE)

    def receive_body(self) -> bytes:
        """Return the next bytes of the body.

        Raises:
            BodyFailure: They did not come.
        """
        if self.held:
            data, self.held = self.held, b""
            return data
        server = self.server
        limits = server.limits
        while True:
            try:
                data = self.stream.receive()
            except BlockingIOError:
                if not self.watcher.active:
                    self.watcher.start(self.on_readable_hub)
                self.wait(limits.body_timeout_s, self.expire_body)
                continue
            except OSError as exc:
                raise self._lost() from exc
            if data:
                self._check_rate(len(data))
                return data
            self.gone = self.closing = True
            raise BodyFailure(400, "The body broke off.")

    def _check_rate(self, count: int) -> None:
        """Refuse a body that comes in drops."""
        server = self.server
        limits = server.limits
        if self._rate_begun == 0.0:
            self._rate_begun, self._rate_bytes = server.now, 0
        self._rate_bytes += count
        waited = server.now - self._rate_begun
        if waited > limits.rate_grace_s and self._rate_bytes < limits.min_rate_bytes * waited:
            self.closing = True
            raise BodyFailure(408, "The body arrives too slowly.")

    # The end

    def end(self) -> None:
        """Close our side; what the client still sends is read and dropped for a while, so that it sees the answer.

        Closing at once would make the kernel send a reset, which can overtake the answer (RFC 9112 section 9.6).
        """
        self.closing = True
        if self.gone:
            self.close()
            return
        self.stream.end()
        self.held = b""
        self.deadline = self.server.now + self.server.limits.linger_s
        self.expire = self.close
        self.watcher.stop()
        self.watcher.start(self._discard_hub)

    def _discard_hub(self) -> None:
        data = self.receive()
        if data is None:
            return
        if not data:
            self.close()

    def abort(self) -> None:
        """Break the connection: the client must not take what it has for the whole answer."""
        self.gone = self.closing = True
        self.stream.break_off()

    def close(self) -> None:
        """Let go of the socket and of everything else."""
        if self.server.forget(self):
            self.closing = self.gone = True
            self.held = b""
            self.deadline = NEVER
            self.watcher.stop()
            self.watcher.close()
            self.stream.close()

    def retire(self, successor: Channel) -> None:
        """Leave the connection to *successor*, which speaks another protocol on it."""
        self.watcher.stop()
        self.watcher.close()
        self.gone = self.closing = True
        self.deadline = NEVER
        self.server.clients.add(successor)
        self.server.forget(self)
