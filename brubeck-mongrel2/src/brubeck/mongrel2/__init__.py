"""Brubeck behind Mongrel2 and ZeroMQ.

Importing this package imports no ZeroMQ: what is named here is loaded when it is first asked for, so that a plugin's
entry point costs an application on another transport nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from brubeck.mongrel2.connection import Mongrel2Connection
    from brubeck.mongrel2.messages import Message, MessageError, decode_message
    from brubeck.mongrel2.replies import encode_close, encode_control, encode_replies, encode_reply

__all__ = [
    "Message",
    "MessageError",
    "Mongrel2Connection",
    "decode_message",
    "encode_close",
    "encode_control",
    "encode_replies",
    "encode_reply",
]

_HOMES = {
    "Message": "messages",
    "MessageError": "messages",
    "Mongrel2Connection": "connection",
    "decode_message": "messages",
    "encode_close": "replies",
    "encode_control": "replies",
    "encode_replies": "replies",
    "encode_reply": "replies",
}


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{home}"), name)
