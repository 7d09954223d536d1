"""Which request is the handshake of a WebSocket."""

import subprocess
import sys

import pytest
from brubeck.core.application import Brubeck
from brubeck.core.requests import Request
from brubeck.core.websockets import WebSocketMessageHandler
from brubeck.wsgi import WSGIConnection
from brubeck.wsgi.handshakes import UpgradableRequest, encode_switch, is_handshake
from brubeck.wsgi.heads import HeadReader, KnownHeads
from brubeck.wsgi.limits import Limits

KEY = "dGhlIHNhbXBsZSBub25jZQ=="  # of RFC 6455 section 1.3
HEADERS = {
    "Host": "here",
    "Upgrade": "websocket",
    "Connection": "Upgrade",
    "Sec-WebSocket-Key": KEY,
    "Sec-WebSocket-Version": "13",
}


def message(method="GET", version="HTTP/1.1", kind=UpgradableRequest, **changed):
    headers = {**HEADERS, **{name.replace("_", "-"): value for name, value in changed.items()}}
    pairs = [(name, value) for name, value in headers.items() if value is not None]
    return kind(method, "/", version=version, headers=pairs)


@pytest.mark.parametrize(
    "changed",
    [
        {},
        {"Connection": "keep-alive, upgrade"},
        {"Upgrade": "WebSocket"},
        {"Sec_WebSocket_Extensions": "permessage-deflate"},
    ],
)
def test_a_handshake(changed):
    assert message(**changed).is_websocket


@pytest.mark.parametrize(
    "changed",
    [
        {"method": "POST"},
        {"version": "HTTP/1.0"},
        {"Upgrade": None},
        {"Upgrade": "h2c"},
        {"Connection": None},
        {"Connection": "keep-alive"},
        {"Connection": "upgrades"},
        {"Sec_WebSocket_Version": None},
        {"Sec_WebSocket_Version": "8"},
        {"Sec_WebSocket_Key": None},
        {"Sec_WebSocket_Key": ""},
        {"Sec_WebSocket_Key": "c2hvcnQ="},
        {"Sec_WebSocket_Key": KEY[:-2] + "\xfc="},
        {"Sec_WebSocket_Key": f"{KEY}, {KEY}"},
        {"Content_Length": "5"},
        {"Transfer_Encoding": "chunked"},
    ],
)
def test_no_handshake(changed):
    assert not message(**changed).is_websocket


def test_the_first_of_two_keys_is_not_chosen():
    pairs = [*HEADERS.items(), ("Sec-WebSocket-Key", KEY)]

    assert not is_handshake(Request("GET", "/", headers=pairs))


class Chat(WebSocketMessageHandler):
    subprotocols = ("chat.v1",)


def test_the_answer_is_that_of_the_specification():
    application = Brubeck(msg_conn=WSGIConnection(), handler_tuples=[(r"^/$", Chat)])
    response = application.dispatch(message(Sec_WebSocket_Protocol="chat.v1"))

    assert encode_switch(response, b"Server: brubeck\r\n") == (
        b"HTTP/1.1 101 Switching Protocols\r\nServer: brubeck\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\nSec-WebSocket-Protocol: chat.v1\r\n\r\n"
    )


def head_bytes():
    lines = "".join(f"{name}: {value}\r\n" for name, value in HEADERS.items())
    return f"GET /chat HTTP/1.1\r\n{lines}\r\n".encode()


@pytest.mark.parametrize("size", [1, 7, 1000])
def test_a_head_that_offers_an_upgrade_is_read_to_its_end_and_no_further(size):
    data, reader = head_bytes() + b"\x81\x82abcdef", HeadReader(Limits())
    found, place = None, 0
    while found is None:
        found = reader.read(data[place : place + size])
        place += size
    head, tail = found

    assert dict(head.fields.headers)[b"Sec-WebSocket-Key"] == KEY.encode()
    assert tail + data[place:] == b"\x81\x82abcdef"


def test_headers_with_a_key_of_their_own_are_not_remembered():
    known = KnownHeads(Limits())
    reader = HeadReader(Limits(), known)

    for _ in range(2):
        head, _ = reader.read(head_bytes())
        assert len(head.fields.headers) == len(HEADERS)
    plain, _ = reader.read(b"GET / HTTP/1.1\r\nHost: handshakes\r\n\r\n")

    assert plain.path == "/"
    assert known.recall(head_bytes()) is None
    assert known.recall(b"GET /other HTTP/1.1\r\nHost: handshakes\r\n\r\n").path == "/other"


def test_wsproto_is_imported_for_the_first_handshake_only():
    program = (
        "import sys\n"
        "import brubeck.wsgi.connection, brubeck.wsgi.callable, brubeck.wsgi.server, brubeck.wsgi.wsgigateway\n"
        "print('wsproto' in sys.modules)\n"
        "import brubeck.wsgi.sockets\n"
        "print('wsproto' in sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)

    assert done.stdout.split() == ["False", "True"]
