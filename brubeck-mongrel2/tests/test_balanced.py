"""What a worker says to its balancer, with no socket open."""

from __future__ import annotations

import ast
import os
from pathlib import Path

import gevent
import pytest
import zmq
from brubeck.core.application import Brubeck
from brubeck.core.handlers import WebMessageHandler
from brubeck.mongrel2.answering import Answerer
from brubeck.mongrel2.balanced import BalancedSource
from brubeck.mongrel2.connection import Mongrel2Connection
from brubeck.mongrel2.crew import Crew, Member
from brubeck.mongrel2.outlets import GatheringOutlet
from brubeck.mongrel2.wire import Verb, pack_work, unpack_numbers
from gevent.event import Event
from gevent.pool import Pool
from greenlet import GreenletExit

REQUEST = ast.literal_eval((Path(__file__).parent / "captured.txt").read_text().splitlines()[0])


class Sink:
    """Takes everything while it has room."""

    generation = 0
    has_room = True

    def try_send_all(self, replies):
        return self.has_room


class Line:
    """Frames that a balancer has sent, in the place of ZeroMQ's socket."""

    def __init__(self):
        self.frames = []

    def recv(self, flags):
        if not self.frames:
            raise zmq.Again
        return self.frames.pop(0)

    def close(self, linger):
        self.frames.clear()


class Source(BalancedSource):
    """Keeps what it would tell a balancer, which says goodbye to who leaves."""

    def _say(self, frame):
        self.told.append(frame)
        if frame == Verb.LEAVE:
            self._socket.frames.append(Verb.GOODBYE)


class LeavingHandler(WebMessageHandler):
    def get(self):
        raise GreenletExit


class LateHandler(WebMessageHandler):
    def get(self):
        gevent.sleep(0.001)
        raise GreenletExit


class PatientHandler(WebMessageHandler):
    go = Event()

    def get(self):
        self.go.wait()
        return "here"


@pytest.fixture
def source():
    tuples = [(r"^/patient", PatientHandler), (r"^/late", LateHandler), (r"^/", LeavingHandler)]
    application = Brubeck(msg_conn=Mongrel2Connection(), handler_tuples=tuples)
    sink = Sink()
    source = Source(None, "inproc://none", Answerer(application, GatheringOutlet(sink)), application.pool)
    source.told, source.sink = [], sink
    yield source
    source.close()


def test_a_message_whose_handler_ends_its_greenlet_is_done(source):
    """It stayed unanswered and its credit away: as many as it has, and the worker got nothing more."""
    with pytest.raises(GreenletExit):
        source.handle((7, REQUEST), Member())
    source.flush()

    assert source.told[-1][:1] == Verb.DONE
    assert (unpack_numbers(source.told[-1])[0], *unpack_numbers(source.told[-1])[1]) == (1, 7)


def test_a_message_whose_blocked_handler_ends_its_greenlet_is_done(source):
    """As above; its credit was back already, and is not returned twice."""
    late = REQUEST.replace(b" /a%20b/c ", b" /late ")
    member = Member(lambda: source.handle((7, late), member), gevent.get_hub())
    gevent.get_hub().loop.run_callback(member.switch)
    gevent.sleep(0)
    source.note_blocked(member)
    member.is_blocked = True
    gevent.sleep(0.02)
    [frame] = [frame for frame in source.told if frame[:1] == Verb.DONE]

    assert (unpack_numbers(frame)[0], *unpack_numbers(frame)[1]) == (1, 7)


def begin(source, pool, fd):
    """Have *source* take from a `Line` instead of connecting."""
    source._socket = line = Line()
    source._recv, source._probe = line.recv, lambda: bool(line.frames)
    source._crew = Crew(
        pool, source.take, source.has_more, source.handle, fd, source.note_blocked, source.flush
    )
    return line, source._crew


def test_what_was_sent_before_the_goodbye_is_answered_also_while_the_pool_is_full(source):
    """The goodbye lay unread behind it for longer than it was waited for, and the process ended without its work."""
    PatientHandler.go.clear()
    patient = REQUEST.replace(b" /a%20b/c ", b" /patient ")
    messages = [patient.replace(b" 2 ", b" %d " % number, 1) for number in (1, 2, 3)]
    reader, writer = os.pipe()
    line, crew = begin(source, Pool(1), reader)
    crew.start()
    line.frames.append(pack_work(Verb.WORK, [1], messages[:1]))
    gevent.sleep(0.01)
    line.frames.append(pack_work(Verb.WORK, [2, 3], messages[1:]))
    leaving = gevent.spawn(source.leave)
    gevent.sleep(0.02)
    assert not line.frames

    PatientHandler.go.set()
    leaving.join(1)
    source.work_off()
    crew.wait(1)
    source.finish()
    answered = [
        serial for frame in source.told if frame[:1] == Verb.DONE for serial in unpack_numbers(frame)[1]
    ]

    assert leaving.dead
    assert answered == [1, 2, 3]
    assert source.told[-1] == Verb.LEAVE
    source.close()
    os.close(reader)
    os.close(writer)


def test_a_worker_that_leaves_says_what_it_answered_when_that_has_left(source):
    """It ended in between while there was no room, and its messages were given to others."""
    source.sink.has_room = False
    with pytest.raises(GreenletExit):
        source.handle((7, REQUEST), Member())
    finishing = gevent.spawn(source.finish)
    gevent.sleep(0.02)
    assert not finishing.dead

    source.sink.has_room = True
    finishing.join(1)

    assert finishing.dead
    assert source.told[-1][:1] == Verb.DONE


def test_what_came_while_nothing_could_be_sent_is_heard(source):
    """Saying that answers leave had swallowed the socket's signal, and nobody looked for up to a second."""
    reader, _ = os.pipe()
    line, crew = begin(source, Pool(2), reader)
    crew.start()
    gevent.sleep(0.001)
    source.sink.has_room = False
    source._done.append(7)
    source._outlet.send(b"m2 1:2, reply")
    PatientHandler.go.set()
    line.frames.append(pack_work(Verb.WORK, [8], [REQUEST.replace(b" /a%20b/c ", b" /patient ")]))
    source.flush()
    gevent.sleep(0.003)

    assert not line.frames
