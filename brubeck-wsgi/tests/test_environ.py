"""`wsgi.input` over a body that is still arriving."""

import time
from io import BytesIO

from brubeck.wsgi.bodies import decoder_for
from brubeck.wsgi.bodystream import BodyStream
from brubeck.wsgi.environ import Input
from brubeck.wsgi.limits import Limits
from hypothesis import given
from hypothesis import strategies as st

MIB = 1024 * 1024
CALLS = st.lists(
    st.tuples(st.sampled_from(["read", "readline", "readlines"]), st.one_of(st.none(), st.integers(-1, 12))),
    max_size=12,
)


class Sender:
    """The client of a body whose bytes come in *pieces*."""

    def __init__(self, pieces):
        self.pieces = list(pieces)
        self.held = b""
        self.closing = False

    def receive_body(self):
        return self.pieces.pop(0)


def make_input(pieces):
    length = sum(map(len, pieces))
    return Input(BodyStream(Sender(pieces), decoder_for(length, False, Limits()), False))


@given(st.lists(st.text("ab\n", min_size=1, max_size=9).map(str.encode), max_size=9), CALLS)
def test_it_reads_as_a_file_does(pieces, calls):
    ours, file = make_input(pieces), BytesIO(b"".join(pieces))

    assert [getattr(ours, name)(size) for name, size in calls] == [
        getattr(file, name)(size) for name, size in calls
    ]
    assert ours.read() == file.read()


def test_readlines_takes_none_for_no_hint():
    """It was a TypeError."""
    assert make_input([b"one\ntwo\nthr", b"ee"]).readlines(None) == [b"one\n", b"two\n", b"three"]


def test_what_was_fed_at_once_is_read_in_parts():
    stream = BodyStream(Sender([]), decoder_for(6, False, Limits()), False)
    for piece in (b"ab", b"cd", b"ef"):
        stream.feed(piece)

    assert (stream.read(1), stream.read(2), stream.size) == (b"a", b"bc", 3)
    assert (stream.read(), stream.read(1), stream.size) == (b"def", b"", 0)


def seconds(pieces, read):
    """Return how long *read* takes with the input of *pieces*, at best."""

    def once():
        source = make_input(pieces)
        begin = time.process_time()
        read(source)
        return time.process_time() - begin

    return min(once() for _ in range(3))


def test_a_long_line_costs_its_length():
    """8 MB without an LF held the hub for 2.5 s: what was here was searched and copied for each piece."""
    short, long = ([b"x" * 65536] * count for count in (16, 128))

    assert seconds(long, Input.readline) < 20 * seconds(short, Input.readline) + 0.01


def test_reading_by_the_byte_costs_the_same_whatever_else_is_here():
    """1 MB by the byte took 4 s: all that was not read yet was copied each time."""

    def read(source):
        for _ in range(2000):
            source.read(1)

    assert seconds([b"x" * 4 * MIB], read) < 10 * seconds([b"x" * 4096], read) + 0.01
