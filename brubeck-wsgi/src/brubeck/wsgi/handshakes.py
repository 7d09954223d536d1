"""The handshake of a WebSocket (RFC 6455 section 4.2): which request is one, and what answers it. Knows no socket."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator
from functools import cached_property
from typing import TYPE_CHECKING

from brubeck.core.requests import Request

if TYPE_CHECKING:
    from brubeck.core.headers import Headers
    from brubeck.core.responses import Response
    from brubeck.core.websockets import Upgrade
    from brubeck.wsgi.exchange import Exchange

__all__ = [
    "SWITCHING",
    "UpgradableRequest",
    "UpgradeResult",
    "answer_switching",
    "encode_switch",
    "is_handshake",
]

SWITCHING = 101

_KEY_BYTES = 16


class UpgradableRequest(Request):
    """A message whose connection could be turned into a WebSocket. Whether it asks for that is read when asked for."""

    @cached_property
    def is_websocket(self) -> bool:  # type: ignore[override]
        """Whether this is the handshake of a WebSocket."""
        return is_handshake(self)


def is_handshake(message: Request) -> bool:
    """Say whether *message* asks for a WebSocket by all the rules; what breaks one is an ordinary request."""
    headers = message.headers
    return (
        message.method == "GET"
        and message.version == "HTTP/1.1"
        and has_token(headers, "Upgrade", "websocket")
        and has_token(headers, "Connection", "upgrade")
        and headers.get("Sec-WebSocket-Version") == "13"
        and is_key(headers.get("Sec-WebSocket-Key", ""))
        and headers.get("Content-Length", "0") == "0"  # what follows is frames, not a body
        and "Transfer-Encoding" not in headers
    )


def has_token(headers: Headers, name: str, token: str) -> bool:
    """Say whether *token* is in the list that the header *name* holds."""
    return token in (part.strip().lower() for part in headers.get(name, "").split(","))


def is_key(value: str) -> bool:
    """Say whether *value* is what a client makes of 16 random bytes."""
    try:
        return len(base64.b64decode(value, validate=True)) == _KEY_BYTES
    except (binascii.Error, ValueError):
        return False


class UpgradeResult:
    """What `app.wsgi` returns to our own server for a WebSocket, in the place of a body; it has no pieces.

    Args:
        response: What the application answered.
    """

    def __init__(self, response: Response) -> None:
        self.response = response
        self.close = response.close

    def __iter__(self) -> Iterator[bytes]:
        return iter(())


def answer_switching(exchange: Exchange, response: Response) -> None:
    """Make the connection of *exchange* the WebSocket that *response* stands for; only now wsproto is imported."""
    from brubeck.core.websockets import Upgrade
    from brubeck.wsgi.sockets import open_websocket

    if isinstance(response, Upgrade):
        open_websocket(exchange, response)
    else:
        exchange.send_response(response)


def encode_switch(response: Upgrade, extra: bytes) -> bytes:
    """Return the 101 that *response* stands for.

    Args:
        response: What the handler answered.
        extra: Header lines of the transport, each with its CRLF.
    """
    from brubeck.core.websockets import accept_value

    key = response.handler.message.headers["Sec-WebSocket-Key"]
    lines = "".join(f"{name}: {value}\r\n" for name, value in response.headers).encode("latin-1")
    return (
        b"HTTP/1.1 101 Switching Protocols\r\n%bUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Accept: %b\r\n%b\r\n"
    ) % (extra, accept_value(key.encode()), lines)
