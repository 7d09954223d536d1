"""More than anybody should send: endless heads, pipelines nobody reads, a chunk a byte, bodies nobody asked for."""

import hashlib
import socket
import subprocess
import threading
import time
from contextlib import ExitStack, suppress

import pytest
from brubeck.core.client import SocketClient
from serving import ask_at_once
from wsgi_clients import allow_descriptors, connect, latencies, p99, read_all, settled, site, stats

MIB = 1024 * 1024
STREAMED_MIB = 128
HELLO = b"GET /hello HTTP/1.1\r\nHost: a\r\n\r\n"


@pytest.fixture(scope="module")
def program(tmp_path_factory):
    allow_descriptors(8192)
    with site(tmp_path_factory.mktemp("floods")) as program:
        SocketClient(program.url).get("/stats")
        yield program


def peak_growth(program, function):
    """Return by how much *function* moved the peak of the server's memory."""
    SocketClient(program.url).post("/resetpeak")
    before = stats(program)["rss"]
    function()
    return stats(program)["peak"] - before


def send_all_it_takes(connection, data):
    """Send *data* until the server takes no more; return how much it took."""
    connection.settimeout(0.5)
    sent = 0
    with suppress(OSError):
        while sent < len(data):
            sent += connection.send(data[sent : sent + 65536])
    return sent


def test_heads_without_end(program):
    def flood():
        with ExitStack() as stack:
            for number in range(60):
                connection = stack.enter_context(connect(program, b"GET / HTTP/1.1\r\nHost: a\r\n"))
                filler = (b"X: " + b"y" * 1_000_000, b"X-Header: value\r\n" * 60_000)[number % 2]
                send_all_it_takes(connection, filler)

    assert peak_growth(program, flood) < 30 * MIB


def test_a_head_that_is_too_long_is_told_so(program):
    with connect(program, b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"y" * 40_000) as connection:
        answer = read_all(connection)

    assert answer.startswith(b"HTTP/1.1 431 ")


def test_a_pipeline_that_nobody_reads(program):
    def flood():
        with connect(program, receive_bytes=4096) as connection:
            send_all_it_takes(connection, HELLO * 200_000)
            assert p99(latencies(program)) < 0.25

    assert peak_growth(program, flood) < 20 * MIB


def test_a_pipeline_whose_end_is_announced_is_answered_whole(program):
    """A client that sends all and shuts down its side got 32 answers."""
    with connect(program, HELLO * 1000) as connection:
        connection.shutdown(socket.SHUT_WR)
        answer = read_all(connection)

    assert answer.count(b"HTTP/1.1 200 ") == 1000


def test_a_pipeline_behind_a_handler_that_sleeps(program):
    def flood():
        with connect(program, b"GET /slow?s=2 HTTP/1.1\r\nHost: a\r\n\r\n") as connection:
            assert send_all_it_takes(connection, HELLO * 600_000) < 18 * MIB

    assert peak_growth(program, flood) < 5 * MIB


def test_a_chunk_for_each_byte(program):
    count = 200_000
    before = stats(program)["cpu"]
    with connect(
        program, b"POST /upload HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
    ) as connection:
        sender = threading.Thread(target=connection.sendall, args=(b"1\r\nx\r\n" * count + b"0\r\n\r\n",))
        sender.start()
        others = p99(latencies(program))
        answer = connection.recv(4096)
        sender.join()

    assert f"{count} {hashlib.md5(b'x' * count).hexdigest()}".encode() in answer
    assert stats(program)["cpu"] - before < 6
    assert others < 1


def test_an_upload_that_the_handler_ignores(program):
    def flood():
        head = b"POST /ignore HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % (48 * MIB)
        with connect(program, head) as connection:
            send_all_it_takes(connection, bytes(48 * MIB))
            assert read_all(connection).endswith(b"no, thanks")

    assert peak_growth(program, flood) < 10 * MIB
    assert SocketClient(program.url).get("/hello").text == "hello"


def test_a_body_that_streams_in(program):
    piece, digest = bytes(range(256)) * 4096, hashlib.md5()
    for _ in range(STREAMED_MIB):
        digest.update(piece)

    def upload():
        head = b"POST /upload HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % (STREAMED_MIB * MIB)
        with connect(program, head) as connection:
            for _ in range(STREAMED_MIB):
                connection.sendall(piece)
            assert digest.hexdigest().encode() in connection.recv(4096)

    assert peak_growth(program, upload) < 20 * MIB


def test_a_body_that_streams_out(program):
    def download():
        request = f"GET /download?mib={STREAMED_MIB} HTTP/1.0\r\nHost: a\r\n\r\n".encode()
        with connect(program, request) as connection:
            size = sum(len(piece) for piece in iter(lambda: connection.recv(1 << 20), b""))
        assert size > STREAMED_MIB * MIB

    assert peak_growth(program, download) < 20 * MIB


def test_many_short_connections(program):
    def ask_all():
        for _ in range(500):
            with connect(program, HELLO.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")) as connection:
                answered.append(read_all(connection).endswith(b"hello"))

    answered = []
    threads = [threading.Thread(target=ask_all) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert answered == [True] * 2000


def test_a_handler_that_is_stuck_holds_nobody(program):
    with connect(program, b"GET /slow?s=30 HTTP/1.1\r\nHost: a\r\n\r\n"):
        assert p99(latencies(program)) < 0.05


def test_full_and_waiting(tmp_path):
    with site(tmp_path, pool=10) as program:
        answers, took = ask_at_once(program.port, "/slow?s=0.2", 50)
        begun = time.monotonic()
        after = SocketClient(program.url).get("/hello").text

    assert all(answer.endswith(b"slept") for answer in answers)
    assert took >= 1.0
    assert (after, time.monotonic() - begun < 1) == ("hello", True)


def test_full_and_refusing(tmp_path):
    with site(tmp_path, pool=10, when_full="refuse") as program:
        answers, _ = ask_at_once(program.port, "/slow?s=0.5", 50)
        after = SocketClient(program.url).get("/hello").text

    refused = [answer for answer in answers if answer.startswith(b"HTTP/1.1 503 ")]
    assert len(refused) == 40
    assert all(b"\r\nRetry-After: 1\r\n" in answer for answer in refused)
    assert after == "hello"


def test_context_variables_do_not_leak_between_requests(program):
    """A worker greenlet answers many requests; what one put into a context variable was seen by the next."""
    client = SocketClient(program.url)
    with connect(program, b"GET /context HTTP/1.1\r\nHost: a\r\n\r\n" * 3) as connection:
        time.sleep(0.2)
        pipelined = connection.recv(65536)

    assert [client.get("/context").text for _ in range(3)] == ["nobody"] * 3
    assert pipelined.count(b"nobody") == 3


def test_connections_are_forgotten(program):
    before = stats(program)["descriptors"]
    with ExitStack() as stack:
        for _ in range(100):
            stack.enter_context(connect(program, HELLO))

    assert settled(program, "descriptors", before) <= before


@pytest.mark.live("wrk")
def test_posts_on_the_same_connections_leave_nothing_behind(program, tmp_path):
    script = tmp_path / "post.lua"
    script.write_text('wrk.method = "POST"\nwrk.body = string.rep("x", 2000)\n')
    command = ["wrk", "-t1", "-c50", "-s", str(script), f"{program.url}/hello"]
    subprocess.run([*command, "-d1s"], check=True, capture_output=True)
    before = stats(program)["rss"]
    report = subprocess.run([*command, "-d3s"], check=True, capture_output=True, text=True).stdout

    assert "Non-2xx" not in report
    assert "Socket errors" not in report, report
    assert stats(program)["rss"] - before < 5 * MIB


def test_a_handler_that_computes_stalls_others_no_longer_than_it_computes(program):
    with connect(program, b"GET /computing?s=0.2 HTTP/1.1\r\nHost: a\r\n\r\n") as busy:
        worst = latencies(program)[-1]
        answer = busy.recv(4096)

    assert answer.endswith(b"computed")
    assert worst < 0.2 + 0.25
