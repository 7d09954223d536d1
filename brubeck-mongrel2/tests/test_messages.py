"""Messages of a real Mongrel2, and what comes in the place of one."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from brubeck.mongrel2.messages import MessageError, client_headers, decode_message

CAPTURED = [
    ast.literal_eval(line) for line in (Path(__file__).parent / "captured.txt").read_text().splitlines()
]


@pytest.mark.parametrize("data", CAPTURED)
def test_every_captured_message_is_read(data):
    message = decode_message(data)

    assert message.sender.startswith(b"m2-")
    assert message.connection_id.isdigit()
    assert message.get(b"METHOD")


def test_both_protocols_say_the_same():
    half = len(CAPTURED) // 2
    for first, second in zip(CAPTURED[:half], CAPTURED[half:], strict=True):
        one, two = decode_message(first), decode_message(second)
        assert (one.path, one.body) == (two.path, two.body)
        ours = {name: value for name, value in one.headers.items() if b"upload" not in name}
        assert ours == {name: value for name, value in two.headers.items() if b"upload" not in name}


def test_repeated_headers_stay_apart_and_servers_keys_stay_out():
    headers = list(client_headers(decode_message(CAPTURED[0]).headers))

    assert [value for name, value in headers if name == b"x-word"] == [b"one", b"two"]
    assert not any(name.isupper() for name, _ in headers)


def test_tabs_and_bytes_that_are_not_utf8_pass():
    for data in (CAPTURED[2], CAPTURED[10]):
        assert decode_message(data).get(b"x") == b'a\tb\xff"\\'


def test_a_disconnect_is_a_notice():
    assert decode_message(CAPTURED[1]).notice == "disconnect"
    assert decode_message(CAPTURED[0]).notice is None


@pytest.mark.parametrize("body", [b"", b"nonsense", b"[]", b'{"type":1}', b"[" * 100_000])
def test_a_notice_that_cannot_be_read_is_one_of_no_known_kind(body):
    data = b"m2 1 @* 16:6:METHOD,4:JSON,}%d:%b," % (len(body), body)

    assert decode_message(data).notice == ""


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"m2 1 /",
        b"m_2 1 / 0:}0:,",
        b"m2 one / 0:}0:,",
        b"m2 1 / 0:}",
        b"m2 1 / 0:}0:,x",
        b"m2 1 / 0:]0:,",
        b"m2 1 / 2:[],0:,",
        b"m2 1 / 0:}3:abc#",
        b"m2 1 / 5:{nope,0:,",
        b'm2 1 / 13:{"\xc4\x80":"a"}x,0:,',
    ],
)
def test_what_is_no_message_is_refused_with_its_beginning(data):
    with pytest.raises(MessageError, match="no message of Mongrel2") as caught:
        decode_message(data)

    assert caught.value.data == data
