"""What is done with one message: decode, order, dispatch, encode, send. Read `handle` first."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Iterable
from email.utils import formatdate
from typing import TYPE_CHECKING, Any

import gevent
from brubeck.core.encoding import (
    LAST_CHUNK,
    Framing,
    declared_length,
    encode_chunk,
    encode_head,
    encode_parts,
    measured,
)
from brubeck.core.errors import ClientDisconnected, HTTPError
from brubeck.core.fronts import Fronts
from brubeck.core.responses import Response, has_header
from brubeck.core.websockets import Upgrade
from brubeck.mongrel2.crew import Member
from brubeck.mongrel2.intake import Mongrel2Request, check_framing, read_request
from brubeck.mongrel2.messages import NOTICE_PATH, Message, MessageError
from brubeck.mongrel2.outlets import Counters, Outlet
from brubeck.mongrel2.pacing import SLOWEST_BYTES_PER_S, Pace
from brubeck.mongrel2.replies import encode_close
from brubeck.mongrel2.sockets import SocketRegister
from brubeck.mongrel2.streaming import StreamWriter
from brubeck.mongrel2.uploads import UploadFolder, upload_stage
from brubeck.mongrel2.work import MAX_QUEUED, Work, WorkRegister
from greenlet import GreenletExit

if TYPE_CHECKING:
    from brubeck.core.application import Brubeck

__all__ = ["Answerer"]

log = logging.getLogger("brubeck.mongrel2")

SIZES = {size: b" %d:" % size for size in range(20)}
"""What stands before a connection's number of so many digits."""


class Answerer:
    """Answers messages for one application.

    Args:
        application: Its `dispatch` never raises.
        outlet: Where replies go.
        fronts: Whose forwarded headers are believed.
        uploads: The folder of parked bodies, where there is one.
        slowest_bytes_per_s: See `Pace`.
        counters: What is counted.

    Attributes:
        on_begun: Told of a member before the first piece of a streamed answer leaves.
        date_line: The `Date` header (RFC 9110 section 6.6.1); whoever has a clock calls `refresh_date` each second.
    """

    def __init__(
        self,
        application: Brubeck,
        outlet: Outlet,
        fronts: Fronts | None = None,
        uploads: UploadFolder | None = None,
        slowest_bytes_per_s: float = SLOWEST_BYTES_PER_S,
        counters: Counters | None = None,
    ) -> None:
        self.outlet = outlet
        self.fronts = fronts
        self.uploads = uploads
        self.slowest_bytes_per_s = slowest_bytes_per_s
        self.counters = counters or Counters()
        self.register = WorkRegister(self._drop)
        self.sockets = SocketRegister(outlet)
        self.on_begun: Callable[[Member], object] | None = None
        self._dispatch = application.dispatch
        self.refresh_date()

    def refresh_date(self) -> None:
        """Make the `Date` header anew."""
        self.date_line = f"Date: {formatdate(usegmt=True)}\r\n".encode()

    def handle(self, data: bytes, member: Member) -> None:
        """Do all that *data* asks for. What is broken is logged, counted and left; only `GreenletExit` is raised."""
        member.message = None
        try:
            message = read_request(data, self.fronts)
            if message.target.is_notice:
                self.take_notice(Message(*message.key, NOTICE_PATH, message.head.headers, message.body))
                return
            if self.register and message.key in self.register:
                self._queue(self.register[message.key], message)
                return
            member.message = message
            if message.head.is_plain:  # `_answer`, without two calls
                response = self._dispatch(message)
                if type(response.body) is bytes and response.closers is None:
                    self._reply(message, member, response, member.must_close)
                else:
                    self._send(message, member, response, member.must_close)
            else:
                self._answer_special(message, member)
            if member.work is not None:
                self._answer_queue(member)
        except MessageError as exc:
            self.counters.poisonous += 1
            log.warning("%s", exc)
        except ClientDisconnected:
            self._end_work(member)
        except GreenletExit:
            self._abandon(member)
            raise
        except BaseException:  # a handler may raise SystemExit, and a stream a Timeout
            self.counters.poisonous += 1
            log.exception(
                "A message of %d bytes could not be handled; it begins with %r.", len(data), data[:80]
            )
            self._abandon(member)

    def _abandon(self, member: Member) -> None:
        """Close the connection: no answer can be made, and the client must not wait for one."""
        if member.message is not None:
            self._close(member.message, member.work)
        self._end_work(member)

    def take_notice(self, message: Message) -> None:
        """Tell whoever works for a connection what Mongrel2 says of it."""
        if message.notice == "disconnect":
            self.counters.disconnects += 1
            self.register.note_gone(message.key)
            if message.key in self.sockets.by_key and message.key not in self.register:
                gevent.spawn(self.sockets.lose, message.key)

    def give_up(self) -> None:
        """Answer nobody of now: their messages were given to another process, or their server has gone."""
        self.register.note_all_gone()
        gevent.spawn(self.sockets.lose_all)

    def take_broadcast(self, payload: bytes) -> None:
        """Take what another worker sent to all."""
        gevent.spawn(self.sockets.take_broadcast, payload)

    def note_blocked(self, member: Member) -> None:
        """Note that the handler of *member*'s message has blocked: from now on others may speak of its connection."""
        if member.message is not None and member.work is None:
            member.work = Work(member.message, self.outlet.generation, member)
            self.register[member.message.key] = member.work

    def _answer_queue(self, member: Member) -> None:
        """Answer what the client pipelined behind a message that blocked."""
        work = member.work
        while work.queue:
            work.message = member.message = work.queue.popleft()
            self._answer(work.message, member)
        self._end_work(member)

    def _end_work(self, member: Member) -> None:
        work, member.work = member.work, None
        member.message = None
        if work is not None:
            self.register.drop_queue(work)
            self.register.pop(work.message.key, None)
            if work.is_gone and work.message.key in self.sockets.by_key:
                gevent.spawn(self.sockets.lose, work.message.key)

    def _queue(self, work: Work, message: Mongrel2Request) -> None:
        if work.is_gone:
            self._drop(message)
            return
        if work.queue is None:
            work.queue = deque()
        if len(work.queue) >= MAX_QUEUED:
            self.counters.overrun += 1
            self._drop(message)
            self._close(message, None)
            self.register.note_gone(message.key)
            return
        work.queue.append(message)

    def _drop(self, message: Mongrel2Request) -> None:
        """Let go of the parked body of a request that no handler will see."""
        if self.uploads is not None and not (message.is_websocket or message.head.is_frame):
            self.uploads.discard(message.head.headers, message.body)

    def _answer(self, message: Mongrel2Request, member: Member) -> None:
        """Give *message* its one answer."""
        if message.head.is_plain:
            self._send(message, member, self._dispatch(message), member.must_close)
        else:
            self._answer_special(message, member)

    def _send(self, message: Mongrel2Request, member: Member, response: Response, must_close: bool) -> None:
        """Send *response* and close it."""
        try:
            if message.is_websocket:
                self._shake_hands(message, member, response)
            elif type(response.body) is bytes:
                self._reply(message, member, response, must_close)
            else:
                self._stream(message, member, response, must_close)
        finally:
            response.close()

    def _answer_special(self, message: Mongrel2Request, member: Member) -> None:
        """Answer what has a body, or belongs to a WebSocket."""
        if message.head.is_frame:
            self._take_frame(message)
            return
        must_close = member.must_close
        try:
            if message.head.announces_body and not self._find_body(message):
                return
            response = self._dispatch(message)
        except HTTPError as exc:
            self._drop(message)
            must_close = True
            response = refusal(exc)
        try:
            self._send(message, member, response, must_close)
        finally:
            if message.has_files:
                message.close()

    def _take_frame(self, message: Mongrel2Request) -> None:
        """Give a frame to its WebSocket; one that nobody has ends the connection, for its process is gone."""
        socket = self.sockets.by_key.get(message.key)
        if socket is None:
            self._close(message, None)
            return
        flags = message.head.headers.get(b"FLAGS")
        socket.receive(flags if isinstance(flags, bytes) else b"", message.body)

    def _shake_hands(self, message: Mongrel2Request, member: Member, response: Response) -> None:
        """Open a WebSocket, or send the refusal and close."""
        if isinstance(response, Upgrade):
            self.sockets.accept(message, response).session.open()
        else:
            response.body = response.body if isinstance(response.body, bytes) else b"".join(response.body)
            self._reply(message, member, response, must_close=True)

    def _find_body(self, message: Mongrel2Request) -> bool:
        """Give *message* the body that its framing announces; say whether it is there already."""
        headers, body = message.head.headers, message.body
        # A handshake's body is Mongrel2's own, whatever length the client announces: nothing was parked.
        can_be_parked = self.uploads is not None and not message.is_websocket
        stage = upload_stage(headers, body) if can_be_parked else None
        check_framing(headers, body, stage is not None)
        if stage is None or self.uploads is None:
            return True
        if stage == "start":
            self.uploads.check_start(headers)
            return False
        message.replace_body(self.uploads.open(headers))
        return True

    def _reply(self, message: Mongrel2Request, member: Member, response: Response, must_close: bool) -> None:
        """Send an answer whose body is bytes, in one reply."""
        head, number = message.head, message.number
        keep_alive = head.keeps_alive and not must_close
        start, date, end, body = encode_parts(response, head.version, keep_alive, self.date_line)
        work = member.work
        if work is not None and self._is_stale(work):
            self.counters.stale += 1
            return
        sender = message.sender
        size = SIZES.get(len(number)) or b" %d:" % len(number)
        # `encode_reply`, in half of its time.
        reply = b"".join((sender, size, number, b", ", start, date, end, body))
        self.outlet.send_answer((sender, number), reply)
        if not keep_alive:
            self._close(message, work)

    def _stream(self, message: Mongrel2Request, member: Member, response: Response, must_close: bool) -> None:
        """Send a body piece by piece; a broken one ends the connection, so that nobody takes it for whole."""
        version = message.version
        keep_alive = message.head.keeps_alive and not must_close
        date = b"" if has_header(response.headers, "date") else self.date_line
        body: Any = response.body
        head, framing = encode_head(response, version=version, keep_alive=keep_alive, extra=date)
        if framing is Framing.LENGTH:
            body = measured(body, declared_length(response) or 0)
        self.note_blocked(member)
        if self.on_begun is not None:
            self.on_begun(member)
        work = member.work
        pace = Pace(self.slowest_bytes_per_s)
        writer = StreamWriter(self._sender(message), lambda: self._is_stale(work), pace)
        try:
            try:
                self._write_stream(writer, head, framing, body)
            except ClientDisconnected:
                raise
            except Exception:
                log.exception("A streamed answer broke off: %r", message.path)
                keep_alive = False
            writer.drain()
        finally:
            writer.close()
        if not keep_alive or framing is Framing.CLOSE:
            self._close(message, work)

    def _write_stream(
        self, writer: StreamWriter, head: bytes, framing: Framing, body: Iterable[bytes]
    ) -> None:
        writer.write(head)
        for piece in body:
            if piece:
                writer.write(encode_chunk(piece) if framing is Framing.CHUNKED else piece)
        if framing is Framing.CHUNKED:
            writer.write(LAST_CHUNK)

    def _sender(self, message: Mongrel2Request) -> Callable[[list[bytes]], bool]:
        outlet, address = self.outlet, encode_close(message.sender, message.number)
        return lambda pieces: outlet.try_send(b"".join((address, *pieces)))

    def _is_stale(self, work: Work) -> bool:
        return work.is_gone or work.generation != self.outlet.generation

    def _close(self, message: Mongrel2Request, work: Work | None) -> None:
        """Close the connection behind what was sent."""
        if work is None or not self._is_stale(work):
            self.outlet.send(encode_close(message.sender, message.number))
        if work is not None:
            self.register.drop_queue(work)


def refusal(error: HTTPError) -> Response:
    """Return the answer to a request that reaches no handler."""
    text = f"{error.status_code} {error.message}\n"
    return Response(text, error.status_code, headers=[("Content-Type", "text/plain; charset=utf-8")])
