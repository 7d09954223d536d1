"""Several processes on one port: they share the work, are replaced without a refused connection, and come back."""

import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest
from brubeck.core.client import SocketClient
from serving import free_port, started, wait_until

APP = """
import os, time
from brubeck.request_handling import Brubeck, WebMessageHandler

class Handler(WebMessageHandler):
    def get(self):
        time.sleep(float(self.get_argument('s', '0')))
        return str(os.getpid())

app = Brubeck(handler_tuples=[(r'^/', Handler)])
"""


@pytest.fixture
def shop(tmp_path):
    (tmp_path / "shop.py").write_text(APP)
    port = free_port()
    command = ["-m", "brubeck.core.command", "run", "shop.py", "--port", str(port), "--workers", "2"]
    with started(*command, cwd=tmp_path, port=port) as program:
        wait_until(lambda: len(pids_of(program)) == 2 and is_answering(program), 20, "both workers")
        yield program


def pids_of(program):
    """Return the process ids of the workers: the parent's children."""
    pid = program.process.pid
    return {int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()}


def is_answering(program):
    with suppress(OSError):
        return SocketClient(program.url).get("/").status_code == 200
    return False


def test_term_drains_all(shop):
    from threading import Thread

    answers = []
    threads = [
        Thread(target=lambda: answers.append(SocketClient(shop.url).get("/?s=1.5").status_code))
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    time.sleep(0.7)
    shop.signal(signal.SIGTERM)
    code = shop.exit_code(15)
    for thread in threads:
        thread.join(5)

    assert (code, answers) == (0, [200] * 8)


def test_a_port_that_is_taken_is_one_sentence(shop, tmp_path):
    command = [sys.executable, "-m", "brubeck.core.command", "run", "shop.py", "--port", str(shop.port)]
    second = subprocess.run(
        [*command, "--workers", "2"], cwd=tmp_path, capture_output=True, text=True, timeout=30, check=False
    )

    assert (second.returncode, second.stderr.count("\n")) == (2, 1), second.stderr
    assert "in use" in second.stderr


def test_workers_are_told_whom_to_trust(tmp_path):
    (tmp_path / "shop.py").write_text(APP.replace("str(os.getpid())", "self.message.remote_addr"))
    port = free_port()
    options = ["--workers", "2", "--trusted-front", "10.0.0.1", "--trusted-front", "127.0.0.1"]
    command = ["-m", "brubeck.core.command", "run", "shop.py", "--port", str(port), *options]
    with started(*command, cwd=tmp_path, port=port) as program:
        wait_until(lambda: is_answering(program), 20, "a worker")
        answer = SocketClient(program.url).get("/", headers={"X-Forwarded-For": "9.9.9.9, 10.0.0.1"})

    assert answer.text == "9.9.9.9"
