"""Whoever sleeps is woken when a drain begins: in one process, in each worker, behind Mongrel2."""

import signal
import time
from contextlib import contextmanager
from threading import Thread

import pytest
from brubeck.core.client import SocketClient
from mongrel2_server import Mongrel2
from serving import free_port, started, wait_until

APP = """
from gevent.event import Event
from brubeck.plugins import hookimpl
from brubeck.request_handling import Brubeck, WebMessageHandler

doors = Event()

class Sleep(WebMessageHandler):
    def get(self):
        if self.get_argument('now'):
            return 'up'
        open('asleep', 'a').write('x')
        return 'woken' if doors.wait(60) else 'late'

class Wake:
    @hookimpl
    def brubeck_startup(self):
        open('life', 'a').write('up ')

    @hookimpl
    def brubeck_shutdown(self):
        open('life', 'a').write('down ')

    @hookimpl
    def brubeck_stopping(self):
        open('stopping', 'a').write('x')
        doors.set()

app = Brubeck(handler_tuples=[(r'^/', Sleep)], plugins=[Wake()])
app.add_task(lambda: open('life', 'a').write('task '), every_s=60)
"""


def lines(path):
    return len(path.read_text()) if path.exists() else 0


def assert_a_drain_wakes(program, url, folder, processes=1):
    """Have one client sleep, stop the program, and see that he was answered and each process heard of it once."""
    answers = []
    thread = Thread(target=lambda: answers.append(SocketClient(url).get("/").text))
    thread.start()
    wait_until(lambda: lines(folder / "asleep") == 1, what="the sleeping handler")
    begin = time.monotonic()
    program.signal(signal.SIGTERM)
    code = program.exit_code(15)
    thread.join(5)

    assert (code, answers, lines(folder / "stopping")) == (0, ["woken"], processes), program.output
    assert time.monotonic() - begin < 10


@contextmanager
def served(folder, *options):
    (folder / "shop.py").write_text(APP)
    port = free_port()
    command = ["-m", "brubeck.core.command", "run", "shop.py", *options]
    with started(*command, "--port", str(port), cwd=folder, port=port) as program:
        yield program


def test_the_embedded_server(tmp_path):
    with served(tmp_path) as program:
        assert_a_drain_wakes(program, program.url, tmp_path)


@pytest.mark.parametrize(
    "command",
    [
        ["-m", "brubeck.core.command", "serve", "shop:app.wsgi", "--port={port}"],
        ["-m", "gunicorn", "-k", "brubeck.wsgi.gunicorn.Worker", "shop:app.wsgi", "--bind=127.0.0.1:{port}"],
    ],
    ids=["serve", "gunicorn"],
)
def test_its_wsgi_callable_on_our_server(tmp_path, command):
    (tmp_path / "shop.py").write_text(APP)
    port = free_port()
    *command, address = command
    with started(*command, address.format(port=port), cwd=tmp_path, port=port) as program:
        SocketClient(program.url).get("/?now=1")
        assert_a_drain_wakes(program, program.url, tmp_path)

    assert (tmp_path / "life").read_text() == "up task down "


def test_each_of_two_workers(tmp_path):
    with served(tmp_path, "--workers", "2") as program:
        wait_until(lambda: (tmp_path / "life").read_text().count("task") == 2, what="the second worker")
        assert_a_drain_wakes(program, program.url, tmp_path, processes=2)


@pytest.mark.live("mongrel2")
def test_behind_mongrel2(tmp_path, monkeypatch):
    with Mongrel2() as server:
        monkeypatch.setenv("BRUBECK_MONGREL2_PULL", server.pair[0])
        monkeypatch.setenv("BRUBECK_MONGREL2_PUB", server.pair[1])
        (tmp_path / "shop.py").write_text(APP)
        command = ["-m", "brubeck.core.command", "run", "shop.py", "--connection", "mongrel2"]
        with started(*command, cwd=tmp_path, port=0, wait=False) as program:
            assert SocketClient(server.url, timeout_s=15).get("/?now=1").text == "up"
            assert_a_drain_wakes(program, server.url, tmp_path)
