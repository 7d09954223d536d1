"""The application of the WebSocket tests."""

from __future__ import annotations

import json
import os

import gevent
from brubeck.core.application import Brubeck
from brubeck.core.errors import ClientDisconnected, HTTPError
from brubeck.core.handlers import WebMessageHandler
from brubeck.core.websockets import WebSocketMessageHandler

events: list[list[object]] = []
"""What happened to clients that gave themselves a name: [name, …]."""


class Named(WebSocketMessageHandler):
    """Notes the end of each client, by the name in its URL."""

    def note(self, *event: object) -> None:
        events.append([self.get_argument("name", ""), *event])

    def on_close(self, code: int, reason: str) -> None:
        self.note("closed", code, reason)


class ChatHandler(Named):
    """Rooms by the argument `room`; one for everyone without it."""

    subprotocols = ("chat.v2", "chat.v1")
    max_message_bytes = 100_000

    def prepare(self) -> None:
        if self.get_argument("token") == "wrong":
            raise HTTPError(401, "Who are you?")

    def on_open(self) -> None:
        self.room = self.get_argument("room", "all")
        self.join(self.room)
        self.send(f"hello from {os.getpid()}")

    def on_message(self, data: str | bytes) -> None:
        if data == "fail":
            raise RuntimeError("as told")
        if data == "bye":
            self.close(4000, "as you wish")
        elif data == "leave":
            self.leave(self.room)
        elif data == "slow":
            gevent.sleep(0.3)
            self.note("worked", self.is_open)
            self.send("slow")
        elif isinstance(data, str) and data.startswith("all:"):
            self.broadcast(self.room, data)
        elif isinstance(data, str) and data.startswith("burst:"):
            for number in range(int(data[6:])):
                self.send(str(number))
        else:
            self.send(data)


class TickHandler(Named):
    """Never comes back from `on_open`."""

    def on_open(self) -> None:
        try:
            while True:
                self.send("tick")
                gevent.sleep(0.05)
        except ClientDisconnected:
            self.note("interrupted")
            raise


class PageHandler(WebMessageHandler):
    def get(self) -> str:
        return "a page"


class EventsHandler(WebMessageHandler):
    def get(self) -> str:
        name = self.get_argument("name")
        return json.dumps([event[1:] for event in events if event[0] == name])


ROUTES = [
    (r"^/chat$", ChatHandler),
    (r"^/ticks$", TickHandler),
    (r"^/events$", EventsHandler),
    (r"^/$", PageHandler),
]

if not __name__.startswith("test"):
    app = Brubeck(handler_tuples=ROUTES)
