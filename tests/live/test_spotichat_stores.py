"""What both stores of SpotiChat promise: in memory, and in a real Redis that two processes share."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Iterator

import gevent
import pytest
from mongrel2_server import is_listening
from serving import free_port, wait_until
from spotichat.app import connect, make_app
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


@pytest.fixture(params=["memory", "redis"])
def stores(request):
    """Two stores as two processes have them; in memory it is one and the same."""
    if request.param == "memory":
        store = MemoryStore(5)
        store.start()
        yield store, store
        store.stop()
        return
    url = request.getfixturevalue("url")
    both = [RedisStore(connect(url), 5) for _ in range(2)]
    both[0].redis.flushall()
    for store in both:
        store.start()
    wait_until(lambda: dict(both[0].redis.pubsub_numsub("sp:said"))["sp:said"] == 2, what="two listeners")
    yield tuple(both)
    for store in both:
        store.stop()


def texts(lines):
    return [json.loads(line)["text"] for line in lines]


def set_clock(monkeypatch, stores, later_s):
    now = time.time() + later_s
    for store in stores:
        monkeypatch.setattr(store, "get_time", lambda: now)


def test_a_name_is_one_account(stores):
    one, two = stores
    assert one.add_user("ann", "{1}")
    assert not two.add_user("ann", "{2}")
    assert two.get_user("ann") == "{1}"
    two.save_user("ann", "{3}")

    assert one.get_user("ann") == "{3}"
    assert one.get_user("bob") is None


def test_an_identity_is_linked_once(stores):
    one, two = stores
    assert one.linked("spotify", "u1") is None
    assert one.link("spotify", "u1", "ann")
    assert not two.link("spotify", "u1", "eve")
    assert two.link("other", "u1", "eve")

    assert two.linked("spotify", "u1") == "ann"


def test_the_first_title_stays(stores):
    one, two = stores
    one.set_title(SONG, "Take Five")
    two.set_title(SONG, "Take Six")

    assert (two.title(SONG), two.title(OTHER)) == ("Take Five", None)


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

    assert one._read(SONG, None) == lines
    assert texts(one.messages(SONG, ids[9])) == texts(lines[10:])
    assert len(set(ids)) == 40


def test_a_wait_ends_with_a_message_of_the_other_process(stores):
    one, two = stores
    one.say(SONG, "ann", "one")
    wait_until(lambda: two.messages(SONG), what="the first")
    since = json.loads(two.messages(SONG)[-1])["id"]
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
    since = json.loads(two.messages(SONG)[-1])["id"]
    for number in range(SHOWN_MESSAGES + 10):
        one.say(SONG, "ann", str(number))
    wait_until(lambda: len(two.messages(SONG, since)) == SHOWN_MESSAGES + 10, what="all of them")

    assert texts(two.messages(SONG, since)) == [str(number) for number in range(SHOWN_MESSAGES + 10)]


def test_what_is_kept_is_bounded(stores):
    one, _ = stores
    for number in range(KEPT_MESSAGES + 5):
        one.say(SONG, "ann", str(number))
    everything = one._read(SONG, "0-0")

    assert (len(everything), texts(everything)[0]) == (KEPT_MESSAGES, "5")


def test_presence_ends_by_itself_and_is_told_once(stores, monkeypatch):
    one, two = stores
    one.join(SONG, "ann")
    two.join(SONG, "ann")
    one.join(SONG, "bob")
    set_clock(monkeypatch, stores, STAY_S / 2)
    assert two.stay(SONG, "bob")
    assert not two.stay(SONG, "eve")
    assert not two.stay(OTHER, "bob")
    set_clock(monkeypatch, stores, STAY_S + 1)
    assert not two.stay(SONG, "ann")
    gevent.joinall([gevent.spawn(store.sweep) for store in stores * 3])

    assert two.people(SONG) == ["bob"]
    assert texts(one._read(SONG, None)) == ["ann is listening too.", "bob is listening too.", "ann has gone."]
    one.leave(SONG, "bob")
    two.sweep()
    assert two.songs() == []


def test_a_thousand_waits_are_told_out_of_memory(url):
    store = RedisStore(connect(url), 10)
    store.redis.flushall()
    store.start()
    store.say(SONG, "ann", "one")
    since = json.loads(store.messages(SONG)[-1])["id"]
    gevent.sleep(0.2)
    waits = [gevent.spawn(store.wait, SONG, since) for _ in range(1000)]
    gevent.sleep(0.2)
    before = store.redis.info("stats")["total_commands_processed"]
    store.say(SONG, "ann", "two")
    gevent.joinall(waits, timeout=5)

    assert {tuple(texts(wait.value)) for wait in waits} == {("two",)}
    assert store.redis.info("stats")["total_commands_processed"] - before < 20
    assert len(store.redis.client_list()) < 60
    store.stop()


def test_a_listener_that_was_cut_off_misses_nothing(url):
    store = RedisStore(connect(url), 5)
    store.redis.flushall()
    store.start()
    wait_until(lambda: dict(store.redis.pubsub_numsub("sp:said"))["sp:said"] == 1, what="a listener")
    store.say(SONG, "ann", "one")
    since = json.loads(store.messages(SONG)[-1])["id"]
    store.redis.client_kill_filter(_type="pubsub")
    store.say(SONG, "ann", "while nobody heard")
    wait_until(lambda: texts(store.messages(SONG, since)) == ["while nobody heard"], what="the message")
    store.stop()


def test_the_setting_of_redis_counts(url):
    """There, setting the server changed a local variable."""
    app = make_app({"SPOTICHAT_REDIS_URL": url, "SPOTICHAT_SECRET": "0123456789abcdefghijABCDEFGHIJKLmnop-_"})
    app.db_conn.add_user("somebody", "{}")

    assert connect(url).get("sp:user:somebody") == "{}"
