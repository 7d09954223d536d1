"""The balancer's rules, in memory: frames in, frames and replies out."""

from __future__ import annotations

import json

import pytest
from brubeck.mongrel2.balancing import Balance
from brubeck.mongrel2.dealing import FEW
from brubeck.mongrel2.wire import Verb, pack_numbers, unpack_work
from brubeck.mongrel2.workers import Limits


def message(number, method="GET", path=b"/", body=b""):
    head = b"6:METHOD,%d:%b," % (len(method), method.encode())
    return b"m2 %d %b %d:%b}%d:%b," % (number, path, len(head), head, len(body), body)


DISCONNECT = b'm2 %d @* 16:6:METHOD,4:JSON,}21:{"type":"disconnect"},'


class Bench:
    """A balancer whose frames are kept."""

    takes_singly = False

    def __init__(self, **limits):
        self.now = 100.0
        self.sent = []
        self.published = []
        self.dropped = []
        self.balance = Balance(
            lambda *frame: self.sent.append(frame),
            self.published.append,
            Limits(**limits),
            drop=self.dropped.append,
        )

    def ready(self, identity, credit=4):
        about = json.dumps({"pid": identity.decode()}).encode()
        self.balance.hear(identity, Verb.READY + credit.to_bytes(2, "little") + about, self.now)

    def take(self, *messages):
        if self.takes_singly:
            for data in messages:
                self.balance.take(data, self.now)
        else:
            self.balance.take_all(list(messages), self.now)
        self.balance.flush()

    def given(self, identity, verb=Verb.WORK):
        """Return what *identity* was given since the last time, as (serial, connection) pairs."""
        frames = [frame for who, frame in self.sent if who == identity and frame[:1] == verb]
        self.sent = [(who, frame) for who, frame in self.sent if who != identity or frame[:1] != verb]
        return [(serial, int(data.split(b" ")[1])) for frame in frames for serial, data in unpack_work(frame)]

    def done(self, identity, *serials, credit=None):
        frame = pack_numbers(Verb.DONE, serials, len(serials) if credit is None else credit)
        self.balance.hear(identity, frame, self.now)
        self.balance.flush()


@pytest.fixture(params=["singly", "together"])
def bench(request):
    bench = Bench()
    bench.takes_singly = request.param == "singly"
    bench.ready(b"a")
    bench.ready(b"b")
    return bench


def connections(pairs):
    return [number for _, number in pairs]


def test_work_goes_to_the_worker_with_the_least(bench):
    bench.take(*(message(number) for number in range(1, 5)))
    first, second = bench.given(b"a"), bench.given(b"b")
    assert len(first) == len(second) == 2

    bench.done(b"a", *(serial for serial, _ in first))
    bench.take(message(10), message(11))

    assert connections(bench.given(b"a")) == [10, 11]
    assert not bench.given(b"b")


def test_without_credit_messages_wait_for_whoever_is_first(bench):
    bench.take(*(message(number) for number in range(1, 11)))
    taken = bench.given(b"a")
    assert len(taken) == 4
    assert len(bench.balance.waiting) == 2

    bench.done(b"a", taken[0][0], taken[1][0])

    assert connections(bench.given(b"a")) == [9, 10]


def test_more_is_wanted_while_a_worker_has_few_unread(bench):
    assert Bench().balance.is_hungry  # nobody will answer in time, and that is said by the balancer

    bench = Bench()
    bench.ready(b"a", credit=64)
    bench.ready(b"b", credit=64)
    bench.take(*(message(number) for number in range(1, 2 * FEW)))
    assert bench.balance.is_hungry
    bench.take(message(100))
    assert not bench.balance.is_hungry

    serials = [serial for serial, _ in bench.given(b"b")]
    bench.done(b"b", serials[0])
    assert bench.balance.is_hungry
    bench.balance.hear(b"b", Verb.LEAVE, bench.now)
    assert not bench.balance.is_hungry
    bench.balance.hear(b"a", Verb.LEAVE, bench.now)
    assert bench.balance.is_hungry


def test_nothing_is_left_in_mongrel2_while_a_message_is_done_over():
    """A message of the same client that came behind the second answer would be taken for one to be answered by it."""
    bench = Bench()
    bench.ready(b"a", credit=64)
    bench.take(message(1))
    bench.ready(b"b", credit=64)
    bench.take(*(message(number) for number in range(10, 30)))
    bench.balance.hear(b"a", Verb.LEAVE, bench.now)
    bench.balance.lose(b"a", bench.now)
    bench.balance.flush()
    again = [serial for serial, connection in bench.given(b"b", Verb.AGAIN) if connection == 1]
    assert again
    assert bench.balance.is_hungry

    bench.done(b"b", *bench.balance.workers[b"b"].unanswered)
    bench.take(*(message(number) for number in range(30, 40)))
    assert not bench.balance.is_hungry


def test_a_worker_without_credit_wants_nothing():
    bench = Bench()
    bench.ready(b"a", credit=1)
    bench.take(message(1))

    assert not bench.balance.is_hungry


def test_a_connection_stays_with_the_worker_that_has_it(bench):
    """Pipelined requests are answered in order only within one process."""
    bench.take(message(1))
    owner = b"a" if bench.given(b"a") else b"b"
    bench.take(message(1), message(1), message(1))

    assert connections(bench.given(owner)) == [1, 1, 1]


def test_a_held_connection_stays_when_all_is_answered(bench):
    bench.take(message(1))
    [(serial, _)] = bench.given(b"a")
    bench.balance.hear(b"a", Verb.HOLD + b"m2 1", bench.now)
    bench.done(b"a", serial)
    bench.take(message(2), message(3), message(4), message(1, "WEBSOCKET"))
    assert 1 in connections(bench.given(b"a"))

    bench.take(DISCONNECT % 1)

    assert (b"a", Verb.NOTICE + DISCONNECT % 1) in bench.sent
    bench.given(b"a")


def test_a_disconnect_that_concerns_nobody_goes_nowhere(bench):
    bench.sent.clear()
    bench.take(DISCONNECT % 99)

    assert not bench.sent


def test_safe_messages_of_a_dead_worker_are_done_by_another(bench):
    bench.take(*(message(number) for number in range(1, 5)))
    lost = connections(bench.given(b"a"))
    bench.balance.lose(b"a", bench.now)

    assert connections(bench.given(b"b", Verb.AGAIN)) == lost
    assert bench.balance.totals.retried == 2
    assert not bench.published


def test_unsafe_messages_of_a_dead_worker_are_502_and_closed(bench):
    bench.take(message(1, "POST"), message(2, "POST"))
    [(_, number)] = bench.given(b"a")
    bench.balance.lose(b"a", bench.now)

    answer, close = bench.published
    assert b"HTTP/1.1 502 " in answer
    assert close == b"m2 1:%d, " % number


def test_an_answer_that_had_begun_is_broken_off(bench):
    bench.take(message(1))
    [(serial, _)] = bench.given(b"a")
    bench.balance.hear(b"a", pack_numbers(Verb.BEGUN, [serial]), bench.now)
    bench.balance.lose(b"a", bench.now)

    assert bench.published == [b"m2 1:1, "]
    assert not bench.given(b"b", Verb.AGAIN)


def test_websockets_of_a_dead_worker_are_closed(bench):
    bench.balance.hear(b"a", Verb.HOLD + b"m2 5", bench.now)
    bench.balance.lose(b"a", bench.now)

    assert bench.published == [b"m2 1:5, "]


def test_a_silent_worker_is_taken_for_dead(bench):
    bench.now += 4
    bench.balance.hear(b"b", Verb.PING, bench.now)
    bench.now += 2
    bench.balance.tick(bench.now)

    assert list(bench.balance.workers) == [b"b"]


def test_a_worker_that_was_given_up_is_told_so(bench):
    bench.balance.lose(b"a", bench.now)
    bench.done(b"a", 1)

    assert bench.sent[-1] == (b"a", Verb.LOST)


def test_a_stranger_is_asked_who_it_is(bench):
    bench.done(b"c", 1)

    assert bench.sent[-1] == (b"c", Verb.WHO)


def test_what_waited_after_a_death_is_still_a_repetition(bench):
    """It was sent as if for the first time, and its connection stayed open for the answer of the dead."""
    bench.take(*(message(number) for number in range(1, 9)))
    lost = connections(bench.given(b"a"))
    taken = bench.given(b"b")
    bench.balance.lose(b"a", bench.now)
    bench.done(b"b", *(serial for serial, _ in taken))

    assert sorted(connections(bench.given(b"b", Verb.AGAIN))) == lost


def test_of_two_pipelined_messages_neither_is_repeated(bench):
    """How many answers their client has had is not known. Giving both to others also stopped the balancer once."""
    bench.take(message(1), message(2), message(1))
    bench.balance.hear(b"a", pack_numbers(Verb.SENDING, [bench.given(b"a")[0][0]]), bench.now)
    bench.balance.lose(b"a", bench.now)

    assert bench.published == [b"m2 1:1, "]
    assert not bench.given(b"b", Verb.AGAIN)


def test_what_follows_an_answer_that_was_leaving_is_repeated(bench):
    bench.take(message(1), message(2))
    [(first, _)] = bench.given(b"a")
    bench.balance.hear(b"a", pack_numbers(Verb.SENDING, [first]), bench.now)
    bench.take(message(1))
    [(second, _)] = bench.given(b"a")
    bench.balance.lose(b"a", bench.now)

    assert second > first
    assert connections(bench.given(b"b", Verb.AGAIN)) == [1]
    assert not bench.published


def test_a_client_that_stopped_pipelining_is_trusted_again(bench):
    bench.take(message(1), message(2), message(1))
    bench.done(b"a", *(serial for serial, _ in bench.given(b"a")))
    bench.done(b"b", *(serial for serial, _ in bench.given(b"b")))
    bench.take(message(3), message(1), message(4))
    [owner] = [who for who in (b"a", b"b") if 1 in connections(bench.given(who))]
    worker = bench.balance.workers[owner]

    assert not worker.pipelined


def test_a_client_that_goes_on_has_had_its_answer(bench):
    """What it asks next must not be answered by the repetition of what it asked before."""
    bench.take(message(1))
    bench.balance.lose(b"a", bench.now)
    [(serial, _)] = bench.given(b"b", Verb.AGAIN)
    bench.take(message(1))

    assert bench.published == [b"m2 1:1, "]
    bench.done(b"b", serial)
    bench.take(message(1))
    assert connections(bench.given(b"b")) == [1]


def sent_order(bench, *identities):
    """Return the paths of what was sent, in order."""
    frames = [
        frame for who, frame in bench.sent if who in identities and frame[:1] in (Verb.WORK, Verb.AGAIN)
    ]
    bench.sent.clear()
    return [data.split(b" ")[2] for frame in frames for _, data in unpack_work(frame)]


def test_what_is_in_the_backlog_of_a_dead_worker_stays_behind_what_was_sent():
    """Nobody knows how many answers the client has had, and a third worker may have an owner's part."""
    bench = Bench()
    bench.ready(b"a", credit=1)
    bench.take(message(7, path=b"/1"), message(7, path=b"/2"))
    bench.ready(b"b")
    bench.ready(b"c")
    bench.balance.lose(b"a", bench.now)
    bench.balance.flush()

    assert b"m2 1:7, " in bench.published
    assert not bench.given(b"b") + bench.given(b"c")


def test_what_was_never_sent_to_a_dead_worker_keeps_its_order():
    bench = Bench()
    bench.ready(b"a", credit=1)
    bench.balance.hear(b"a", Verb.HOLD + b"m2 7", bench.now)
    bench.take(message(1, path=b"/0"), message(7, path=b"/1"), message(7, path=b"/2"), message(7, path=b"/3"))
    bench.balance.hear(b"a", Verb.RELEASE + b"m2 7", bench.now)
    bench.sent.clear()
    bench.balance.lose(b"a", bench.now)
    bench.ready(b"b")
    bench.balance.flush()

    assert sent_order(bench, b"b") == [b"/0", b"/1", b"/2", b"/3"]
    assert not bench.published


def test_no_message_overtakes_an_earlier_one_of_its_connection_that_waits():
    bench = Bench()
    bench.take(message(7, path=b"/1"), message(8, path=b"/x"), message(7, path=b"/2"))
    bench.ready(b"a", credit=1)
    bench.balance.flush()
    bench.take(message(7, path=b"/3"))
    [(serial, _)] = bench.given(b"a")
    order = []
    for _ in range(3):
        bench.done(b"a", serial)
        [(serial, _)] = unpack_work(bench.sent[-1][1])
        order += sent_order(bench, b"a")

    assert order == [b"/x", b"/2", b"/3"]


def test_no_message_overtakes_an_earlier_one_in_a_backlog():
    bench = Bench()
    bench.ready(b"a", credit=1)
    bench.take(message(7, path=b"/1"), message(7, path=b"/2"))
    [(serial, _)] = bench.given(b"a")
    bench.ready(b"b")
    bench.done(b"a", serial, credit=0)
    bench.take(message(7, path=b"/3"))

    assert not bench.given(b"b")


def test_what_workers_die_of_is_502_at_the_second_death(bench):
    bench.take(message(7))
    for identity in (b"a", b"b"):
        bench.balance.lose(identity, bench.now)
    bench.balance.flush()

    assert b" 502 Bad Gateway" in bench.published[0]
    assert not bench.balance.waiting
    assert not bench.balance.repeated


def test_whoever_came_later_does_not_wait_longer_for_what_is_done_over():
    bench = Bench(wait_s=10)
    bench.ready(b"a", credit=1)
    bench.take(message(1), message(2))
    bench.now += 9
    bench.balance.lose(b"a", bench.now)
    bench.balance.tick(bench.now + 2)

    assert [item[1] for item in bench.balance.waiting] == [b"m2 1"]
    assert b"m2 1:2, HTTP/1.1 503" in bench.published[0]


@pytest.mark.parametrize("about", [b"1", b"[]", b"null", b"[" * 100_000, b'{"pid": {}, "host": 5}', b"\xff"])
def test_a_worker_that_says_nonsense_of_itself_ends_nobody(about):
    bench = Bench()
    bench.balance.hear(b"a", Verb.READY + b"\x01\x00" + about, bench.now)
    bench.balance.hear(b"x", Verb.STATUS, bench.now)
    bench.balance.lose(b"a", bench.now)

    assert json.loads(bench.sent[-1][1][1:])["workers"][0]["pid"] is None


def describe_first(bench):
    return bench.balance.status(bench.now)["workers"][0]


@pytest.mark.parametrize("key", [b"junk", b"m2 x", b"m2 7 8", b"", b"m2  7"])
def test_a_connection_that_is_none_is_not_held(key):
    bench = Bench()
    bench.ready(b"a")
    bench.balance.hear(b"a", Verb.HOLD + key, bench.now)
    bench.balance.lose(b"a", bench.now)

    assert not bench.published


def test_a_worker_has_no_more_credit_than_it_said_at_first():
    bench = Bench()
    bench.ready(b"a", credit=4)
    for _ in range(3):
        bench.done(b"a", credit=65_535)

    assert describe_first(bench)["credit"] == 4


def test_what_a_worker_says_of_messages_it_has_not_is_not_kept():
    bench = Bench()
    bench.ready(b"a")
    bench.balance.hear(b"a", pack_numbers(Verb.BEGUN, range(1000, 2000)), bench.now)

    assert not bench.balance.workers[b"a"].begun


def test_nothing_is_kept_of_a_socket_that_was_released(bench):
    bench.balance.hear(b"a", Verb.HOLD + b"m2 7", bench.now)
    bench.take(*(message(7, "WEBSOCKET") for _ in range(2)))
    bench.done(b"a", *(serial for serial, _ in bench.given(b"a")))
    bench.balance.hear(b"a", Verb.RELEASE + b"m2 7", bench.now)

    assert not bench.balance.workers[b"a"].pipelined
    assert not bench.balance.owners


def test_a_stop_waits_for_answers_and_not_for_sockets(bench):
    bench.balance.hear(b"a", Verb.HOLD + b"m2 7", bench.now)
    assert bench.balance.is_done
    bench.take(message(8))
    assert not bench.balance.is_done


def test_what_waits_too_long_is_503():
    bench = Bench(wait_s=1.0)
    bench.take(message(1))
    bench.now += 1.5
    bench.balance.tick(bench.now)

    assert b"HTTP/1.1 503 " in bench.published[0]
    assert bench.balance.totals.expired == 1


def test_a_leaving_worker_gets_no_more_and_keeps_its_own(bench):
    bench.take(message(1), message(2))
    mine = bench.given(b"a")
    bench.balance.hear(b"a", Verb.LEAVE, bench.now)
    bench.take(message(3))

    assert (b"a", Verb.GOODBYE) in bench.sent
    assert not bench.given(b"a")
    bench.done(b"a", *(serial for serial, _ in mine))
    bench.balance.lose(b"a", bench.now)
    assert bench.balance.totals.deaths == 0


def test_when_the_server_goes_its_clients_are_forgotten(bench):
    bench.take(message(1, "POST"))
    bench.balance.forget_server()
    bench.balance.lose(b"a", bench.now)
    bench.balance.lose(b"b", bench.now)

    assert not bench.published
    assert not bench.balance.owners


@pytest.mark.parametrize("data", [b"", b"x", b"m2 1"])
def test_poison_is_counted(bench, data):
    bench.take(data)

    assert bench.balance.totals.poisonous == 1


@pytest.mark.parametrize(
    "frame", [b"", b"D", b"DA", b"O\x00\x00abc", b"D\x00\x00abc", b"B", b"Z", b"R\x01", b"R\x01\x00{"]
)
def test_frames_that_cannot_be_read_do_no_harm(bench, frame):
    bench.balance.hear(b"a", frame, bench.now)
    bench.take(message(1))

    assert bench.balance.status(bench.now)["totals"]["received"] == 1


def test_what_no_worker_will_see_is_dropped():
    """Parked bodies stayed on the disk."""
    bench = Bench(wait_s=10, max_backlog=0)
    unwanted = [message(number) for number in range(1, 5)]
    bench.take(unwanted[0])
    bench.now += 11
    bench.balance.tick(bench.now)
    bench.take(unwanted[1])
    bench.take(DISCONNECT % 2)
    bench.ready(b"a", credit=1)
    bench.take(message(3, "POST"), unwanted[2])
    bench.balance.lose(b"a", bench.now)
    bench.take(unwanted[3])
    bench.balance.forget_server()

    assert bench.dropped == [*unwanted[:3], message(3, "POST"), unwanted[3]]


def test_what_waits_for_a_workers_credit_is_dropped_with_the_server():
    bench = Bench()
    bench.ready(b"a", credit=1)
    bench.take(message(1), message(1, "POST"))
    bench.balance.forget_server()

    assert bench.dropped == [message(1, "POST")]


def test_what_comes_behind_a_request_that_is_done_over_is_dropped():
    bench = Bench()
    bench.ready(b"a")
    bench.take(message(1))
    bench.ready(b"b")
    bench.balance.lose(b"a", bench.now)
    bench.take(message(1, "POST"))

    assert bench.given(b"b", Verb.AGAIN)
    assert bench.dropped == [message(1, "POST")]
