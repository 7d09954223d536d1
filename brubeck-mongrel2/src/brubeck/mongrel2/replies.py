"""What handlers send to Mongrel2: `SENDER SIZE:IDS, BODY`, where the body is written to each connection as it is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from brubeck.mongrel2.tnetstrings import dump

__all__ = ["encode_close", "encode_control", "encode_replies", "encode_reply"]

DEFAULT_HANDLER_TARGETS = 128
"""Mongrel2's `limits.handler_targets`: a reply to more connections is dropped and stops the server for 0.5 s."""


def encode_reply(sender: bytes, connection_id: bytes, body: bytes) -> bytes:
    """Return the message that writes *body*, which must not be empty, to one connection."""
    return b"%b %d:%b, %b" % (sender, len(connection_id), connection_id, body)


def encode_close(sender: bytes, connection_id: bytes) -> bytes:
    """Return the message that closes a connection once all that was sent before is written."""
    return b"%b %d:%b, " % (sender, len(connection_id), connection_id)


def encode_replies(
    sender: bytes, connection_ids: Sequence[bytes], body: bytes, max_targets: int = DEFAULT_HANDLER_TARGETS
) -> Iterator[bytes]:
    """Yield the fewest messages that write *body* to all of *connection_ids*."""
    for start in range(0, len(connection_ids), max_targets):
        ids = b" ".join(connection_ids[start : start + max_targets])
        yield b"%b %d:%b, %b" % (sender, len(ids), ids, body)


def encode_control(sender: bytes, connection_id: bytes, **commands: object) -> bytes:
    """Return an extended reply: `credits=n` asks for more of an upload, `cancel=True` closes at once.

    `keep-alive` has no name in Python: `encode_control(…, **{"keep-alive": True})`.
    """
    return b"%b %d:X %b, %b" % (sender, len(connection_id) + 2, connection_id, dump(["ctl", commands]))
