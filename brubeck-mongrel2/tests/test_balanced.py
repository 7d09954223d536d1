"""What a worker says to its balancer, with no socket open."""

from __future__ import annotations

import ast
from pathlib import Path

import gevent
import pytest
from brubeck.core.application import Brubeck
from brubeck.core.handlers import WebMessageHandler
from brubeck.mongrel2.answering import Answerer
from brubeck.mongrel2.balanced import BalancedSource
from brubeck.mongrel2.connection import Mongrel2Connection
from brubeck.mongrel2.crew import Member
from brubeck.mongrel2.outlets import GatheringOutlet
from brubeck.mongrel2.wire import Verb, unpack_numbers
from greenlet import GreenletExit

REQUEST = ast.literal_eval((Path(__file__).parent / "captured.txt").read_text().splitlines()[0])


class Sink:
    """Takes everything."""

    generation = 0

    def try_send_all(self, replies):
        return True


class Source(BalancedSource):
    """Keeps what it would tell a balancer."""

    def _tell(self, frame):
        self.told.append(frame)


class LeavingHandler(WebMessageHandler):
    def get(self):
        raise GreenletExit


class LateHandler(WebMessageHandler):
    def get(self):
        gevent.sleep(0.001)
        raise GreenletExit


@pytest.fixture
def source():
    tuples = [(r"^/late", LateHandler), (r"^/", LeavingHandler)]
    application = Brubeck(msg_conn=Mongrel2Connection(), handler_tuples=tuples)
    source = Source(None, "inproc://none", Answerer(application, GatheringOutlet(Sink())), application.pool)
    source.told = []
    yield source
    source.close()


def test_a_message_whose_handler_ends_its_greenlet_is_done(source):
    """It stayed unanswered and its credit away: 32 of them, and the worker got nothing more."""
    with pytest.raises(GreenletExit):
        source.handle((7, REQUEST, False), Member())
    source.flush()

    assert source.told[-1][:1] == Verb.DONE
    assert (unpack_numbers(source.told[-1])[0], *unpack_numbers(source.told[-1])[1]) == (1, 7)


def test_a_message_whose_blocked_handler_ends_its_greenlet_is_done(source):
    """As above; its credit was back already, and is not returned twice."""
    late = REQUEST.replace(b" /a%20b/c ", b" /late ")
    member = Member(lambda: source.handle((7, late, False), member), gevent.get_hub())
    gevent.get_hub().loop.run_callback(member.switch)
    gevent.sleep(0)
    source.note_blocked(member)
    member.is_blocked = True
    gevent.sleep(0.02)
    [frame] = [frame for frame in source.told if frame[:1] == Verb.DONE]

    assert (unpack_numbers(frame)[0], *unpack_numbers(frame)[1]) == (1, 7)
