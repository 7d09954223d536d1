"""One client's connection that speaks HTTP: from its bytes to messages, and from answers to its bytes.

While it is idle a connection is this object, a socket and a watcher: no greenlet, no parser, no buffer. When bytes
come, the hub switches to a worker greenlet, which reads, parses, answers and goes back. A handler that blocks keeps
its worker, and the hub goes on.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import gevent
from brubeck.wsgi.bodies import decoder_for
from brubeck.wsgi.bodystream import BodyStream
from brubeck.wsgi.channel import NEVER, Channel
from brubeck.wsgi.exchange import Exchange
from brubeck.wsgi.heads import HeadReader
from brubeck.wsgi.refusals import Refusal
from gevent import GreenletExit

if TYPE_CHECKING:
    from brubeck.wsgi.heads import Head
    from brubeck.wsgi.server import Server
    from brubeck.wsgi.streams import PlainStream

__all__ = ["Client"]

_BATCH = range(32)
"""Pipelined messages answered before other clients have their turn."""
_PAUSE_S = 0.0001
"""Not 0: with that the loop goes on up to fifty times before it looks at sockets again."""


class Client(Channel):
    """A connection, and where it stands between two requests."""

    __slots__ = ("_unfinished", "served")

    def __init__(self, server: Server, stream: PlainStream, peer: tuple[str, int]) -> None:
        super().__init__(server, stream, peer)
        self.served = 0
        """Requests so far, where the server limits them."""
        self._unfinished: HeadReader | Exchange | None = None
        """What has read the beginning of a head, or the exchange whose short body is awaited."""
        self.expire = self.expire_idle

    # In the worker

    def run(self) -> None:
        """Answer what has arrived."""
        data = self.held
        if data:
            self.held = b""
        else:
            try:  # what `receive` does, without its call for every request
                data = self.stream.receive()
            except BlockingIOError:
                return
            except OSError:
                data = b""
            if not data:  # between requests, or within one that can now never be
                self.gone = True
                self.close()
                return
        try:
            while self.serve(data):
                self.watcher.stop()  # one who has sent all of a pipeline and says so waits for the answers
                gevent.sleep(_PAUSE_S)
                self.watcher.start(self.on_readable_hub)
                data, self.held = self.held, b""
        except Refusal as refusal:
            self.refuse(refusal)

    def serve(self, data: bytes) -> bool:
        """Answer the requests in *data*, in their order; say whether others shall have their turn before the rest."""
        server = self.server
        known = server.known_heads
        for _ in _BATCH:
            head = known.recall(data) if self._unfinished is None else None
            exchange = self.next_exchange(data) if head is None else Exchange(self, head, b"")
            if exchange is None:
                return False
            if server.max_requests:
                self._count()
            try:
                server.gateway(exchange)
            except GreenletExit:
                if exchange.is_settled:
                    self.abort()  # where the close is the end of an answer, it would pass for whole
                raise
            if self.closing or not exchange.keeps_alive:
                self.end()
                return False
            data = self.held
            if not data:
                self.deadline = server.now + server.keep_alive_timeout_s
                return False
            self.held = b""
            self.worker.gr_context = None
            if not self.watcher.active:
                self.watcher.start(self.on_readable_hub)
        self.held = data
        return True

    def _count(self) -> None:
        """Count the requests of this connection; the answer to the last one says so."""
        self.served += 1
        if self.served >= self.server.max_requests:
            self.closing = True

    def next_exchange(self, data: bytes) -> Exchange | None:
        """Return the next request in *data* when enough of it is here."""
        unfinished = self._unfinished
        if isinstance(unfinished, Exchange):
            return self._fill(unfinished, data)
        server = self.server
        readers = server.idle_readers
        reader = unfinished or (readers.pop() if readers else HeadReader(server.limits, server.known_heads))
        found = reader.read(data)
        if found is None:
            if unfinished is None:
                self._await(reader, self.server.limits.header_timeout_s)
            return None
        self._await_nothing()
        readers.append(reader)
        head, rest = found
        if not head.fields.has_body:
            self.held = rest
            return Exchange(self, head, b"")
        return self._with_body(head, rest)

    def _await(self, unfinished: HeadReader | Exchange, timeout_s: float) -> None:
        self._unfinished = unfinished
        self.deadline = self.server.now + timeout_s
        self.expire = self.expire_head

    def _await_nothing(self) -> None:
        self._unfinished = None
        self.deadline = NEVER
        self.expire = self.expire_idle

    def _with_body(self, head: Head, rest: bytes) -> Exchange | None:
        """Return the exchange of a request that has a body, or None while a short body is awaited."""
        limits, fields = self.server.limits, head.fields
        self._rate_begun = 0.0
        self._rate_bytes = 0
        body = BodyStream(self, decoder_for(fields.length, fields.chunked, limits), fields.expects_continue)
        exchange = Exchange(self, head, body)
        body.feed(rest)
        if fields.expects_continue:
            return exchange
        if body.is_complete:
            exchange.body = body.take()
        elif not fields.chunked and fields.length <= limits.max_buffered_bytes:
            self._await(exchange, limits.body_timeout_s)
            return None
        return exchange

    def _fill(self, exchange: Exchange, data: bytes) -> Exchange | None:
        """Add *data* to a short body that is awaited; return the exchange when it is complete."""
        body = exchange.body
        assert isinstance(body, BodyStream)  # noqa: S101 - what is awaited has one
        body.feed(data)
        if not body.is_complete:
            return None
        exchange.body = body.take()
        self._await_nothing()
        return exchange

    # In the hub

    def drain_hub(self) -> None:
        """The server stops: a request that is on its way may still come; its answer is the last."""
        self.closing = True
        if self.worker is None:
            self.deadline = min(self.deadline, self.server.now + self.server.limits.drain_s)

    def expire_idle(self) -> None:
        """The next request did not come in time; with nothing sent there is nothing to answer.

        A request that waits while the hub is busy did come: the hub will bring it.
        """
        if self.worker is not None:
            self.deadline = NEVER
        elif not self.stream.has_arrived():
            self.close()

    def expire_head(self) -> None:
        """A head, or a short body, was begun and not ended; a body that comes fast enough gets more time."""
        limits, unfinished = self.server.limits, self._unfinished
        if isinstance(unfinished, Exchange) and self._keeps_up(unfinished):
            self.deadline = self.server.now + limits.body_timeout_s
            return
        self.refuse(Refusal(408, "The request did not arrive in time."))

    def _keeps_up(self, exchange: Exchange) -> bool:
        """Say whether the body that is awaited has grown at the least rate since this was last asked."""
        limits, body = self.server.limits, exchange.body
        had, self._rate_bytes = self._rate_bytes, body.size if isinstance(body, BodyStream) else 0
        return self._rate_bytes - had >= max(limits.min_rate_bytes * limits.body_timeout_s, 1)

    # The end

    def refuse(self, refusal: Refusal) -> None:
        """Answer what is no request, once, and end the connection."""
        self.deadline = NEVER
        with contextlib.suppress(OSError):
            self.stream.send(self.server.encode_refusal(refusal))
        self.end()

    def end(self) -> None:
        """Close our side, with nothing awaited."""
        self._unfinished = None
        super().end()
