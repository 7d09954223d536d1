"""The application of the WebSocket tests."""

from __future__ import annotations

import os
import time

from brubeck.core.application import Brubeck
from brubeck.core.errors import HTTPError
from brubeck.core.handlers import WebMessageHandler
from brubeck.core.websockets import WebSocketMessageHandler

events: list[object] = []


class ChatHandler(WebSocketMessageHandler):
    """One room for everyone."""

    subprotocols = ("chat.v2", "chat.v1")
    max_message_bytes = 100_000

    def prepare(self) -> None:
        if self.get_argument("token") == "wrong":
            raise HTTPError(401, "Who are you?")

    def on_open(self) -> None:
        self.join("all")
        self.send(f"hello from {os.getpid()}")

    def on_message(self, data: str | bytes) -> None:
        if data == "fail":
            raise RuntimeError("as told")
        if data == "bye":
            self.close(4000, "as you wish")
        elif isinstance(data, str) and data.startswith("all:"):
            self.broadcast("all", data)
        elif isinstance(data, str) and data.startswith("burst:"):
            for number in range(int(data[6:])):
                self.send(str(number))
        elif data == "slow":
            time.sleep(0.3)
            self.send("slow")
        else:
            self.send(data)

    def on_close(self, code: int, reason: str) -> None:
        events.append((code, reason))


class PageHandler(WebMessageHandler):
    def get(self) -> str:
        return "a page"


ROUTES = [(r"^/chat$", ChatHandler), (r"^/$", PageHandler)]

if not __name__.startswith("test"):
    app = Brubeck(mongrel2_pair=("tcp://127.0.0.1:9", "tcp://127.0.0.1:8"), handler_tuples=ROUTES)
