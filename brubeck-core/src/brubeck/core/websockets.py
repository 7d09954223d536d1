"""WebSockets: the handler that people write, and what a transport does for it. No socket and no frames here.

A transport that carries WebSockets (`Connection.carries_websockets`) gives its handshake to `Application.dispatch` as a
GET whose `is_websocket` is true. A `WebSocketMessageHandler` answers with an `Upgrade`; any other response is a refusal
and is sent as it is. Then the transport sends its 101, makes a `WebSocketSession` of the handler, and tells it what
happens: `open`, `receive`, `receive_close`, `lose`. Those never raise what the handler did wrong; it is logged, and the
session is closed with 1011. What ends a greenlet or the process goes on to the transport, behind `on_close`.

A session is told one thing at a time, in the order in which it happened; its handler may block meanwhile.
"""

from __future__ import annotations

import base64
import hashlib
import logging
from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING, Any, ClassVar, Protocol
from urllib.parse import urlsplit

from brubeck.core.errors import ClientDisconnected, ConfigurationError, HTTPError
from brubeck.core.handlers import MessageHandler
from brubeck.core.responses import Response
from gevent import GreenletExit, Timeout

if TYPE_CHECKING:
    from brubeck.core.application import Brubeck

__all__ = [
    "CloseCode",
    "Rooms",
    "Upgrade",
    "WebSocketMessageHandler",
    "WebSocketSession",
    "WebSocketTransport",
    "accept_value",
    "is_close_code",
]

log = logging.getLogger("brubeck")

_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
"""Proves that the server knows WebSockets (RFC 6455 section 1.3); `hashlib` is told that it keeps no secret."""

MAX_REASON_BYTES = 123
"""A close frame holds 125 bytes, two of them the code (RFC 6455 section 5.5)."""


def accept_value(key: bytes) -> bytes:
    """Return `Sec-WebSocket-Accept` for a client's *key* (RFC 6455 section 4.2.2)."""
    return base64.b64encode(hashlib.sha1(key + _GUID, usedforsecurity=False).digest())


class CloseCode:
    """Why a WebSocket was closed (RFC 6455 section 7.4.1)."""

    NORMAL = 1000
    GOING_AWAY = 1001
    PROTOCOL_ERROR = 1002
    NO_CODE = 1005
    ABNORMAL = 1006
    INVALID_DATA = 1007
    POLICY_VIOLATION = 1008
    TOO_BIG = 1009
    INTERNAL_ERROR = 1011


_NEVER_SENT = frozenset((1004, CloseCode.NO_CODE, CloseCode.ABNORMAL, 1015))


def is_close_code(code: int) -> bool:
    """Say whether *code* may stand in a close frame (RFC 6455 section 7.4)."""
    return (1000 <= code <= 1014 and code not in _NEVER_SENT) or 3000 <= code <= 4999


class WebSocketTransport(Protocol):
    """What a transport does for one WebSocket. Nothing here raises for a client that has gone."""

    def send(self, data: str | bytes) -> None:
        """Send one message: text for a str, binary for bytes. May block the greenlet."""

    def ping(self) -> None:
        """Ask the client whether it is there."""

    def close(self, code: int, reason: str) -> None:
        """Send a close frame, once; end the connection when the client has answered it, or after a while."""

    def join(self, room: str) -> None:
        """Have the client hear what is said in *room*."""

    def leave(self, room: str) -> None:
        """Undo `join`."""

    def broadcast(self, room: str, data: str | bytes) -> None:
        """Send one message to everyone in *room*, whichever process has them, each once."""


class Upgrade(Response):
    """The answer that turns a request into a WebSocket.

    Attributes:
        handler: Who speaks with the client from now on.
    """

    def __init__(self, handler: WebSocketMessageHandler, headers: Iterable[tuple[str, str]] = ()) -> None:
        super().__init__(b"", 101, headers=headers)
        self.bodiless = True
        self.handler = handler


class WebSocketMessageHandler(MessageHandler):
    """Speaks with one client over a WebSocket, from `on_open` to `on_close`.

    `initialize` and `prepare` come before the handshake is answered; what `prepare` returns refuses it. One instance
    lives as long as its client is connected. Its methods are called one at a time and may block; others go on.
    """

    subprotocols: ClassVar[Collection[str]] = ()
    """Subprotocols this handler speaks, the preferred one first."""

    allowed_origins: ClassVar[Collection[str] | None] = None
    """Origins (`https://example.org`) whose pages may connect; None: those of this host; `("*",)`: any."""

    max_message_bytes: ClassVar[int] = 1024 * 1024
    """A longer message closes the connection with 1009."""

    subprotocol: str | None = None
    """The one that was chosen."""

    _websocket: WebSocketSession | None = None

    @classmethod
    def check_application(cls, application: Brubeck) -> None:
        """Refuse a route on a transport that carries no WebSockets.

        Raises:
            ConfigurationError: The transport and the way out.
        """
        connection = application.msg_conn
        if connection is not None and not connection.carries_websockets:
            raise ConfigurationError(
                f"{cls.__qualname__} is a WebSocketMessageHandler, and {type(connection).__qualname__} carries no "
                "WebSockets. Use a connection that does, such as WSGIConnection or Mongrel2Connection."
            )

    def get(self, *args: Any, **kwargs: Any) -> Response:
        """Answer the handshake.

        Raises:
            HTTPError: 426 for a plain GET, 403 for a page of another origin: the client's fault.
        """
        if not self.message.is_websocket:
            raise HTTPError(426, "This is a WebSocket.", headers={"Sec-WebSocket-Version": "13"})
        if not self.check_origin(self.message.headers.get("Origin")):
            raise HTTPError(403, "Pages of this origin may not connect.")
        pairs = list(self.headers.items())
        self.subprotocol = self.choose_subprotocol(self.message.headers.get("Sec-WebSocket-Protocol", ""))
        if self.subprotocol is not None:
            pairs.append(("Sec-WebSocket-Protocol", self.subprotocol))
        pairs.extend(("Set-Cookie", cookie) for cookie in self._set_cookies or ())
        return Upgrade(self, pairs)

    def check_origin(self, origin: str | None) -> bool:
        """Say whether a page of *origin* may connect. Programs that are no browser send none, and may.

        Browsers send cookies with a handshake from any page (there is no same-origin policy for WebSockets), so this
        is what stands between another site and the user's session.
        """
        if origin is None:
            return True
        if self.allowed_origins is None:
            return urlsplit(origin).netloc.lower() == self.message.host.lower()
        return "*" in self.allowed_origins or origin in self.allowed_origins

    def choose_subprotocol(self, offered: str) -> str | None:
        """Return the first of `subprotocols` that the client offers, or None."""
        names = [name.strip() for name in offered.split(",")]
        return next((name for name in self.subprotocols if name in names), None)

    # What happens

    def on_open(self) -> None:
        """Come when the client is connected."""

    def on_message(self, data: str | bytes) -> None:
        """Come with each message: a str for text, bytes for binary."""

    def on_close(self, code: int, reason: str) -> None:
        """Come once at the end, whoever ended it; 1005 where no code was given, 1006 where the client vanished."""

    # What can be done

    @property
    def is_open(self) -> bool:
        """Whether messages can be sent."""
        return self._websocket is not None and self._websocket.is_open

    def send(self, data: str | bytes) -> None:
        """Send a message; nothing happens when the client has gone.

        Blocks:
            The greenlet, while the transport has no room; not the hub.
        """
        self._session().send(data)

    def close(self, code: int = CloseCode.NORMAL, reason: str = "") -> None:
        """Close the connection.

        Raises:
            ValueError: *code* may not be sent, or *reason* is longer than 123 bytes.
        """
        self._session().close(code, reason)

    def join(self, room: str) -> None:
        """Hear what is said in *room*. Leaving the connection leaves every room."""
        self._session().transport.join(room)

    def leave(self, room: str) -> None:
        """Hear no more of *room*."""
        self._session().transport.leave(room)

    def broadcast(self, room: str, data: str | bytes) -> None:
        """Send a message to everyone in *room*, this client too where it is there."""
        self._session().transport.broadcast(room, data)

    def _session(self) -> WebSocketSession:
        if self._websocket is None:
            raise RuntimeError("The WebSocket is not open yet; on_open is the first place to use it.")
        return self._websocket


class WebSocketSession:
    """One connected client: passes on what happens, and guards the handler's life.

    Args:
        handler: Who is told.
        transport: What the handler speaks through.
    """

    def __init__(self, handler: WebSocketMessageHandler, transport: WebSocketTransport) -> None:
        self.handler = handler
        self.transport = transport
        self.is_open = True
        self._has_ended = False
        handler._websocket = self

    def open(self) -> None:
        """The handshake was answered."""
        self._guard(self.handler.on_open)

    def receive(self, data: str | bytes) -> None:
        """A message has come."""
        if self.is_open:
            self._guard(self.handler.on_message, data)

    def receive_close(self, code: int, reason: str) -> None:
        """The client has closed, or answered our closing."""
        if self.is_open:
            self.is_open = False
            self.transport.close(CloseCode.NORMAL if code == CloseCode.NO_CODE else code, "")
        self._end(code, reason)

    def fail(self, code: int, reason: str) -> None:
        """The client has broken a rule."""
        if self.is_open:
            self.is_open = False
            self.transport.close(code, reason)
        self._end(code, reason)

    def lose(self) -> None:
        """The client has vanished."""
        self.is_open = False
        self._end(CloseCode.ABNORMAL, "")

    def send(self, data: str | bytes) -> None:
        """Send a message, if anyone is there."""
        if not isinstance(data, str | bytes):
            raise TypeError(f"A WebSocket message is str or bytes, got {data!r}.")
        if self.is_open:
            self.transport.send(data)

    def close(self, code: int, reason: str) -> None:
        """Begin to close."""
        if not is_close_code(code):
            raise ValueError(f"A close code is 1000 to 1014 or 3000 to 4999, and not reserved; got {code!r}.")
        if len(reason.encode()) > MAX_REASON_BYTES:
            raise ValueError(f"The reason of a close has at most {MAX_REASON_BYTES} bytes, got {reason!r}.")
        if self.is_open:
            self.is_open = False
            self.transport.close(code, reason)

    def _end(self, code: int, reason: str) -> None:
        if not self._has_ended:
            self._has_ended = True
            self._guard(self.handler.on_close, code, reason)

    def _guard(self, hook: Any, *args: Any) -> None:
        """Call *hook*; what it raises is logged and closes the session; what ends the greenlet ends it too.

        A `Timeout` that the handler let pass is a failure of the handler's, as in `dispatch`.
        """
        try:
            hook(*args)
        except ClientDisconnected:
            self.lose()
        except (Exception, Timeout) as exc:
            handler = self.handler
            handler.application.log_exception("A WebSocket handler failed", handler.message, exc)
            self.fail(CloseCode.INTERNAL_ERROR, "")
        except GreenletExit:
            self.fail(CloseCode.GOING_AWAY, "")
            raise
        except BaseException:  # SystemExit: nobody comes back to this session
            self.fail(CloseCode.INTERNAL_ERROR, "")
            raise


class Rooms:
    """Who is in which room, for a transport to broadcast by. Members are whatever the transport knows clients by."""

    def __init__(self) -> None:
        self._rooms: dict[str, dict[Any, None]] = {}
        self._of: dict[Any, set[str]] = {}

    def join(self, room: str, member: Any) -> None:
        """Put *member* into *room*; a second time does nothing."""
        self._rooms.setdefault(room, {})[member] = None
        self._of.setdefault(member, set()).add(room)

    def leave(self, room: str, member: Any) -> None:
        """Take *member* out of *room*."""
        members = self._rooms.get(room)
        if members is not None:
            members.pop(member, None)
            if not members:
                del self._rooms[room]
        rooms = self._of.get(member)
        if rooms is not None:
            rooms.discard(room)
            if not rooms:
                del self._of[member]

    def leave_all(self, member: Any) -> None:
        """Take *member* out of every room."""
        for room in list(self._of.get(member, ())):
            self.leave(room, member)

    def members(self, room: str) -> list[Any]:
        """Return who is in *room* now."""
        return list(self._rooms.get(room, ()))
