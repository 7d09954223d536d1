"""What a client sees behind a real Mongrel2: order, closing, uploads, streams, and a server that comes and goes."""

from __future__ import annotations

import hashlib
import http.client
import socket
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from typing import Any

import gevent
import pytest
from brubeck.core.application import Brubeck
from brubeck.core.errors import ClientDisconnected
from brubeck.core.handlers import WebMessageHandler
from brubeck.mongrel2 import Mongrel2Connection
from mongrel2_server import Mongrel2, in_thread, raw_exchange, wait_until

pytestmark = pytest.mark.live("mongrel2")

MIB = 1024 * 1024


class NumberHandler(WebMessageHandler):
    def get(self, number: str) -> str:
        if int(number) % 3 == 0:
            gevent.sleep(0.002)
        return f"<{number}>"


class SleepHandler(WebMessageHandler):
    seen: list[str] = []

    def get(self) -> str:
        self.seen.append("begun")
        try:
            gevent.sleep(float(self.get_argument("s", "0.01")))
        except ClientDisconnected:
            self.seen.append("interrupted")
            raise
        self.seen.append("done")
        return self.get_argument("word", "slept")


class HashHandler(WebMessageHandler):
    def post(self) -> str:
        digest, size, stream = hashlib.sha256(), 0, self.message.stream
        while piece := stream.read(65536):
            digest.update(piece)
            size += len(piece)
        return f"{size} {digest.hexdigest()}"


def pieces(mib: int) -> Iterator[bytes]:
    """Yield *mib* MiB in pieces of which no two neighbours are the same."""
    return (bytes([number % 251]) * 65536 for number in range(16 * mib))


def digest_of(parts: Iterable[bytes | memoryview]) -> str:
    digest = hashlib.sha256()
    for part in parts:
        digest.update(part)
    return digest.hexdigest()


class DownloadHandler(WebMessageHandler):
    def get(self) -> Iterator[bytes]:
        return pieces(int(self.get_argument("mib", "1")))


class TickHandler(WebMessageHandler):
    def get(self) -> Iterator[bytes]:
        for number in range(int(self.get_argument("n", "5"))):
            yield b"data: %d\n\n" % number
            gevent.sleep(float(self.get_argument("s", "0.05")))


class LengthHandler(WebMessageHandler):
    """Streams an answer that holds another, and announces what the query says."""

    def get(self) -> Iterator[bytes]:
        self.headers["Content-Length"] = self.get_argument("n", "")
        return iter([b"short", b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil"])


class AddressHandler(WebMessageHandler):
    def get(self) -> str:
        return f"{self.message.remote_addr} {self.message.scheme}"


ROUTES = [
    (r"^/number/(\d+)$", NumberHandler),
    (r"^/sleep$", SleepHandler),
    (r"^/hash$", HashHandler),
    (r"^/download$", DownloadHandler),
    (r"^/ticks$", TickHandler),
    (r"^/address$", AddressHandler),
    (r"^/length$", LengthHandler),
]


@contextmanager
def serving(server: Mongrel2, **options: Any) -> Iterator[Mongrel2Connection]:
    connection = Mongrel2Connection(*server.pair, upload_folder=server.upload_folder, **options)
    with in_thread(Brubeck(msg_conn=connection, handler_tuples=ROUTES)):
        wait_until(lambda: connection.is_taking, what="the connection")
        yield connection


@pytest.fixture(scope="module")
def server() -> Iterator[Mongrel2]:
    with Mongrel2(content_length=100_000, options={"no_clobber_xff": "1"}) as server:
        yield server


@pytest.fixture
def connection(server: Mongrel2) -> Iterator[Mongrel2Connection]:
    SleepHandler.seen.clear()
    with serving(server) as connection:
        yield connection


def ask(
    server: Mongrel2, path: str, method: str = "GET", body: Any = None, **headers: str
) -> tuple[int, bytes]:
    client = http.client.HTTPConnection(*server.address, timeout=10)
    try:
        client.request(method, path, body, headers)
        response = client.getresponse()
        return response.status, response.read()
    finally:
        client.close()


@pytest.mark.usefixtures("connection")
class TestOrder:
    def test_pipelined_requests_are_answered_in_order(self, server: Mongrel2) -> None:
        count = 60
        data = b"".join(b"GET /number/%d HTTP/1.1\r\nHost: x\r\n\r\n" % number for number in range(count))
        received = raw_exchange(server.address, data, until=b"<%d>" % (count - 1))

        numbers = [int(part.partition(b">")[0]) for part in received.split(b"<")[1:]]
        assert numbers == list(range(count))

    def test_more_can_be_pipelined_than_mongrel2_lets_wait(self, server: Mongrel2) -> None:
        """Answers made in one go were sent in one go, and with the seventeenth Mongrel2 ended the connection."""
        request = b"GET /address HTTP/1.1\r\nHost: x\r\n\r\n"
        last = b"GET /address HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
        received = raw_exchange(server.address, 99 * request + last)

        assert received.count(b"127.0.0.1 http") == 100

    def test_many_sleepers_sleep_together(self, server: Mongrel2) -> None:
        with ThreadPoolExecutor(100) as pool:
            began = time.monotonic()
            answers = list(pool.map(lambda _: ask(server, "/sleep?s=0.5"), range(100)))

        assert all(answer == (200, b"slept") for answer in answers)
        assert time.monotonic() - began < 3


@pytest.mark.usefixtures("connection")
class TestClosing:
    def test_http_1_0_is_closed(self, server: Mongrel2) -> None:
        received = raw_exchange(server.address, b"GET /number/1 HTTP/1.0\r\n\r\n")

        assert received.endswith(b"<1>")

    def test_connection_close_is_honoured(self, server: Mongrel2) -> None:
        received = raw_exchange(
            server.address, b"GET /number/1 HTTP/1.1\r\nHost: x\r\nConnection: Close\r\n\r\n"
        )

        assert b"Connection: close\r\n" in received

    def test_two_lengths_are_refused_and_the_connection_closed(self, server: Mongrel2) -> None:
        head = b"POST /hash HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nContent-Length: 30\r\n\r\nabc"

        assert raw_exchange(server.address, head).startswith(b"HTTP/1.1 400 ")

    def test_a_client_that_leaves_interrupts_a_get(self, server: Mongrel2) -> None:
        with socket.create_connection(server.address) as client:
            client.sendall(b"GET /sleep?s=5 HTTP/1.1\r\nHost: x\r\n\r\n")
            wait_until(lambda: SleepHandler.seen, what="the handler")

        wait_until(lambda: "interrupted" in SleepHandler.seen, what="the interruption")


@pytest.mark.usefixtures("connection")
class TestUploads:
    def test_a_parked_upload_arrives_and_is_deleted(self, server: Mongrel2) -> None:
        body = bytes(range(256)) * 8192

        status, text = ask(server, "/hash", "POST", body)

        assert (status, text.decode()) == (200, f"{len(body)} {hashlib.sha256(body).hexdigest()}")
        assert not list(server.upload_folder.iterdir())

    def test_a_chunked_upload_arrives(self, server: Mongrel2) -> None:
        pieces = [b"a" * 1000] * 50
        client = http.client.HTTPConnection(*server.address, timeout=10)
        client.request("POST", "/hash", iter(pieces), {"Transfer-Encoding": "chunked"}, encode_chunked=True)
        response = client.getresponse()
        text = response.read().decode()
        client.close()

        assert text == f"50000 {hashlib.sha256(b''.join(pieces)).hexdigest()}"

    def test_what_is_pipelined_behind_an_upload_is_cut_off(self, server: Mongrel2) -> None:
        body = b"x" * 200_000
        head = b"POST /hash HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % len(body)
        received = raw_exchange(
            server.address,
            head + body + b"GET /number/1 HTTP/1.1\r\nHost: x\r\n\r\n",
            until=b"\r\n\r\n200000 ",
        )

        assert b"200000 " in received

    def test_forged_headers_open_nothing(self, server: Mongrel2, tmp_path: Any) -> None:
        target = tmp_path / "secret"
        target.write_text("secret")
        forged = {"X-Mongrel2-Upload-Start": str(target), "X-Mongrel2-Upload-Done": str(target)}

        for body in (b"", b"abc"):
            status, text = ask(server, "/hash", "POST", body, **forged)
            assert (status, text[:2]) == (200, b"%d " % len(body))
        assert target.read_text() == "secret"


@pytest.mark.usefixtures("connection")
class TestStreams:
    def test_a_fast_client_gets_all(self, server: Mongrel2) -> None:
        status, body = ask(server, "/download?mib=30")

        assert (status, digest_of([body])) == (200, digest_of(pieces(30)))

    def test_a_slow_client_gets_all(self, server: Mongrel2) -> None:
        received = read_slowly(server.address, "/download?mib=12", bytes_per_s=6 * MIB)

        assert received == digest_of(pieces(12))

    @pytest.mark.parametrize("length", [5, 1000])
    def test_a_stream_of_another_length_than_announced_ends_the_connection(
        self, server: Mongrel2, length: int, caplog: pytest.LogCaptureFixture
    ) -> None:
        """What is too much would be the answer to the next request, which waits here already."""
        caplog.set_level("CRITICAL")
        ask_for = b"GET /length?n=%d HTTP/1.1\r\nHost: x\r\n\r\n" % length
        received = raw_exchange(server.address, ask_for + b"GET /address HTTP/1.1\r\nHost: x\r\n\r\n")

        assert received.partition(b"\r\n\r\n")[0].endswith(b"Content-Length: %d" % length)
        if length == 5:
            assert b"evil" not in received

    def test_small_events_arrive_as_they_are_made(self, server: Mongrel2) -> None:
        received = raw_exchange(
            server.address, b"GET /ticks?n=40&s=0.003 HTTP/1.1\r\nHost: x\r\n\r\n", until=b"0\r\n\r\n"
        )

        assert received.count(b"data: ") == 40


def read_slowly(address: tuple[str, int], path: str, bytes_per_s: float) -> str:
    """Read a chunked answer at *bytes_per_s* with a small receive buffer; return the SHA-256 of its content."""
    with socket.socket() as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
        client.settimeout(30)
        client.connect(address)
        client.sendall(b"GET %b HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n" % path.encode())
        received, began = bytearray(), time.monotonic()
        while piece := client.recv(65536):
            received += piece
            time.sleep(max(0.0, len(received) / bytes_per_s - (time.monotonic() - began)))
    return digest_of(chunks_of(received))


def chunks_of(received: bytearray) -> Iterator[memoryview]:
    """Yield the chunks of a whole answer."""
    begin, view = received.index(b"\r\n\r\n") + 4, memoryview(received)
    while True:
        end = received.index(b"\r\n", begin)
        size = int(received[begin:end], 16)
        yield view[end + 2 : end + 2 + size]
        begin = end + 2 + size + 2
        if not size:
            break
    assert begin == len(received)


class TestFronts:
    def test_a_stranger_is_not_believed(self, server: Mongrel2) -> None:
        with serving(server):
            answer = ask(server, "/address", **{"X-Forwarded-For": "9.9.9.9", "X-Forwarded-Proto": "https"})

        assert answer == (200, b"127.0.0.1 http")

    def test_a_trusted_front_is(self, server: Mongrel2) -> None:
        with serving(server, trusted_fronts=("127.0.0.0/8", "10.0.0.1")):
            forwarded = {"X-Forwarded-For": "1.1.1.1, 9.9.9.9, 10.0.0.1", "X-Forwarded-Proto": "https"}
            answer = ask(server, "/address", **forwarded)

        assert answer == (200, b"9.9.9.9 https")


class TestRestart:
    @pytest.mark.parametrize("keep_ident", [False, True])
    def test_a_late_answer_reaches_nobody(self, keep_ident: bool) -> None:
        """Connection ids start again at 1, so an answer from before would reach a stranger."""
        with Mongrel2() as server, serving(server) as connection:
            with socket.create_connection(server.address) as old:
                old.sendall(b"GET /sleep?s=2&word=STALE HTTP/1.1\r\nHost: x\r\n\r\n")
                wait_until(lambda: "begun" in SleepHandler.seen, what="the handler")
                server.restart(keep_ident=keep_ident)
            began = time.monotonic()
            with socket.create_connection(server.address, timeout=5) as new:
                new.sendall(b"GET /sleep?s=0.01&word=FRESH HTTP/1.1\r\nHost: x\r\n\r\n")
                received = new.recv(65536)
                assert time.monotonic() - began < 1.5
                new.settimeout(2.5)
                with pytest.raises(TimeoutError):
                    new.recv(65536)

        assert b"FRESH" in received
        assert b"STALE" not in received
        assert connection.counters.stale + SleepHandler.seen.count("interrupted") >= 1


def test_a_stop_with_a_full_pool_loses_nothing() -> None:
    """What lay unread behind the messages that were at work was lost with its socket."""
    SleepHandler.seen.clear()
    with ExitStack() as stack:
        server = stack.enter_context(Mongrel2())
        connection = Mongrel2Connection(*server.pair)
        clients = []
        with in_thread(Brubeck(msg_conn=connection, handler_tuples=ROUTES, pool=2)):
            wait_until(lambda: connection.is_taking, what="the connection")
            for number in range(8):
                clients.append(stack.enter_context(socket.create_connection(server.address, timeout=5)))
                clients[-1].sendall(b"GET /sleep?s=0.1&word=w%d HTTP/1.1\r\nHost: x\r\n\r\n" % number)
            wait_until(lambda: len(SleepHandler.seen) >= 2, what="the first two")
        answers = [client.recv(65536).rpartition(b"\r\n")[2] for client in clients]

    assert answers == [b"w%d" % number for number in range(8)]
