"""Workers that are replaced, drained and killed while clients ask, with every request accounted for."""

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from contextlib import contextmanager
from pathlib import Path

import pytest
from serving import ask_at_once, free_port, started, wait_until
from wsgi_clients import connect

LOAD = Path(__file__).with_name("exact_load.py")
APP = """
import os, time
from brubeck.request_handling import Brubeck, WebMessageHandler

class Handler(WebMessageHandler):
    def get(self):
        time.sleep(float(self.get_argument('s', '0')))
        return str(os.getpid())

app = Brubeck(handler_tuples=[(r'^/', Handler)])
"""


@contextmanager
def serving(folder, *options):
    (folder / "shop.py").write_text(APP)
    port = free_port()
    command = ["-m", "brubeck.core.command", "run", "shop.py", "--port", str(port)]
    with started(*command, *options, cwd=folder, port=port) as program:
        yield program


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    with serving(tmp_path_factory.mktemp("shop"), "--workers", "2") as program:
        wait_until(lambda: len(pids_that_answer(program)) == 2, 30, "both workers")
        yield program


def pids_that_answer(program):
    answers, _ = ask_at_once(program.port, "/?s=0.1", 60)
    return {int(answer.rpartition(b"\r\n\r\n")[2] or 0) for answer in answers}


@contextmanager
def load(program, seconds, requests_a_connection=10**9):
    """Ask for *seconds* while the block runs; give it a list, to which the counts are added at its end."""
    arguments = [str(program.port), "32", str(seconds), "/", str(requests_a_connection)]
    asking = subprocess.Popen([sys.executable, str(LOAD), *arguments], stdout=subprocess.PIPE)
    assert asking.stdout.readline() == b"asking\n"
    counts = {}
    yield counts
    counts.update(json.loads(asking.communicate(timeout=60)[0]))
    del counts["slowest_ms"]


def test_connections_are_spread(shop):
    """One worker took nearly all that waited, and kept them for as long as their clients did."""
    answers, _ = ask_at_once(shop.port, "/?s=0.3", 100)
    counts = Counter(answer.rpartition(b"\r\n\r\n")[2] for answer in answers)

    assert len(counts) == 2
    assert min(counts.values()) >= 10, counts


def test_hup_fails_no_request(shop):
    before = pids_that_answer(shop)
    with load(shop, 5) as kept, load(shop, 5, requests_a_connection=20) as short:
        shop.signal(signal.SIGHUP)
    wait_until(lambda: "All workers are replaced" in shop.output, 20, "the replacement")

    assert (set(kept), set(short)) == ({"answered"}, {"answered"}), (kept, short)
    assert kept["answered"] > 1000
    assert not before & pids_that_answer(shop)


def test_a_worker_that_dies_while_another_drains_is_replaced(shop):
    """The parent waited for the drain, which a long poll makes as long as it likes."""
    replacements = shop.output.count("All workers are replaced")
    with connect(shop, b"GET /?s=30 HTTP/1.1\r\nHost: a\r\n\r\n") as poll:
        time.sleep(0.3)
        shop.signal(signal.SIGHUP)
        wait_until(
            lambda: shop.output.count("All workers are replaced") > replacements, 20, "the replacement"
        )
        before = pids_that_answer(shop)
        os.kill(min(before), signal.SIGKILL)
        wait_until(lambda: pids_that_answer(shop) - before, 10, "the next worker")
        poll.settimeout(0.01)
        with pytest.raises(TimeoutError):
            poll.recv(1)  # the drain goes on


@pytest.mark.parametrize("options", [(), ("--workers", "2")])
def test_term_loses_nothing_that_was_accepted(tmp_path, options):
    """Connections that waited at the listener, or came to it while workers drained, were reset."""
    with (
        serving(tmp_path, *options) as program,
        load(program, 2) as kept,
        load(program, 2, requests_a_connection=5) as short,
    ):
        program.signal(signal.SIGTERM)
        code = program.exit_code(20)

    assert code == 0
    assert {*kept, *short} == {"answered", "refused"}, (kept, short)


def test_a_worker_that_is_killed_under_load(shop):
    """Only what it had in hand is lost: at most one request for each of its connections."""
    before = pids_that_answer(shop)
    victim = min(before)
    with load(shop, 4) as counts:
        os.kill(victim, signal.SIGKILL)
        killed_at = time.monotonic()
        wait_until(lambda: pids_that_answer(shop) - before, 10, "the next worker")
        took_s = time.monotonic() - killed_at

    assert took_s < 4  # 1.3 s on two processors that have nothing else to do
    assert counts["answered"] > 50 * (sum(counts.values()) - counts["answered"])
