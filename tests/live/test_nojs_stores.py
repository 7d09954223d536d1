"""What both stores of no.js promise: in memory, and in a real Redis that two processes share."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace

import gevent
import pytest
from brubeck.auth import connect_redis
from brubeck.request_handling import LongPolls
from listeners import listening
from nojs import stores as stores_module
from nojs.app import make_app
from nojs.stores import KEPT_MESSAGES, LIST, MAX_ROOMS, NAME_S, STAY_S, MemoryStore, RedisStore, RoomsFull
from redis import Redis
from serving import free_port, wait_until

pytestmark = pytest.mark.live("redis-server")


@pytest.fixture(scope="module")
def redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Redis]:
    folder, port = tmp_path_factory.mktemp("redis"), free_port()
    command = ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(folder)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as server:
        client = Redis(port=port, decode_responses=True)
        wait_until(lambda: answers(client), what="redis")
        client.url = f"redis://127.0.0.1:{port}/0"
        yield client
        client.close()
        server.terminate()


def answers(client: Redis) -> bool:
    try:
        return bool(client.ping())
    except OSError:
        return False
    except Exception as exc:
        if "refused" in str(exc):
            return False
        raise


@contextmanager
def redis_store(url: str, timeout_s: float = 5) -> Iterator[RedisStore]:
    """Run a store as an application does: it hears of changes, and begins again where it was cut off."""
    store = RedisStore(connect_redis(url, decode_responses=True), LongPolls(timeout_s), ["lobby"])
    with listening(store, "nojs:changes"):
        yield store


def wait_for_ears(redis: Redis, count: int) -> None:
    wait_until(lambda: dict(redis.pubsub_numsub("nojs:changes"))["nojs:changes"] == count, what="listeners")


@pytest.fixture(params=["memory", "redis"])
def stores(request):
    """Two stores as two processes have them; in memory it is one and the same."""
    if request.param == "memory":
        store = MemoryStore(LongPolls(5), ["lobby"])
        yield store, store
        return
    client = request.getfixturevalue("redis")
    client.flushall()
    with redis_store(client.url) as one, redis_store(client.url) as two:
        wait_for_ears(client, 2)
        yield one, two


def set_clock(monkeypatch, later_s):
    now = time.time() + later_s
    monkeypatch.setattr(stores_module, "time", SimpleNamespace(time=lambda: now))


def texts(store, room="lobby"):
    return [message.text for message in store.messages(room, 100)]


def test_a_name_is_his_who_has_the_proof(stores):
    one, two = stores
    assert one.claim("ann", "p1")
    assert not two.claim("ann", "p2")
    assert two.holds("ann", "p1")
    assert not two.holds("ann", "p2")
    assert not two.holds("bob", "p1")

    one.release("ann")
    assert two.claim("ann", "p2")
    assert not one.holds("ann", "p1")


def test_comings_and_goings_are_said_once(stores):
    one, two = stores
    for store in stores:
        store.join("lobby", "ann")
    assert two.people("lobby") == ["ann"]
    for store in stores:
        store.leave("lobby", "ann")

    assert texts(one) == ["ann has come in.", "ann has left."]
    assert two.people("lobby") == []


def test_rooms_are_listed_by_size(stores):
    one, two = stores
    one.join("jazz", "ann")
    one.join("jazz", "bob")
    one.join("blues", "ann")

    assert two.rooms() == [("jazz", 2), ("blues", 1), ("lobby", 0)]
    one.leave_all("ann")
    assert two.rooms() == [("jazz", 1), ("blues", 0), ("lobby", 0)]


def test_who_stays_is_there_and_who_does_not_is_swept_out_once(stores, monkeypatch):
    one, two = stores
    one.join("jazz", "ann")
    one.join("jazz", "bob")
    set_clock(monkeypatch, STAY_S / 2)
    assert one.stay("jazz", "bob")
    assert not one.stay("jazz", "eve")
    set_clock(monkeypatch, STAY_S + 1)
    assert two.people("jazz") == ["bob"]
    assert not two.stay("jazz", "ann")
    gevent.joinall([gevent.spawn(store.sweep) for store in stores * 3])

    assert texts(one, "jazz") == ["ann has come in.", "bob has come in.", "ann has left."]


def test_an_empty_room_is_forgotten(stores):
    one, two = stores
    one.join("jazz", "ann")
    one.say("jazz", "ann", "secret")
    one.say("lobby", "ann", "public")
    one.leave("jazz", "ann")
    two.sweep()

    assert one.rooms() == [("lobby", 0)]
    assert texts(two, "jazz") == []
    assert texts(two) == ["public"]


def test_what_is_kept_is_bounded(stores):
    one, _ = stores
    for number in range(KEPT_MESSAGES + 5):
        one.say("lobby", "ann", str(number))

    assert len(one.messages("lobby", 10_000)) == KEPT_MESSAGES
    assert [message.text for message in one.messages("lobby", 2)] == ["203", "204"]


def test_rooms_are_bounded(stores, monkeypatch):
    monkeypatch.setattr("nojs.stores.MAX_ROOMS", 3)
    one, _ = stores
    one.join("a", "ann")
    one.join("b", "ann")
    with pytest.raises(RoomsFull):
        one.join("c", "ann")
    one.join("b", "bob")

    assert MAX_ROOMS == 500


def test_a_wait_ends_with_a_change_in_the_other_process(stores):
    one, two = stores
    one.join("lobby", "ann")
    for key, change in (
        ("lobby", lambda: two.say("lobby", "bob", "x")),
        (LIST, lambda: two.join("new", "bob")),
    ):
        waiting = gevent.spawn(one.wait, key, one.version(key))
        gevent.sleep(0.1)
        assert not waiting.ready()
        change()
        waiting.get(timeout=1)


def test_versions_never_return(stores):
    seen = set()
    for number in range(20):
        store = stores[number % 2]
        (store.join if number % 4 < 2 else store.leave)("lobby", "ann")
        store.say("lobby", "ann", "x")
        seen.add(stores[1].version("lobby"))

    assert len(seen) == 20


def test_a_thousand_polls_share_one_connection(redis):
    """In the first one, every poll that waited held a connection to Redis."""
    redis.flushall()
    with redis_store(redis.url, 10) as store:
        wait_for_ears(redis, 1)
        store.say("lobby", "ann", "x")
        seen = store.version("lobby")
        polls = [gevent.spawn(store.wait, "lobby", seen) for _ in range(1000)]
        gevent.sleep(0.5)
        assert len(redis.client_list()) < 40
        began = time.monotonic()
        store.say("lobby", "ann", "y")
        gevent.joinall(polls, timeout=5)

        assert all(poll.ready() for poll in polls)
        assert time.monotonic() - began < 3  # 1000 questions to Redis; the machine is shared


def test_a_listener_that_was_cut_off_comes_back(redis):
    redis.flushall()
    with redis_store(redis.url) as store:
        wait_for_ears(redis, 1)
        redis.client_kill_filter(_type="pubsub")
        wait_for_ears(redis, 1)
        waiting = gevent.spawn(store.wait, "lobby", store.version("lobby"))
        gevent.sleep(0.1)
        store.say("lobby", "ann", "again")
        waiting.get(timeout=1)


def test_a_claim_lasts_while_it_is_seen(redis):
    redis.flushall()
    store = RedisStore(redis, LongPolls())
    store.claim("ann", "p1")
    redis.expire("nojs:name:ann", 5)
    assert store.holds("ann", "p1")

    assert redis.ttl("nojs:name:ann") > NAME_S - 5


def test_redis_holds_no_secret_in_clear(redis):
    from brubeck.testing import Client

    redis.flushall()
    app = make_app({"NOJS_REDIS_URL": redis.url, "NOJS_SECRET": "0123456789abcdefghijABCDEFGHIJKLmnop-_"})
    client = Client(app)
    token = client.get("/").text.partition('name="csrf_token" value="')[2].partition('"')[0]
    assert client.post("/name", data={"name": "ann", "csrf_token": token}).status_code == 303
    app.db_conn.redis.connection_pool.disconnect()

    secret = app.get_cookie_signer(app.cookie_secret).unsign("nojs", client.cookies["nojs"])[1]
    assert all(secret not in str(redis.get(key)) for key in redis.scan_iter("nojs:name:*"))
    assert redis.exists("nojs:name:ann")
