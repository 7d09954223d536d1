"""Rooms, and the ends of WebSockets, with no socket open."""

from __future__ import annotations

from collections import defaultdict

import gevent
import pytest
from brubeck.core.websockets import WebSocketMessageHandler, WebSocketSession
from brubeck.mongrel2 import outlets
from brubeck.mongrel2.outlets import GatheringOutlet
from brubeck.mongrel2.sockets import LOST_AFTER_S, Mongrel2Socket, SocketRegister


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


def give_room(register, monkeypatch, replies):
    """Have no more than so many replies gathered."""
    monkeypatch.setattr(outlets, "MAX_GATHERED_BYTES", replies * outlets.OVERHEAD_BYTES)
    register.outlet.clear()


def test_long_broadcasts_wait_for_room(register, sink, monkeypatch):
    give_room(register, monkeypatch, 5)
    join(register, rooms=20)
    for room in range(20):
        register.broadcast(f"room {room}", "x" * 1000)
    gevent.sleep(0.02)

    assert len(sink.taken) == 20


def test_everyone_in_a_room_hears_all_once_and_in_order(register, sink, monkeypatch):
    """Also where there was room for some of them only."""
    give_room(register, monkeypatch, 2)
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
    give_room(register, monkeypatch, 20)
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
    give_room(register, monkeypatch, 1)
    join(register, rooms=1, members=6)
    sink.room = 1
    gevent.spawn(register.broadcast, "room 0", "hi")
    gevent.sleep(0.02)
    sink.generation, sink.room = 1, 100
    register.outlet.clear()
    register.rooms = type(register.rooms)()
    gevent.sleep(0.02)

    assert len(sink.taken) == 1


class ClosingHandler(WebSocketMessageHandler):
    """Does with its end what `at_end` says."""

    def __init__(self, at_end):
        self.at_end = at_end
        self.closed = []

    def on_close(self, code, reason):
        self.closed.append(code)
        self.at_end()


def leave():
    raise SystemExit


def wait():
    gevent.sleep(60)


def connect(register, number, at_end):
    socket = Mongrel2Socket(register, (b"m2", b"%d" % number), 100)
    socket.session = WebSocketSession(ClosingHandler(at_end), socket)
    register.by_key[socket.key] = socket
    return socket


@pytest.fixture
def sockets(register):
    """Return three sockets whose handlers end badly, badly and well."""
    return [connect(register, number, at_end) for number, at_end in enumerate((leave, wait, list))]


def closed_codes(sockets):
    return [code for socket in sockets for code in socket.session.handler.closed]


def test_a_sweep_lets_go_of_all_who_are_silent(register, sink, sockets):
    """A handler that raised what is no Exception ended the sweeper, and one that blocked held it up."""
    for socket in sockets:
        socket.heard_at -= LOST_AFTER_S + 1
    register.sweep()
    gevent.sleep(0.02)

    assert not register.by_key
    assert sorted(sink.taken) == [b"m2 1:0, ", b"m2 1:1, ", b"m2 1:2, "]
    assert closed_codes(sockets) == [1006, 1006, 1006]


def test_a_server_that_goes_takes_all_with_it(register, sockets):
    """The second and third were not told when the handler of the first raised."""
    register.lose_all()
    gevent.sleep(0.02)

    assert not register.by_key
    assert closed_codes(sockets) == [1006, 1006, 1006]


def test_a_process_that_ends_says_goodbye_to_all(register, sink, sockets):
    """Those behind a handler that raised or blocked were left without a word."""
    goodbyes = register.close_all()
    gevent.sleep(0.02)

    assert closed_codes(sockets) == [1001, 1001, 1001]
    assert [goodbye.dead for goodbye in goodbyes] == [True, False, True]
    said = b"".join(sink.taken)
    assert said.count(b"\x88\x02\x03\xe9") == 3


def test_a_client_that_closes_is_let_go_of_whatever_its_handler_does(register, sink):
    socket = connect(register, 1, leave)
    with pytest.raises(SystemExit):
        socket.receive(b"0x88", b"\x03\xe8")
    gevent.sleep(0.02)

    assert not register.by_key
    assert sink.taken[-1] == b"m2 1:1, "


def test_a_client_that_breaks_a_rule_is_let_go_of_whatever_its_handler_does(register, sink):
    socket = connect(register, 1, leave)
    with pytest.raises(SystemExit):
        socket.receive(b"0x82", b"x" * 101)
    gevent.sleep(0.02)

    assert not register.by_key
    assert sink.taken[-1] == b"m2 1:1, "
