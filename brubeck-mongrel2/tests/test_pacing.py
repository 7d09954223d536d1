"""How streams are gathered, by a clock of the test's own."""

from __future__ import annotations

from brubeck.mongrel2.pacing import EAGER, MAX_MESSAGE_BYTES, MOST, SPACING_S, Pace

MIB = 1024 * 1024


def run(pace, pieces, reads_per_s, seconds):
    """Write *pieces* a second through *pace* to a client; return the most messages that ever waited for it."""
    now, gathered, queue, most = 0.0, 0, [], 0
    step = 0.001
    budget = 0.0
    while now < seconds:
        now += step
        budget = budget + reads_per_s * step if queue else 0
        while queue and budget >= queue[0]:
            budget -= queue.pop(0)
        gathered = min(gathered + int(pieces * step), MAX_MESSAGE_BYTES)
        if gathered and not pace.delay(now, gathered):
            pace.note_sent(now, gathered)
            queue.append(gathered)
            gathered = 0
        most = max(most, len(queue))
    return most


def test_the_first_message_leaves_at_once():
    assert Pace().delay(10.0, 1) == 0


def test_messages_keep_their_distance():
    pace = Pace()
    pace.note_sent(10.0, 1)

    assert abs(pace.delay(10.001, 1) - (SPACING_S - 0.001)) < 1e-9


def test_small_pieces_are_gathered_while_some_wait():
    pace = Pace(slowest_bytes_per_s=100)
    for number in range(EAGER):
        pace.note_sent(float(number) / 100, 1000)

    assert pace.delay(1.0, 1000) > 5
    assert pace.delay(1.0, MAX_MESSAGE_BYTES) == 0


def test_a_full_message_waits_too_when_many_do():
    pace = Pace(slowest_bytes_per_s=MIB)
    for _ in range(MOST):
        pace.note_sent(0.0, MAX_MESSAGE_BYTES)

    assert pace.delay(1.0, MAX_MESSAGE_BYTES) == 9.0


def test_a_client_as_slow_as_promised_never_has_seventeen_waiting():
    for speed in (2, 8, 50):
        assert run(Pace(2 * MIB), pieces=speed * MIB, reads_per_s=2 * MIB, seconds=60) <= 16
