"""While the plugins start, nobody is let in: what they make ready is there for the first message."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path
from threading import Thread

import pytest
from brubeck.core.client import SocketClient
from mongrel2_server import Mongrel2, is_listening, running
from serving import free_port, started, wait_until

APP = """
import time
from pathlib import Path
from brubeck.plugins import hookimpl
from brubeck.request_handling import Brubeck, WebMessageHandler

class Store:
    @hookimpl
    def brubeck_startup(self, application):
        Path('starting').touch()
        while not Path('go').exists():
            time.sleep(0.02)
        application.db_conn = 'ready'

class Handler(WebMessageHandler):
    def get(self):
        return str(self.db_conn)

app = Brubeck(handler_tuples=[(r'^/', Handler)], plugins=[Store()])
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "shop.py").write_text(APP)
    return tmp_path


def command(*options: str) -> list[str]:
    return ["-m", "brubeck.core.command", "run", "shop.py", *options]


@pytest.mark.parametrize("workers", ["1", "2"])
def test_the_port_opens_when_the_plugins_have_started(folder: Path, workers: str) -> None:
    """It was open before, and a first burst waited for whatever a plugin does."""
    port = free_port()
    with started(
        *command("--port", str(port), "--workers", workers), cwd=folder, port=port, wait=False
    ) as program:
        wait_until((folder / "starting").exists, what="the startup hook")
        was_open = is_listening(port)
        (folder / "go").touch()
        program.wait_for_port()
        answer = SocketClient(program.url).get("/")

    assert not was_open
    assert answer.text == "ready"


def test_a_port_that_is_taken_is_refused_before_the_plugins_start(folder: Path) -> None:
    (folder / "go").touch()
    port = free_port()
    with started(*command("--port", str(port)), cwd=folder, port=port):
        (folder / "starting").unlink()
        second = subprocess.run(
            [sys.executable, *command("--port", str(port))],
            cwd=folder,
            capture_output=True,
            timeout=20,
            check=False,
        )

    assert second.returncode == 2
    assert not (folder / "starting").exists()


def test_a_signal_while_the_plugins_start_ends_the_program(folder: Path) -> None:
    port = free_port()
    with started(*command("--port", str(port)), cwd=folder, port=port, wait=False) as program:
        wait_until((folder / "starting").exists, what="the startup hook")
        program.process.terminate()
        time.sleep(0.2)
        (folder / "go").touch()
        code = program.exit_code()

    assert (code, "Traceback" in program.output) == (0, False)


@pytest.mark.live("mongrel2")
def test_no_message_is_taken_from_mongrel2_before(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    answers: list[str] = []
    with Mongrel2() as server:
        pull, pub = server.pair
        addresses = {"BRUBECK_MONGREL2_PULL": pull, "BRUBECK_MONGREL2_PUB": pub}
        monkeypatch.chdir(folder)
        with running(*command("--connection", "mongrel2"), env=addresses):
            wait_until((folder / "starting").exists, what="the startup hook")
            asking = Thread(target=lambda: answers.append(SocketClient(server.url).get("/").text))
            asking.start()
            time.sleep(1)
            early = list(answers)
            (folder / "go").touch()
            asking.join(10)

    assert (early, answers) == ([], ["ready"])
