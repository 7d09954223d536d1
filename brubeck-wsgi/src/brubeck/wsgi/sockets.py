"""A client's connection once it is a WebSocket: from its bytes to the session, and from the session to its bytes.

As with requests, an idle one has no greenlet: the hub lends it a worker when bytes come. What is sent goes straight to
the kernel; what the client does not take waits in an `Outbox`, from which the hub sends on.
"""

from __future__ import annotations

import logging
from time import perf_counter
from typing import TYPE_CHECKING, Any

import gevent
from brubeck.core.errors import ClientDisconnected
from brubeck.core.websockets import CloseCode, Upgrade
from brubeck.wsgi.channel import Channel
from brubeck.wsgi.frames import (
    Closing,
    FrameReader,
    Ping,
    ProtocolError,
    encode_close,
    encode_ping,
    encode_pong,
)
from brubeck.wsgi.handshakes import encode_switch
from brubeck.wsgi.outbox import Outbox
from brubeck.wsgi.sessions import EmbeddedSession, EmbeddedSocket, rooms_of

if TYPE_CHECKING:
    from brubeck.core.websockets import WebSocketMessageHandler
    from brubeck.wsgi.client import Client
    from brubeck.wsgi.exchange import Exchange
    from brubeck.wsgi.refusals import Refusal

__all__ = ["WebSocketClient", "open_websocket"]

log = logging.getLogger("brubeck.wsgi")

_SLICE_BYTES = 1024
"""Read between two looks at the clock: at most 170 fragments, some three milliseconds."""
_TURN_S = 0.005
"""Work for one client before others have their turn."""
_PAUSE_S = 0.0001
"""Not 0: with that the loop goes on up to fifty times before it looks at sockets again."""
_LOOK_S = 1.0
"""Between two looks at a client that does not take what it is sent."""
_TRY_AGAIN_LATER = 1013


def open_websocket(exchange: Exchange, response: Upgrade) -> None:
    """Send the 101 and have the session opened, in a worker of its own: the request is answered."""
    server = exchange.client.server
    exchange.keeps_alive = False
    client = WebSocketClient(exchange.client, response.handler)
    client.write(encode_switch(response, server.extra_for(response.headers)))
    server.loop.run_callback(client.on_readable_hub)


def pause_at(turn_ends: float) -> float:
    """Let others have their turn when this one has ended; return when the one at hand ends."""
    if perf_counter() < turn_ends:
        return turn_ends
    gevent.sleep(_PAUSE_S)
    return perf_counter() + _TURN_S


class WebSocketClient(Channel):
    """A connection that was taken over from HTTP. Methods with *hub* in their name never block.

    Args:
        client: The connection as it was.
        handler: Who speaks with the client from now on.
    """

    __slots__ = (
        "_early",
        "_early_bytes",
        "_frames",
        "_is_leaving",
        "_is_new",
        "_is_opening",
        "_outbox",
        "closed_at",
        "heard_at",
        "session",
    )

    def __init__(self, client: Client, handler: WebSocketMessageHandler) -> None:
        super().__init__(client.server, client.stream, client.peer)
        self.held = client.held
        client.retire(self)
        self.session = EmbeddedSession(handler, EmbeddedSocket(self))
        self.heard_at = self.server.now
        self.closed_at: float | None = None
        """When a close frame was sent."""
        self._frames = FrameReader(handler.max_message_bytes)
        self._outbox: Outbox | None = None
        self._early: list[Any] = []
        """What came while `on_open` was at work."""
        self._early_bytes = 0
        self._is_new = True
        self._is_opening = False
        self._is_leaving = self.server.is_stopping
        self.expire = self.check_hub
        self.schedule()

    # Bytes come

    def on_readable_hub(self) -> None:
        """Give the bytes to a worker, or hold them."""
        if not self.gone:
            super().on_readable_hub()

    def _on_readable_busy(self) -> None:
        """The handler is at work: hold a little, and see that the client left."""
        data = self.receive()
        if data is None:
            return
        if not data:
            self._leave()
            return
        self.heard_at = self.server.now
        if self._is_opening and not self.held and len(data) <= _SLICE_BYTES:
            self._early_bytes += len(data)
            self._read_early(data)
        else:
            self.held += data
        if len(self.held) + self._early_bytes >= self.server.limits.max_buffered_bytes:
            self.watcher.stop()

    def _read_early(self, data: bytes) -> None:
        """Look for a close frame: an `on_open` that does not end is interrupted by one."""
        try:
            for received in self._frames.read(data):
                self._early.append(received)
                if isinstance(received, Closing):
                    self.session.farewell = (received.code, received.reason)
                    self.server.loop.run_callback(self._interrupt_hub)
        except ProtocolError as exc:
            self._early.append(exc)

    def run(self) -> None:
        """Open the session, or tell it what has arrived; called in a worker.

        A worker that is ended outside of the handler's own code (while others have their turn, say) does not come
        back to this client, and `close` tells the session only where there is no worker: so it is told here.
        """
        try:
            self._work()
        except BaseException as exc:
            is_ended = isinstance(exc, gevent.GreenletExit)
            self.session.fail(CloseCode.GOING_AWAY if is_ended else CloseCode.INTERNAL_ERROR, "")
            raise

    def _work(self) -> None:
        if self._is_new and not self.gone:
            self._open()
        if not self.closing:
            data, self.held = self.held or self._receive(), b""
            if data:
                self._read(data)
        self.rest()

    def _open(self) -> None:
        self._is_new = False
        self._is_opening = True
        try:
            self.session.open()
        finally:
            self._is_opening = False
        for received in self._early:
            if not self.closing:
                self._take(received)
        self._early.clear()
        self._early_bytes = 0

    def _receive(self) -> bytes:
        data = self.receive()
        if data:
            self.heard_at = self.server.now
        elif data is not None:
            self._leave()
        return data or b""

    def _leave(self) -> None:
        """The client has gone without a word."""
        self.gone = True
        self.close()

    def _read(self, data: bytes) -> None:
        """Tell the session what is in *data*, in its order; others have their turn in between."""
        turn_ends = perf_counter() + _TURN_S
        try:
            for start in range(0, len(data), _SLICE_BYTES):
                for received in self._frames.read(data[start : start + _SLICE_BYTES]):
                    self._take(received)
                    if self.closing:
                        return
                    turn_ends = pause_at(turn_ends)
                turn_ends = pause_at(turn_ends)
        except ProtocolError as exc:
            self._fail(exc.code, exc.reason)

    def _take(self, received: str | bytes | Ping | Closing | ProtocolError) -> None:
        if isinstance(received, Ping):
            self.write(encode_pong(received))
            self.wait_for_room()
        elif isinstance(received, Closing):
            self.session.receive_close(received.code, received.reason)
            self.write_close(CloseCode.NORMAL, "")
            self.hang_up()
        elif isinstance(received, ProtocolError):
            self._fail(received.code, received.reason)
        else:
            self.session.receive(received)

    def _fail(self, code: int, reason: str) -> None:
        """RFC 6455 section 7.1.7: say why, and end the connection without waiting for an answer."""
        self.write_close(code, reason)
        self.hang_up()
        if not self._is_new:
            self.session.fail(code, reason)

    def rest(self) -> None:
        """Wait for more, or tell the session that there is nobody."""
        if self.gone:
            self.session.lose()
        elif not self.closing:
            if self._is_leaving:
                self.session.fail(CloseCode.GOING_AWAY, "")
            if not self.gone:  # as it may be by now: `on_close` takes its time
                self._await_more()

    def _await_more(self) -> None:
        if self.held:
            self.server.loop.run_callback(self._resume_hub)
        elif not self.watcher.active:
            self.watcher.start(self.on_readable_hub)
        self.schedule()

    def _resume_hub(self) -> None:
        """Go on with what is held, when its turn comes again."""
        if self.worker is None and self.held:
            self.on_readable_hub()

    def refuse(self, refusal: Refusal) -> None:
        """Close: all greenlets are at work, and the server was told not to wait (`when_full`)."""
        gevent.spawn(self._fail, _TRY_AGAIN_LATER, refusal.reason)

    # Bytes go

    @property
    def is_full(self) -> bool:
        """Whether as much waits for the client as may."""
        return self._outbox is not None and self._outbox.size > self.server.limits.max_unsent_bytes

    def write(self, data: bytes) -> None:
        """Send *data*, or hold what the client does not take now. Never blocks; does nothing behind a close frame."""
        if self.gone or self.closed_at is not None:
            return
        if self._outbox is not None:
            self._outbox.add(data)
            return
        try:
            count = self.stream.send(data)
        except BlockingIOError:
            count = 0
        except OSError:
            self.gone = True
            self.server.loop.run_callback(self.close)
            return
        if count < len(data) or self.stream.wants_write:
            self._hold(memoryview(data)[count:])

    def _hold(self, rest: memoryview) -> None:
        """Have the hub send *rest* when the client takes it."""
        server = self.server
        self._outbox = Outbox(server.now)
        self._outbox.add(rest)
        self._writable = server.loop.io(self.stream.sock.fileno(), 2)
        self._writable.start(self._on_writable_hub)
        self.schedule()

    def _on_writable_hub(self) -> None:
        outbox = self._outbox
        if outbox is None:
            return
        try:
            is_empty = outbox.flush(self.stream, self.server.now)
        except OSError:
            self.close()
            return
        if is_empty:
            self._drop_outbox()
            if self.closing:
                self.end()
        elif not self.is_full:
            outbox.wake()

    def _drop_outbox(self) -> None:
        outbox, self._outbox = self._outbox, None
        if outbox is not None:
            self._writable.stop()
            self._writable.close()
            self._writable = None
            outbox.wake()

    def wait_for_room(self) -> None:
        """Block the greenlet while too much waits for the client."""
        while self._outbox is not None and self.is_full:
            self._outbox.wait()

    def write_close(self, code: int, reason: str) -> None:
        """Send a close frame, the last one."""
        self.write(encode_close(code, reason))
        if self.closed_at is None:
            self.closed_at = self.server.now
            self.schedule()

    # The clock

    def schedule(self) -> None:
        """Say when `check_hub` has to look."""
        now, limits = self.server.now, self.server.limits
        ping_at = self.heard_at + limits.ping_after_s
        if self._outbox is not None:
            self.deadline = now + _LOOK_S
        elif self.closed_at is not None:
            self.deadline = self.closed_at + limits.close_after_s
        elif ping_at > now:
            self.deadline = ping_at
        else:
            self.deadline = max(
                now + _LOOK_S, min(now + limits.ping_after_s, self.heard_at + limits.lost_after_s)
            )

    def check_hub(self) -> None:
        """Let go of a client that reads too slowly, does not answer a close, or was silent for too long."""
        now, limits = self.server.now, self.server.limits
        silent_s = now - self.heard_at
        if self._outbox is not None and self._outbox.is_slow(now, limits):
            self.drop("takes what it is sent too slowly")
        elif self.closed_at is not None and now - self.closed_at >= limits.close_after_s:
            self.close()
        elif self.worker is None and silent_s >= limits.lost_after_s:
            self.drop("is silent")
        else:
            if silent_s >= limits.ping_after_s:
                self.write(encode_ping())
            self.schedule()

    # The end

    def drain_hub(self) -> None:
        """The server stops: close, behind the message that is in work."""
        self._is_leaving = True
        if self._is_opening:
            self.session.is_open = False
            self.session.farewell = (CloseCode.GOING_AWAY, "")
            self.write_close(CloseCode.GOING_AWAY, "")
            self.server.loop.run_callback(self._interrupt_hub)
        elif self.worker is None:
            self.server.loop.run_callback(self.on_readable_hub)

    def hang_up(self) -> None:
        """End the connection behind what was sent."""
        if self.closing:
            return
        self.closing = True
        if self._outbox is None:
            self.end()
        else:
            self.watcher.stop()

    def drop(self, why: str) -> None:
        """Break the connection."""
        log.info("A WebSocket's client %s and is disconnected: %s", why, self.peer[0])
        self.abort()
        self.close()

    def close(self) -> None:
        """Let go of the socket; the session is told, at once or behind what its handler does."""
        server = self.server
        if self not in server.clients:
            return
        self.write_close(CloseCode.GOING_AWAY, "")
        self._drop_outbox()
        rooms_of(server).leave_all(self)
        self.session.is_open = False
        super().close()
        if self.worker is None and not self._is_new:
            gevent.spawn(self.session.lose)
        elif self._is_opening:
            server.loop.run_callback(self._interrupt_hub)

    def _interrupt_hub(self) -> None:
        """Wake an `on_open` that never ends; other methods end by themselves."""
        worker: Any = self.worker
        if self._is_opening and worker is not None:
            worker.throw(ClientDisconnected("The client has closed the connection."))
