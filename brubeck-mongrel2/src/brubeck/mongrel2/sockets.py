"""WebSockets behind Mongrel2: handshakes, the frames of each client, rooms, and clients that fell silent."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator
from time import monotonic
from typing import TYPE_CHECKING, Any, Protocol

import gevent
from brubeck.core.websockets import CloseCode, Rooms, Upgrade, WebSocketSession
from brubeck.mongrel2.frames import (
    Opcode,
    ProtocolError,
    decode_close,
    encode_close_frame,
    encode_frame,
    read_flags,
)
from brubeck.mongrel2.intake import Mongrel2Request
from brubeck.mongrel2.replies import DEFAULT_HANDLER_TARGETS, encode_close, encode_replies
from brubeck.mongrel2.streaming import StreamWriter
from greenlet import GreenletExit

if TYPE_CHECKING:
    from brubeck.mongrel2.outlets import Outlet

__all__ = ["Mongrel2Socket", "SocketRegister"]

log = logging.getLogger("brubeck.mongrel2")

Key = tuple[bytes, bytes]

PING_AFTER_S = 30.0
"""A client that was silent so long is asked whether it is there."""

LOST_AFTER_S = 75.0
"""A client that was silent so long is not."""

CLOSE_AFTER_S = 10.0
"""A client that does not answer a close is disconnected."""


class Affinity(Protocol):
    """Says which process has a connection; only the balancer needs it."""

    def hold(self, key: Key) -> None:
        """Have all that comes on a connection sent here."""

    def release(self, key: Key) -> None:
        """End `hold`."""

    def pass_on(self, payload: bytes) -> None:
        """Send *payload* to all other workers."""


class Mongrel2Socket:
    """One client: a `WebSocketTransport`."""

    def __init__(self, register: SocketRegister, key: Key, max_message_bytes: int) -> None:
        self.register = register
        self.key = key
        self.max_message_bytes = max_message_bytes
        self.heard_at = monotonic()
        self.closed_at: float | None = None
        self.is_gone = False
        self.session: WebSocketSession
        self._writer = StreamWriter(self._try_send, lambda: False)

    def _try_send(self, pieces: list[bytes]) -> bool:
        return self.is_gone or self.register.outlet.try_send(b"".join((encode_close(*self.key), *pieces)))

    def write(self, data: bytes) -> None:
        """Send bytes, gathered so that no more than a few messages wait in Mongrel2."""
        if not self.is_gone:
            self._writer.write(data)

    def send(self, data: str | bytes) -> None:
        """Send one message."""
        self.write(message_frame(data))

    def ping(self) -> None:
        """Ask the client whether it is there."""
        self.write(encode_frame(Opcode.PING, b""))

    def close(self, code: int, reason: str) -> None:
        """Send a close frame; `SocketRegister.sweep` ends what is not answered."""
        if self.closed_at is None:
            self.closed_at = monotonic()
            self.write(encode_close_frame(code, reason))

    def join(self, room: str) -> None:
        """Have the client hear *room*."""
        self.register.rooms.join(room, self.key)

    def leave(self, room: str) -> None:
        """Undo `join`."""
        self.register.rooms.leave(room, self.key)

    def broadcast(self, room: str, data: str | bytes) -> None:
        """Send to everyone in *room*, here and in other workers."""
        self.register.broadcast(room, data)

    def hang_up(self) -> None:
        """End the connection behind what was sent."""
        if not self.is_gone:
            self._writer.drain()
            self.register.outlet.send(encode_close(*self.key))
        self.forget()

    def forget(self) -> None:
        """Let go of all that belongs to this client."""
        self.is_gone = True
        self._writer.close()
        self.register.remove(self)

    def receive(self, flags: bytes, payload: bytes) -> None:
        """Take a frame; whatever is wrong with it closes the connection with the code that says so."""
        self.heard_at = monotonic()
        try:
            self._receive(read_flags(flags), payload)
        except ProtocolError as exc:
            self.end(exc.code, exc.reason)

    def end(self, code: int, reason: str) -> None:
        """Close with *code*, without waiting for the client; also when the handler raises at that."""
        try:
            self.session.fail(code, reason)
        finally:
            self.hang_up()

    def vanish(self) -> None:
        """End the connection of a client that is not heard any more, and then tell the handler, which may block."""
        self.hang_up()
        self.session.lose()

    def _receive(self, opcode: int, payload: bytes) -> None:
        if len(payload) > self.max_message_bytes:
            raise ProtocolError(CloseCode.TOO_BIG, "message is too big")
        if opcode == Opcode.TEXT:
            try:
                text = payload.decode()
            except UnicodeDecodeError:
                raise ProtocolError(CloseCode.INVALID_DATA, "text is not UTF-8") from None
            self.session.receive(text)
        elif opcode == Opcode.BINARY:
            self.session.receive(payload)
        elif opcode == Opcode.PING:
            self.write(encode_frame(Opcode.PONG, payload))
        elif opcode == Opcode.CLOSE:
            code, reason = decode_close(payload)
            try:
                self.session.receive_close(code, reason)
            finally:
                self.hang_up()


class RoomSender:
    """Sends what was said in a room to all who are there, each once, also when there is no room for all at once.

    Args:
        register: Who knows the members.
        room: Its name.
    """

    def __init__(self, register: SocketRegister, room: str) -> None:
        self._register = register
        self._room = room
        self._generation = 0
        self._replies: Iterator[bytes] = iter(())
        self._reply = b""
        self._begun = 0

    @property
    def is_held_up(self) -> bool:
        """Whether some have yet to be sent what others have."""
        return bool(self._begun)

    def try_send(self, pieces: list[bytes]) -> bool:
        """Send *pieces*, or say that there is no room; the next call then brings them again, and maybe more."""
        if self._generation != self._register.outlet.generation:
            self._reply = b""  # numbers of a server that has gone
        while self._send_on():
            if self._begun >= len(pieces):
                self._begun = 0
                return True
            self._begin(b"".join(pieces[self._begun :]))
            self._begun = len(pieces)
        return False

    def _begin(self, data: bytes) -> None:
        self._generation = self._register.outlet.generation
        self._replies = self._encode(data)
        self._reply = next(self._replies, b"")

    def _send_on(self) -> bool:
        while self._reply:
            if not self._register.outlet.try_send(self._reply):
                return False
            self._reply = next(self._replies, b"")
        return True

    def _encode(self, data: bytes) -> Iterator[bytes]:
        """Yield the replies one by one: each may be a copy of 10 MiB."""
        by_sender: dict[bytes, list[bytes]] = {}
        for sender, number in self._register.rooms.members(self._room):
            by_sender.setdefault(sender, []).append(number)
        for sender, numbers in by_sender.items():
            yield from encode_replies(sender, numbers, data, self._register.max_targets)


class SocketRegister:
    """All WebSockets of this process.

    Args:
        outlet: Where frames go.
        max_targets: Mongrel2's `limits.handler_targets`.
    """

    def __init__(self, outlet: Outlet, max_targets: int = DEFAULT_HANDLER_TARGETS) -> None:
        self.outlet = outlet
        self.max_targets = max_targets
        self.rooms = Rooms()
        self.by_key: dict[Key, Mongrel2Socket] = {}
        self.affinity: Affinity | None = None
        self._writers: dict[str, tuple[StreamWriter, RoomSender]] = {}

    def accept(self, message: Mongrel2Request, response: Upgrade) -> Mongrel2Socket:
        """Send the 101 and return the socket, whose session is to be opened."""
        key = message.key
        if self.affinity is not None:
            self.affinity.hold(key)
        socket = Mongrel2Socket(self, key, response.handler.max_message_bytes)
        socket.session = WebSocketSession(response.handler, socket)
        self.by_key[key] = socket
        lines = "".join(f"{name}: {value}\r\n" for name, value in response.headers)
        socket.write(
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Accept: %b\r\n%b\r\n" % (message.accept_value, lines.encode("latin-1"))
        )
        return socket

    def remove(self, socket: Mongrel2Socket) -> None:
        """Forget a client."""
        if self.by_key.pop(socket.key, None) is not None and self.affinity is not None:
            self.affinity.release(socket.key)
        self.rooms.leave_all(socket.key)

    def broadcast(self, room: str, data: str | bytes) -> None:
        """Send *data* to everyone in *room*, in all workers."""
        if self.affinity is not None:
            kind = "t" if isinstance(data, str) else "b"
            content = data.encode() if isinstance(data, str) else data
            self.affinity.pass_on(json.dumps([room, kind]).encode() + b"\n" + content)
        self._say(room, message_frame(data))

    def take_broadcast(self, payload: bytes) -> None:
        """Take what another worker has said to a room."""
        head, _, content = payload.partition(b"\n")
        room, kind = json.loads(head)
        self._say(room, encode_frame(Opcode.TEXT if kind == "t" else Opcode.BINARY, content))

    def _say(self, room: str, frame: bytes) -> None:
        """Send *frame* to those of *room* who are here; a busy room's frames are gathered like a stream's pieces.

        Blocks:
            The greenlet, while there is no room; nobody else's speed is asked for. The hub sends without waiting.
        """
        if not self.rooms.members(room):
            return
        if room not in self._writers:
            sender = RoomSender(self, room)
            self._writers[room] = StreamWriter(sender.try_send, lambda: False), sender
        writer, sender = self._writers[room]
        writer.write(frame)
        if sender.is_held_up and gevent.getcurrent() is not gevent.get_hub():
            writer.drain()

    def sweep(self) -> None:
        """Ask clients that are silent, let go of those that stay so. Called every few seconds; waits for nobody."""
        now = monotonic()
        for room in [room for room in self._writers if not self.rooms.members(room)]:
            self._writers.pop(room)[0].close()
        for socket in list(self.by_key.values()):
            is_overdue = socket.closed_at is not None and now - socket.closed_at > CLOSE_AFTER_S
            if is_overdue or now - socket.heard_at > LOST_AFTER_S:
                gevent.spawn(guarded, socket.vanish)
            elif now - socket.heard_at > PING_AFTER_S:
                gevent.spawn(guarded, socket.ping)  # waits where much is gathered for a slow client

    def lose(self, key: Key) -> bool:
        """Note that the client of *key* has gone; say whether it was one of ours. May block the greenlet."""
        socket = self.by_key.get(key)
        if socket is None:
            return False
        socket.forget()
        guarded(socket.session.lose)
        return True

    def lose_all(self) -> None:
        """Note that the server has gone."""
        for socket in list(self.by_key.values()):
            socket.forget()
            gevent.spawn(guarded, socket.session.lose)

    def close_all(self) -> list[gevent.Greenlet]:
        """Say goodbye to everyone: this process ends. Return the greenlets that do, for handlers may block."""
        code = CloseCode.GOING_AWAY
        return [gevent.spawn(guarded, socket.end, code, "") for socket in list(self.by_key.values())]


def guarded(step: Callable[..., object], *args: object) -> None:
    """Do *step*; what a handler raises there ends nobody else, and not the process."""
    try:
        step(*args)
    except GreenletExit:
        raise
    except BaseException:
        log.exception("The end of a WebSocket failed.")


def message_frame(data: Any) -> bytes:
    """Return the frame of one message."""
    if isinstance(data, str):
        return encode_frame(Opcode.TEXT, data.encode("utf-8", "replace"))
    return encode_frame(Opcode.BINARY, data)
