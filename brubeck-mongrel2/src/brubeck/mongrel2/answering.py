"""What is done with one message: decode, order, dispatch, encode, send. Read `handle` first."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from email.utils import formatdate
from time import time
from typing import TYPE_CHECKING, Protocol

import gevent
from brubeck.core.encoding import LAST_CHUNK, Framing, encode_chunk, encode_head, encode_whole
from brubeck.core.errors import ClientDisconnected, HeaderError, HTTPError
from brubeck.core.requests import Request
from brubeck.core.responses import Response
from brubeck.mongrel2.intake import Fronts, check_framing, keeps_alive, make_request
from brubeck.mongrel2.messages import NOTICE_PATH, Message, MessageError, decode_message
from brubeck.mongrel2.pacing import Pace
from brubeck.mongrel2.replies import encode_close, encode_reply
from brubeck.mongrel2.streaming import StreamWriter
from brubeck.mongrel2.uploads import UploadFolder, upload_stage
from brubeck.mongrel2.work import MAX_QUEUED, Work, WorkRegister

if TYPE_CHECKING:
    from brubeck.core.application import Brubeck

__all__ = ["Answerer", "Counters", "Outlet"]

log = logging.getLogger("brubeck.mongrel2")


class Outlet(Protocol):
    """Where replies go."""

    generation: int

    def send(self, data: bytes) -> None:
        """Send a reply; may block the greenlet."""

    def try_send(self, data: bytes) -> bool:
        """Send a reply, or say that there is no room."""


@dataclass
class Counters:
    """What a person who looks after the server asks for."""

    messages: int = 0
    poisonous: int = 0
    disconnects: int = 0
    stale: int = 0
    overrun: int = 0


@dataclass
class Answerer:
    """Answers messages for one application.

    Args:
        application: Its `dispatch` never raises.
        outlet: Where replies go.
        fronts: Whose forwarded headers are believed.
        uploads: The folder of parked bodies, where there is one.
    """

    application: Brubeck
    outlet: Outlet
    fronts: Fronts = field(default_factory=Fronts)
    uploads: UploadFolder | None = None
    slowest_bytes_per_s: float = 0
    counters: Counters = field(default_factory=Counters)
    register: WorkRegister = field(default_factory=WorkRegister)
    _date: tuple[int, bytes] = (0, b"")

    def handle(self, data: bytes) -> None:
        """Do all that *data* asks for. Raises nothing: what is broken is logged, counted and left."""
        try:
            message = decode_message(data)
            if message.path == NOTICE_PATH and message.notice is not None:
                self.take_notice(message)
            else:
                self.take_message(message)
        except MessageError as exc:
            self.counters.poisonous += 1
            log.warning("%s", exc)
        except Exception:
            self.counters.poisonous += 1
            log.exception(
                "A message of %d bytes could not be handled; it begins with %r.", len(data), data[:80]
            )

    def take_notice(self, message: Message) -> None:
        """Tell whoever works for a connection what Mongrel2 says of it."""
        if message.notice == "disconnect":
            self.counters.disconnects += 1
            self.register.note_gone(message.key)

    def take_message(self, message: Message, *, must_close: bool = False) -> None:
        """Answer *message* now, or behind the one that its connection waits for."""
        self.counters.messages += 1
        active = self.register.active
        key = (message.sender, message.connection_id)
        work = active.get(key)
        if work is not None:
            self._queue(work, message)
            return
        work = active[key] = Work(message, self.outlet.generation, gevent.getcurrent())
        work.must_close = must_close
        try:
            self._answer(work)
            while work.queue:
                work.message = work.queue.popleft()
                self._answer(work)
        finally:
            del active[key]

    def _queue(self, work: Work, message: Message) -> None:
        if work.is_gone:
            return
        if work.queue is None:
            work.queue = deque()
        if len(work.queue) >= MAX_QUEUED:
            self.counters.overrun += 1
            self._close(work)
            self.register.note_gone(message.key)
            return
        work.queue.append(message)

    def _answer(self, work: Work) -> None:
        """Give the message of *work* its one answer."""
        request = None
        try:
            request = self._make_request(work)
            if request is None:
                return
            response = self.application.dispatch(request)
        except HTTPError as exc:
            work.must_close = True
            response = refusal(exc)
        except ClientDisconnected:
            return
        try:
            self._reply(work, request, response)
        except ClientDisconnected:
            pass
        except Exception:
            log.exception("An answer could not be sent: %r", work.message.path)
            self._close(work)
        finally:
            close_both(response, request)

    def _make_request(self, work: Work) -> Request | None:
        """Return the request, or None when this message only announces one."""
        message = work.message
        headers = message.headers
        if b"content-length" not in headers and b"transfer-encoding" not in headers:
            return make_request(message, self.fronts)
        stage = upload_stage(message) if self.uploads is not None else None
        check_framing(message, stage is not None)
        if stage is None or self.uploads is None:
            return make_request(message, self.fronts)
        if stage == "start":
            self.uploads.check_start(message)
            return None
        return make_request(message, self.fronts, self.uploads.open(message))

    def _reply(self, work: Work, request: Request | None, response: Response) -> None:
        message = work.message
        version = "HTTP/1.1" if request is None else request.version
        keep_alive = not work.must_close and keeps_alive(message, version)
        if type(response.body) is not bytes:
            self._stream(work, response, version, keep_alive)
            return
        try:
            data = encode_whole(response, version=version, keep_alive=keep_alive, extra=self._date_line())
        except HeaderError as exc:
            log.exception("%s %r", exc, message.path)
            data = encode_whole(plain_failure(), version=version, keep_alive=keep_alive)
        if work.is_gone or work.generation != self.outlet.generation:
            self.counters.stale += 1
            return
        self.outlet.send(encode_reply(message.sender, message.connection_id, data))
        if not keep_alive:
            self._close(work)

    def _stream(self, work: Work, response: Response, version: str, keep_alive: bool) -> None:
        """Send a body piece by piece; a broken one ends the connection, so that nobody takes it for whole."""
        head, framing = encode_head(response, version=version, keep_alive=keep_alive, extra=self._date_line())
        writer = StreamWriter(self._sender(work), lambda: self._is_stale(work), self._pace())
        try:
            self._write_stream(writer, head, framing, response.body)
            writer.drain()
        except ClientDisconnected:
            raise
        except Exception:
            log.exception("A streamed answer broke off: %r", work.message.path)
            keep_alive = False
        finally:
            writer.close()
        if not keep_alive or framing is Framing.CLOSE:
            self._close(work)

    def _write_stream(
        self, writer: StreamWriter, head: bytes, framing: Framing, body: bytes | Iterable[bytes]
    ) -> None:
        writer.write(head)
        for piece in body if not isinstance(body, bytes) else (body,):
            if piece:
                writer.write(encode_chunk(piece) if framing is Framing.CHUNKED else piece)
        if framing is Framing.CHUNKED:
            writer.write(LAST_CHUNK)

    def _sender(self, work: Work) -> Callable[[bytes], bool]:
        sender, connection_id, outlet = work.message.sender, work.message.connection_id, self.outlet
        return lambda data: outlet.try_send(encode_reply(sender, connection_id, data))

    def _pace(self) -> Pace:
        return Pace(self.slowest_bytes_per_s) if self.slowest_bytes_per_s else Pace()

    def _is_stale(self, work: Work) -> bool:
        return work.is_gone or work.generation != self.outlet.generation

    def _close(self, work: Work) -> None:
        if not self._is_stale(work):
            self.outlet.send(encode_close(work.message.sender, work.message.connection_id))
            work.queue = None

    def _date_line(self) -> bytes:
        """Return the `Date` header (RFC 9110 section 6.6.1), made once a second."""
        now = int(time())
        if now != self._date[0]:
            self._date = (now, f"Date: {formatdate(now, usegmt=True)}\r\n".encode())
        return self._date[1]


def refusal(error: HTTPError) -> Response:
    """Return the answer to a request that reaches no handler."""
    text = f"{error.status_code} {error.message}\n"
    return Response(text, error.status_code, headers=[("Content-Type", "text/plain; charset=utf-8")])


def plain_failure() -> Response:
    """Return the answer in the place of one that cannot be encoded."""
    return refusal(HTTPError(500, "Internal Server Error"))


def close_both(response: Response, request: Request | None) -> None:
    """Let go of what an answer and its request hold."""
    try:
        response.close()
    except Exception:
        log.exception("Closing a response failed.")
    if request is not None:
        request.close()
        body = getattr(request, "_body", None)
        if body is not None and type(body) is not bytes:
            body.close()
