"""What both stores of SpotiChat promise: in memory, and in a real Redis that two processes share."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace

import gevent
import pytest
from brubeck.auth import User, connect_redis
from brubeck.request_handling import LongPolls
from listeners import listening
from mongrel2_server import is_listening
from redis import Redis
from serving import free_port, wait_until
from spotichat import stores as stores_module
from spotichat.app import make_app
from spotichat.stores import KEPT_MESSAGES, SHOWN_MESSAGES, STAY_S, MemoryStore, RedisStore

pytestmark = pytest.mark.live("redis-server")

SONG = "spotify:track:1YQWosTIljIvxAgHWTp7KP"
OTHER = "spotify:track:4MbV8zrWudQflnbiIzp29t"


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder, port = tmp_path_factory.mktemp("redis"), free_port()
    command = ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(folder)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as server:
        wait_until(lambda: is_listening(port), what="redis")
        yield f"redis://127.0.0.1:{port}/0"
        server.terminate()


@contextmanager
def redis_store(url: str, timeout_s: float = 5) -> Iterator[RedisStore]:
    """Run a store as an application does: it hears what others tell, and begins again where it was cut off."""
    store = RedisStore(connect_redis(url, decode_responses=True), LongPolls(timeout_s))
    with listening(store, "sp:told"):
        yield store


def wait_for_ears(store: RedisStore, count: int) -> None:
    wait_until(lambda: dict(store.redis.pubsub_numsub("sp:told"))["sp:told"] == count, what="listeners")


@pytest.fixture(params=["memory", "redis"])
def stores(request):
    """Two stores as two processes have them; in memory it is one and the same."""
    if request.param == "memory":
        store = MemoryStore(LongPolls(5))
        yield store, store
        return
    url = request.getfixturevalue("url")
    with redis_store(url) as one, redis_store(url) as two:
        one.redis.flushall()
        wait_for_ears(one, 2)
        yield one, two


def texts(lines):
    return [json.loads(line)["text"] for line in lines]


def last_id(store):
    return json.loads(store.messages(SONG)[-1])["id"]


def set_clock(monkeypatch, later_s):
    now = time.time() + later_s
    monkeypatch.setattr(stores_module, "time", SimpleNamespace(time=lambda: now))


def test_a_name_is_one_account(stores):
    one, two = stores
    assert one.add_user(User(username="ann", email="1@example.com"))
    assert not two.add_user(User(username="ann", email="2@example.com"))
    user = two.get_user("ann")
    assert user.email == "1@example.com"
    user.email = "3@example.com"
    two.save_user(user)

    assert one.get_user("ann").email == "3@example.com"
    assert one.get_user("bob") is None


def test_the_first_value_of_a_key_stays(stores):
    one, two = stores
    assert one.get("oauth:spotify:u1") is None
    assert one.put_new("oauth:spotify:u1", "ann")
    assert not two.put_new("oauth:spotify:u1", "eve", ttl_s=60)
    assert two.put_new(f"title:{SONG}", "Take Five", ttl_s=60)

    assert two.get("oauth:spotify:u1") == "ann"
    assert (one.get(f"title:{SONG}"), one.get(f"title:{OTHER}")) == ("Take Five", None)


def test_messages_have_an_order_that_both_tell_alike(stores):
    one, two = stores
    two.messages(SONG)
    jobs = [
        gevent.spawn(store.say, SONG, "ann", f"{name}{number}")
        for number in range(20)
        for name, store in zip("ab", stores, strict=True)
    ]
    gevent.joinall(jobs, raise_error=True)
    wait_until(lambda: len(two.messages(SONG)) == 40, what="all of them")
    lines = two.messages(SONG)
    ids = [json.loads(line)["id"] for line in lines]

    assert texts(one.messages(SONG, ids[9])) == texts(lines[10:])
    assert len(set(ids)) == 40


def test_a_wait_ends_with_a_message_of_the_other_process(stores):
    one, two = stores
    one.say(SONG, "ann", "one")
    wait_until(lambda: two.messages(SONG), what="the first")
    since = last_id(two)
    waiting = gevent.spawn(two.wait, SONG, since)
    gevent.sleep(0.1)
    one.say(OTHER, "ann", "elsewhere")
    gevent.sleep(0.1)
    assert not waiting.ready()
    one.say(SONG, None, "tëxt <&> \u2028 \U0001f3b5")

    [line] = waiting.get(timeout=1)
    told = json.loads(line)
    assert (told["text"], told["kind"], told["name"]) == ("tëxt <&> \u2028 \U0001f3b5", "system", None)


def test_whoever_missed_more_than_is_held_gets_it_from_the_store(stores):
    one, two = stores
    one.say(SONG, "ann", "seen")
    wait_until(lambda: two.messages(SONG), what="the first")
    since = last_id(two)
    for number in range(SHOWN_MESSAGES + 10):
        one.say(SONG, "ann", str(number))
    wait_until(lambda: len(two.messages(SONG, since)) == SHOWN_MESSAGES + 10, what="all of them")

    assert texts(two.messages(SONG, since)) == [str(number) for number in range(SHOWN_MESSAGES + 10)]


def test_what_is_kept_is_bounded(stores):
    one, _ = stores
    for number in range(KEPT_MESSAGES + 5):
        one.say(SONG, "ann", str(number))
    everything = one.messages(SONG, 0)

    assert (len(everything), texts(everything)[0]) == (KEPT_MESSAGES, "5")


def test_presence_ends_by_itself_and_is_told_once(stores, monkeypatch):
    one, two = stores
    one.join(SONG, "ann")
    two.join(SONG, "ann")
    one.join(SONG, "bob")
    set_clock(monkeypatch, STAY_S / 2)
    two.join(SONG, "bob")
    set_clock(monkeypatch, STAY_S + 1)
    assert two.people(SONG) == ["bob"]
    gevent.joinall([gevent.spawn(store.sweep) for store in stores * 3])

    assert two.people(SONG) == ["bob"]
    assert texts(one.messages(SONG, 0)) == ["ann is listening too.", "bob is listening too.", "ann has gone."]
    one.leave(SONG, "bob")
    two.sweep()
    assert two.songs() == []


def test_a_thousand_waits_are_told_out_of_memory(url):
    with redis_store(url, 10) as store:
        store.redis.flushall()
        wait_for_ears(store, 1)
        store.say(SONG, "ann", "one")
        since = last_id(store)
        waits = [gevent.spawn(store.wait, SONG, since) for _ in range(1000)]
        gevent.sleep(0.2)
        before = store.redis.info("stats")["total_commands_processed"]
        store.say(SONG, "ann", "two")
        gevent.joinall(waits, timeout=5)

        assert {tuple(texts(wait.value)) for wait in waits} == {("two",)}
        assert store.redis.info("stats")["total_commands_processed"] - before < 20
        assert len(store.redis.client_list()) < 60


def test_what_is_told_while_a_room_is_read_is_not_lost(url, monkeypatch):
    with redis_store(url) as store:
        store.redis.flushall()
        wait_for_ears(store, 1)
        store.say(SONG, "ann", "one")
        read = store._read

        def slow_read(song):
            monkeypatch.setattr(store, "_read", read)
            lines = read(song)
            store.say(song, "ann", "two")
            gevent.sleep(0.2)
            return lines

        gevent.sleep(0.1)
        store._held.clear()
        monkeypatch.setattr(store, "_read", slow_read)
        store.messages(SONG)

        assert texts(store.messages(SONG)) == ["one", "two"]


def test_a_listener_that_was_cut_off_misses_nothing(url):
    with redis_store(url) as store:
        store.redis.flushall()
        wait_for_ears(store, 1)
        store.say(SONG, "ann", "one")
        since = last_id(store)
        store.redis.client_kill_filter(_type="pubsub")
        store.say(SONG, "ann", "while nobody heard")
        wait_until(lambda: texts(store.messages(SONG, since)) == ["while nobody heard"], what="the message")


def test_the_setting_of_redis_counts(url):
    """There, setting the server changed a local variable."""
    app = make_app({"SPOTICHAT_REDIS_URL": url, "SPOTICHAT_SECRET": "0123456789abcdefghijABCDEFGHIJKLmnop-_"})
    app.db_conn.put_new("title:somebody", "x")
    app.db_conn.redis.connection_pool.disconnect()

    with Redis.from_url(url, decode_responses=True) as redis:
        assert redis.get("sp:title:somebody") == "x"
