"""Asks Mongrel2 and the balancer how it is going."""

from __future__ import annotations

import contextlib
import json
import socket
from typing import Any

import zmq
from brubeck.mongrel2.tnetstrings import dump, pop
from brubeck.mongrel2.wire import Verb

__all__ = ["ask_balancer", "ask_server", "end_server"]

TIMEOUT_S = 2.0


def exchange(kind: int, address: str, question: bytes, timeout_s: float) -> bytes | None:
    """Send one message and return the answer, None when none comes."""
    context = zmq.Context()
    try:
        channel = context.socket(kind)
        channel.linger = 0
        channel.connect(address)
        channel.send(question)
        return channel.recv() if channel.poll(int(timeout_s * 1000)) else None
    finally:
        context.destroy(linger=0)  # `term` alone waits for a socket that Ctrl-C has left open


def ask_balancer(address: str, timeout_s: float = TIMEOUT_S) -> dict[str, Any] | None:
    """Return the balancer's status, None when it does not answer.

    Blocks:
        The thread, for as long as *timeout_s*.
    """
    answer = exchange(zmq.DEALER, address, Verb.STATUS, timeout_s)
    return None if answer is None else dict(json.loads(answer[1:]))


def ask_server(address: str, timeout_s: float = TIMEOUT_S) -> list[dict[str, Any]] | None:
    """Return Mongrel2's connections, a dictionary for each, None when it does not answer.

    Blocks:
        The thread, for as long as *timeout_s*.
    """
    answer = exchange(zmq.REQ, address, dump(["status", {"what": "net"}]), timeout_s)
    if answer is None:
        return None
    table, _ = pop(answer)
    names = [name.decode() for name in table[b"headers"]]
    return [dict(zip(names, map(plain, row), strict=False)) for row in table[b"rows"]]


def end_server(address: str, timeout_s: float = TIMEOUT_S) -> None:
    """Have the Mongrel2 whose control port is at *address* end, if one listens there.

    Blocks:
        The thread, for as long as *timeout_s*.
    """
    if is_listening(address):
        exchange(zmq.REQ, address, dump(["terminate", {}]), timeout_s)


def is_listening(address: str) -> bool:
    """Say whether a process listens at an address in the file system; what a dead one left there does not count."""
    with socket.socket(socket.AF_UNIX) as probe, contextlib.suppress(OSError):
        probe.connect(address.removeprefix("ipc://"))
        return True
    return False


def plain(value: Any) -> Any:
    """Return *value* as JSON can hold it."""
    return value.decode("latin-1") if isinstance(value, bytes) else value
