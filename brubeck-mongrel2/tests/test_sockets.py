"""Rooms, and the ends of WebSockets, with no socket open."""

from __future__ import annotations

from collections import defaultdict

import gevent
import pytest
from brubeck.mongrel2 import outlets
from brubeck.mongrel2.outlets import GatheringOutlet
from brubeck.mongrel2.sockets import SocketRegister


class Sink:
    """Has room for so many messages, and keeps their parts."""

    generation = 0

    def __init__(self, room=10**6):
        self.room = room
        self.taken = []

    def try_send_all(self, replies):
        if not self.room:
            return False
        self.room -= 1
        self.taken += replies
        return True


@pytest.fixture
def sink():
    return Sink()


@pytest.fixture
def register(sink):
    return SocketRegister(GatheringOutlet(sink), max_targets=2)


def join(register, rooms, members=1):
    for room in range(rooms):
        for number in range(members):
            register.rooms.join(f"room {room}", (b"m2", b"%d" % (room * members + number)))


def test_a_broadcast_waits_for_room(register, sink):
    """Of 3,000 broadcasts 1,000 went nowhere, and nobody was told."""
    join(register, rooms=3000)
    for room in range(3000):
        register.broadcast(f"room {room}", "hi")
    gevent.sleep(0.02)

    assert len(sink.taken) == 3000
    assert len(set(sink.taken)) == 3000


def test_long_broadcasts_wait_for_room(register, sink, monkeypatch):
    monkeypatch.setattr(outlets, "MAX_GATHERED_BYTES", 5000)
    join(register, rooms=20)
    for room in range(20):
        register.broadcast(f"room {room}", "x" * 1000)
    gevent.sleep(0.02)

    assert len(sink.taken) == 20


def test_everyone_in_a_room_hears_all_once_and_in_order(register, sink, monkeypatch):
    """Also where there was room for some of them only."""
    monkeypatch.setattr(outlets, "MAX_GATHERED", 2)
    join(register, rooms=1, members=9)
    sink.room = 1
    speaker = gevent.spawn(lambda: [register.broadcast("room 0", word) for word in ("one", "two", "three")])
    gevent.sleep(0.02)
    assert not speaker.dead
    sink.room = 10**6
    gevent.sleep(0.1)
    heard = defaultdict(bytes)
    for reply in sink.taken:
        head, _, data = reply.partition(b", ")
        for number in head.partition(b":")[2].split():
            heard[number] += data

    said = b"\x81\x03one\x81\x03two\x81\x05three"
    assert heard == {b"%d" % number: said for number in range(9)}


def test_a_broadcast_from_the_hub_is_sent_when_there_is_room(register, sink, monkeypatch):
    """A callback may not wait."""
    monkeypatch.setattr(outlets, "MAX_GATHERED", 20)
    join(register, rooms=60)
    failed = []

    def speak():
        try:
            for room in range(60):
                register.broadcast(f"room {room}", "hi")
        except BaseException as exc:
            failed.append(exc)

    gevent.get_hub().loop.run_callback(speak)
    gevent.sleep(0.1)

    assert not failed
    assert len(set(sink.taken)) == len(sink.taken) == 60


def test_what_a_server_did_not_hear_is_not_sent_to_its_successor(register, sink, monkeypatch):
    """Its connection numbers would be other people's."""
    monkeypatch.setattr(outlets, "MAX_GATHERED", 1)
    join(register, rooms=1, members=6)
    sink.room = 1
    gevent.spawn(register.broadcast, "room 0", "hi")
    gevent.sleep(0.02)
    sink.generation, sink.room = 1, 100
    register.outlet.clear()
    register.rooms = type(register.rooms)()
    gevent.sleep(0.02)

    assert len(sink.taken) == 1
