"""The WebSocket handler over a transport that keeps what it is told."""

from __future__ import annotations

import gevent
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


def opened(handler, *messages):
    return opened_by(WebSocketSession(dispatch(handler).handler, Kept()), *messages)


def opened_by(session, *messages):
    session.open()
    for data in messages:
        session.receive(data)
    return session


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


@pytest.mark.parametrize("hook", ["on_open", "on_message"])
def test_a_timeout_that_the_handler_let_pass_closes_with_1011(hook, caplog):
    """gevent's Timeout is no Exception: it passed the guard, and on_close never came."""

    def wait(self, *args):
        with gevent.Timeout(0.001):
            gevent.sleep(1)

    session = opened(type("Waiting", (Chat,), {hook: wait}), "text")

    assert session.transport.told[-1] == ("close", 1011, "")
    assert session.handler.seen[-1] == (1011, "")
    assert len([record for record in caplog.records if record.exc_info]) == 1


@pytest.mark.parametrize(
    ("exception", "code"), [(gevent.GreenletExit, 1001), (SystemExit, 1011), (KeyboardInterrupt, 1011)]
)
@pytest.mark.parametrize("hook", ["on_open", "on_message"])
def test_what_ends_the_greenlet_ends_the_session_too(hook, exception, code):
    """The greenlet went, and nobody told the handler."""

    def leave(self, *args):
        raise exception

    session = WebSocketSession(dispatch(type("Leaving", (Chat,), {hook: leave})).handler, Kept())
    with pytest.raises(exception, match=r"^$"):
        opened_by(session, "text")
    session.lose()

    assert session.transport.told[-1] == ("close", code, "")
    assert session.handler.seen == [(code, "")]


def test_an_on_close_that_times_out_is_not_called_again():
    closed = []

    def on_close(self, code, reason):
        closed.append(code)
        raise gevent.Timeout(1)

    session = opened(type("Leaving", (Chat,), {"on_close": on_close}))
    session.receive_close(1000, "")
    session.lose()

    assert closed == [1000]


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
