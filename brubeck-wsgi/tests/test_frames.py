"""What a WebSocket's client may send and what it may not: whole, byte by byte, and with a tail."""

import tracemalloc

import pytest
from brubeck.wsgi.frames import (
    Closing,
    FrameReader,
    Ping,
    ProtocolError,
    encode_close,
    encode_message,
    encode_ping,
    encode_pong,
)
from hypothesis import given
from hypothesis import strategies as st

MASK = b"\x01\x02\x03\x04"
TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10
LAST = 0x80


def frame(payload=b"", opcode=TEXT, first=LAST, size=None):
    """Return a client's frame; *size* may lie."""
    count = len(payload) if size is None else size
    if count < 126:
        length = bytes([0x80 | count])
    elif count < 65536:
        length = bytes([0x80 | 126]) + count.to_bytes(2, "big")
    else:
        length = bytes([0x80 | 127]) + count.to_bytes(8, "big")
    masked = bytes(byte ^ MASK[place % 4] for place, byte in enumerate(payload))
    return bytes([first | opcode]) + length + MASK + masked


def tell(received):
    if isinstance(received, Closing):
        return received.code, received.reason
    return ("ping", bytes(received.payload)) if isinstance(received, Ping) else received


def read(data, size=None, limit=1000):
    """Return what *data* is read as, in pieces of *size*; a broken rule as its code."""
    reader, told = FrameReader(limit), []
    try:
        for start in range(0, len(data), size or len(data) or 1):
            told += map(tell, reader.read(data[start : start + size] if size else data))
    except ProtocolError as exc:
        told.append(exc.code)
    return told


GOOD = {
    "text": (frame("Grüße".encode()), ["Grüße"]),
    "bytes": (frame(b"\x00\xff", BINARY), [b"\x00\xff"]),
    "empty": (frame(b""), [""]),
    "two lengths": (frame(b"x" * 126) + frame(b"y" * 200, BINARY), ["x" * 126, b"y" * 200]),
    "fragments": (frame(b"ab", first=0) + frame(b"", 0, 0) + frame(b"cd", 0), ["abcd"]),
    "a letter in two fragments": (frame(b"\xc3", first=0) + frame(b"\xbc", 0), ["ü"]),
    "bytes in fragments": (frame(b"ab", BINARY, 0) + frame(b"cd", 0), [b"abcd"]),
    "line ends in fragments": (frame(b"a\r", first=0) + frame(b"\nb\r", 0), ["a\r\nb\r"]),
    "a ping between fragments": (
        frame(b"ab", first=0) + frame(b"?", PING) + frame(b"cd", 0),
        [("ping", b"?"), "abcd"],
    ),
    "pong": (frame(b"!", PONG) + frame(b"a"), ["a"]),
    "close": (frame(b"\x03\xe8bye", CLOSE), [(1000, "bye")]),
    "close without a code": (frame(b"", CLOSE), [(1005, "")]),
    "close of one's own": (frame(b"\x0f\xa0", CLOSE), [(4000, "")]),
    "nothing behind a close": (frame(b"", CLOSE) + frame(b"late"), [(1005, "")]),
}


@pytest.mark.parametrize("size", [None, 1, 3])
@pytest.mark.parametrize("name", GOOD)
def test_what_may_be_sent(name, size):
    data, expected = GOOD[name]

    assert read(data, size) == expected


def test_a_tail_waits_for_its_end():
    data = frame(b"first") + frame(b"second")
    reader = FrameReader(1000)

    assert list(reader.read(data[:-3])) == ["first"]
    assert list(reader.read(data[-3:])) == ["second"]


HOSTILE = {
    "not masked": (b"\x81\x02ab", 1002),
    "first reserved bit": (frame(b"a", first=0xC0), 1002),
    "second reserved bit": (frame(b"a", first=0xA0), 1002),
    "third reserved bit": (frame(b"a", first=0x90), 1002),
    "opcode 3": (frame(b"a", 3), 1002),
    "opcode 11": (frame(b"a", 11), 1002),
    "a continuation of nothing": (frame(b"a", 0), 1002),
    "a message within another": (frame(b"a", first=0) + frame(b"b"), 1002),
    "a ping in fragments": (frame(b"a", PING, 0), 1002),
    "a long ping": (frame(b"a" * 126, PING), 1002),
    "a long close": (frame(b"\x03\xe8" + b"a" * 124, CLOSE), 1002),
    "two bytes of length for a short one": (bytes([0x81, 0xFE, 0, 5]) + MASK + b"aaaaa", 1002),
    "eight bytes of length for a short one": (bytes([0x81, 0xFF]) + (5).to_bytes(8, "big") + MASK, 1002),
    "a length of 2**63": (bytes([0x82, 0xFF]) + (2**63).to_bytes(8, "big") + MASK + b"abcd", 1002),
    "a length of 2**62": (frame(b"x" * 1001, BINARY, size=2**62), 1009),
    "too long": (frame(b"x" * 1001, BINARY), 1009),
    "too long as bytes": (frame("ü".encode() * 501), 1009),
    "too long together": (frame(b"x" * 600, first=0) + frame(b"x" * 401, 0), 1009),
    "no UTF-8": (frame(b"\xff"), 1007),
    "half a letter": (frame(b"\xc3"), 1007),
    "no UTF-8 across fragments": (frame(b"\xc3", first=0) + frame(b"\xc3", 0), 1007),
    "a surrogate": (frame(b"\xed\xa0\x80"), 1007),
    "a close of one byte": (frame(b"\x03", CLOSE), 1002),
    "a reason that is no UTF-8": (frame(b"\x03\xe8\xff", CLOSE), 1007),
    **{
        f"close with {code}": (frame(code.to_bytes(2, "big"), CLOSE), 1002)
        for code in (0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 65535)
    },
}


@pytest.mark.parametrize("size", [None, 1])
@pytest.mark.parametrize("name", HOSTILE)
def test_what_may_not_be_sent(name, size):
    data, code = HOSTILE[name]

    assert read(data, size) == [code]


def test_what_was_good_before_a_broken_rule_is_told():
    assert read(frame(b"a") + b"\x81\x02ab") == ["a", 1002]


@given(st.lists(st.text() | st.binary()), st.integers(1, 50))
def test_any_messages_in_any_pieces(messages, size):
    data = b"".join(
        frame(message.encode(), TEXT) if isinstance(message, str) else frame(message, BINARY)
        for message in messages
    )

    assert read(data, size) == messages


@given(st.lists(st.binary(max_size=9) | st.sampled_from([case[0] for case in HOSTILE.values()]), max_size=9))
def test_whatever_arrives_is_read_or_refused(pieces):
    told = read(b"".join(pieces), 5)

    assert all(isinstance(one, str | bytes | tuple) or one in (1002, 1007, 1009) for one in told)


def test_fragments_take_no_more_memory_than_they_have_bytes():
    """Two thousand fragments of two bytes are 4 KB; as pieces in a list they would be 86 KB."""
    reader = FrameReader(2**20)
    list(reader.read(frame(b"ab", BINARY, 0)))
    fragments = frame(b"cd", 0, 0) * 100
    tracemalloc.start()
    try:
        for _ in range(20):
            list(reader.read(fragments))
        grown, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert grown < 20_000


def test_what_is_sent():
    assert encode_message("ü") == b"\x81\x02\xc3\xbc"
    assert encode_message(b"\x00") == b"\x82\x01\x00"
    assert encode_message("\ud800") == b"\x81\x01?"
    assert encode_ping() == b"\x89\x00"
    assert encode_pong(Ping(b"?")) == b"\x8a\x01?"
    assert encode_close(1001, "") == b"\x88\x02\x03\xe9"


def test_lengths_of_what_is_sent():
    assert encode_message(b"x" * 126)[:4] == b"\x82\x7e\x00\x7e"
    assert encode_message(b"x" * 65536)[:10] == b"\x82\x7f" + (65536).to_bytes(8, "big")


def test_a_long_reason_is_cut_between_letters():
    assert encode_close(4000, "ü" * 100) == b"\x88\x7c\x0f\xa0" + "ü".encode() * 61
