"""WebSockets behind a real Mongrel2, alone and over several workers."""

from __future__ import annotations

import os
import socket
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
import websocket_app
from brubeck.core.application import Brubeck
from brubeck.mongrel2 import Mongrel2Connection
from brubeck.mongrel2.control import ask_balancer
from mongrel2_server import Mongrel2, balanced, in_thread, raw_exchange, running, wait_until
from websocket_client import WebSocketClient
from websocket_client import run_clients as run

pytestmark = pytest.mark.live("mongrel2")

APP = str(Path(__file__).parent / "websocket_app.py")
CLIENTS = int(os.environ.get("BRUBECK_WEBSOCKETS", "200"))


@pytest.fixture(scope="module")
def server() -> Iterator[Mongrel2]:
    with Mongrel2() as server:
        environment = {"BRUBECK_MONGREL2_PULL": server.pair[0], "BRUBECK_MONGREL2_PUB": server.pair[1]}
        with running("-m", "brubeck.core.command", "run", APP, "--connection", "mongrel2", env=environment):
            assert b"a page" in raw_exchange(server.address, b"GET / HTTP/1.0\r\n\r\n", timeout_s=20)
            yield server


async def open_chat(
    server: Mongrel2, headers: dict[str, str] | None = None, path: str = "/chat"
) -> WebSocketClient:
    client = await WebSocketClient.connect(server.address, path, headers)
    assert client.status == 101, client.head
    assert (await client.receive()).startswith("hello from ")
    return client


class TestOneClient:
    def test_text_and_bytes_come_back(self, server: Mongrel2) -> None:
        async def scenario() -> None:
            client = await open_chat(server)
            for message in ("Grüße", b"\x00\xff", "", "x" * 70_000):
                client.send(message)
                assert await client.receive() == message

        run(scenario())

    def test_a_subprotocol_is_chosen(self, server: Mongrel2) -> None:
        async def scenario() -> None:
            client = await open_chat(server, {"Sec-WebSocket-Protocol": "chat.v1, chat.v2"})
            assert b"Sec-WebSocket-Protocol: chat.v2\r\n" in client.head

        run(scenario())

    def test_pages_of_other_origins_are_refused(self, server: Mongrel2) -> None:
        async def scenario() -> None:
            own = f"http://127.0.0.1:{server.settings.port}"
            await open_chat(server, {"Origin": own})
            other = await WebSocketClient.connect(server.address, "/chat", {"Origin": "https://evil.example"})
            assert other.status == 403

        run(scenario())

    def test_prepare_can_refuse(self, server: Mongrel2) -> None:
        async def scenario() -> None:
            client = await WebSocketClient.connect(server.address, "/chat?token=wrong")
            assert client.status == 401

        run(scenario())

    def test_a_plain_get_is_told_so(self, server: Mongrel2) -> None:
        received = raw_exchange(server.address, b"GET /chat HTTP/1.0\r\n\r\n")

        assert received.startswith(b"HTTP/1.1 426 ")

    def test_ping_is_answered_also_between_messages_that_block(self, server: Mongrel2) -> None:
        async def scenario() -> None:
            client = await open_chat(server)
            client.send("slow")
            client.send("next")
            client.send(b"are you there", opcode=9)
            received = [await client.frame() for _ in range(3)]
            assert received == [(1, b"slow"), (1, b"next"), (10, b"are you there")]

        run(scenario())

    def test_many_messages_at_once_arrive_in_order(self, server: Mongrel2) -> None:
        """More than sixteen messages for one connection at once are its end; they are gathered."""

        async def scenario() -> None:
            client = await open_chat(server)
            client.send("burst:2000")
            assert [await client.receive() for _ in range(2000)] == [str(number) for number in range(2000)]

        run(scenario())


class TestClosing:
    @pytest.mark.parametrize(
        ("payload", "opcode", "first", "code"),
        [
            (b"\x03\xe8bye", 8, 0x80, 1000),
            (b"", 8, 0x80, 1000),
            (b"\x03", 8, 0x80, 1002),
            (b"\x03\xed", 8, 0x80, 1002),
            (b"\xff", 1, 0x80, 1007),
            (b"abc", 3, 0x80, 1002),
            (b"abc", 1, 0xC0, 1002),
            (b"x" * 100_001, 2, 0x80, 1009),
            ("bye", 1, 0x80, 4000),
            ("fail", 1, 0x80, 1011),
        ],
    )
    def test_the_code_says_why(
        self, server: Mongrel2, payload: Any, opcode: int, first: int, code: int
    ) -> None:
        async def scenario() -> None:
            client = await open_chat(server)
            client.send(payload, opcode, first)
            assert await client.receive() == code
            if code == 4000:
                client.send((4000).to_bytes(2, "big"), 8)
            if code != 1011:
                assert await client.ended()

        run(scenario())

    def test_a_client_that_vanishes_is_noticed(self) -> None:
        websocket_app.events.clear()
        with Mongrel2() as server:
            connection = Mongrel2Connection(*server.pair)
            with in_thread(Brubeck(msg_conn=connection, handler_tuples=websocket_app.ROUTES)):
                wait_until(lambda: connection.is_taking, what="the connection")

                async def vanish() -> None:
                    (await open_chat(server)).abort()

                run(vanish())
                wait_until(lambda: websocket_app.events == [(1006, "")], what="on_close")


class TestRoom:
    def test_everyone_in_a_room_hears_each_message_once(self) -> None:
        with ExitStack() as stack:
            server = stack.enter_context(Mongrel2())
            environment = stack.enter_context(balanced(server))
            environment = {**environment, "BRUBECK_MONGREL2_PUB": server.pair[1]}
            command = ("-m", "brubeck.core.command", "run", APP, "--connection", "mongrel2")
            for _ in range(4):
                stack.enter_context(running(*command, env=environment))
            spec = server.settings.balancer_spec
            wait_until(lambda: len((ask_balancer(spec, 15) or {})["workers"]) == 4, 20, "the workers")

            async def scenario() -> None:
                clients = [await WebSocketClient.connect(server.address, "/chat") for _ in range(CLIENTS)]
                pids = Counter([await client.receive() for client in clients])
                assert len(pids) == 4
                for number, client in enumerate(clients[:5]):
                    client.send(f"all:{number}")
                for client in clients:
                    heard = [await client.receive() for _ in range(5)]
                    assert sorted(heard) == [f"all:{number}" for number in range(5)]
                clients[0].send("private")
                assert await clients[0].receive() == "private"
                clients[1].send("last", opcode=1)
                assert await clients[1].receive() == "last"

            run(scenario())


def test_an_upgrade_on_a_used_connection_is_refused_by_the_server(server: Mongrel2) -> None:
    with socket.create_connection(server.address, timeout=5) as client:
        client.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        assert b"a page" in client.recv(65536)
