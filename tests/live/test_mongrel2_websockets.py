"""WebSockets over several workers behind a real Mongrel2; what all transports do is in `test_websockets.py`."""

from __future__ import annotations

import os
from collections import Counter
from contextlib import ExitStack
from pathlib import Path

import pytest
from brubeck.mongrel2.control import ask_balancer
from mongrel2_server import Mongrel2, balanced, running, wait_until
from websocket_client import WebSocketClient
from websocket_client import run_clients as run

pytestmark = pytest.mark.live("mongrel2")

APP = str(Path(__file__).parent / "websocket_app.py")
CLIENTS = int(os.environ.get("BRUBECK_WEBSOCKETS", "200"))


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
