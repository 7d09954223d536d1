"""The WebSocket handler over a transport that keeps what it is told."""

from __future__ import annotations

import pytest
from brubeck.core.application import Brubeck
from brubeck.core.connections import Connection
from brubeck.core.errors import ConfigurationError
from brubeck.core.requests import Request
from brubeck.core.websockets import Rooms, Upgrade, WebSocketMessageHandler, WebSocketSession, is_close_code


class Kept:
    def __init__(self):
        self.told = []

    def __getattr__(self, name):
        return lambda *args: self.told.append((name, *args))


class Carrying(Connection):
    carries_websockets = True

    def open(self, application): ...
    def serve(self): ...
    def stop(self, timeout_s=30.0): ...


class NotCarrying(Carrying):
    carries_websockets = False


class Chat(WebSocketMessageHandler):
    subprotocols = ("v2", "v1")

    def initialize(self):
        self.seen = []

    def on_open(self):
        self.send("hello")

    def on_message(self, data):
        self.seen.append(data)
        if data == "fail":
            raise RuntimeError("as told")

    def on_close(self, code, reason):
        self.seen.append((code, reason))


class Handshake(Request):
    is_websocket = True


def dispatch(handler=Chat, message=Handshake, **headers):
    application = Brubeck(msg_conn=Carrying(), handler_tuples=[(r"^/$", handler)])
    pairs = [("Host", "here"), *((name.replace("_", "-"), value) for name, value in headers.items())]
    return application.dispatch(message("GET", "/", headers=pairs))


@pytest.fixture
def session():
    response = dispatch()
    assert isinstance(response, Upgrade)
    session = WebSocketSession(response.handler, Kept())
    session.open()
    return session


def test_a_handshake_is_answered_with_an_upgrade():
    response = dispatch(Sec_WebSocket_Protocol="v1, v2")

    assert (response.status_code, response.get_header("Sec-WebSocket-Protocol")) == (101, "v2")


def test_a_plain_get_is_426():
    assert dispatch(message=Request).status_code == 426


@pytest.mark.parametrize(
    ("origin", "allowed", "status"),
    [
        ("https://here", None, 101),
        ("https://HERE", None, 101),
        ("https://elsewhere", None, 403),
        ("null", None, 403),
        ("https://here.elsewhere", None, 403),
        ("https://elsewhere", ("https://elsewhere",), 101),
        ("https://here", ("https://elsewhere",), 403),
        ("https://anywhere", ("*",), 101),
    ],
)
def test_which_pages_may_connect(origin, allowed, status):
    handler = type("Guarded", (Chat,), {"allowed_origins": allowed})

    assert dispatch(handler, Origin=origin).status_code == status


def test_messages_reach_the_handler_and_answers_the_transport(session):
    session.receive("text")
    session.receive(b"bytes")

    assert session.handler.seen == ["text", b"bytes"]
    assert session.transport.told == [("send", "hello")]


def test_a_handler_that_fails_closes_with_1011(session, caplog):
    session.receive("fail")

    assert session.transport.told[-1] == ("close", 1011, "")
    assert session.handler.seen[-1] == (1011, "")
    assert "as told" in caplog.text


def test_a_close_of_the_client_is_answered_and_told_once(session):
    session.receive_close(4001, "enough")
    session.lose()

    assert session.transport.told[-1] == ("close", 4001, "")
    assert session.handler.seen == [(4001, "enough")]


def test_nothing_is_sent_after_the_end(session):
    session.lose()
    session.handler.send("late")

    assert session.transport.told == [("send", "hello")]
    assert session.handler.seen == [(1006, "")]


@pytest.mark.parametrize("code", [0, 999, 1004, 1005, 1006, 1015, 2999, 5000])
def test_codes_that_may_not_be_sent(session, code):
    assert not is_close_code(code)
    with pytest.raises(ValueError, match=str(code)):
        session.handler.close(code)


def test_what_is_no_message_is_refused(session):
    with pytest.raises(TypeError, match="str or bytes"):
        session.handler.send({"a": 1})


def test_a_transport_that_cannot_carry_it_says_so_when_the_route_is_added():
    with pytest.raises(ConfigurationError, match="NotCarrying carries no WebSockets"):
        Brubeck(msg_conn=NotCarrying(), handler_tuples=[(r"^/$", Chat)])


def test_rooms_forget_who_has_left():
    rooms = Rooms()
    rooms.join("a", 1)
    rooms.join("a", 2)
    rooms.join("b", 1)
    rooms.leave_all(1)
    rooms.leave("b", 1)

    assert (rooms.members("a"), rooms.members("b")) == ([2], [])
