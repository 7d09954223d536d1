"""Clients that are slow on purpose: each kind is cut in time, with the right words, and slows nobody else.

The limits here are small, so that the tests take seconds; the defaults cut all kinds within 30 s by the same code.
"""

import signal
import socket
import subprocess
import sys
import time

import pytest
from brubeck.wsgi import Limits
from serving import wait_until
from wsgi_clients import connect, median_latency, read_all, site

SMALL = {
    "header_timeout_s": 1.0,
    "body_timeout_s": 1.5,
    "keep_alive_timeout_s": 1.0,
    "write_timeout_s": 1.0,
    "rate_grace_s": 1.0,
    "linger_s": 0.5,
}
CUT_WITHIN_S = 5.0
LONG = 1_000_000
SNAILS = """
import socket, sys, time
port, count = int(sys.argv[1]), int(sys.argv[2])
snails = [socket.create_connection(('127.0.0.1', port)) for _ in range(count)]
print('crawling', flush=True)
text = b'GET /' + b'x' * 1000
for byte in text:
    begun = time.monotonic()
    for number, snail in enumerate(snails):
        try:
            snail.send(bytes([byte]))
        except OSError:
            pass
        if number % 10 == 0:
            time.sleep(max(0, begun + number / count - time.monotonic()))
"""


@pytest.fixture(scope="module")
def program(tmp_path_factory):
    with site(tmp_path_factory.mktemp("slow"), **SMALL) as program:
        yield program


def drip(connection, text, pause_s):
    """Send *text* byte by byte, until the server has enough; return its answer and the seconds until it closed."""
    begun, answer = time.monotonic(), b""
    connection.settimeout(pause_s)
    for number in range(len(text)):
        try:
            connection.sendall(text[number : number + 1])
            piece = connection.recv(65536)
        except TimeoutError:
            piece = None
        except ConnectionError:
            break
        if piece == b"":
            break
        answer += piece or b""
        assert time.monotonic() - begun < CUT_WITHIN_S * 2, "was never cut"
    return answer, time.monotonic() - begun


def test_header_lines_that_trickle(program):
    with connect(program, b"GET /hello HTTP/1.1\r\nHost: a\r\n") as connection:
        answer, took = drip(connection, b"X: y\r\n" * 100, 0.1)

    assert answer.startswith(b"HTTP/1.1 408 ")
    assert b"Connection: close" in answer
    assert took < CUT_WITHIN_S


def test_a_target_that_trickles(program):
    with connect(program) as connection:
        answer, took = drip(connection, b"GET /" + b"x" * 200, 0.1)

    assert answer.startswith(b"HTTP/1.1 408 ")
    assert took < CUT_WITHIN_S


def test_a_connection_on_which_nothing_comes(program):
    with connect(program) as connection:
        begun = time.monotonic()
        answer = read_all(connection)

    assert answer == b""
    assert time.monotonic() - begun < CUT_WITHIN_S


def test_keep_alive_that_is_not_used(program):
    with connect(program, b"GET /hello HTTP/1.1\r\nHost: a\r\n\r\n") as connection:
        begun = time.monotonic()
        answer = read_all(connection)

    assert answer.startswith(b"HTTP/1.1 200 ")
    assert answer.count(b"HTTP/1.1") == 1
    assert time.monotonic() - begun < CUT_WITHIN_S


@pytest.mark.parametrize("path", ["/hello", "/upload"])
@pytest.mark.parametrize(
    "framing", [b"Content-Length: 5000", b"Content-Length: 900000", b"Transfer-Encoding: chunked"]
)
def test_a_body_that_trickles(program, path, framing):
    head = b"POST %b HTTP/1.1\r\nHost: a\r\n%b\r\n\r\n" % (path.encode(), framing)
    body = b"fff\r\n" * 100 if b"chunked" in framing else b"x" * 500
    with connect(program, head) as connection:
        answer, took = drip(connection, body, 0.1)

    assert answer.startswith(b"HTTP/1.1 408 "), answer
    assert b"Connection: close" in answer
    assert took < CUT_WITHIN_S


def test_a_short_body_that_comes_slowly_enough_is_awaited(program):
    """It had to be there within the time for the next byte of a long one."""
    length = 4000
    head = b"POST /hello HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: %d\r\n\r\n" % length
    with connect(program, head) as connection:
        answer, took = drip_at(connection, length, bytes_per_s=1000)

    assert answer.endswith(b"\r\n\r\n%d" % length)
    assert took > 2 * SMALL["body_timeout_s"]


def drip_at(connection, length, bytes_per_s):
    """Send *length* bytes in ten pieces a second; return the answer and how long it took."""
    begun = time.monotonic()
    for _ in range(length * 10 // bytes_per_s):
        connection.sendall(bytes(bytes_per_s // 10))
        time.sleep(0.1)
    return read_all(connection), time.monotonic() - begun


def test_a_body_that_stops(program):
    with connect(
        program, b"POST /upload HTTP/1.1\r\nHost: a\r\nContent-Length: 900000\r\n\r\nabc"
    ) as connection:
        answer = read_all(connection)

    assert answer.startswith(b"HTTP/1.1 408 ")


@pytest.mark.parametrize("path", ["/whole?mib=16", "/download?mib=16"])
def test_a_reader_that_stops(program, path):
    request = f"GET {path} HTTP/1.1\r\nHost: a\r\n\r\n".encode()
    with connect(program, request, receive_bytes=4096) as connection:
        wait_until(lambda: has_been_cut(connection), CUT_WITHIN_S, "the cut")
        answer = read_all(connection)

    assert answer.startswith(b"HTTP/1.1 200 ")
    assert len(answer) < 16 * 1024 * 1024


def has_been_cut(connection):
    """Say whether the server has let go of *connection*, without reading from it."""
    return connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1) != b"\x01"  # ESTABLISHED


def test_a_reader_that_takes_a_byte_at_a_time(program):
    with connect(program, b"GET /whole?mib=16 HTTP/1.1\r\nHost: a\r\n\r\n", receive_bytes=4096) as connection:
        begun = time.monotonic()
        while not has_been_cut(connection) and time.monotonic() - begun < CUT_WITHIN_S:
            connection.recv(1)
            time.sleep(0.05)
        was_cut = has_been_cut(connection)

    assert was_cut


def test_the_defaults_cut_all_within_half_a_minute():
    limits = Limits()
    tick_s = 0.5

    assert limits.header_timeout_s + limits.linger_s + tick_s < 30
    assert limits.body_timeout_s + limits.linger_s + tick_s < 30
    assert limits.rate_grace_s + limits.body_timeout_s + tick_s < 30
    assert limits.keep_alive_timeout_s + tick_s < 30
    assert limits.write_timeout_s + tick_s < 30


def test_a_thousand_snails_slow_nobody(tmp_path):
    with site(tmp_path) as program:
        median_latency(program)
        alone = min(median_latency(program) for _ in range(3))
        snails = subprocess.Popen(
            [sys.executable, "-c", SNAILS, str(program.port), "1000"], stdout=subprocess.PIPE
        )
        try:
            assert snails.stdout.readline() == b"crawling\n"
            time.sleep(0.5)
            among_snails = min(median_latency(program) for _ in range(3))
        finally:
            snails.send_signal(signal.SIGKILL)
            snails.communicate()

    assert among_snails < 2 * alone
