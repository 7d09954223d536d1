"""The full sizes of what the other tests of the embedded server do in small. `nox -s soak`, or

pytest -m soak tests/live/test_wsgi_soak.py -s

`BRUBECK_SOAK_S` says how long the mixed load lasts; ten minutes by default.
"""

import hashlib
import os
import random
import threading
import time
from contextlib import ExitStack, suppress

import pytest
from brubeck.core.client import SocketClient
from serving import wait_until
from wsgi_clients import allow_descriptors, connect, latencies, p99, reset, settled, site, stats

pytestmark = pytest.mark.soak
MIB = 1024 * 1024
COUNT = 10_000
HELLO = b"GET /hello HTTP/1.1\r\nHost: a\r\n\r\n"
SOAK_S = float(os.environ.get("BRUBECK_SOAK_S", "600"))


def warm(program):
    """Have the process hold what it will hold anyway, so that only what a test adds is counted."""
    for _ in range(300):
        with connect(program, HELLO) as connection:
            connection.recv(4096)


def test_ten_thousand_idle_connections_cost_12_kib_each(tmp_path):
    allow_descriptors(COUNT + 200)
    with site(tmp_path, keep_alive_timeout_s=120) as program, ExitStack() as stack:
        warm(program)
        before = stats(program)["rss"]
        for _ in range(COUNT):
            connection = stack.enter_context(connect(program, HELLO))
            assert connection.recv(4096).endswith(b"hello")
        each = (stats(program)["rss"] - before) / COUNT
        delay = p99(latencies(program))

    print(f"{each:.0f} bytes a connection; p99 of others {1000 * delay:.1f} ms")
    assert each < 12 * 1024
    assert delay < 0.25


def test_ten_thousand_long_polls_are_all_answered_at_once(tmp_path):
    allow_descriptors(COUNT + 200)
    with site(tmp_path, pool=COUNT + 100) as program, ExitStack() as stack:
        before = stats(program)["rss"]
        request = b"GET /poll HTTP/1.1\r\nHost: a\r\n\r\n"
        waiting = [stack.enter_context(connect(program, request)) for _ in range(COUNT)]
        wait_until(lambda: p99(latencies(program)) < 0.25, 30, "calm")
        each = (stats(program)["rss"] - before) / COUNT
        begun = time.monotonic()
        SocketClient(program.url).post("/publish")
        answers = sum(connection.recv(4096).endswith(b"news") for connection in waiting)
        took_s = time.monotonic() - begun

    print(f"{each:.0f} bytes a long poll; {answers} answered in {took_s:.2f} s")
    assert answers == COUNT


def test_a_gibibyte_in(tmp_path):
    with site(tmp_path) as program:
        piece, digest, length = os.urandom(MIB), hashlib.md5(), 1024 * MIB
        head = b"POST /upload HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % length
        SocketClient(program.url).post("/resetpeak")
        before = stats(program)["rss"]
        with connect(program, head) as connection:
            for _ in range(1024):
                connection.sendall(piece)
                digest.update(piece)
            answer = connection.recv(4096)
        growth = stats(program)["peak"] - before

    print(f"the peak moved by {growth / MIB:.1f} MiB")
    assert answer.endswith(f"{length} {digest.hexdigest()}".encode())
    assert growth < 20 * MIB


def test_a_gibibyte_out(tmp_path):
    with site(tmp_path) as program:
        SocketClient(program.url).post("/resetpeak")
        before = stats(program)["rss"]
        with connect(program, b"GET /download?mib=1024 HTTP/1.0\r\nHost: a\r\n\r\n") as connection:
            size = sum(len(piece) for piece in iter(lambda: connection.recv(1 << 20), b""))
        growth = stats(program)["peak"] - before

    print(f"the peak moved by {growth / MIB:.1f} MiB")
    assert size > 1024 * MIB
    assert growth < 20 * MIB


class Mixed(threading.Thread):
    """A client that asks on and on, and does something wrong once in a hundred times."""

    def __init__(self, program, seed, deadline):
        super().__init__(daemon=True)
        self.program, self.deadline = program, deadline
        self.numbers = random.Random(seed)
        self.asked = 0
        self.wrong = []

    def run(self):
        while time.monotonic() < self.deadline:
            with connect(self.program) as connection, suppress(ConnectionError):
                self.use(connection)

    def use(self, connection):
        while time.monotonic() < self.deadline:
            if self.numbers.random() < 0.01:
                self.misbehave(connection)
                return
            self.ask(connection)

    def ask(self, connection):
        size = self.numbers.randrange(3000)
        head = b"POST /hello HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % size
        connection.sendall(head + bytes(size))
        answer = connection.recv(4096)
        self.asked += 1
        if not (answer.startswith(b"HTTP/1.1 200 ") and answer.endswith(b"\r\n\r\n%d" % size)):
            self.wrong.append(answer)

    def misbehave(self, connection):
        fault = self.numbers.choice(
            (
                b"GET /slow?s=30 HTTP/1.1\r\nHost: a\r\n\r\n",
                b"GET /whole?mib=4 HTTP/1.1\r\nHost: a\r\n\r\n",
                b"GET /failing HTTP/1.1\r\nHost: a\r\n\r\n",
                b"POST /upload HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\nabc",
                b"POST /upload HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nffff",
                b"GET / HTTP/1.1\r\nHost : a\r\n\r\n",
                b"GET / HTTP/1.1\r\nHo",
                self.numbers.randbytes(200),
            )
        )
        connection.sendall(fault)
        if self.numbers.random() < 0.5:
            time.sleep(0.01)
        if self.numbers.random() < 0.5:
            reset(connection)


def test_minutes_of_load_with_faults_leave_nothing_behind(tmp_path):
    with site(tmp_path) as program:
        rounds = []
        for number in range(4):
            deadline = time.monotonic() + SOAK_S / 4
            clients = [Mixed(program, 100 * number + seed, deadline) for seed in range(16)]
            for client in clients:
                client.start()
            for client in clients:
                client.join()
            wrong = [answer for client in clients for answer in client.wrong]
            assert wrong == []
            settled(program, "descriptors", 20)
            rounds.append((sum(client.asked for client in clients), stats(program)))
    asked = sum(count for count, _ in rounds[1:])
    first, last = rounds[0][1], rounds[-1][1]
    slope = (last["rss"] - first["rss"]) / asked * 100_000

    print(f"{asked} requests behind the first round; {slope / MIB:.3f} MiB each 100,000")
    assert slope < MIB
    assert last["descriptors"] <= first["descriptors"] + 3
