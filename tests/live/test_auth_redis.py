"""Sessions and counted attempts in a real Redis, shared by applications as workers share them."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import gevent
import pytest
from brubeck.auth import (
    LoginThrottle,
    RedisCounters,
    RedisSessionStore,
    SessionMixin,
    Sessions,
    SessionUserMixin,
    authenticated,
)
from brubeck.core.application import Brubeck
from brubeck.core.client import Client
from brubeck.core.handlers import WebMessageHandler
from mongrel2_server import free_port, is_listening, wait_until
from redis import Redis

pytestmark = pytest.mark.live("redis-server")

SECRET = "s" * 32


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder, port = tmp_path_factory.mktemp("redis"), free_port()
    with started_redis(folder, port):
        yield f"redis://127.0.0.1:{port}/0"


def started_redis(folder: Path, port: int) -> subprocess.Popen[bytes]:
    command = ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(folder)]
    server = StoppedWithTheBlock(command, stdout=subprocess.DEVNULL)
    wait_until(lambda: is_listening(port), what="redis' port")
    return server


class StoppedWithTheBlock(subprocess.Popen[bytes]):
    """Terminated where the block ends, and waited for."""

    def __exit__(self, *exc: object) -> None:
        self.terminate()
        super().__exit__(*exc)  # type: ignore[arg-type]


@pytest.fixture
def client_of_redis(url: str) -> Iterator[Redis]:
    redis = Redis.from_url(url)
    redis.flushdb()
    yield redis
    redis.close()


class Users(SessionUserMixin):
    def load_user(self, user_id):
        return user_id


class Login(WebMessageHandler, Users):
    def post(self):
        self.login_user(self.get_argument("name"))

    def delete(self):
        self.logout_user()


class Page(WebMessageHandler, Users):
    @authenticated
    def get(self):
        return self.current_user


class Slow(WebMessageHandler, SessionMixin):
    def post(self):
        self.session["slow"] = True
        gevent.sleep(0.1)


def make_worker(redis: Redis, **limits: int) -> Brubeck:
    rules = [("^/login", Login), ("^/slow", Slow), ("^/", Page)]
    sessions = Sessions(RedisSessionStore(redis), **limits)
    return Brubeck(handler_tuples=rules, cookie_secret=SECRET, plugins=[sessions])


def test_a_session_is_known_to_all_workers(client_of_redis):
    one, other = Client(make_worker(client_of_redis)), Client(make_worker(client_of_redis))
    one.post("/login", data={"name": "jd"})
    other.cookies = dict(one.cookies)

    assert other.get("/").text == "jd"
    other.delete("/login")
    assert one.get("/").status_code == 401
    assert client_of_redis.dbsize() == 0


def test_redis_forgets_what_is_not_used(client_of_redis):
    client = Client(make_worker(client_of_redis, idle_timeout_s=1))
    client.post("/login", data={"name": "jd"})

    (key,) = client_of_redis.keys()
    assert key.startswith(b"brubeck:session:")
    assert 0 < client_of_redis.pttl(key) <= 1000
    deadline = time.monotonic() + 5
    while client_of_redis.dbsize() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert client_of_redis.dbsize() == 0
    assert client.get("/").status_code == 401


def test_a_slow_request_does_not_bring_an_ended_session_back(client_of_redis):
    client = Client(make_worker(client_of_redis))
    client.post("/login", data={"name": "jd"})
    copy = Client(make_worker(client_of_redis))
    copy.cookies = dict(client.cookies)

    slow = gevent.spawn(copy.post, "/slow")
    gevent.sleep(0.02)
    client.delete("/login")
    slow.join()

    assert client_of_redis.dbsize() == 0


def test_a_client_made_elsewhere_may_decode(url):
    redis = Redis.from_url(url, decode_responses=True)
    client = Client(make_worker(redis))
    client.post("/login", data={"name": "jd"})

    assert client.get("/").text == "jd"
    redis.close()


def test_attempts_are_counted_for_all_workers(client_of_redis, url):
    workers = [
        LoginThrottle(RedisCounters(redis), account_limit=3, window_s=60) for redis in (client_of_redis, url)
    ]

    waits = [workers[number % 2].take("jd", f"192.0.2.{number}") for number in range(4)]
    assert waits[:3] == [0, 0, 0]
    assert 0 < waits[3] <= 60
    workers[0].forgive("jd")
    assert workers[1].take("jd", "192.0.2.9") == 0
    workers[1].counters.client.close()


def test_a_thousand_attempts_at_once_are_not_a_thousand_guesses(client_of_redis):
    throttle = LoginThrottle(RedisCounters(client_of_redis), account_limit=10, window_s=60)

    with ThreadPoolExecutor(30) as threads:
        waits = list(threads.map(throttle.take, ["jd"] * 300, ["192.0.2.1"] * 300))

    assert waits.count(0) == 10
    assert all(client_of_redis.ttl(key) > 0 for key in client_of_redis.scan_iter())


def test_counting_begins_again_after_the_window(client_of_redis):
    counters = RedisCounters(client_of_redis)

    assert counters.add("a", 1) == (1, 1)
    assert counters.add("a", 1)[0] == 2
    deadline = time.monotonic() + 5
    while client_of_redis.dbsize() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert counters.add("a", 1) == (1, 1)


def test_a_redis_that_is_gone_lets_nobody_in(tmp_path, caplog):
    port = free_port()
    with started_redis(tmp_path, port):
        client = Client(make_worker(Redis.from_url(f"redis://127.0.0.1:{port}")))
        client.post("/login", data={"name": "jd"})
        assert client.get("/").text == "jd"

    response = client.get("/")
    assert (response.status_code, "jd" in response.text) == (500, False)


@pytest.mark.parametrize("store_class", [RedisSessionStore, RedisCounters])
def test_many_at_once_take_turns_at_few_connections(url, client_of_redis, store_class):
    """Each greenlet opened a connection of its own, without a bound."""
    store = store_class(url, max_connections=4)
    before = client_of_redis.info("clients")["connected_clients"]
    with ThreadPoolExecutor(12) as pool:
        waits = [pool.submit(store.client.blpop, "nothing", 0.2) for _ in range(12)]
        assert [wait.result(10) for wait in waits] == [None] * 12

    assert client_of_redis.info("clients")["connected_clients"] - before == 4
    store.client.connection_pool.disconnect()


@pytest.mark.parametrize("decode", [False, True])
def test_a_record_is_replaced_only_where_it_is_the_same(url: str, decode: bool) -> None:
    """So a message that only read a session undoes nothing that another wrote."""
    with Redis.from_url(url, decode_responses=decode) as redis:
        redis.flushdb()
        store = RedisSessionStore(redis)
        store.create("key", b"first", 100)

        assert not store.update_unchanged("key", b"other", b"second", 50)
        assert store.load("key") == b"first"
        assert store.update_unchanged("key", b"first", b"second", 50)
        assert store.load("key") == b"second"
        assert 40 < redis.ttl(f"{store.prefix}key") <= 50
        assert not store.update_unchanged("gone", b"first", b"second", 50)
