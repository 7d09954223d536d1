"""WebSockets of the embedded server beyond the contract: slow and silent clients, limits, TLS, draining, a browser."""

from __future__ import annotations

import asyncio
import logging
import signal
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Event, Thread
from typing import Any

import gevent
import pytest
from browser import Browser
from brubeck.core.application import Brubeck
from brubeck.core.handlers import WebMessageHandler
from brubeck.core.websockets import WebSocketMessageHandler
from brubeck.wsgi import WSGIConnection
from mongrel2_server import free_port, in_thread, is_listening, raw_exchange, wait_until
from serving import started
from websocket_app import ROUTES
from websocket_client import WebSocketClient, handshake
from websocket_client import run_clients as run

HERE = Path(__file__).parent
APP = str(HERE / "websocket_app.py")
MIB = 2**20


class Sending(WebSocketMessageHandler):
    """Sends as many MiB as it is told, and notes what has become of it."""

    told: list[Any] = []

    def on_open(self) -> None:
        self.join("all")

    def on_message(self, data: str | bytes) -> None:
        begin = time.monotonic()
        for number in range(int(data) * 16):
            self.send(bytes([number % 256]) * 65536)
        self.told.append(("sent", time.monotonic() - begin))

    def on_close(self, code: int, reason: str) -> None:
        self.told.append(("closed", code))


class Shouting(Sending):
    """Says as many MiB to the room as it is told."""

    def on_message(self, data: str | bytes) -> None:
        for number in range(int(data) * 16):
            self.broadcast("all", bytes([number % 256]) * 65536)
        self.send("done")

    def on_close(self, code: int, reason: str) -> None:
        self.told.append((self.get_argument("name", ""), code))


@contextmanager
def served(*handlers: tuple[str, Any], **options: Any) -> Iterator[WSGIConnection]:
    Sending.told.clear()
    pool = options.pop("pool", None)
    connection = WSGIConnection(port=0, **options)
    application = Brubeck(msg_conn=connection, handler_tuples=[*handlers, *ROUTES], pool=pool)
    with in_thread(application):
        wait_until(lambda: connection.port != 0 and is_listening(connection.port), what="the port")
        yield connection


def place(connection: WSGIConnection) -> tuple[str, int]:
    return "127.0.0.1", connection.port


async def drain(client: WebSocketClient, size: int) -> bytes:
    """Return the first bytes of the messages that *client* receives until *size* bytes are there."""
    firsts = b""
    while len(firsts) * 65536 < size:
        firsts += (await client.receive())[:1]
    return firsts


class TestSlowClients:
    def test_a_send_waits_for_a_client_that_reads_later(self) -> None:
        async def scenario() -> None:
            client = await WebSocketClient.connect(address, "/send")
            client.send("32")
            await asyncio.sleep(1)
            assert Sending.told == []
            assert await drain(client, 32 * MIB) == bytes(number % 256 for number in range(512))

        with served(("^/send$", Sending)) as connection:
            address = place(connection)
            run(scenario())

    def test_one_that_takes_nothing_is_reset(self) -> None:
        async def scenario() -> None:
            await WebSocketClient.connect(address, "/send", limit=1024)
            client = await WebSocketClient.connect(address, "/send", limit=1024)
            client.send("64")
            await asyncio.sleep(0)
            wait_until(lambda: ("closed", 1006) in Sending.told, what="the end")

        with served(("^/send$", Sending), write_timeout_s=1) as connection:
            address = place(connection)
            run(scenario())

    def test_one_that_takes_too_little_is_reset(self) -> None:
        async def scenario() -> None:
            client = await WebSocketClient.connect(address, "/send", limit=1024)
            client.send("64")
            for _ in range(60):
                await client.reader.read(1000)
                await asyncio.sleep(0.1)
                if Sending.told:
                    break
            assert ("closed", 1006) in Sending.told

        limits = {"write_timeout_s": 60, "min_rate_bytes": MIB * 100, "rate_grace_s": 1}
        with served(("^/send$", Sending), **limits) as connection:
            address = place(connection)
            run(scenario())

    def test_a_room_does_not_wait_for_one_that_does_not_read(self) -> None:
        async def scenario() -> None:
            await WebSocketClient.connect(address, "/shout?name=slow", limit=1024)
            good = [await WebSocketClient.connect(address, "/shout") for _ in range(3)]
            begin = time.monotonic()
            for _ in range(16):
                good[0].send("1")
                for client in good:
                    assert await drain(client, MIB) == bytes(range(16))
                assert await good[0].receive() == "done"
            took = time.monotonic() - begin
            wait_until(lambda: Sending.told == [("slow", 1006)], what="the end of the slow one")
            assert took < 8

        with served(("^/shout$", Shouting)) as connection:
            address = place(connection)
            run(scenario())


class TestSilentClients:
    def test_one_that_answers_pings_stays(self) -> None:
        async def scenario() -> None:
            client = await WebSocketClient.connect(address, "/chat")
            await client.receive()
            for _ in range(4):
                assert await client.frame() == (9, b"")
                client.send(b"", 10)
            client.send("here")
            assert await client.receive() == "here"

        with served(ping_after_s=0.5, lost_after_s=1.5) as connection:
            address = place(connection)
            run(scenario())

    def test_one_that_does_not_is_let_go(self) -> None:
        async def scenario() -> None:
            client = await WebSocketClient.connect(address, "/send")
            assert await client.frame() == (9, b"")
            wait_until(lambda: Sending.told == [("closed", 1006)], what="the end")

        with served(("^/send$", Sending), ping_after_s=0.5, lost_after_s=2) as connection:
            address = place(connection)
            run(scenario())

    def test_one_that_does_not_answer_a_close_is_ended(self) -> None:
        async def scenario() -> None:
            client = await WebSocketClient.connect(address, "/chat")
            client.send("bye")
            await client.receive()
            assert await client.receive() == 4000
            assert await client.ended()

        with served(close_after_s=1) as connection:
            address = place(connection)
            run(scenario())

    def test_they_keep_no_more_connections_than_there_may_be(self) -> None:
        async def scenario() -> None:
            first, _ = [await WebSocketClient.connect(address, "/chat") for _ in range(2)]
            third = asyncio.ensure_future(WebSocketClient.connect(address, "/chat"))
            await asyncio.sleep(1)
            assert not third.done()
            first.abort()
            assert (await asyncio.wait_for(third, 5)).status == 101

        with served(max_connections=2) as connection:
            address = place(connection)
            run(scenario())


class Blocking(WebSocketMessageHandler):
    def on_message(self, data: str | bytes) -> None:
        gevent.sleep(0.5)
        self.send(data)


class TestFullPool:
    def test_messages_wait(self) -> None:
        async def scenario() -> None:
            clients = [await WebSocketClient.connect(address, "/block") for _ in range(4)]
            for client in clients:
                client.send("a")
            assert [await client.receive() for client in clients] == ["a"] * 4

        with served(("^/block$", Blocking), pool=2) as connection:
            address = place(connection)
            run(scenario())

    def test_or_are_told_to_come_later(self) -> None:
        async def scenario() -> None:
            first, second = [await WebSocketClient.connect(address, "/block") for _ in range(2)]
            await asyncio.sleep(0.2)
            first.send("a")
            await asyncio.sleep(0.2)
            second.send("a")
            assert await second.receive() == 1013
            assert await first.receive() == "a"

        with served(("^/block$", Blocking), pool=1, when_full="refuse") as connection:
            address = place(connection)
            run(scenario())


class TestHandshake:
    def test_another_version_is_told_ours(self) -> None:
        with served() as connection:
            address = place(connection)
            data = handshake(address, "/chat", {"Sec-WebSocket-Version": "8"})
            received = raw_exchange(address, data, until=b"WebSocket.")

        assert received.startswith(b"HTTP/1.1 426 ")
        assert b"Sec-WebSocket-Version: 13\r\n" in received
        assert b"\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" in received

    def test_a_refused_one_leaves_the_connection_to_http(self) -> None:
        with served() as connection:
            address = place(connection)
            page = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
            received = raw_exchange(address, handshake(address, "/chat?token=wrong") + page, until=b"a page")

        assert received.startswith(b"HTTP/1.1 401 ")
        assert b"HTTP/1.1 200 OK\r\n" in received

    def test_requests_may_come_before_and_frames_at_once(self) -> None:
        with served() as connection:
            address = place(connection)
            frame = b"\x81\x85\0\0\0\0early"
            data = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n" + handshake(address, "/chat") + frame
            received = raw_exchange(address, data, until=b"early")

        assert received.index(b"a page") < received.index(b"HTTP/1.1 101 ") < received.index(b"\x81\x05early")

    def test_it_is_in_the_access_log(self, caplog: pytest.LogCaptureFixture) -> None:
        async def scenario() -> None:
            await WebSocketClient.connect(address, "/chat")

        caplog.set_level(logging.INFO, "brubeck.access")
        with served(access_log="common") as connection:
            address = place(connection)
            run(scenario())
            wait_until(lambda: '"GET /chat HTTP/1.1" 101 ' in caplog.text, what="the line")


def test_tls(tmp_path: Path) -> None:
    command = "openssl req -x509 -newkey rsa:2048 -nodes -keyout k.pem -out c.pem -days 2 -subj /CN=localhost"
    subprocess.run(command.split(), cwd=tmp_path, check=True, capture_output=True)
    trust = ssl.create_default_context(cafile=tmp_path / "c.pem")

    async def scenario() -> None:
        client = await WebSocketClient.connect(address, "/send", ssl=trust, server_hostname="localhost")
        client.send("8")
        await asyncio.sleep(0.5)
        assert await drain(client, 8 * MIB) == bytes(number % 256 for number in range(128))
        client.send((1000).to_bytes(2, "big"), 8)
        assert await client.receive() == 1000
        assert await client.ended()

    files = {"certfile": tmp_path / "c.pem", "keyfile": tmp_path / "k.pem"}
    with served(("^/send$", Sending), **files) as connection:
        address = place(connection)
        run(scenario())


GUNICORN = (
    "gunicorn",
    "-k",
    "brubeck.wsgi.gunicorn.Worker",
    "--pythonpath",
    str(HERE),
    "websocket_app:app.wsgi",
)


class TestDraining:
    @pytest.mark.parametrize(
        "command", [("brubeck.core.command", "run", APP, "--port", "{}"), (*GUNICORN, "-b", "127.0.0.1:{}")]
    )
    def test_clients_are_told_and_the_program_ends(self, command: tuple[str, ...], tmp_path: Path) -> None:
        port = free_port()
        words = ["-m", *(word.format(port) for word in command)]
        with started(*words, cwd=tmp_path, port=port) as program:
            assert b"a page" in raw_exchange(("127.0.0.1", port), b"GET / HTTP/1.0\r\n\r\n", timeout_s=20)

            async def scenario() -> None:
                idle, busy, ticking = [
                    await WebSocketClient.connect(("127.0.0.1", port), path)
                    for path in ("/chat", "/chat", "/ticks")
                ]
                await idle.receive()
                await busy.receive()
                busy.send("slow")
                await asyncio.sleep(0.1)
                program.signal(signal.SIGTERM)
                assert await idle.receive() == 1001
                assert [await busy.receive(), await busy.receive()] == ["slow", 1001]
                while (told := await ticking.receive()) == "tick":
                    pass
                assert told == 1001
                for client in (idle, busy, ticking):
                    client.send((1001).to_bytes(2, "big"), 8)
                    assert await client.ended()

            run(scenario())
            begin = time.monotonic()
            assert program.exit_code() == 0
            assert time.monotonic() - begin < 3
            assert "Traceback" not in program.output

    def test_one_that_never_answers_is_given_up(self) -> None:
        async def scenario() -> None:
            client = await WebSocketClient.connect(address, "/chat")
            clients.append(client)
            await client.receive()
            await asyncio.get_running_loop().run_in_executor(None, leave)
            assert await client.receive() == 1001

        clients: list[WebSocketClient] = []
        context = served()
        address = place(context.__enter__())

        def leave() -> None:
            begin = time.monotonic()
            context.__exit__(None, None, None)
            assert time.monotonic() - begin < 5

        run(scenario())


@pytest.mark.parametrize("server", ["wsgiref", "gevent"])
def test_a_foreign_server_answers_426(server: str, tmp_path: Path) -> None:
    starts = {
        "wsgiref": "from wsgiref.simple_server import make_server as M; M('127.0.0.1', {port}, app.wsgi)",
        "gevent": "from gevent.pywsgi import WSGIServer as M; M(('127.0.0.1', {port}), app.wsgi)",
    }
    port = free_port()
    start = starts[server].format(port=port)
    (tmp_path / "main.py").write_text(
        f"import sys; sys.path.insert(0, {str(HERE)!r})\nfrom websocket_app import app\n{start}.serve_forever()\n"
    )
    with started("main.py", cwd=tmp_path, port=port):
        address = ("127.0.0.1", port)
        received = raw_exchange(address, handshake(address, "/chat"), until=b"WebSocket.")

    assert received.split()[1] == b"426"


@pytest.mark.parametrize("frame", [b"\x00\x80abcd", b"\x89\x80abcd"], ids=["fragments", "pings"])
def test_others_have_their_turn_in_a_flood_of_small_frames(frame: bytes, tmp_path: Path) -> None:
    """A pause of no length let the loop go on fifty times before it looked at other clients: a second for each."""
    port = free_port()
    address = ("127.0.0.1", port)
    is_over = Event()

    def flood() -> None:
        with socket.create_connection(address, timeout=1) as client, suppress(OSError):
            client.sendall(handshake(address, "/chat") + b"\x01\x80abcd")
            while not is_over.is_set():
                client.sendall(frame * 10_000)

    command = ("-m", "brubeck.core.command", "run", APP, "--port", str(port))
    with started(*command, cwd=tmp_path, port=port):
        flooding = Thread(target=flood)
        flooding.start()
        try:
            time.sleep(0.5)
            begin = time.monotonic()
            for _ in range(10):
                assert b"a page" in raw_exchange(address, b"GET / HTTP/1.0\r\n\r\n")
            took = time.monotonic() - begin
        finally:
            is_over.set()
    flooding.join(10)

    assert took < 5


def test_nothing_is_left_of_clients_that_came_and_went() -> None:
    """Whatever way they went: said goodbye, broke a rule, vanished, in the middle of a frame, or unread."""
    burst = b"\x81\x8a\0\0\0\0burst:2000"
    ways = [b"\x88\x80\0\0\0\0", b"\xff" * 100, b"", b"\x82\xff\0", burst]

    async def scenario() -> None:
        for number in range(200):
            client = await WebSocketClient.connect(address, "/chat", tail=ways[number % 5])
            if number % 2:
                await client.receive()
            client.abort()

    with served() as connection:
        address = place(connection)
        run(scenario())
        server = connection._server
        assert server is not None
        wait_until(lambda: not server.clients, what="the end of the last")
        assert server.rooms is not None
        assert server.rooms.members("all") == []
        assert b"a page" in raw_exchange(address, b"GET / HTTP/1.0\r\n\r\n")


PAGE = """<!doctype html><title>Echo</title><p id="said"></p><script>
const socket = new WebSocket(`ws://${location.host}/chat`, ["chat.v1"]);
const said = [];
socket.binaryType = "arraybuffer";
socket.onopen = () => { socket.send("Grüße"); socket.send(new Uint8Array([0, 255])); socket.send("x".repeat(70000)); };
socket.onmessage = ({data}) => said.push(typeof data === "string" ? data : [...new Uint8Array(data)]);
socket.onclose = ({code, reason, wasClean}) => said.push([code, reason, wasClean]);
</script>"""


class EchoPage(WebMessageHandler):
    def get(self) -> str:
        self.headers["Content-Type"] = "text/html; charset=utf-8"
        return PAGE


@pytest.mark.live("chromium", "chromedriver")
def test_a_page_in_chromium(tmp_path: Path) -> None:
    with served(("^/page$", EchoPage)) as connection, Browser(tmp_path) as browser:
        browser.go(f"http://127.0.0.1:{connection.port}/page")
        wait_until(lambda: browser.run("return said.length") == 4, what="the echoes")
        hello, text, data, long = browser.run("return said")
        protocol = browser.run("return [socket.protocol, socket.extensions]")
        browser.run("socket.send('bye')")
        wait_until(lambda: browser.run("return said.length") == 5, what="the close")
        end = browser.run("return said[4]")

    assert hello.startswith("hello from ")
    assert (text, data, long) == ("Grüße", [0, 255], "x" * 70_000)
    assert protocol == ["chat.v1", ""]
    assert end == [4000, "as you wish", True]


def test_a_message_reaches_each_of_a_thousand_in_a_room_once(tmp_path: Path) -> None:
    port = free_port()
    command = ("-m", "brubeck.core.command", "run", APP, "--port", str(port))
    with started(*command, cwd=tmp_path, port=port) as program:

        async def scenario() -> None:
            before = memory_of(program.process.pid)
            connect = WebSocketClient.connect
            clients = await asyncio.gather(*(connect(("127.0.0.1", port), "/chat") for _ in range(1000)))
            for client in clients:
                await client.receive()
            each = (memory_of(program.process.pid) - before) / 1000
            print(f"{each / 1024:.1f} KiB for each idle WebSocket")
            begin = time.monotonic()
            clients[0].send("all:once")
            assert [await client.receive() for client in clients] == ["all:once"] * 1000
            print(f"{(time.monotonic() - begin) * 1000:.0f} ms until the last of 1000 had it")
            for client in clients:
                client.send("end")
            assert [await client.receive() for client in clients] == ["end"] * 1000
            assert each < 40 * 1024

        run(scenario())


def memory_of(pid: int) -> int:
    """Return the resident memory of a process, in bytes."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0]) * 1024
