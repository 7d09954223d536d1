"""`brubeck mongrel2 up` when something is wrong: a stale file, a kill, a missing module, a port in use."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import pytest
from brubeck.core.client import SocketClient
from brubeck.mongrel2.control import ask_balancer
from brubeck.mongrel2.database import write_database
from brubeck.mongrel2.settings import load_settings
from mongrel2_server import free_port, is_listening, wait_until

pytestmark = pytest.mark.live("mongrel2")

COMMAND = [sys.executable, "-m", "brubeck.core.command", "mongrel2"]

APP = """
import os
import gevent
from brubeck.request_handling import Brubeck
app = Brubeck()
app.add_route("^/$")(lambda application, message: str(os.getpid()))
app.add_route("^/slow$")(lambda application, message: gevent.sleep(15) or "slow")
"""


class Site:
    """A folder with an application and settings."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        self.config = folder / "mongrel2.toml"
        self.config.write_text(f"port = {self.port}\n")
        self.app = folder / "site.py"
        self.app.write_text(APP)
        (folder / "run").mkdir()

    def workers(self) -> list[int]:
        """Return the process ids of the workers that the balancer knows."""
        status = ask_balancer(f"ipc://{self.folder}/run/balancer", 1) or {"workers": []}
        return [worker["pid"] for worker in status["workers"]]

    def ask(self, *command: str, timeout_s: float = 20) -> subprocess.CompletedProcess[str]:
        """Run one command to its end."""
        line = [*COMMAND, *command, "--config", str(self.config)]
        return subprocess.run(line, capture_output=True, text=True, timeout=timeout_s, check=False)


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path)


@pytest.fixture
def stranger() -> Iterator[subprocess.Popen[bytes]]:
    """A process that has nothing to do with us."""
    process = subprocess.Popen(["sleep", "60"])
    yield process
    process.kill()
    process.wait(10)


@pytest.mark.parametrize("word", ["stop", "reload"])
def test_a_stale_file_hits_no_stranger(site: Site, stranger: subprocess.Popen[bytes], word: str) -> None:
    """The process that had got the number of a killed `up` was sent the signal."""
    (site.folder / "run/up.pid").write_text(f"{stranger.pid}\n")
    answer = site.ask(word)

    assert answer.returncode == 2
    assert "does not run here" in answer.stderr
    with pytest.raises(subprocess.TimeoutExpired):
        stranger.wait(0.2)


def children(pid: int) -> dict[int, str]:
    """Return the command lines of the processes that *pid* started."""
    found = {}
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # ended meanwhile
            if int((folder / "stat").read_text().rpartition(")")[2].split()[1]) == pid:
                found[int(folder.name)] = (folder / "cmdline").read_text().replace("\0", " ")
    return found


@contextmanager
def up(site: Site, workers: int = 2) -> Iterator[subprocess.Popen[bytes]]:
    """Run `up` until it answers; whatever it has started is gone at the end."""
    line = [*COMMAND, "up", f"{site.app}:app", "--workers", str(workers), "--config", str(site.config)]
    with (site.folder / "up.log").open("ab") as log:
        process = subprocess.Popen(line, stdout=log, stderr=log)
    started: set[int] = set()
    try:
        wait_until(lambda: is_listening(site.port), 20, "mongrel2")
        wait_until(lambda: len(site.workers()) == workers, 20, "the workers")
        started = set(children(process.pid))
        yield process
    finally:
        started |= set(children(process.pid))
        process.terminate()
        with suppress(subprocess.TimeoutExpired):
            process.wait(20)
        process.kill()
        process.wait(10)
        for pid in started:
            if str(site.folder) in command_of(pid):
                os.kill(pid, signal.SIGKILL)


def command_of(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text()
    except OSError:
        return ""


def test_all_ends_with_up_and_the_next_one_serves(site: Site) -> None:
    """Killed, it left all running: `stop` found nobody, and the next one met a port in use, while the old answered."""
    with up(site) as first:
        old = children(first.pid)
        first.kill()
        first.wait(10)
        wait_until(lambda: not any(map(command_of, old)), 10, "the end of all")
        with up(site):
            answer = SocketClient(f"http://127.0.0.1:{site.port}").get("/").text
            stopped = site.ask("stop").returncode

    assert len(old) == 4
    assert int(answer) not in old
    assert stopped == 0


def test_the_next_up_ends_a_server_that_stayed(site: Site) -> None:
    """As on macOS: a Mongrel2 in the folder of an `up` that was killed."""
    settings = load_settings(site.config)
    write_database(settings)
    with subprocess.Popen(["mongrel2", str(settings.database), settings.uuid]) as stayed:
        wait_until(lambda: is_listening(site.port), what="mongrel2")
        (site.folder / "run/up.pid").write_text("1\n")
        try:
            with up(site):
                ended = stayed.wait(5)
        finally:
            stayed.kill()

    assert ended == 0


def test_a_server_that_dies_while_old_workers_drain_is_started_again(site: Site) -> None:
    """`reload` waited for each old worker in turn, up to 35 s, and looked after nothing meanwhile."""
    with up(site) as process, ThreadPoolExecutor(2) as pool:
        old = site.workers()
        client = SocketClient(f"http://127.0.0.1:{site.port}", timeout_s=20)
        slow = [pool.submit(client.get, "/slow") for _ in range(2)]
        time.sleep(0.5)
        site.ask("reload")
        wait_until(lambda: set(site.workers()) - set(old), 20, "a new worker")
        server = next(pid for pid, line in children(process.pid).items() if line.startswith("mongrel2 "))
        os.kill(server, signal.SIGKILL)
        began = time.monotonic()
        wait_until(lambda: not is_listening(site.port), what="the end of the server")
        wait_until(lambda: is_listening(site.port), what="the next server")
        outage_s = time.monotonic() - began
        for answer in slow:
            answer.exception(20)
        wait_until(lambda: not set(site.workers()) & set(old), 30, "the end of the old workers")

    assert outage_s < 4


@pytest.mark.parametrize("command", [("init",), ("up", "site.py:app")], ids=["init", "up"])
@pytest.mark.parametrize("place", ["file", "file/run", "/proc/run"])
def test_a_folder_that_cannot_be_used_is_one_sentence(site: Site, command: list[str], place: str) -> None:
    """It was a traceback."""
    (site.folder / "file").touch()
    with site.config.open("a") as config:
        config.write(f'folder = "{site.folder / place}"\n')
    answer = site.ask(*command)

    assert answer.returncode == 2
    assert f"The folder '{site.folder / place}' cannot be made: " in answer.stderr
    assert "Traceback" not in answer.stderr


class TestTheFirstStart:
    """What no new start would mend was started again and again."""

    def test_an_application_that_is_missing_is_said_once(self, site: Site) -> None:
        answer = site.ask("up", "nosuch:app")

        assert answer.returncode == 2
        assert answer.stderr.count("nosuch") == 1
        assert not is_listening(site.port)

    def test_so_is_one_that_raises(self, site: Site) -> None:
        site.app.write_text("1 / 0\n")
        answer = site.ask("up", f"{site.app}:app")

        assert answer.returncode not in {0, None}
        assert answer.stderr.count("ZeroDivisionError") == 1

    def test_so_is_one_of_a_further_handler(self, site: Site) -> None:
        with site.config.open("a") as config:
            config.write('[handlers.api]\npath = "/api/"\napp = "nosuch:api"\n')
        answer = site.ask("up", f"{site.app}:app")

        assert (answer.returncode, answer.stderr.count("nosuch")) == (2, 1)

    def test_a_port_in_use_is_named(self, site: Site) -> None:
        with socket.create_server(("127.0.0.1", site.port)):
            answer = site.ask("up", f"{site.app}:app")

        assert answer.returncode == 2
        assert f"port {site.port} of '127.0.0.1': another process does already." in answer.stderr

    def test_a_server_that_ends_at_once_is_not_started_again(self, site: Site) -> None:
        (site.folder / "empty").mkdir()
        with site.config.open("a") as config:
            config.write(f'certificates = "{site.folder}/empty"\n')
        answer = site.ask("up", f"{site.app}:app")

        assert answer.returncode == 2
        assert "Mongrel2 ended as soon as it was started" in answer.stderr

    def test_one_that_is_killed_early_is(self, site: Site) -> None:
        with up(site, workers=1) as process:
            server = next(pid for pid, line in children(process.pid).items() if line.startswith("mongrel2 "))
            os.kill(server, signal.SIGKILL)
            wait_until(lambda: server not in children(process.pid), what="the end of the server")
            wait_until(lambda: is_listening(site.port), what="the next server")


def test_ctrl_c_ends_status_at_once(site: Site) -> None:
    """It went on to wait for the socket that was still open."""
    line = [*COMMAND, "status", "--config", str(site.config)]
    with ExitStack() as stack:  # who listens and never answers is asked for 2 s, and then the balancer
        server = stack.enter_context(socket.socket(socket.AF_UNIX))
        server.bind(str(site.folder / "run/control"))
        server.listen()
        server.settimeout(10)
        # A run in the background ignores Ctrl-C, and so would what it starts.
        former = signal.signal(signal.SIGINT, signal.default_int_handler)
        stack.callback(signal.signal, signal.SIGINT, former)
        process = stack.enter_context(subprocess.Popen(line, stdout=subprocess.PIPE, stderr=subprocess.PIPE))
        stack.callback(process.kill)
        server.accept()[0].close()
        time.sleep(0.1)
        process.send_signal(signal.SIGINT)
        code = process.wait(3)

    assert code == 1


@pytest.mark.parametrize(
    "command", [("init",), ("up", "site.py:app"), ("status",), ("stop",)], ids=lambda c: c[0]
)
def test_a_named_file_that_is_missing_is_an_error_of_one_line(site: Site, command: list[str]) -> None:
    """All settings were the defaults then, in another folder and on another port."""
    site.config = site.folder / "nosuch.toml"
    answer = site.ask(*command)

    assert answer.returncode == 2
    assert answer.stderr == f"brubeck: The file '{site.config}' that --config names does not exist.\n"
    assert not list((site.folder / "run").iterdir())
