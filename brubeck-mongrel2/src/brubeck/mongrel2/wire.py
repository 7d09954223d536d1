"""What the balancer and its workers say to each other: one frame, its first byte the verb. No I/O.

Work is packed many messages to a frame, since a frame costs as much as a message.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Sequence
from struct import Struct

__all__ = ["Verb", "pack_numbers", "pack_work", "unpack_numbers", "unpack_work"]

_HEAD = Struct("<cH")
_COUNT = Struct("<H")


class Verb:
    """The first byte of a frame. Who says it, and what follows."""

    READY = b"R"
    """Worker: give me work. The credit (how many messages I take before I return some), then JSON about me."""
    DONE = b"D"
    """Worker: how many credits I return, then the serial numbers of the messages that are answered."""
    SENDING = b"O"
    """Worker: serial numbers of messages whose answers leave now; DONE follows when they have left."""
    BEGUN = b"B"
    """Worker: serial numbers of messages whose answer has begun and cannot be given to another."""
    HOLD = b"H"
    """Worker: a connection (`SENDER NUMBER`) whose messages are mine until I release it."""
    RELEASE = b"U"
    """Worker: a connection that I held."""
    LEAVE = b"L"
    """Worker: give me no more work."""
    PING = b"P"
    """Either: I am here. Answered by the balancer."""
    WORK = b"W"
    """Balancer: messages."""
    AGAIN = b"A"
    """Balancer: messages that were with a worker that died; close the connection behind the answer."""
    NOTICE = b"N"
    """Balancer: what Mongrel2 says of a connection of yours, or a frame of a WebSocket you hold."""
    GOODBYE = b"G"
    """Balancer: you asked to leave, and nothing more comes."""
    WHO = b"?"
    """Balancer: I do not know you; say READY."""
    LOST = b"X"
    """Balancer: I took you for dead and gave your messages to others; drop them and say READY."""
    WELCOME = b"!"
    """Balancer: I know you now. The address of the lifeline."""
    ALL = b"M"
    """Worker: pass this on to all others. Balancer: passed on."""
    STATUS = b"S"
    """Anyone: how is it going? Answered with JSON."""


def pack_work(verb: bytes, serials: Sequence[int], messages: Sequence[bytes]) -> bytes:
    """Return a frame of *messages*: their serial numbers, then their lengths, then they themselves."""
    head = _HEAD.pack(verb, len(messages)), array("Q", serials), array("Q", map(len, messages))
    return b"".join((*head, *messages))


def unpack_work(frame: bytes) -> list[tuple[int, bytes]]:
    """Return serial numbers and messages of a frame.

    Raises:
        ValueError: The frame is cut short or too long.
    """
    _, count = _HEAD.unpack_from(frame)
    end = _HEAD.size + 16 * count
    numbers = array("Q")
    numbers.frombytes(frame[_HEAD.size : end])
    work = []
    for serial, size in zip(numbers[:count], numbers[count:], strict=True):
        start = end
        end += size
        work.append((serial, frame[start:end]))
    if end != len(frame):
        raise ValueError("The frame is not as long as it says.")
    return work


def pack_numbers(verb: bytes, serials: Iterable[int], credit: int = 0) -> bytes:
    """Return a frame of a credit and serial numbers."""
    return verb + _COUNT.pack(credit) + array("Q", serials).tobytes()


def unpack_numbers(frame: bytes) -> tuple[int, array[int]]:
    """Return the credit and the serial numbers of a frame.

    Raises:
        ValueError: The frame is cut short.
    """
    if len(frame) < 3:
        raise ValueError("The frame is cut short.")
    numbers = array("Q")
    numbers.frombytes(frame[3:])
    return _COUNT.unpack_from(frame, 1)[0], numbers
