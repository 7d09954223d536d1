"""What Mongrel2 sends to its handlers, as values: no socket here, bytes in.

A message is `SENDER CONNECTION_ID PATH HEADERS BODY`, the last two as netstrings. Headers are a typed netstring or
JSON; the character behind them tells which. Mongrel2's own keys are upper case, the client's lower case, and the two
are never mixed.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from brubeck.core.errors import BrubeckError
from brubeck.mongrel2.tnetstrings import pop

__all__ = [
    "UNREADABLE",
    "Message",
    "MessageError",
    "check_address",
    "client_headers",
    "decode_message",
    "known_senders",
    "refuse",
    "split_content",
    "split_message",
]

NOTICE_PATH = b"@*"
"""The path of what Mongrel2 says for itself: disconnects and credits."""

MAX_KNOWN_SENDERS = 100
known_senders: set[bytes] = set()
"""Idents that were looked at once; a server has one for its whole run."""

_lenient_json = json.JSONDecoder(strict=False)
_is_sender = re.compile(rb"[A-Za-z0-9-]+").fullmatch


class MessageError(BrubeckError):
    """Mongrel2, or something in its place, sent what is no message.

    Args:
        reason: A sentence.
        data: What came; the log shows its beginning.
    """

    def __init__(self, reason: str, data: bytes) -> None:
        super().__init__(reason)
        self.data = data

    def __str__(self) -> str:
        return f"{self.args[0]} The message has {len(self.data)} bytes and begins with {self.data[:80]!r}."


class Message:
    """One message of Mongrel2.

    Attributes:
        sender: The server's `send_ident`; goes back with every reply.
        connection_id: Decimal digits; one client connection of this run of the server.
        path: As sent by the client, percent-encoding untouched.
        headers: Upper-case keys are Mongrel2's, lower-case ones the client's; a list where a header was repeated.
        body: The body, a WebSocket payload, or the text of a notice.
    """

    def __init__(
        self, sender: bytes, connection_id: bytes, path: bytes, headers: dict[bytes, Any], body: bytes
    ) -> None:
        self.sender = sender
        self.connection_id = connection_id
        self.path = path
        self.headers = headers
        self.body = body

    @property
    def key(self) -> tuple[bytes, bytes]:
        """What names the client's connection, as long as the server runs."""
        return self.sender, self.connection_id

    def get(self, name: bytes, default: bytes = b"") -> bytes:
        """Return the value of the header *name*; the first one of a repeated header."""
        value = self.headers.get(name, default)
        if type(value) is list:
            value = value[0] if value else default
        return value if type(value) is bytes else default

    @property
    def notice(self) -> str | None:
        """`disconnect`, `credits`, another type, or None where this is no notice of the server's own."""
        if self.path != NOTICE_PATH or self.get(b"METHOD") != b"JSON":
            return None
        try:
            content = json.loads(self.body)
        except (ValueError, RecursionError):
            return ""
        kind = content.get("type", "") if isinstance(content, dict) else ""
        return kind if isinstance(kind, str) else ""


def client_headers(headers: dict[bytes, Any]) -> Iterator[tuple[bytes, bytes]]:
    """Yield what the client sent, a pair for each line."""
    for name, value in headers.items():
        if name.isupper():
            continue
        if type(value) is list:
            yield from ((name, item) for item in value if type(item) is bytes)
        elif type(value) is bytes:
            yield name, value


def decode_message(data: bytes) -> Message:
    """Return the message in *data*.

    Raises:
        MessageError: *data* holds none. Whoever sent it is wrong; Mongrel2 itself passes on what clients send only
            in places where anything may stand.
    """
    return Message(*split_message(data))


def split_message(data: bytes) -> tuple[bytes, bytes, bytes, dict[bytes, Any], bytes]:
    """Return what `decode_message` does as plain values, in the order of `Message`.

    Raises:
        MessageError: As `decode_message`.
    """
    try:
        sender, connection_id, path, rest = data.split(b" ", 3)
        check_address(sender, connection_id)
        return sender, connection_id, path, *split_content(rest)
    except UNREADABLE as exc:
        raise refuse(exc, data) from None


UNREADABLE = (ValueError, RecursionError, TypeError, AttributeError)
"""What decoding raises at bytes that are no message."""


def refuse(cause: Exception, data: bytes) -> MessageError:
    """Return the error for *data*, which *cause* stopped from being read."""
    return MessageError(f"This is no message of Mongrel2: {cause}.".replace("..", "."), data)


def split_content(rest: bytes) -> tuple[dict[bytes, Any], bytes]:
    """Return the headers and the body, which stand behind the path.

    Raises:
        ValueError, RecursionError, TypeError, AttributeError: *rest* holds no such two.
    """
    headers, rest = pop(rest)
    if rest == b"0:,":
        body = b""
    else:
        body, rest = pop(rest)
        check_end(body, rest)
    if type(headers) is not dict:
        headers = decode_json_headers(headers)
    return headers, body


def check_end(body: object, rest: bytes) -> None:
    """Refuse a body that is no string, and whatever stands behind it."""
    if rest or type(body) is not bytes:
        raise ValueError("The body is no netstring, or something follows it")


def check_address(sender: bytes, connection_id: bytes) -> None:
    """Refuse what could not be replied to: Mongrel2 stops for 0.5 s at a reply it cannot read."""
    if not connection_id.isdigit():
        raise ValueError(f"{connection_id[:20]!r} is no connection id")
    if not _is_sender(sender):
        raise ValueError(f"{sender[:40]!r} is no ident")
    if len(known_senders) < MAX_KNOWN_SENDERS:
        known_senders.add(sender)


def decode_json_headers(text: object) -> dict[bytes, Any]:
    """Return headers written as JSON.

    Mongrel2 escapes quotes and backslashes only: tabs and bytes that are not UTF-8 stand there as the client sent
    them, so the text is read as Latin-1 and control characters are let pass.
    """
    if type(text) is not bytes:
        raise ValueError("The headers are neither a dictionary nor JSON")
    headers = _lenient_json.decode(text.decode("latin-1"))
    if not isinstance(headers, dict):
        raise ValueError("The headers are JSON, but no object")
    return {name.encode("latin-1"): _encode_value(value) for name, value in headers.items()}


def _encode_value(value: object) -> Any:
    if isinstance(value, str):
        return value.encode("latin-1")
    if isinstance(value, list):
        return [item.encode("latin-1") for item in value if isinstance(item, str)]
    return value
