"""When a crew sends what it has gathered."""

from __future__ import annotations

import os

import gevent
import gevent.local
import pytest
import zmq
from brubeck.mongrel2.crew import BATCH, Crew
from gevent.monkey import get_original
from gevent.pool import Pool

real_sleep = get_original("time", "sleep")


@pytest.fixture
def descriptor():
    reader, writer = os.pipe()
    yield reader
    os.close(reader)
    os.close(writer)


def crew_of(descriptor, messages, handle, pool, flush=lambda: None, **options):
    """Return a crew that takes *messages*, a list, one after the other."""

    def take(flags):
        if not messages:
            raise zmq.Again
        return messages.pop(0)

    return Crew(pool, take, lambda: bool(messages), handle, descriptor, lambda member: None, flush, **options)


def handled_before_each_flush(descriptor, count, handle=lambda message, member: None, **options):
    """Have a crew handle *count* messages that are there; return how many it had handled at each flush."""
    messages, handled, flushes = list(range(count)), [], []

    def note(message, member):
        handle(message, member)
        handled.append(message)

    def flush():
        flushes.append(len(handled))

    crew = crew_of(descriptor, messages, note, Pool(1), flush, flush_early=flush, **options)
    crew.start()
    while len(handled) < count:
        gevent.sleep(0.001)
    crew.close()
    return flushes


def test_a_pool_can_end_what_is_blocked_in_it(descriptor):
    """`Pool.kill` waits for the members of a pool, and asks each of them to say when it is done."""
    messages, ended, pool = [1, 2, 3], [], Pool(10)

    def handle(message, member):
        try:
            gevent.sleep(60)
        finally:
            ended.append(message)

    crew = crew_of(descriptor, messages, handle, pool)
    crew.start()
    gevent.sleep(0.01)
    assert (len(pool), crew.busy) == (3, 3)
    with gevent.Timeout(2):
        pool.kill()
        pool.join()

    assert sorted(ended) == [1, 2, 3]
    assert (len(pool), crew.busy, crew.wait(1)) == (0, 0, True)
    crew.close()


def test_what_a_thread_keeps_is_kept_while_a_member_lives(descriptor):
    """gevent's locals would take the end of a message for the end of the thread, had a member told them of it."""
    begun, kept, messages, local = [], [], [], gevent.local.local()

    class Session(gevent.local.local):
        def __init__(self):
            begun.append(1)

    session = Session()

    def handle(message, member):
        session.used = local.word = message
        gevent.sleep(0.001)
        kept.append(local.word == session.used == message)

    crew = crew_of(descriptor, messages, handle, Pool(10))
    crew.start()
    for number in range(50):
        messages.append(number)
        crew.wake()
        gevent.sleep(0.001)
    crew.wait(1)
    members = len(crew._idle)
    crew.close()

    assert kept == 50 * [True]
    assert len(begun) <= 1 + members


def test_replies_leave_early_also_behind_a_slow_message(descriptor):
    def handle(message, member):
        if message == 15:
            real_sleep(0.002)

    assert handled_before_each_flush(descriptor, 60, handle, held=16) == [16, 32, 48, 60]


def test_a_pool_of_the_applications_own_is_asked_for_room(descriptor):
    class Shy(Pool):
        is_shy = True

        def full(self):
            return self.is_shy

    pool, handled, messages = Shy(10), [], [1]

    crew = crew_of(descriptor, messages, lambda message, member: handled.append(message), pool)
    crew.start()
    gevent.sleep(0.02)
    assert not handled

    pool.is_shy = False
    gevent.sleep(0.05)
    crew.close()
    assert handled == [1]


def test_replies_leave_while_the_batch_goes_on(descriptor):
    """Held to the end of a batch they left Mongrel2 idle meanwhile."""
    assert handled_before_each_flush(descriptor, 40, held=16) == [16, 32, 40]


def test_replies_leave_at_the_end_of_a_batch(descriptor):
    assert handled_before_each_flush(descriptor, 40) == [40]
    assert handled_before_each_flush(descriptor, BATCH + 1) == [BATCH, BATCH, BATCH + 1]


def test_a_pool_that_handlers_filled_is_looked_at_again(descriptor):
    """With nobody at work nothing said that there was room, and the process stayed deaf."""
    messages, handled, pool = [1, 2], [], Pool(1)

    crew = crew_of(descriptor, messages, lambda message, member: handled.append(message), pool)
    pool.spawn(gevent.sleep, 0.03)
    crew.start()
    gevent.sleep(0.01)
    assert not handled
    gevent.sleep(0.1)
    crew.close()

    assert handled == [1, 2]
