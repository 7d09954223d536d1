"""Replies that are gathered, and sent together."""

from __future__ import annotations

import gevent
import pytest
from brubeck.mongrel2 import outlets
from brubeck.mongrel2.outlets import GatheringOutlet
from brubeck.mongrel2.replies import encode_reply


class Sink:
    """Has room for so many messages."""

    generation = 0

    def __init__(self, room=1000):
        self.room = room
        self.taken = []

    def try_send_all(self, replies):
        if not self.room:
            return False
        self.room -= 1
        self.taken.append(list(replies))
        return True


def addressed(number, answer):
    return (b"m2", number), encode_reply(b"m2", number, answer)


def test_what_is_gathered_leaves_together_when_the_hub_runs():
    sink = Sink()
    outlet = GatheringOutlet(sink)
    for number in range(3):
        outlet.send(b"m2 1:1, %d" % number)
    assert not sink.taken
    gevent.sleep(0)

    assert sink.taken == [[b"m2 1:1, 0", b"m2 1:1, 1", b"m2 1:1, 2"]]


def test_replies_to_two_servers_are_two_messages():
    """The second server would not hear a message whose first part is for the other."""
    sink = Sink()
    outlet = GatheringOutlet(sink)
    for reply in (b"m2 1:1, a", b"m2 1:1, b", b"m22 1:1, c"):
        outlet.send(reply)
    outlet.flush()

    assert sink.taken == [[b"m2 1:1, a", b"m2 1:1, b"], [b"m22 1:1, c"]]


def test_no_message_has_more_than_so_many_parts():
    sink = Sink()
    outlet = GatheringOutlet(sink)
    for _ in range(outlets.MAX_PARTS + 1):
        outlet.send(b"m2 1:1, x")
    outlet.flush()

    assert [len(batch) for batch in sink.taken] == [outlets.MAX_PARTS, 1]


def test_what_has_no_room_leaves_when_there_is_some():
    sink = Sink(room=0)
    outlet = GatheringOutlet(sink)
    outlet.send(b"m2 1:1, x")
    gevent.sleep(0)
    sink.room = 1
    gevent.sleep(3 * outlets.RETRY_S)

    assert sink.taken == [[b"m2 1:1, x"]]
    assert not outlet.has_replies


@pytest.mark.parametrize(("overhead", "limit"), [(0, 18), (8192, 2 * 8192)])
def test_no_more_is_gathered_than_so_much(monkeypatch, overhead, limit):
    monkeypatch.setattr(outlets, "OVERHEAD_BYTES", overhead)
    monkeypatch.setattr(outlets, "MAX_GATHERED_BYTES", limit)
    outlet = GatheringOutlet(Sink(room=0))

    assert [outlet.try_send(b"m2 1:1, x") for _ in range(3)] == [True, True, False]


def test_an_answer_waits_while_too_much_is_gathered(monkeypatch):
    monkeypatch.setattr(outlets, "MAX_GATHERED_BYTES", 2 * outlets.OVERHEAD_BYTES)
    sink = Sink(room=0)
    outlet = GatheringOutlet(sink)
    waiter = gevent.spawn(lambda: [outlet.send_answer(*addressed(b"%d" % n, b"x")) for n in range(5)])
    gevent.sleep(5 * outlets.RETRY_S)
    assert not waiter.ready()

    sink.room = 1000
    waiter.get(timeout=1)
    outlet.flush()
    assert [reply for batch in sink.taken for reply in batch] == [
        encode_reply(b"m2", b"%d" % n, b"x") for n in range(5)
    ]


def test_room_comes_back_as_replies_leave(monkeypatch):
    monkeypatch.setattr(outlets, "MAX_GATHERED_BYTES", 100 * outlets.OVERHEAD_BYTES)
    sink = Sink(room=0)
    outlet = GatheringOutlet(sink)
    while outlet.try_send(b"m2 1:1, x"):
        pass
    sink.room = 1
    assert not outlet.flush()

    assert [outlet.try_send(b"m2 1:1, y") for _ in range(outlets.MAX_PARTS + 1)] == [
        *outlets.MAX_PARTS * [True],
        False,
    ]


def test_many_that_find_no_room_try_again_as_one():
    sink = Sink(room=0)
    outlet = GatheringOutlet(sink)
    outlet.send(b"m2 1:1, x")
    for _ in range(100):
        outlet.flush_or_retry()
    tried = []
    sink.try_send_all = lambda replies: tried.append(1)
    gevent.sleep(10 * outlets.RETRY_S)

    assert 1 <= len(tried) <= 10


@pytest.mark.parametrize("send", ["send", "send_answer"])
def test_what_waits_for_room_is_not_sent_to_the_next_server(monkeypatch, send):
    """Whose connections have the same numbers, and are other people's."""
    monkeypatch.setattr(outlets, "MAX_GATHERED_BYTES", outlets.OVERHEAD_BYTES)
    sink = Sink(room=0)
    outlet = GatheringOutlet(sink)
    outlet.send(b"m2 1:1, x")
    key, reply = addressed(b"2", b"late")
    waiter = (
        gevent.spawn(outlet.send_answer, key, reply)
        if send == "send_answer"
        else gevent.spawn(outlet.send, reply)
    )
    gevent.sleep(0)
    sink.generation, sink.room = 1, 1000
    outlet.clear()
    waiter.get(timeout=1)
    outlet.flush()

    assert not sink.taken


def test_answers_to_two_servers_are_two_messages():
    sink = Sink()
    outlet = GatheringOutlet(sink)
    for sender in (b"m2", b"m2", b"m22"):
        outlet.send_answer((sender, b"1"), encode_reply(sender, b"1", b"x"))
    outlet.flush()
    outlet.send_answer((b"m22", b"1"), encode_reply(b"m22", b"1", b"y"))
    outlet.flush()

    assert sink.taken == [[b"m2 1:1, xx"], [b"m22 1:1, x"], [b"m22 1:1, y"]]


def test_what_is_cleared_is_not_sent():
    sink = Sink()
    outlet = GatheringOutlet(sink)
    outlet.send(b"m2 1:1, x")
    outlet.clear()
    gevent.sleep(0)

    assert not sink.taken


def test_answers_to_one_connection_are_one_reply():
    """Mongrel2 ends a connection for which more than sixteen replies wait, and a client had pipelined twenty."""
    sink = Sink()
    outlet = GatheringOutlet(sink)
    for number, answer in ((b"1", b"a"), (b"2", b"b"), (b"1", b"c"), (b"1", b"d")):
        outlet.send_answer(*addressed(number, answer))
    outlet.flush()
    outlet.send_answer(*addressed(b"1", b"e"))
    outlet.flush()

    assert sink.taken == [[b"m2 1:1, acd", b"m2 1:2, b"], [b"m2 1:1, e"]]


def test_an_answer_does_not_overtake_a_stream():
    sink = Sink()
    outlet = GatheringOutlet(sink)
    outlet.send_answer(*addressed(b"1", b"a"))
    outlet.try_send(b"m2 1:1, piece")
    outlet.send_answer(*addressed(b"1", b"b"))
    outlet.flush()

    assert sink.taken == [[b"m2 1:1, a", b"m2 1:1, piece", b"m2 1:1, b"]]


def test_early_nothing_leaves_while_a_client_pipelines():
    """Its answers would have been more replies than Mongrel2 puts up with."""
    sink = Sink()
    outlet = GatheringOutlet(sink)
    outlet.send_answer(*addressed(b"1", b"one"))
    outlet.flush_early()
    assert len(sink.taken) == 1

    for answer in (b"two", b"three"):
        outlet.send_answer(*addressed(b"1", answer))
    outlet.flush_early()
    assert len(sink.taken) == 1

    outlet.flush()
    assert sink.taken[1:] == [[encode_reply(b"m2", b"1", b"twothree")]]
    outlet.send_answer(*addressed(b"1", b"four"))
    outlet.flush_early()
    assert len(sink.taken) == 3
