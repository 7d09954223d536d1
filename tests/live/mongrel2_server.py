"""A real Mongrel2 for tests and benchmarks: configured in a temporary folder, on free ports, stopped by its process id.

    with Mongrel2(protocol="json") as server:
        server.url            # http://127.0.0.1:PORT
        server.pair           # (pull address, pub address) for Mongrel2Connection(*server.pair)
        server.upload_folder  # for Mongrel2Connection(upload_folder=…)
        server.restart()      # kill -9 and a new start, with a new ident unless keep_ident=True
        server.kill()         # kill -9

Any field of `brubeck.mongrel2.settings.ServerSettings` is a keyword. `in_thread(application)` runs an
application in this process, `running("file.py", …)` a program in another.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread
from typing import Any, Self

import gevent
from brubeck.mongrel2.database import fresh_ident, write_database
from brubeck.mongrel2.settings import ServerSettings
from gevent import monkey

__all__ = ["Mongrel2", "balanced", "free_port", "in_thread", "raw_exchange", "running", "wait_until"]


def free_port() -> int:
    """Return a port of this machine that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_until(condition: Any, timeout_s: float = 10.0, what: str = "the condition") -> None:
    """Poll *condition* until it is true, or fail."""
    deadline = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"{what} did not come true in {timeout_s} s")
        time.sleep(0.01)


def is_listening(port: int) -> bool:
    """Say whether something accepts connections on *port*."""
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


class Mongrel2:
    """One server process.

    Args:
        folder: For its files; a temporary one by default.
        settings: Fields of `ServerSettings`.
    """

    def __init__(self, folder: Path | None = None, **settings: Any) -> None:
        self._temporary = None if folder else tempfile.mkdtemp(prefix="m2-")
        settings.setdefault("port", free_port())
        self.settings = ServerSettings(folder=folder or Path(self._temporary or "."), **settings)
        self.ident = fresh_ident()
        self.process: subprocess.Popen[bytes] | None = None
        self._log: Any = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.settings.port}"

    @property
    def address(self) -> tuple[str, int]:
        return "127.0.0.1", self.settings.port

    @property
    def pair(self) -> tuple[str, str]:
        return self.settings.send_spec, self.settings.recv_spec

    @property
    def upload_folder(self) -> Path:
        return self.settings.upload_folder

    @property
    def log(self) -> str:
        """What the server has written so far."""
        return (self.settings.folder / "error.log").read_text(errors="replace")

    def start(self) -> None:
        write_database(self.settings, self.ident)
        self._log = (self.settings.folder / "error.log").open("ab")
        command = ["mongrel2", str(self.settings.database), self.settings.uuid]
        self.process = subprocess.Popen(command, stdout=self._log, stderr=self._log, start_new_session=True)
        wait_until(lambda: is_listening(self.settings.port), what="mongrel2's port")

    def kill(self, number: int = signal.SIGKILL) -> None:
        process, self.process = self.process, None
        if process is not None:
            process.send_signal(number)
            process.wait(10)
            self._log.close()
        self.settings.pid_file.unlink(missing_ok=True)

    def restart(self, *, keep_ident: bool = False) -> None:
        """Kill the server and start it again."""
        self.kill()
        if not keep_ident:
            self.ident = fresh_ident()
        self.start()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self.kill()
        if self._temporary:
            shutil.rmtree(self._temporary, ignore_errors=True)


@contextmanager
def running(
    *command: str, env: dict[str, str] | None = None, log: Path | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a Python program as a process of its own, and end it."""
    output = log.open("ab") if log else None
    process = subprocess.Popen(
        [sys.executable, *command], env={**os.environ, **(env or {})}, stdout=output, stderr=output
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(10)
        if output:
            output.close()


@contextmanager
def balanced(server: Mongrel2, *options: str) -> Iterator[dict[str, str]]:
    """Run a balancer behind *server*; give the environment that sends workers to it."""
    settings = server.settings
    addresses = (
        "--pull",
        settings.send_spec,
        "--pub",
        settings.recv_spec,
        "--listen",
        settings.balancer_spec,
        "--uploads",
        str(server.upload_folder),
    )
    with running("-m", "brubeck.core.command", "mongrel2", "balance", *addresses, *options):
        yield {"BRUBECK_MONGREL2_BALANCER": settings.balancer_spec}


@contextmanager
def in_thread(application: Any) -> Iterator[None]:
    """Run *application* beside the test and drain it at the end of the block.

    In a thread, whose hub is its own; in a greenlet where another test has had the standard library patched.
    """
    hubs: list[Any] = []

    def run() -> None:
        hubs.append(gevent.get_hub())
        connection = application.connection
        connection.open(application)
        connection.serve()
        connection.close()

    if monkey.is_module_patched("threading"):
        greenlet = gevent.spawn(run)
        wait_until(lambda: hubs, what="the greenlet")
        try:
            yield
        finally:
            application.stop(1.0)
            greenlet.join(10)
            assert greenlet.dead
        return
    thread = Thread(target=run, daemon=True)
    thread.start()
    wait_until(lambda: hubs, what="the thread")
    try:
        yield
    finally:
        hubs[0].loop.run_callback_threadsafe(application.stop, 1.0)
        thread.join(10)
        assert not thread.is_alive()


def raw_exchange(
    address: tuple[str, int], data: bytes, *, timeout_s: float = 5.0, until: bytes | None = None
) -> bytes:
    """Send *data* and return what comes back until the server closes, falls silent or *until* has been seen."""
    with socket.create_connection(address, timeout=timeout_s) as connection:
        connection.sendall(data)
        received = b""
        while until is None or until not in received:
            try:
                piece = connection.recv(65536)
            except TimeoutError:
                break
            if not piece:
                break
            received += piece
        return received
