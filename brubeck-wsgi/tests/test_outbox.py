"""What waits for a client that does not read."""

import tracemalloc

import pytest
from brubeck.wsgi.limits import Limits
from brubeck.wsgi.outbox import Outbox
from hypothesis import given
from hypothesis import strategies as st

LIMITS = Limits(write_timeout_s=20, rate_grace_s=5, min_rate_bytes=100)


class Taker:
    """A stream that takes as many bytes as it has room for."""

    wants_write = False

    def __init__(self, room=0):
        self.room = room
        self.taken = b""

    def send(self, data):
        if not self.room:
            raise BlockingIOError
        piece = bytes(data[: self.room])
        self.taken += piece
        self.room -= len(piece)
        return len(piece)

    def flush(self): ...


@given(st.lists(st.binary(max_size=5000)), st.integers(1, 9000))
def test_everything_is_sent_in_its_order(frames, room):
    outbox, taker = Outbox(0.0), Taker()
    for frame in frames:
        outbox.add(frame)
        taker.room = room
        outbox.flush(taker, 0.0)
    taker.room = 2**30

    assert outbox.flush(taker, 0.0)
    assert taker.taken == b"".join(frames)
    assert outbox.size == 0


def test_what_is_left_is_counted():
    outbox = Outbox(0.0)
    outbox.add(b"x" * 10_000)
    outbox.add(b"y")

    assert not outbox.flush(Taker(4000), 0.0)
    assert outbox.size == 6001


@pytest.mark.parametrize(
    ("taken", "now", "is_slow"),
    [(0, 4.0, False), (0, 6.0, True), (1000, 6.0, False), (1000, 11.0, True)],
)
def test_who_takes_too_little_is_slow(taken, now, is_slow):
    outbox = Outbox(0.0)
    outbox.add(b"x" * 10_000)
    outbox.flush(Taker(taken), now)

    assert outbox.is_slow(now, LIMITS) == is_slow


def test_who_takes_nothing_is_slow_also_after_a_good_start():
    outbox = Outbox(0.0)
    outbox.add(b"x" * 10_000)
    outbox.flush(Taker(9000), 1.0)

    assert not outbox.is_slow(20.0, LIMITS)
    assert outbox.is_slow(21.0, LIMITS)


def test_small_frames_take_no_more_memory_than_they_have_bytes():
    """Pongs of two bytes would be 43 each in a list."""
    outbox = Outbox(0.0)
    tracemalloc.start()
    try:
        for _ in range(20_000):
            outbox.add(b"\x8a\x00")
        grown, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert grown < 3 * outbox.size
