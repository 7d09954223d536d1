"""What the handler of a WebSocket speaks through, and who hears what in this process."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import gevent
from brubeck.core.websockets import CloseCode, Rooms, WebSocketSession
from brubeck.wsgi.frames import encode_message, encode_ping

if TYPE_CHECKING:
    from brubeck.wsgi.server import Server
    from brubeck.wsgi.sockets import WebSocketClient

__all__ = ["EmbeddedSession", "EmbeddedSocket", "rooms_of"]

log = logging.getLogger("brubeck.wsgi")


def rooms_of(server: Server) -> Rooms:
    """Return the rooms of *server*: they are those of this process."""
    if server.rooms is None:
        server.rooms = Rooms()
    return server.rooms


class EmbeddedSocket:
    """What a handler speaks through: a `WebSocketTransport`.

    Args:
        client: The connection.
    """

    __slots__ = ("_client",)

    def __init__(self, client: WebSocketClient) -> None:
        self._client = client

    def send(self, data: str | bytes) -> None:
        """Send one message; block the greenlet while too much waits for the client."""
        self._client.write(encode_message(data))
        self._client.wait_for_room()

    def ping(self) -> None:
        """Ask the client whether it is there."""
        self._client.write(encode_ping())

    def close(self, code: int, reason: str) -> None:
        """Send a close frame, once; `WebSocketClient.check_hub` ends what is not answered."""
        self._client.write_close(code, reason)

    def join(self, room: str) -> None:
        """Have the client hear *room*."""
        if not self._client.gone:
            rooms_of(self._client.server).join(room, self._client)

    def leave(self, room: str) -> None:
        """Undo `join`."""
        rooms_of(self._client.server).leave(room, self._client)

    def broadcast(self, room: str, data: str | bytes) -> None:
        """Send to everyone in *room*. Who is too far behind is disconnected: nobody waits for a slow reader."""
        frame = encode_message(data)
        members: list[WebSocketClient] = rooms_of(self._client.server).members(room)
        if any(member.is_full for member in members):
            gevent.sleep(0)  # those who read are sent what waits for them
        for member in members:
            if member.is_full:
                member.drop("does not keep up with its room")
            else:
                member.write(frame)


class EmbeddedSession(WebSocketSession):
    """A session whose end has a code also where an `on_open` that would not end was interrupted."""

    farewell = (CloseCode.ABNORMAL, "")
    """Code and reason for `on_close` when the client is lost."""

    def lose(self) -> None:
        """The client has vanished, or was not waited for."""
        self.is_open = False
        self._end(*self.farewell)

    def _guard(self, hook: Any, *args: Any) -> None:
        """Call *hook*; a `SystemExit` in it ends its session, whose close frame is waited for, and not the server."""
        try:
            super()._guard(hook, *args)
        except gevent.GreenletExit:
            raise
        except BaseException:
            log.exception("A WebSocket handler ended its greenlet; the session is closed")
