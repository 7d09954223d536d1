"""Gunicorn as the manager of processes, our server in its workers."""

import os
import re
import signal
import subprocess
import time
from contextlib import contextmanager, suppress

import pytest
from brubeck.core.client import SocketClient
from serving import ask_at_once, free_port, started, wait_until
from wsgi_clients import connect, read_all

APP = """
import os, time
from brubeck.request_handling import Brubeck, WebMessageHandler

class Handler(WebMessageHandler):
    def get(self):
        time.sleep(float(self.get_argument('s', '0')))
        return f"{os.getpid()} {self.message.scheme}"

    def post(self):
        return str(len(self.message.body))

app = Brubeck(handler_tuples=[(r'^/', Handler)])
"""


@pytest.fixture
def gunicorn(tmp_path):
    (tmp_path / "shop.py").write_text(APP)

    @contextmanager
    def start(*options):
        port = free_port()
        command = ["-m", "gunicorn", "-k", "brubeck.wsgi.gunicorn.Worker", "-b", f"127.0.0.1:{port}"]
        with started(*command, *options, "shop:app.wsgi", cwd=tmp_path, port=port) as program:
            pid_of(program)  # the port is there before the worker is
            yield program

    return start


def pid_of(program):
    return int(SocketClient(program.url).get("/").text.split()[0])


def test_it_serves_many_at_once(gunicorn):
    with gunicorn() as program:
        answers, took = ask_at_once(program.port, "/?s=0.5", 100)
        echoed = SocketClient(program.url).post("/", data={"a": "b" * 100_000})

    assert all(b" http" in answer and b"Server: brubeck" in answer for answer in answers)
    assert took < 5
    assert int(echoed.text) > 100_000


def test_sigterm_loses_nothing(gunicorn):
    with gunicorn() as program:
        with connect(program, b"GET /?s=1 HTTP/1.1\r\nHost: a\r\n\r\n") as connection:
            time.sleep(0.3)
            program.signal(signal.SIGTERM)
            answer = read_all(connection)
        code = program.exit_code()

    assert answer.startswith(b"HTTP/1.1 200 ")
    assert code == 0


def test_a_worker_is_replaced_after_its_requests(gunicorn):
    with gunicorn("--max-requests", "10") as program:
        pids = {pid_of(program) for _ in range(35)}

    assert len(pids) >= 3


def test_a_worker_that_is_killed_comes_back(gunicorn):
    with gunicorn() as program:
        first = pid_of(program)
        os.kill(first, signal.SIGKILL)

        wait_until(lambda: has_other_pid(program, first), 5, "another worker")


def has_other_pid(program, pid):
    with suppress(OSError):
        return pid_of(program) != pid


def test_it_gives_signs_of_life(gunicorn):
    with gunicorn("--timeout", "3") as program:
        first = pid_of(program)
        time.sleep(5)

        assert pid_of(program) == first
        assert "TIMEOUT" not in program.output


@pytest.mark.live("wrk")
def test_sighup_under_load_fails_no_request(gunicorn):
    with gunicorn("--workers", "2") as program:
        command = ["wrk", "-t1", "-c16", "-d4s", f"{program.url}/"]
        load = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        time.sleep(1)
        program.signal(signal.SIGHUP)
        report, _ = load.communicate(timeout=20)

    assert "Non-2xx" not in report
    assert "Socket errors" not in report, report


def test_the_access_log_and_the_proxy_are_gunicorns(gunicorn):
    with gunicorn("--access-logfile", "-") as program:
        asked = SocketClient(program.url).get(
            "/?a", headers={"X-Forwarded-Proto": "https", "User-Agent": "Paul"}
        )
        wait_until(lambda: "Paul" in program.output, 5, "the line")
        line = next(line for line in program.output.splitlines() if "Paul" in line)

    assert asked.text.endswith(" https")
    assert re.fullmatch(r'127\.0\.0\.1 - - \[[^]]+\] "GET /\?a HTTP/1\.1" 200 \d+ "-" "Paul"', line)
