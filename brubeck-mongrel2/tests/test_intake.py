"""From messages to requests."""

from __future__ import annotations

import pytest
from brubeck.core.errors import HTTPError
from brubeck.core.fronts import Fronts
from brubeck.mongrel2.intake import check_framing, read_request
from brubeck.mongrel2.tnetstrings import dump

HEADERS = {b"METHOD": b"GET", b"VERSION": b"HTTP/1.1", b"REMOTE_ADDR": b"10.0.0.1", b"URL_SCHEME": b"http"}


def request_of(path=b"/", body=b"", fronts=None, **headers):
    wire = {**HEADERS, **{name.encode().replace(b"_", b"-"): value for name, value in headers.items()}}
    return message_of(wire, path, body, fronts)


def message_of(wire, path=b"/", body=b"", fronts=None):
    return read_request(b"m2 7 %b %b%b" % (path, dump(wire), dump(body)), fronts)


def test_the_path_is_decoded_once():
    assert request_of(b"/%2541%C3%BC").path == "/%41ü"
    assert request_of(b"/%2541%C3%BC").raw_path == "/%2541%C3%BC"


def test_a_guard_may_change_what_the_message_says():
    message = request_of()
    for name, value in {
        "raw_path": "/x",
        "version": "HTTP/1.0",
        "scheme": "https",
        "remote_addr": "::1",
    }.items():
        setattr(message, name, value)
        assert getattr(message, name) == value


def test_the_clients_headers_cannot_pass_for_the_servers():
    message = request_of(method=b"DELETE", remote_addr=b"6.6.6.6")

    assert message.method == "GET"
    assert message.remote_addr == "10.0.0.1"
    assert message.headers.get("Method") == "DELETE"


def test_a_handshake_is_a_get_without_a_body():
    accept = b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
    key = {b"sec-websocket-key": b"dGhlIHNhbXBsZSBub25jZQ=="}
    wire = {**HEADERS, b"METHOD": b"WEBSOCKET_HANDSHAKE", **key}
    message = message_of(wire, body=accept)

    assert (message.method, message.is_websocket, message.accept_value, message.body) == (
        "GET",
        True,
        accept,
        b"",
    )


@pytest.mark.parametrize(
    "key", [{}, {b"sec-websocket-key": b"another"}, {b"sec-websocket-key": [b"a", b"b"]}]
)
def test_a_method_of_the_servers_own_in_a_clients_request_makes_no_handshake(key):
    """What the client had in its body went out as headers."""
    wire = {**HEADERS, b"METHOD": b"WEBSOCKET_HANDSHAKE", **key}
    message = message_of(wire, body=b"x\r\nSet-Cookie: a=b")

    assert (message.method, message.is_websocket) == ("WEBSOCKET_HANDSHAKE", False)
    assert message.body == b"x\r\nSet-Cookie: a=b"


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        ({b"content-length": b"4"}, b"abc"),
        ({b"content-length": b"+3"}, b"abc"),
        ({b"content-length": b"9" * 5000}, b"abc"),
        ({b"content-length": b"0" * 5000 + b"3"}, b"abc"),
        ({b"content-length": b"3 "}, b"abc"),
        ({b"content-length": [b"3", b"3"]}, b"abc"),
        ({b"content-length": b"3", b"transfer-encoding": b"chunked"}, b"abc"),
        ({b"transfer-encoding": b"chunked"}, b""),
    ],
)
def test_framing_that_two_readers_could_read_in_two_ways_is_refused(headers, body):
    with pytest.raises(HTTPError):
        check_framing(headers, body)


class TestFronts:
    FRONTS = Fronts(("10.0.0.0/8", "::1"))

    def test_the_nearest_stranger_of_the_chain_is_the_client(self):
        message = request_of(fronts=self.FRONTS, x_forwarded_for=[b"6.6.6.6, 9.9.9.9", b"10.1.1.1"])

        assert message.remote_addr == "9.9.9.9"

    def test_the_scheme_is_the_fronts(self):
        assert request_of(fronts=self.FRONTS, x_forwarded_proto=b"https").is_secure

    def test_a_stranger_is_not_believed(self):
        fronts = Fronts(("192.168.0.0/16",))
        message = request_of(fronts=fronts, x_forwarded_for=b"6.6.6.6", x_forwarded_proto=b"https")

        assert (message.remote_addr, message.scheme) == ("10.0.0.1", "http")
