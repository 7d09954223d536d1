"""When a crew sends what it has gathered."""

from __future__ import annotations

import os

import gevent
import pytest
import zmq
from brubeck.mongrel2.crew import BATCH, Crew
from gevent.pool import Pool


@pytest.fixture
def descriptor():
    reader, writer = os.pipe()
    yield reader
    os.close(reader)
    os.close(writer)


def handled_before_each_flush(descriptor, count, **options):
    """Have a crew handle *count* messages that are there; return how many it had handled at each flush."""
    messages, handled, flushes = list(range(count)), [], []

    def take(flags):
        if not messages:
            raise zmq.Again
        return messages.pop(0)

    crew = Crew(
        Pool(1),
        take,
        lambda: bool(messages),
        lambda message, member: handled.append(message),
        descriptor,
        lambda member: None,
        lambda: flushes.append(len(handled)),
        lambda: flushes.append(len(handled)),
        **options,
    )
    crew.start()
    while len(handled) < count:
        gevent.sleep(0.001)
    crew.close()
    return flushes


def test_a_pool_can_end_what_is_blocked_in_it(descriptor):
    """`Pool.kill` waits for the members of a pool, and asks each of them to say when it is done."""
    messages, ended, pool = [1, 2, 3], [], Pool(10)

    def take(flags):
        if not messages:
            raise zmq.Again
        return messages.pop(0)

    def handle(message, member):
        try:
            gevent.sleep(60)
        finally:
            ended.append(message)

    crew = Crew(pool, take, lambda: bool(messages), handle, descriptor, lambda member: None, lambda: None)
    crew.start()
    gevent.sleep(0.01)
    assert (len(pool), crew.busy) == (3, 3)
    with gevent.Timeout(2):
        pool.kill()
        pool.join()

    assert sorted(ended) == [1, 2, 3]
    assert (len(pool), crew.busy, crew.wait(1)) == (0, 0, True)
    crew.close()


def test_replies_leave_while_the_batch_goes_on(descriptor):
    """Held to the end of a batch they left Mongrel2 idle meanwhile."""
    assert handled_before_each_flush(descriptor, 40, held=16) == [16, 32, 40]


def test_replies_leave_at_the_end_of_a_batch(descriptor):
    assert handled_before_each_flush(descriptor, 40) == [40]
    assert handled_before_each_flush(descriptor, BATCH + 1) == [BATCH, BATCH, BATCH + 1]


def test_a_pool_that_handlers_filled_is_looked_at_again(descriptor):
    """With nobody at work nothing said that there was room, and the process stayed deaf."""
    messages, handled, pool = [1, 2], [], Pool(1)

    def take(flags):
        if not messages:
            raise zmq.Again
        return messages.pop(0)

    crew = Crew(
        pool,
        take,
        lambda: bool(messages),
        lambda message, member: handled.append(message),
        descriptor,
        lambda member: None,
        lambda: None,
    )
    pool.spawn(gevent.sleep, 0.03)
    crew.start()
    gevent.sleep(0.01)
    assert not handled
    gevent.sleep(0.1)
    crew.close()

    assert handled == [1, 2]
