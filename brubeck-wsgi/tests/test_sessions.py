"""How the session of a WebSocket ends where a worker does."""

from __future__ import annotations

import time

import gevent
import pytest
from brubeck.core.application import Brubeck
from brubeck.core.requests import Request
from brubeck.core.websockets import WebSocketMessageHandler
from brubeck.wsgi import WSGIConnection
from brubeck.wsgi.client import Client
from brubeck.wsgi.limits import Limits
from brubeck.wsgi.server import Server
from brubeck.wsgi.sockets import WebSocketClient
from brubeck.wsgi.streams import PlainStream

MESSAGE = b"\x81\x81\0\0\0\0x"  # a text of one letter, masked by nothing


class Handshake(Request):
    is_websocket = True


class Telling(WebSocketMessageHandler):
    def initialize(self):
        self.told = []

    def on_message(self, data):
        self.told.append(data)

    def on_close(self, code, reason):
        self.told.append(code)


@pytest.fixture
def connect(pair):
    """Have a handler speak over one end of a pair, with no server that listens."""
    ours, theirs, clients = pair

    def open_client(handler):
        application = Brubeck(msg_conn=WSGIConnection(port=0), handler_tuples=[(r"^/$", handler)])
        server = Server(lambda exchange: None, [], Limits(), 1)
        message = Handshake("GET", "/", headers=[("Host", "here")])
        answered = Client(server, PlainStream(ours), ("", 0))
        client = WebSocketClient(answered, application.dispatch(message).handler)
        clients.append(client)
        return client, theirs

    return open_client


def test_a_handler_that_exits_sends_1011_and_nobody_else_is_ended(connect, caplog):
    """The connection was reset, and the handler not told."""

    def on_message(self, data):
        raise SystemExit(1)

    client, theirs = connect(type("Exiting", (Telling,), {"on_message": on_message}))
    theirs.sendall(MESSAGE)
    client.run()

    assert theirs.recv(100) == b"\x88\x02\x03\xf3"
    assert client.session.handler.told == [1011]
    assert len([record for record in caplog.records if record.exc_info]) == 1


def test_a_worker_that_is_ended_between_two_messages_tells_the_session(connect):
    """Only where no worker was at work did the end of the connection reach the handler."""

    def on_message(self, data):
        self.told.append(data)
        time.sleep(0.006)  # longer than a turn: others have theirs behind it

    client, theirs = connect(type("Slow", (Telling,), {"on_message": on_message}))
    theirs.sendall(MESSAGE * 3)
    client.worker = gevent.spawn(client.run)
    gevent.sleep(0)
    client.worker.kill()
    client.close()

    assert client.session.handler.told == ["x", 1001]


def test_a_client_that_leaves_during_on_close_is_not_waited_for(connect):
    """The watcher of a socket that was closed was started again, for which libev ends the process."""

    def on_close(self, code, reason):
        self.told.append(code)
        gevent.sleep(0.05)

    client, theirs = connect(type("Slow", (Telling,), {"on_close": on_close}))
    client._is_new = False
    client._is_leaving = True  # as `drain_hub` has it, whose worker here is ours
    client.worker = gevent.spawn(client.run)
    gevent.sleep(0)
    theirs.close()
    client.worker.join()

    assert client.session.handler.told == [1001]
    assert not client.watcher.active
