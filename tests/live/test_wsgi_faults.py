"""What breaks, or is broken on purpose: clients that hold on or vanish, handlers that fail, tables that are full."""

import signal
import socket
import subprocess
import sys
import time
from contextlib import ExitStack, suppress
from email.utils import parsedate_to_datetime
from pathlib import Path

import pytest
from brubeck.core.client import SocketClient
from serving import ask_at_once, free_port, wait_until
from wsgi_clients import (
    SITE,
    allow_descriptors,
    connect,
    latencies,
    p99,
    read_all,
    reset,
    settled,
    site,
    stats,
)

MIB = 1024 * 1024
HELLO = b"GET /hello HTTP/1.1\r\nHost: a\r\n\r\n"
SLACK_S = 0.25
"""Within this the 99th percentile of others stays; a machine that others share has its own hiccups."""


@pytest.fixture(scope="module")
def program(tmp_path_factory):
    allow_descriptors(8192)
    with site(tmp_path_factory.mktemp("faults")) as program:
        SocketClient(program.url).get("/stats")
        yield program


def held(stack, connections):
    return [stack.enter_context(connection) for connection in connections]


# Clients that hold on


def test_half_a_head_on_many_connections(program):
    with ExitStack() as stack:
        held(stack, (connect(program, b"GET /hello HTTP/1.1\r\nHost") for _ in range(500)))

        assert p99(latencies(program)) < SLACK_S


def test_many_idle_connections(program):
    with ExitStack() as stack:
        for connection in held(stack, (connect(program, HELLO) for _ in range(1000))):
            assert connection.recv(4096).endswith(b"hello")

        assert p99(latencies(program)) < SLACK_S


def test_an_idle_connection_costs_little(tmp_path):
    """10,000 were measured at the same cost each."""
    count = 2000
    allow_descriptors(2 * count + 200)
    with site(tmp_path) as program, ExitStack() as stack:
        ask_at_once(program.port, "/hello", 200)
        before = stats(program)["rss"]
        for connection in held(stack, (connect(program, HELLO) for _ in range(count))):
            connection.recv(4096)

        assert (stats(program)["rss"] - before) / count < 12 * 1024


# Clients that vanish


def test_connections_that_are_reset(program):
    before = stats(program)["descriptors"]
    for number in range(1000):
        reset(connect(program, HELLO if number % 2 else b""))

    assert settled(program, "descriptors", before + 5) <= before + 5


@pytest.mark.parametrize("path", [b"/download?mib=4", b"/whole?mib=4"])
def test_downloads_that_are_reset(program, path):
    before = stats(program)
    for _ in range(100):
        connection = connect(program, b"GET %b HTTP/1.1\r\nHost: a\r\n\r\n" % path)
        connection.recv(1000)
        reset(connection)

    assert settled(program, "descriptors", before["descriptors"] + 5) <= before["descriptors"] + 5
    assert stats(program)["rss"] - before["rss"] < 64 * MIB


def test_uploads_that_are_reset(program):
    before = stats(program)["descriptors"]
    for number in range(300):
        path = (b"/upload", b"/hello", b"/ignore")[number % 3]
        head = b"POST %b HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n" % path
        reset(connect(program, head + bytes(50_000)))

    assert settled(program, "descriptors", before + 5) <= before + 5


def test_readers_that_stop(program):
    before = stats(program)["rss"]
    with ExitStack() as stack:
        held(
            stack,
            (
                connect(program, b"GET /whole?mib=4 HTTP/1.1\r\nHost: a\r\n\r\n", receive_bytes=4096)
                for _ in range(50)
            ),
        )

        assert p99(latencies(program)) < SLACK_S
        assert stats(program)["rss"] - before < 300 * MIB


@pytest.mark.parametrize("leave", [socket.socket.close, reset, lambda gone: gone.shutdown(socket.SHUT_WR)])
def test_a_handler_is_told_that_its_client_left(program, leave):
    before = stats(program)
    connection = connect(program, b"GET /slow?s=30 HTTP/1.1\r\nHost: a\r\n\r\n")
    time.sleep(0.2)
    leave(connection)

    wait_until(lambda: stats(program)["disconnected"] == before["disconnected"] + 1, 3, "the notice")
    assert stats(program)["finished"] == before["finished"] + 1
    connection.close()


def test_one_who_leaves_breaks_nothing_for_the_next_of_the_same_greenlet(program):
    for _ in range(20):
        gone = connect(program, b"GET /slow?s=30 HTTP/1.1\r\nHost: a\r\n\r\n")
        time.sleep(0.02)
        reset(gone)
        assert SocketClient(program.url).get("/slow?s=0.02").text == "slept"

    assert "Traceback" not in program.output


# Failures


def test_handlers_that_fail(program):
    answers, _ = ask_at_once(program.port, "/failing", 300)

    assert all(answer.startswith(b"HTTP/1.1 500 ") for answer in answers)
    assert not any(b"secret" in answer or b"Traceback" in answer or b".py" in answer for answer in answers)


def test_more_connections_than_descriptors(tmp_path):
    with site(tmp_path, nofile=90, keep_alive_timeout_s=1.0, header_timeout_s=1.0) as program:
        with ExitStack() as stack:
            held(stack, (connect(program) for _ in range(150)))
            time.sleep(0.6)
            before = cpu_seconds(program)
            time.sleep(0.5)
            spent = cpu_seconds(program) - before
        begun = time.monotonic()
        answer = SocketClient(program.url).get("/hello")

    assert spent < 0.25
    assert answer.text == "hello"
    assert time.monotonic() - begun < 3


@pytest.mark.parametrize("step_s", [3600, -3600])
def test_a_clock_that_is_stepped_hurries_and_holds_nobody(tmp_path, step_s):
    with site(tmp_path, header_timeout_s=1.5) as program, connect(program, HELLO) as idle:
        idle.recv(4096)
        SocketClient(program.url).post(f"/clock?s={step_s}")
        with connect(program, b"GET /hello HTTP/1.1\r\n") as slow:
            begun = time.monotonic()
            cut = read_all(slow)
            took_s = time.monotonic() - begun
        idle.sendall(HELLO)
        answer = idle.recv(4096)

    stepped = parsedate_to_datetime(answer.partition(b"Date: ")[2].partition(b"\r\n")[0].decode())
    assert cut.startswith(b"HTTP/1.1 408 ")
    assert 1 < took_s < 4
    assert answer.endswith(b"hello")
    assert abs(stepped.timestamp() - time.time() - step_s) < 10


def cpu_seconds(program):
    fields = Path(f"/proc/{program.process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / 100


def test_a_request_in_flight_survives_sigterm(tmp_path):
    with site(tmp_path) as program:
        with connect(program, b"GET /slow?s=1 HTTP/1.1\r\nHost: a\r\n\r\n") as connection:
            time.sleep(0.2)
            program.signal(signal.SIGTERM)
            answer = read_all(connection)
        code = program.exit_code(5)

    assert answer.endswith(b"slept")
    assert code == 0


@pytest.mark.parametrize("stderr", ["/dev/full", None])
def test_a_log_that_cannot_be_written(tmp_path, stderr):
    port = free_port()
    command = [sys.executable, str(SITE), str(port), "access_log=common"]
    shell = f"exec {' '.join(command)} 2>{stderr or '&-'}"
    server = subprocess.Popen(["sh", "-c", shell], cwd=tmp_path, stdout=subprocess.DEVNULL)
    client = SocketClient(f"http://127.0.0.1:{port}")
    try:
        wait_until(lambda: answers(client), 10, "an answer")
        statuses = [client.get("/failing").status_code, client.get("/hello").status_code]
    finally:
        server.terminate()
        server.wait(10)

    assert statuses == [500, 200]


def answers(client):
    with suppress(OSError):
        return client.get("/hello").status_code == 200
