"""Programs as a user would start them, and many requests at once."""

from __future__ import annotations

import selectors
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mongrel2_server import free_port, is_listening, wait_until

__all__ = ["Program", "ask_at_once", "free_port", "started", "wait_until"]


class Program:
    """A running program and what it wrote.

    Args:
        process: The process itself.
        port: Where it listens.
        log: The file that takes its stdout and stderr.
    """

    def __init__(self, process: subprocess.Popen[bytes], port: int, log: Path) -> None:
        self.process = process
        self.port = port
        self._log = log

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def output(self) -> str:
        return self._log.read_text(errors="replace")

    def wait_for_port(self, timeout_s: float = 10.0) -> None:
        wait_until(
            lambda: self.process.poll() is not None or is_listening(self.port), timeout_s, f"port {self.port}"
        )
        assert self.process.poll() is None, self.output

    def signal(self, number: int) -> None:
        self.process.send_signal(number)

    def exit_code(self, timeout_s: float = 10.0) -> int:
        return self.process.wait(timeout_s)


@contextmanager
def started(*command: str, cwd: Path, port: int, wait: bool = True) -> Iterator[Program]:
    """Start `python COMMAND` in *cwd*, wait for its port, and end it with the block."""
    log = cwd / f"output-{port}.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, *command], cwd=cwd, stdin=subprocess.DEVNULL, stdout=output, stderr=output
        )
    program = Program(process, port, log)
    try:
        if wait:
            program.wait_for_port()
        yield program
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(10)


def ask_at_once(port: int, path: str, count: int, timeout_s: float = 20.0) -> tuple[list[bytes], float]:
    """Send *count* GETs on as many connections; return the answers, and the seconds from the first to the last."""
    selector = selectors.DefaultSelector()
    answers: dict[socket.socket, bytearray] = {}
    begin = time.monotonic()
    for _ in range(count):
        connection = socket.create_connection(("127.0.0.1", port), timeout=timeout_s)
        connection.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
        connection.setblocking(False)
        answers[connection] = bytearray()
        selector.register(connection, selectors.EVENT_READ)
    while selector.get_map() and time.monotonic() - begin < timeout_s:
        for key, _ in selector.select(1.0):
            connection = key.fileobj
            data = connection.recv(65536)
            answers[connection] += data
            if not data:
                selector.unregister(connection)
    took = time.monotonic() - begin
    for connection in answers:
        connection.close()
    return [bytes(answer) for answer in answers.values()], took
