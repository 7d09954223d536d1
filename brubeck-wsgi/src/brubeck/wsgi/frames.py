"""What goes over a WebSocket, from bytes to values and back (RFC 6455 section 5), by wsproto. Knows no socket.

wsproto reads the frames: masks, lengths, reserved bits, opcodes, fragments, UTF-8, close codes. Here they become whole
messages, none longer than it may be. A message in fragments takes no more memory than its bytes.
"""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO, StringIO
from typing import Any

from brubeck.core.websockets import CloseCode
from wsproto.connection import Connection, ConnectionState, ConnectionType
from wsproto.events import BytesMessage, CloseConnection, Event, Message, Ping, Pong, TextMessage

__all__ = [
    "Closing",
    "FrameReader",
    "Ping",
    "ProtocolError",
    "encode_close",
    "encode_message",
    "encode_ping",
    "encode_pong",
]


class ProtocolError(Exception):
    """The client has broken a rule.

    Args:
        code: To close with.
        reason: To close with.
    """

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(code, reason)
        self.code = code
        self.reason = reason


class Closing:
    """A close frame.

    Args:
        code: 1005 where the client gave none.
        reason: What it said.
    """

    __slots__ = ("code", "reason")

    def __init__(self, code: int, reason: str) -> None:
        self.code = code
        self.reason = reason


class FrameReader:
    """Reads what one client sends, in any number of pieces.

    Args:
        max_message_bytes: A longer message is refused as soon as it is seen to be.
    """

    __slots__ = ("_connection", "_max_bytes", "_pieces", "_size")

    def __init__(self, max_message_bytes: int) -> None:
        self._connection = Connection(ConnectionType.SERVER)
        self._max_bytes = max_message_bytes
        self._pieces: Any = None
        """The beginning of a message in fragments: a `StringIO` or a `BytesIO`."""
        self._size = 0

    def read(self, data: bytes) -> Iterator[str | bytes | Ping | Closing]:
        """Yield the messages, pings and the close frame that *data* completes; nothing comes behind that.

        Raises:
            ProtocolError: The client's fault; nothing more can be read.
        """
        self._connection.receive_data(data)
        for event in self._connection.events():
            if isinstance(event, Message):
                whole = self._gather(event)
                if whole is not None:
                    yield whole
            elif isinstance(event, Ping):
                yield event
            elif isinstance(event, CloseConnection):
                yield self._closing(event)

    def _closing(self, event: CloseConnection) -> Closing:
        """Return the close frame; what wsproto cannot read is an event of this kind too."""
        if self._connection.state is ConnectionState.OPEN:
            raise ProtocolError(event.code, event.reason or "")
        return Closing(event.code, event.reason or "")

    def _gather(self, event: Message[Any]) -> str | bytes | None:
        """Return the message that *event* ends, None for a part of one."""
        data: str | bytes = event.data
        self._size += size_of(data)
        if self._size > self._max_bytes:
            raise ProtocolError(CloseCode.TOO_BIG, f"a message has at most {self._max_bytes} bytes")
        if not event.message_finished:
            if self._pieces is None:
                self._pieces = StringIO(newline="") if isinstance(data, str) else BytesIO()
            self._pieces.write(data)
            return None
        self._size = 0
        pieces, self._pieces = self._pieces, None
        if pieces is None:
            return data
        pieces.write(data)
        whole: str | bytes = pieces.getvalue()
        return whole


def size_of(data: str | bytes) -> int:
    """Return how many bytes *data* has on the wire."""
    return len(data) if isinstance(data, bytes) or data.isascii() else len(data.encode())


_writer = Connection(ConnectionType.SERVER)
"""Makes the frames of all clients: a server's are not masked, and none depends on another."""


def encode_message(data: str | bytes) -> bytes:
    """Return the frame of one message; a lone surrogate becomes a question mark, as there is no UTF-8 for it."""
    if isinstance(data, bytes):
        return encode(BytesMessage(data))
    try:
        return encode(TextMessage(data))
    except UnicodeEncodeError:
        return encode(TextMessage(data.encode("utf-8", "replace").decode()))


def encode_ping() -> bytes:
    """Return a ping."""
    return encode(Ping())


def encode_pong(ping: Ping) -> bytes:
    """Return the answer to *ping*."""
    return encode(Pong(bytes(ping.payload)))


def encode_close(code: int, reason: str) -> bytes:
    """Return a close frame; of the reason as much as there is room for."""
    return encode(CloseConnection(code, reason), Connection(ConnectionType.SERVER))


def encode(event: Event, writer: Connection = _writer) -> bytes:
    """Return the bytes of *event*."""
    return writer.send(event)
