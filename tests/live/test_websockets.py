"""One contract for WebSockets on every transport that carries them: same handlers, same observations."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from brubeck.core.client import SocketClient
from mongrel2_server import Mongrel2, balanced, free_port, is_listening, raw_exchange, running, wait_until
from websocket_client import WebSocketClient
from websocket_client import run_clients as run

HERE = Path(__file__).parent
APP = str(HERE / "websocket_app.py")
RUN = ("-m", "brubeck.core.command", "run", APP)

Address = tuple[str, int]


def embedded(stack: ExitStack) -> Address:
    port = free_port()
    stack.enter_context(running(*RUN, "--port", str(port)))
    return "127.0.0.1", port


def straight(stack: ExitStack) -> Address:
    server = stack.enter_context(Mongrel2())
    environment = {"BRUBECK_MONGREL2_PULL": server.pair[0], "BRUBECK_MONGREL2_PUB": server.pair[1]}
    stack.enter_context(running(*RUN, "--connection", "mongrel2", env=environment))
    return server.address


def through_balancer(stack: ExitStack) -> Address:
    server = stack.enter_context(Mongrel2())
    environment = {**stack.enter_context(balanced(server)), "BRUBECK_MONGREL2_PUB": server.pair[1]}
    stack.enter_context(running(*RUN, "--connection", "mongrel2", env=environment))
    return server.address


def served_as_wsgi(stack: ExitStack) -> Address:
    return program(stack, "brubeck.core.command", "serve", "websocket_app:app.wsgi", "--port")


def under_gunicorn(stack: ExitStack) -> Address:
    return program(stack, "gunicorn", "-k", "brubeck.wsgi.gunicorn.Worker", "websocket_app:app.wsgi", "-b")


def program(stack: ExitStack, *command: str) -> Address:
    """Run `app.wsgi` in a program of our own server that takes the port as its last argument."""
    port = free_port()
    place = f"127.0.0.1:{port}" if command[-1] == "-b" else str(port)
    stack.enter_context(running("-m", *command, place, env={"PYTHONPATH": str(HERE)}))
    return "127.0.0.1", port


TRANSPORTS: dict[str, tuple[Callable[[ExitStack], Address], tuple[str, ...]]] = {
    "embedded": (embedded, ()),
    "app.wsgi": (served_as_wsgi, ()),
    "gunicorn": (under_gunicorn, ()),
    "mongrel2": (straight, ("mongrel2",)),
    "balancer": (through_balancer, ("mongrel2",)),
}


@pytest.fixture(
    scope="module",
    params=[pytest.param(name, marks=pytest.mark.live(*needs)) for name, (_, needs) in TRANSPORTS.items()],
)
def address(request: pytest.FixtureRequest) -> Iterator[Address]:
    """Where the application of the tests is served."""
    with ExitStack() as stack:
        address = TRANSPORTS[request.param][0](stack)
        wait_until(lambda: is_listening(address[1]), 20, "the port")
        assert b"a page" in raw_exchange(address, b"GET / HTTP/1.0\r\n\r\n", timeout_s=20)
        yield address


async def open_chat(address: Address, path: str = "/chat", **headers: str) -> WebSocketClient:
    lines = {name.replace("_", "-"): value for name, value in headers.items()}
    client = await WebSocketClient.connect(address, path, lines)
    assert client.status == 101, client.head
    assert (await client.receive()).startswith("hello from ")
    return client


def events_of(address: Address, name: str) -> list[list[Any]]:
    """Return what the handlers of the client *name* noted."""
    found: list[list[Any]] = (
        SocketClient(f"http://{address[0]}:{address[1]}").get(f"/events?name={name}").json()
    )
    return found


def expect_events(address: Address, name: str, *expected: list[Any]) -> None:
    wait_until(lambda: len(events_of(address, name)) >= len(expected), what=f"the events of {name}")

    assert events_of(address, name) == [*expected]


class TestHandshake:
    def test_a_subprotocol_is_chosen(self, address: Address) -> None:
        async def scenario() -> None:
            client = await open_chat(address, Sec_WebSocket_Protocol="chat.v1, chat.v2")
            assert b"Sec-WebSocket-Protocol: chat.v2\r\n" in client.head

        run(scenario())

    def test_no_extension_is_taken(self, address: Address) -> None:
        async def scenario() -> None:
            client = await open_chat(address, Sec_WebSocket_Extensions="permessage-deflate")
            assert b"extensions" not in client.head.lower()

        run(scenario())

    def test_pages_of_other_origins_are_refused(self, address: Address) -> None:
        async def scenario() -> None:
            await open_chat(address, Origin=f"http://127.0.0.1:{address[1]}")
            other = await WebSocketClient.connect(address, "/chat", {"Origin": "https://evil.example"})
            assert other.status == 403

        run(scenario())

    def test_prepare_can_refuse(self, address: Address) -> None:
        async def scenario() -> None:
            client = await WebSocketClient.connect(address, "/chat?token=wrong")
            assert client.status == 401

        run(scenario())

    def test_where_nothing_is_there_is_no_websocket(self, address: Address) -> None:
        async def scenario() -> None:
            client = await WebSocketClient.connect(address, "/nothing")
            assert client.status == 404

        run(scenario())

    def test_a_page_is_no_websocket(self, address: Address) -> None:
        async def scenario() -> None:
            client = await WebSocketClient.connect(address, "/")
            assert client.status == 200

        run(scenario())

    def test_a_plain_get_is_told_so(self, address: Address) -> None:
        received = raw_exchange(address, b"GET /chat HTTP/1.0\r\n\r\n")

        assert received.startswith(b"HTTP/1.1 426 ")
        assert b"\r\nUpgrade: websocket\r\n" in received


class TestMessages:
    def test_text_and_bytes_come_back(self, address: Address) -> None:
        async def scenario() -> None:
            client = await open_chat(address)
            for message in ("Grüße", b"\x00\xff", "", "x" * 70_000):
                client.send(message)
                assert await client.receive() == message

        run(scenario())

    def test_fragments_are_one_message(self, address: Address) -> None:
        async def scenario() -> None:
            client = await open_chat(address)
            client.send("ab", first=0)
            client.send(b"cd", 0, first=0)
            client.send(b"\xc3\xbc", 0)
            assert await client.receive() == "abcdü"

        run(scenario())

    def test_ping_is_answered_also_between_messages_that_block(self, address: Address) -> None:
        async def scenario() -> None:
            client = await open_chat(address)
            client.send("slow")
            client.send("next")
            client.send(b"are you there", opcode=9)
            received = [await client.frame() for _ in range(3)]
            assert received == [(1, b"slow"), (1, b"next"), (10, b"are you there")]

        run(scenario())

    def test_many_messages_at_once_arrive_in_order(self, address: Address) -> None:
        """More than sixteen messages for one connection at once are its end behind Mongrel2; they are gathered."""

        async def scenario() -> None:
            client = await open_chat(address)
            client.send("burst:2000")
            assert [await client.receive() for _ in range(2000)] == [str(number) for number in range(2000)]

        run(scenario())

    def test_many_messages_of_a_client_are_taken_in_order(self, address: Address) -> None:
        async def scenario() -> None:
            client = await open_chat(address)
            for number in range(1000):
                client.send(str(number))
            assert [await client.receive() for _ in range(1000)] == [str(number) for number in range(1000)]

        run(scenario())


class TestClosing:
    @pytest.mark.parametrize(
        ("payload", "opcode", "first", "code"),
        [
            (b"\x03\xe8bye", 8, 0x80, 1000),
            (b"", 8, 0x80, 1000),
            (b"\x03", 8, 0x80, 1002),
            (b"\x03\xe7", 8, 0x80, 1002),
            (b"\x03\xed", 8, 0x80, 1002),
            (b"\x03\xee", 8, 0x80, 1002),
            (b"\x03\xe8\xff", 8, 0x80, 1007),
            (b"\xff", 1, 0x80, 1007),
            (b"abc", 3, 0x80, 1002),
            (b"abc", 1, 0xC0, 1002),
            (b"x" * 100_001, 2, 0x80, 1009),
            ("bye", 1, 0x80, 4000),
            ("fail", 1, 0x80, 1011),
        ],
    )
    def test_the_code_says_why(
        self, address: Address, payload: Any, opcode: int, first: int, code: int
    ) -> None:
        async def scenario() -> None:
            client = await open_chat(address)
            client.send(payload, opcode, first)
            assert await client.receive() == code
            if code == 4000:
                client.send((4000).to_bytes(2, "big"), 8)
            if code != 1011:
                assert await client.ended()

        run(scenario())

    def test_the_handler_is_told_what_the_client_said(self, address: Address) -> None:
        async def scenario() -> None:
            client = await open_chat(address, "/chat?name=said")
            client.send((4001).to_bytes(2, "big") + b"enough", 8)
            assert await client.receive() == 4001

        run(scenario())
        expect_events(address, "said", ["closed", 4001, "enough"])

    def test_the_handler_is_told_that_its_closing_was_answered(self, address: Address) -> None:
        async def scenario() -> None:
            client = await open_chat(address, "/chat?name=answered")
            client.send("bye")
            assert await client.receive() == 4000
            client.send((4000).to_bytes(2, "big"), 8)
            assert await client.ended()

        run(scenario())
        expect_events(address, "answered", ["closed", 4000, ""])

    def test_the_handler_is_told_of_a_broken_rule(self, address: Address) -> None:
        async def scenario() -> None:
            client = await open_chat(address, "/chat?name=broken")
            client.send(b"x" * 100_001)
            assert await client.receive() == 1009

        run(scenario())
        wait_until(lambda: events_of(address, "broken"), what="the event")
        assert [event[:2] for event in events_of(address, "broken")] == [["closed", 1009]]

    def test_a_client_that_vanishes_is_noticed(self, address: Address) -> None:
        async def scenario() -> None:
            (await open_chat(address, "/chat?name=vanished")).abort()

        run(scenario())
        expect_events(address, "vanished", ["closed", 1006, ""])

    def test_what_is_in_work_is_done_when_the_client_vanishes(self, address: Address) -> None:
        async def scenario() -> None:
            client = await open_chat(address, "/chat?name=worked")
            client.send("slow")
            await client.writer.drain()
            client.send("next")
            await client.writer.drain()
            client.send((1000).to_bytes(2, "big"), 8)

        run(scenario())
        wait_until(lambda: len(events_of(address, "worked")) == 2, what="the events")
        assert [event[0] for event in events_of(address, "worked")] == ["worked", "closed"]

    def test_an_on_open_that_never_ends_is_interrupted(self, address: Address) -> None:
        async def scenario() -> None:
            client = await WebSocketClient.connect(address, "/ticks?name=ticks")
            assert [await client.receive() for _ in range(3)] == ["tick"] * 3

        run(scenario())
        expect_events(address, "ticks", ["interrupted"], ["closed", 1006, ""])


@pytest.mark.parametrize("address", ["embedded"], indirect=True)
class TestOpening:
    """Mongrel2 passes on what a client says in the order of its coming, and so behind an `on_open` that never ends."""

    def test_a_close_interrupts_it(self, address: Address) -> None:
        async def scenario() -> None:
            client = await WebSocketClient.connect(address, "/ticks?name=close")
            client.send("not for you")
            client.send((4001).to_bytes(2, "big") + b"enough", 8)
            while (told := await client.receive()) == "tick":
                pass
            assert told == 1000
            assert await client.ended()

        run(scenario())
        expect_events(address, "close", ["interrupted"], ["closed", 4001, "enough"])


class TestRooms:
    def test_everyone_in_a_room_hears_each_message_once(self, address: Address) -> None:
        async def scenario() -> None:
            clients = [await open_chat(address, "/chat?room=a") for _ in range(20)]
            other = await open_chat(address, "/chat?room=b")
            for number, client in enumerate(clients[:5]):
                client.send(f"all:{number}")
            for client in clients:
                heard = [await client.receive() for _ in range(5)]
                assert sorted(heard) == [f"all:{number}" for number in range(5)]
            for client in (clients[0], other):
                client.send("for me")
                assert await client.receive() == "for me"

        run(scenario())

    def test_who_left_a_room_hears_no_more_of_it(self, address: Address) -> None:
        async def scenario() -> None:
            here, gone = [await open_chat(address, "/chat?room=c") for _ in range(2)]
            gone.send("leave")
            gone.send("left")
            assert await gone.receive() == "left"
            here.send("all:hello")
            assert await here.receive() == "all:hello"
            gone.send("last")
            assert await gone.receive() == "last"

        run(scenario())
