"""Whoever waits is woken by what changed, by the end of his time, and by the end of the application."""

import time

import gevent
from brubeck.core.application import Brubeck
from brubeck.core.long_polls import LongPolls


def waiting(polls, key, look):
    poll = gevent.spawn(polls.wait, key, look)
    gevent.sleep(0)
    return poll


def test_what_is_there_is_not_waited_for():
    assert LongPolls().wait("room", lambda: ["line"]) == ["line"]


def test_it_sleeps_until_it_is_woken_and_finds_something():
    polls, lines = LongPolls(), []
    poll = waiting(polls, "room", lambda: list(lines))
    polls.wake("room")
    gevent.sleep(0)
    assert not poll.ready()
    lines.append("line")
    polls.wake("another", "room")

    assert poll.get(timeout=1) == ["line"]


def test_another_key_wakes_nobody():
    polls, lines = LongPolls(), []
    poll = waiting(polls, "room", lambda: list(lines))
    lines.append("line")
    polls.wake("another")
    gevent.sleep(0)

    assert not poll.ready()
    polls.wake_all()
    assert poll.get(timeout=1) == ["line"]


def test_a_change_between_the_look_and_the_sleep_is_heard():
    polls, lines = LongPolls(timeout_s=5), []

    def look():
        found = list(lines)
        lines.append("line")
        polls.wake("room")
        return found

    begin = time.monotonic()
    assert polls.wait("room", look) == ["line"]
    assert time.monotonic() - begin < 1


def test_it_gives_up_after_its_time():
    begin = time.monotonic()
    assert LongPolls(timeout_s=9).wait("room", lambda: "", timeout_s=0.05) == ""
    assert 0.05 <= time.monotonic() - begin < 1


def test_nobody_waits_when_the_application_stops():
    polls = LongPolls(timeout_s=60)
    app = Brubeck(plugins=[polls])
    poll = waiting(polls, "room", lambda: None)
    app.announce_stop()

    assert poll.get(timeout=1) is None
    assert waiting(polls, "room", lambda: None).ready()


def test_keys_that_nobody_waits_for_are_forgotten():
    polls = LongPolls(timeout_s=0)
    for number in range(100):
        polls.wait(number, lambda: None)

    assert len(polls._bells) == 0
