"""`brubeck run --workers N`: a parent that keeps N processes serving on one port.

The parent never imports the application. It asks a child for the address, listens there itself, and hands the
listening socket to every worker; so a worker may come and go without a connection being refused.

    SIGTERM, SIGINT   every worker drains, then all is over
    SIGHUP            the workers are replaced one by one, each new one serving before the old one drains
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from typing import Any

from brubeck.core.errors import ConfigurationError

__all__ = ["READY_FD", "SHARED_FD", "Supervisor", "probe", "run_workers"]

SHARED_FD = "BRUBECK_SHARED_FD"
"""The listening socket that a worker inherits."""
READY_FD = "BRUBECK_READY_FD"
"""Where a worker says that it serves; it closes when the worker is gone."""
LIFE_FD = "BRUBECK_LIFE_FD"
"""Closes when the parent is gone: the worker then drains by itself."""

POLL_S = 0.1
QUICK_DEATH_S = 1.0
"""A worker that lived shorter than this is restarted later and later."""
MAX_BACKOFF_S = 30.0
START_TIMEOUT_S = 30.0
STOP_TIMEOUT_S = 40.0
"""A worker drains for up to 30 s by itself."""


def run_workers(target: str, options: Mapping[str, Any], connection_name: str | None, workers: int) -> int:
    """Keep *workers* processes serving *target* until SIGTERM; return the exit code.

    Raises:
        ConfigurationError: The application cannot be loaded, or its address not be used.
    """
    address = ask_address(target, options, connection_name)
    fileno = listen_at(address)
    supervisor = Supervisor(worker_command(target, options, connection_name), workers, fileno)
    url = f" on {address['url']}" if address else ""
    tell(f"Brubeck runs {workers} workers{url} (Ctrl-C to stop)")
    return supervisor.run()


def worker_command(target: str, options: Mapping[str, Any], connection_name: str | None) -> list[str]:
    """Return the command line of one worker."""
    command = [sys.executable, "-m", "brubeck.core.command", "run", target]
    for name, value in options.items():
        if name == "trusted_fronts":
            command += [f"--trusted-front={network}" for network in value]
        else:
            command += [f"--{name}", str(value)]
    return command + (["--connection", connection_name] if connection_name else [])


def ask_address(
    target: str, options: Mapping[str, Any], connection_name: str | None
) -> dict[str, Any] | None:
    """Have a child load the application, and return where its connection would listen; None where it does not."""
    arguments = json.dumps([target, dict(options), connection_name])
    asked = subprocess.run(
        [sys.executable, "-m", "brubeck.core.workers", arguments], stdout=subprocess.PIPE, check=False
    )
    if asked.returncode:
        sys.exit(asked.returncode)
    answer: dict[str, Any] | None = json.loads(asked.stdout.splitlines()[-1])
    return answer


def probe(target: str, options: Mapping[str, Any], connection_name: str | None) -> dict[str, Any] | None:
    """Load the application, and return how a parent can listen for it."""
    from brubeck.core.loading import load_application

    application = load_application(target)
    application.use_connection(connection_name, options)
    connection = application.connection
    address = connection.shared_address()
    if address is None:
        return None
    name = application.plugins.connection_name(type(connection))
    return {"connection": name, "options": address, "url": connection.address}


def listen_at(address: Mapping[str, Any] | None) -> int | None:
    """Return the descriptor of a socket that listens at *address*."""
    if address is None:
        return None
    from brubeck.core.plugins import PluginManager

    connection = PluginManager().load().get_connection(address["connection"])
    fileno: int = connection.share(**address["options"])
    os.set_inheritable(fileno, True)
    return fileno


class Worker:
    """One process in its place.

    Args:
        process: The process.
        ready: The reading end of the pipe on which it says that it serves.
    """

    def __init__(self, process: subprocess.Popen[bytes], ready: int) -> None:
        self.process = process
        self.started_at = time.monotonic()
        self.leaves_at = float("inf")
        """When it is killed, where it drains."""
        self._ready = ready

    def wait_ready(self, timeout_s: float) -> bool:
        """Say whether it serves, waiting for it."""
        readable, _, _ = select.select([self._ready], [], [], timeout_s)
        return bool(readable) and os.read(self._ready, 1) == b"1"

    def leave(self) -> None:
        """Have it drain."""
        self.leaves_at = time.monotonic() + STOP_TIMEOUT_S
        send(self.process, signal.SIGTERM)

    def close(self) -> None:
        """Let go of the pipe."""
        os.close(self._ready)


class Supervisor:
    """Keeps workers running.

    Args:
        command: What starts one.
        count: How many.
        fileno: The listening socket they inherit.
    """

    def __init__(self, command: list[str], count: int, fileno: int | None) -> None:
        self._command = command
        self._count = count
        self._fileno = fileno
        self._workers: list[Worker | None] = [None] * count
        self._backoff = [0.0] * count
        self._due = [0.0] * count
        self._leaving: list[Worker] = []
        """Workers that drain, their place taken by others."""
        self._stopping = False
        self._replacing = False
        self._life, self._life_end = os.pipe()

    def run(self) -> int:
        """Serve until a signal says otherwise; return the exit code."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._on_stop)
        signal.signal(signal.SIGHUP, self._on_replace)
        while not self._stopping:
            self._revive()
            self._see_off()
            if self._replacing:
                self._replacing = False
                self._replace_all()
            time.sleep(POLL_S)
        self._stop_all()
        return 0

    def _on_stop(self, number: int, frame: object) -> None:
        self._stopping = True

    def _on_replace(self, number: int, frame: object) -> None:
        self._replacing = True

    def _start(self) -> Worker:
        ready, ready_end = os.pipe()
        inherited = [ready_end, self._life] + ([self._fileno] if self._fileno is not None else [])
        environment = {**os.environ, READY_FD: str(ready_end), LIFE_FD: str(self._life)}
        if self._fileno is not None:
            environment[SHARED_FD] = str(self._fileno)
        process = subprocess.Popen(
            self._command,
            env=environment,
            pass_fds=inherited,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )
        os.close(ready_end)
        return Worker(process, ready)

    def _revive(self) -> None:
        """Start what is not running and whose time has come."""
        now = time.monotonic()
        for place, worker in enumerate(self._workers):
            if worker is not None and worker.process.poll() is not None:
                self._bury(place, worker, now)
            if self._workers[place] is None and now >= self._due[place]:
                self._workers[place] = self._start()

    def _bury(self, place: int, worker: Worker, now: float) -> None:
        worker.close()
        self._workers[place] = None
        if now - worker.started_at < QUICK_DEATH_S:
            self._backoff[place] = min(max(self._backoff[place] * 2, POLL_S), MAX_BACKOFF_S)
        else:
            self._backoff[place] = 0.0
        self._due[place] = now + self._backoff[place]
        tell(
            f"Worker {worker.process.pid} ended with code {worker.process.returncode}; "
            f"the next starts in {self._backoff[place]:.1f} s"
        )

    def _replace_all(self) -> None:
        """Put a new worker beside each old one, and have the old one drain once the new one serves.

        Nobody waits for the drain, which a long poll makes long: workers that die meanwhile are replaced in time.
        """
        for place, old in enumerate(self._workers):
            if self._stopping:
                return
            new = self._start()
            if not new.wait_ready(START_TIMEOUT_S):
                tell("The new worker does not serve; the old ones stay")
                end(new)
                return
            self._workers[place] = new
            if old is not None:
                old.leave()
                self._leaving.append(old)
            self._revive()
        tell("All workers are replaced")

    def _see_off(self) -> None:
        """Bury the workers that have drained, and kill those that do not end."""
        for worker in self._leaving.copy():
            if worker.process.poll() is None and time.monotonic() < worker.leaves_at:
                continue
            self._leaving.remove(worker)
            wait_for_end(worker, 0)

    def _stop_all(self) -> None:
        """Have the workers take what waits at the listener and drain; nobody is let in behind their backs."""
        if self._fileno is not None:
            os.close(self._fileno)
        os.close(self._life_end)
        running = [worker for worker in self._workers if worker is not None]
        for worker in running:
            worker.leave()
        for worker in (*running, *self._leaving):
            wait_for_end(worker, max(worker.leaves_at - time.monotonic(), 0))


def tell(line: str) -> None:
    """Write *line* to stderr; one that is full or closed stops nobody from serving."""
    with contextlib.suppress(OSError, AttributeError):
        sys.stderr.write(line + "\n")


def send(process: subprocess.Popen[bytes], number: int) -> None:
    """Send a signal to a process that may be gone."""
    with contextlib.suppress(ProcessLookupError):
        process.send_signal(number)


def end(worker: Worker) -> None:
    """Have *worker* drain, and wait for it."""
    worker.leave()
    wait_for_end(worker, STOP_TIMEOUT_S)


def wait_for_end(worker: Worker, timeout_s: float) -> None:
    """Wait for a worker that was told to drain; kill it when it does not end. A second signal would cut it short."""
    try:
        worker.process.wait(timeout_s)
    except subprocess.TimeoutExpired:
        worker.process.kill()
        worker.process.wait()
    worker.close()


def main(arguments: str) -> int:
    """Answer a parent that asks for the address."""
    from brubeck.core.errors import BrubeckError

    target, options, connection_name = json.loads(arguments)
    try:
        sys.stdout.write(json.dumps(probe(target, options, connection_name)) + "\n")
    except BrubeckError as exc:
        sys.stderr.write(f"brubeck: {exc}\n")
        return 2
    return 0


def descriptor(name: str) -> int | None:
    """Return the descriptor that the parent put into the environment under *name*.

    Raises:
        ConfigurationError: It is no number.
    """
    value = os.environ.get(name)
    if value is None:
        return None
    if not value.isdigit():
        raise ConfigurationError(f"{name} must be a descriptor's number, got {value!r}.")
    return int(value)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
