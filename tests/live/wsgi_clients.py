"""Clients of the embedded server that behave badly, or that watch it."""

from __future__ import annotations

import json
import resource
import socket
import statistics
import struct
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from brubeck.core.client import SocketClient
from serving import Program, free_port, started

SITE = Path(__file__).with_name("wsgi_site.py")


@contextmanager
def site(cwd: Path, **limits: object) -> Iterator[Program]:
    """Serve `wsgi_site.py` with *limits*."""
    port = free_port()
    options = [f"{name}={value}" for name, value in limits.items()]
    with started(str(SITE), str(port), *options, cwd=cwd, port=port) as program:
        SocketClient(program.url).get("/hello")
        yield program


def stats(program: Program) -> dict[str, float]:
    """Return what the server says about itself."""
    return json.loads(SocketClient(program.url).get("/stats").text)


def settled(program: Program, name: str, limit: float, timeout_s: float = 4.0) -> float:
    """Return the figure *name*, when it is at most *limit* or the time is over."""
    deadline = time.monotonic() + timeout_s
    while (figure := stats(program)[name]) > limit and time.monotonic() < deadline:
        time.sleep(0.1)
    return figure


def connect(program: Program, data: bytes = b"", *, receive_bytes: int = 0) -> socket.socket:
    """Return a connection on which *data* was sent."""
    connection = socket.socket()
    if receive_bytes:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_bytes)
    connection.settimeout(10)
    connection.connect(("127.0.0.1", program.port))
    if data:
        connection.sendall(data)
    return connection


def reset(connection: socket.socket) -> None:
    """Close *connection* with a reset."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def read_all(connection: socket.socket) -> bytes:
    """Return all that comes until the server closes or resets."""
    pieces = []
    with suppress(ConnectionError):
        while piece := connection.recv(65536):
            pieces.append(piece)
    return b"".join(pieces)


def latencies(program: Program, count: int = 100, pause_s: float = 0.0) -> list[float]:
    """Return how long each of *count* requests of a well-behaved client took, in order of length."""
    seconds = []
    with connect(program) as connection:
        for _ in range(count):
            begun = time.perf_counter()
            connection.sendall(b"GET /hello HTTP/1.1\r\nHost: a\r\n\r\n")
            answer = connection.recv(4096)
            seconds.append(time.perf_counter() - begun)
            assert answer.startswith(b"HTTP/1.1 200 "), answer
            if pause_s:
                time.sleep(pause_s)
    return sorted(seconds)


def median_latency(program: Program, count: int = 300) -> float:
    return statistics.median(latencies(program, count))


def p99(seconds: list[float]) -> float:
    return seconds[int(len(seconds) * 0.99) - 1]


def allow_descriptors(count: int) -> None:
    """Have this process and its children open at least *count* files; where they may not, skip the test."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft >= count:
        return
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (count, max(hard, count)))
    except ValueError:
        pytest.skip(f"opens {count} files, and this machine allows {hard} (ulimit -Hn)")
