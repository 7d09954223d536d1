"""WebSocket frames."""

from __future__ import annotations

import pytest
from brubeck.mongrel2.frames import ProtocolError, decode_close, encode_close_frame, encode_frame, read_flags


@pytest.mark.parametrize(
    ("size", "head"),
    [
        (0, b"\x81\x00"),
        (125, b"\x81\x7d"),
        (126, b"\x81\x7e\x00\x7e"),
        (65_536, b"\x81\x7f\x00\x00\x00\x00\x00\x01\x00\x00"),
    ],
)
def test_the_length_takes_as_few_bytes_as_it_can(size, head):
    assert encode_frame(1, b"x" * size) == head + b"x" * size


@pytest.mark.parametrize("flags", [b"", b"0xC1", b"0x83", b"0x8B", b"zz", b"0x1FF"])
def test_flags_without_meaning_are_refused(flags):
    with pytest.raises(ProtocolError) as caught:
        read_flags(flags)

    assert caught.value.code == 1002


def test_a_close_frame_comes_back():
    assert decode_close(encode_close_frame(4000, "Grüße")[2:]) == (4000, "Grüße")
    assert decode_close(b"") == (1005, "")


@pytest.mark.parametrize(
    ("payload", "code"), [(b"\x03", 1002), (b"\x03\xec", 1002), (b"\x00\x01", 1002), (b"\x03\xe8\xff", 1007)]
)
def test_a_close_that_breaks_a_rule(payload, code):
    with pytest.raises(ProtocolError) as caught:
        decode_close(payload)

    assert caught.value.code == code
