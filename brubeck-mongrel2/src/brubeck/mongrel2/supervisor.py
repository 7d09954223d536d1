"""Runs Mongrel2, the balancer and workers as child processes, and starts again what dies."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import logging
import os
import resource
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from brubeck.core.errors import ConfigurationError
from brubeck.core.workers import LIFE_FD, READY_FD, ask_address, tell
from brubeck.mongrel2.control import ask_balancer, end_server
from brubeck.mongrel2.database import write_database
from brubeck.mongrel2.settings import HandlerSettings, ServerSettings

__all__ = ["Supervisor", "find_supervisor"]

log = logging.getLogger("brubeck.mongrel2")

POLL_S = 0.05
LONGEST_BACK_OFF_S = 10.0
DRAIN_S = 30.0
READY_S = 30.0
FIRST_S = 5.0
"""A server that ends so soon after the first start, and never came to listen, is not started again."""
PORT_S = 3.0
"""How long the port may still be in use: a server that was told to end takes half a second."""
LOCK_S = 1.0
"""`up` tries for so long: a `stop` that looks whether somebody holds the file has it for a moment itself."""

LAUNCH = """
import ctypes, os, signal, sys
ctypes.CDLL(None).prctl(1, signal.SIGKILL)
signal.signal(signal.SIGPIPE, signal.SIG_DFL)
if os.getppid() == int(sys.argv[1]):
    os.execvp(sys.argv[2], sys.argv[2:])
"""
"""Becomes Mongrel2, which Linux ends with `up` (1 is PR_SET_PDEATHSIG): it knows of no parent by itself."""


@dataclass
class Child:
    """A process to keep alive.

    Args:
        name: For the log.
        start: Starts it.
    """

    name: str
    start: Callable[[], subprocess.Popen[bytes]]
    process: subprocess.Popen[bytes] | None = None
    started_at: float = 0.0
    back_off_s: float = 0.0
    due_at: float = 0.0
    leaves_at: float = 0.0

    def tend(self, now: float) -> None:
        """Start the process when it does not run and it is time."""
        if self.process is not None and self.process.poll() is None:
            return
        if self.process is not None:
            self._note_end(self.process, now)
        if now >= self.due_at:
            self.process, self.started_at = self.start(), now

    def _note_end(self, process: subprocess.Popen[bytes], now: float) -> None:
        log.warning("%s (pid %d) ended with %s.", self.name, process.pid, process.returncode)
        lived = now - self.started_at
        self.back_off_s = (
            0.0 if lived > LONGEST_BACK_OFF_S else min(2 * self.back_off_s or 0.1, LONGEST_BACK_OFF_S)
        )
        self.due_at = now + (self.back_off_s if self.back_off_s > 0.1 else 0.0)
        self.process = None

    @property
    def pid(self) -> int | None:
        """The process id, where it runs."""
        return self.process.pid if self.process is not None and self.process.poll() is None else None

    @property
    def has_ended(self) -> bool:
        """Whether it was started, and does not run any more."""
        return self.process is not None and self.process.poll() is not None

    def leave(self, timeout_s: float) -> None:
        """Ask the process to end; `has_left` ends it when it has not after *timeout_s*."""
        self.leaves_at = time.monotonic() + timeout_s
        if self.process is not None:
            self.process.send_signal(signal.SIGTERM)

    def has_left(self, now: float) -> bool:
        """Say whether the process has ended, by itself or because its time was over."""
        if self.process is None or self.process.poll() is not None:
            return True
        if now < self.leaves_at:
            return False
        log.warning("%s (pid %d) did not end in time and is killed.", self.name, self.process.pid)
        self.process.kill()
        self.process.wait()
        return True

    def stop(self, timeout_s: float) -> None:
        """Ask the process to end, and end it when it has not after *timeout_s*."""
        self.leave(timeout_s)
        if self.process is not None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(timeout_s)
            self.has_left(self.leaves_at)
        self.process = None


class Life:
    """A pipe whose end in the children closes when this process is gone, however that came about.

    Attributes:
        environment: Says to the children which descriptor it is, as `brubeck run` reads it.
        inherited: The descriptors that they inherit.
    """

    def __init__(self) -> None:
        end, self._own_end = os.pipe()
        nobody = os.open(os.devnull, os.O_WRONLY)  # the balancer is who says that a worker is ready
        self.inherited = (end, nobody)
        self.environment = {LIFE_FD: str(end), READY_FD: str(nobody)}


class Team:
    """The balancer and the workers of one application behind the server.

    Args:
        settings: Of the server.
        pair: The addresses: the server's own, or those of a further handler.
        target: The application, as `brubeck run` names it.
        workers: How many.
        life: Tells them of the end of this process.
    """

    def __init__(
        self,
        settings: ServerSettings,
        pair: ServerSettings | HandlerSettings,
        target: str,
        workers: int,
        life: Life,
    ) -> None:
        self.settings = settings
        self.life = life
        self.pair = pair
        self.target = target
        name = f" of {pair.name}" if isinstance(pair, HandlerSettings) else ""
        self.balancer = Child(f"the balancer{name}", self._start_balancer)
        self.workers = [Child(f"worker {n}{name}", self._start_worker) for n in range(1, workers + 1)]
        self.leaving: list[Child] = []

    def _start_balancer(self) -> subprocess.Popen[bytes]:
        addresses = (
            "--pull",
            self.pair.send_spec,
            "--pub",
            self.pair.recv_spec,
            "--listen",
            self.pair.balancer_spec,
        )
        return self._spawn("mongrel2", "balance", *addresses)

    def _start_worker(self) -> subprocess.Popen[bytes]:
        return self._spawn("run", self.target, "--connection", "mongrel2")

    def _spawn(self, *command: str) -> subprocess.Popen[bytes]:
        settings = self.settings
        environment = {
            "BRUBECK_MONGREL2_PULL": self.pair.send_spec,
            "BRUBECK_MONGREL2_PUB": self.pair.recv_spec,
            "BRUBECK_MONGREL2_BALANCER": self.pair.balancer_spec,
            "BRUBECK_MONGREL2_UPLOADS": str(settings.upload_folder) if settings.uploads else "",
        }
        line = (sys.executable, "-m", "brubeck.core.command", *command)
        return spawn(*line, inherited=self.life.inherited, **environment, **self.life.environment)

    def reload(self, go_on: Callable[[], bool]) -> None:
        """Replace the workers one by one: the new one takes messages before the old one begins to drain.

        Nobody waits for the drain, which a long poll makes long.

        Args:
            go_on: Called again and again; looks after all others, and says whether this is still wanted.
        """
        for place, old in enumerate(self.workers):
            fresh = Child(old.name, self._start_worker)
            fresh.tend(time.monotonic())
            if not self._await_worker(fresh, go_on):
                if go_on():
                    log.error("The new %s did not begin to take messages; the old ones stay.", fresh.name)
                fresh.stop(1)
                return
            self.workers[place] = fresh
            old.leave(DRAIN_S + 5)
            self.leaving.append(old)

    def _await_worker(self, fresh: Child, go_on: Callable[[], bool]) -> bool:
        """Wait until the balancer knows the worker; say whether it came to that."""
        deadline = time.monotonic() + READY_S
        while time.monotonic() < deadline and fresh.pid is not None and go_on():
            status = ask_balancer(self.pair.balancer_spec, 0.5)
            if status and any(worker.get("pid") == fresh.pid for worker in status["workers"]):
                return True
            time.sleep(POLL_S)
        return False

    def tend(self, now: float) -> None:
        """Start what does not run, and see off the workers that drain."""
        for child in (self.balancer, *self.workers):
            child.tend(now)
        self.leaving = [worker for worker in self.leaving if not worker.has_left(now)]

    def dismiss(self) -> None:
        """Have the workers end, once the balancer gives out no more."""
        for worker in (*self.workers, *self.leaving):
            if worker.process is not None:
                with contextlib.suppress(ProcessLookupError):
                    worker.process.send_signal(signal.SIGTERM)
        for worker in (*self.workers, *self.leaving):
            worker.stop(5)


class Supervisor:
    """One server, and for each of its handlers a balancer and workers of one application.

    Args:
        settings: Of the server.
        target: The application of the first handler, as `brubeck run` names it.
        workers: How many of it.

    Raises:
        ConfigurationError: Mongrel2 is not installed, or the address cannot be used.
    """

    def __init__(self, settings: ServerSettings, target: str, workers: int) -> None:
        if shutil.which("mongrel2") is None:
            raise ConfigurationError(
                "mongrel2 is not installed. On Debian: sudo apt-get install mongrel2-core"
            )
        self.settings = settings
        self.server = Child("mongrel2", self._start_server)
        life = Life()
        self.teams = [Team(settings, settings, target, workers, life)]
        for handler in settings.further_handlers:
            if handler.app:  # another is run by other means
                self.teams.append(Team(settings, handler, handler.app, handler.workers, life))
        self._wants_reload = False
        self._wants_stop = False
        self._first_until = 0.0

    def _start_server(self) -> subprocess.Popen[bytes]:
        write_database(self.settings)  # with a fresh ident: connection ids start again
        self.settings.pid_file.unlink(missing_ok=True)
        line = ("mongrel2", str(self.settings.database), self.settings.uuid)
        if sys.platform != "linux":
            return spawn(*line)
        return spawn(sys.executable, "-I", "-S", "-c", LAUNCH, str(os.getpid()), *line)

    def run(self) -> int:
        """Run until SIGTERM or SIGINT; replace the workers at SIGHUP.

        Raises:
            ConfigurationError: Another one runs in the folder, the folder or the port cannot be used, or Mongrel2
                ends as soon as it has started.
            SystemExit: An application cannot be loaded; stderr says why.

        Blocks:
            The thread.
        """
        raise_descriptor_limit()
        self.settings.make_folder()
        with hold_folder(self.settings) as was_killed:
            if was_killed:
                end_server(self.settings.control_spec)
            self._check()
            tell(
                f"Brubeck runs behind Mongrel2 on {self.settings.host}:{self.settings.port} (Ctrl-C to stop)"
            )
            self._run()
        return 0

    def _check(self) -> None:
        """Refuse what no new start would mend: an application that cannot be loaded, a port in use."""
        for team in self.teams:
            ask_address(team.target, {}, "mongrel2")
        await_port(self.settings)

    def _run(self) -> None:
        self._first_until = time.monotonic() + FIRST_S
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._note_stop)
        signal.signal(signal.SIGHUP, self._note_reload)
        try:
            while not self._wants_stop:
                self._tend()
                if self._wants_reload:
                    self._wants_reload = False
                    self._reload()
                time.sleep(POLL_S)
        finally:
            self._stop()

    def _note_stop(self, *_: object) -> None:
        self._wants_stop = True

    def _note_reload(self, *_: object) -> None:
        self._wants_reload = True

    def _tend(self) -> bool:
        """Look after all children, and say whether this goes on."""
        now = time.monotonic()
        if now < self._first_until and self.server.has_ended and not self.settings.pid_file.exists():
            raise ConfigurationError(
                f"Mongrel2 ended as soon as it was started, to listen on {describe_port(self.settings)}. What it "
                "wrote about that stands above."
            )
        self.server.tend(now)
        for team in self.teams:
            team.tend(now)
        return not self._wants_stop

    def _reload(self) -> None:
        for team in self.teams:
            if not self._wants_stop:
                team.reload(self._tend)

    def _stop(self) -> None:
        """Stop the balancers first, which give out no more and wait for what is out; the server last."""
        for team in self.teams:
            team.balancer.stop(DRAIN_S)
        for team in self.teams:
            team.dismiss()
        self.server.stop(2)


def spawn(*command: str, inherited: tuple[int, ...] = (), **environment: str) -> subprocess.Popen[bytes]:
    """Start a process in a session of its own: Ctrl-C is for the supervisor, which knows in which order to stop."""
    return subprocess.Popen(
        command, env={**os.environ, **environment}, pass_fds=inherited, start_new_session=True
    )


def await_port(settings: ServerSettings) -> None:
    """Wait until nobody listens where the server is to.

    Raises:
        ConfigurationError: Somebody does, and goes on.
    """
    deadline = time.monotonic() + PORT_S
    while is_taken(settings.host, settings.port):
        if time.monotonic() > deadline:
            raise ConfigurationError(
                f"Mongrel2 cannot listen on {describe_port(settings)}: another process does already."
            )
        time.sleep(POLL_S)


def is_taken(host: str, port: int) -> bool:
    """Say whether another process listens there. Other obstacles are Mongrel2's to find, which may have more rights."""
    try:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((host, port))
    except OSError as exc:
        return exc.errno == errno.EADDRINUSE
    return False


def describe_port(settings: ServerSettings) -> str:
    return f"port {settings.port} of {settings.host!r}"


def raise_descriptor_limit() -> None:
    """Let this process and its children open as many descriptors as the system allows them."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def supervisor_file(settings: ServerSettings) -> Path:
    """Return the file with the process id of `up`."""
    return settings.folder / "up.pid"


@contextlib.contextmanager
def hold_folder(settings: ServerSettings) -> Iterator[bool]:
    """Hold the file with the id of this process, locked, while the block runs.

    Gives whether the file was left by an `up` that was killed. The lock goes with the process, however that ends;
    the number alone says nothing, since the system gives it again.

    Raises:
        ConfigurationError: Another process holds it, or it cannot be written.
    """
    path = supervisor_file(settings)
    try:
        file = open_locked(path)
    except OSError as exc:
        raise ConfigurationError(f"{str(path)!r} cannot be written: {exc.strerror}.") from None
    if file is None:
        raise ConfigurationError(
            f"`brubeck mongrel2 up` already runs in {str(settings.folder)!r} (pid {path.read_text().strip()})."
        )
    with file:
        was_killed = file.tell() > 0
        file.truncate(0)
        file.write(f"{os.getpid()}\n")
        file.flush()
        try:
            yield was_killed
        finally:
            path.unlink(missing_ok=True)


def open_locked(path: Path) -> IO[str] | None:
    """Open *path* and lock it; return None where another process holds it."""
    deadline = time.monotonic() + LOCK_S
    while time.monotonic() < deadline:
        file = path.open("a+")
        if lock(file, fcntl.LOCK_EX) and is_at(path, file):
            return file
        file.close()
        time.sleep(POLL_S)
    return None


def is_at(path: Path, file: IO[str]) -> bool:
    """Say whether *file* is what *path* leads to; who held it before may have removed it meanwhile."""
    try:
        return os.path.samestat(path.stat(), os.fstat(file.fileno()))
    except FileNotFoundError:
        return False


def lock(file: IO[str], kind: int) -> bool:
    """Lock *file*, and say whether that was possible."""
    try:
        fcntl.flock(file, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def find_supervisor(settings: ServerSettings) -> int | None:
    """Return the process id of the `up` that runs in this folder, if one does: one that holds its file."""
    try:
        with supervisor_file(settings).open() as file:
            return None if lock(file, fcntl.LOCK_SH) else int(file.read())
    except (OSError, ValueError):
        return None
