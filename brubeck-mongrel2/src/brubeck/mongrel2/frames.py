"""WebSocket frames as Mongrel2 passes them on: payloads unmasked and put together, nothing checked. No I/O."""

from __future__ import annotations

from struct import Struct

from brubeck.core.websockets import CloseCode, is_close_code

__all__ = ["Opcode", "ProtocolError", "decode_close", "encode_close_frame", "encode_frame", "read_flags"]

_SHORT = Struct("!BB")
_MEDIUM = Struct("!BBH")
_LONG = Struct("!BBQ")


class Opcode:
    """What a frame is (RFC 6455 section 5.2)."""

    TEXT = 1
    BINARY = 2
    CLOSE = 8
    PING = 9
    PONG = 10


_KNOWN = frozenset((Opcode.TEXT, Opcode.BINARY, Opcode.CLOSE, Opcode.PING, Opcode.PONG))


class ProtocolError(Exception):
    """The client has broken a rule of RFC 6455.

    Args:
        code: To close with.
        reason: To close with.
    """

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(code, reason)
        self.code = code
        self.reason = reason


def read_flags(flags: bytes) -> int:
    """Return the opcode in Mongrel2's `FLAGS`, the first byte of the frame in hexadecimal.

    Raises:
        ProtocolError: Reserved bits are set, or the opcode has no meaning; Mongrel2 lets both pass.
    """
    try:
        byte = int(flags, 16)
    except ValueError:
        raise ProtocolError(CloseCode.PROTOCOL_ERROR, "unreadable frame") from None
    if byte & 0x70 or byte & 0x0F not in _KNOWN:
        raise ProtocolError(CloseCode.PROTOCOL_ERROR, "unknown frame")
    return byte & 0x0F


def encode_frame(opcode: int, payload: bytes) -> bytes:
    """Return an unmasked frame, as a server sends it."""
    size = len(payload)
    if size < 126:
        return _SHORT.pack(0x80 | opcode, size) + payload
    if size < 65_536:
        return _MEDIUM.pack(0x80 | opcode, 126, size) + payload
    return _LONG.pack(0x80 | opcode, 127, size) + payload


def encode_close_frame(code: int, reason: str) -> bytes:
    """Return a close frame."""
    return encode_frame(Opcode.CLOSE, code.to_bytes(2, "big") + reason.encode()[:123])


def decode_close(payload: bytes) -> tuple[int, str]:
    """Return the code and the reason of a close frame.

    Raises:
        ProtocolError: The frame is one byte long, the code may not be sent, or the reason is not UTF-8.
    """
    if not payload:
        return CloseCode.NO_CODE, ""
    code = int.from_bytes(payload[:2], "big")
    if len(payload) == 1 or not is_close_code(code):
        raise ProtocolError(CloseCode.PROTOCOL_ERROR, "bad close code")
    try:
        return code, payload[2:].decode()
    except UnicodeDecodeError:
        raise ProtocolError(CloseCode.INVALID_DATA, "reason is not UTF-8") from None
