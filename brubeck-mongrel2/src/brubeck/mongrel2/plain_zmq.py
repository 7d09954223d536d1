"""ZeroMQ by pyzmq's inner layer: its outer one, which turns numbers into enumerations, is half of what a call costs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import zmq

__all__ = ["MORE", "NOBLOCK", "message_probe", "plain_getter", "plain_sender"]

NOBLOCK = int(zmq.NOBLOCK)
MORE = int(zmq.NOBLOCK | zmq.SNDMORE)


def plain_sender(socket: zmq.Socket[bytes]) -> Callable[[bytes, int], Any]:
    """Return what sends a frame by flags such as `NOBLOCK`."""
    sender: Callable[[bytes, int], Any] = super(zmq.Socket, socket).send
    return sender


def plain_getter(socket: zmq.Socket[bytes]) -> Callable[[int], Any]:
    """Return what says the value of an option."""
    getter: Callable[[int], Any] = super(zmq.Socket, socket).get
    return getter


def message_probe(socket: zmq.Socket[bytes]) -> Callable[[], bool]:
    """Return what says whether a socket has a message."""
    get, option, bit = plain_getter(socket), int(zmq.EVENTS), int(zmq.POLLIN)
    return lambda: bool(int(get(option)) & bit)
