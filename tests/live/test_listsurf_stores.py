"""What both stores of Listsurf promise, in SQLite and in a real PostgreSQL; and that waiting holds nobody up."""

from __future__ import annotations

import json
import re
import signal
import sqlite3
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import quote, urlencode

import gevent
import psycopg
import pytest
from brubeck.api import StreamPage
from brubeck.auth import LoginThrottle, PasswordCost, set_password_cost
from brubeck.auth.passwords import DEFAULT_COST
from brubeck.request_handling import ConfigurationError
from brubeck.testing import Client
from listsurf import stores
from listsurf.app import make_app, sow
from listsurf.stores import MIGRATIONS, PostgresStore, SQLiteStore, open_store
from postgres import postgres  # noqa: F401 - a fixture
from serving import ask_at_once, free_port, started

pytestmark = pytest.mark.live("pg_ctlcluster")

EXAMPLES = Path(stores.__file__).parents[1]
ANN = {"username": "ann", "password": "x", "is_active": True, "last_login": 1, "date_joined": 1}


@pytest.fixture(scope="module", autouse=True)
def cheap_passwords():
    set_password_cost(PasswordCost(memory_kib=8))
    yield
    set_password_cost(DEFAULT_COST)


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request, tmp_path):
    """An empty one."""
    if request.param == "sqlite":
        return str(tmp_path / "links.sqlite3")
    return request.getfixturevalue("postgres").new_database()


@pytest.fixture
def store(database):
    store = open_store(database)
    store.start()
    yield store
    store.stop()


@pytest.fixture
def both(store, database):
    """Two stores as two processes have them."""
    other = open_store(database)
    other.start()
    yield store, other
    other.stop()


def links(store, owner="ann", count=100, **page):
    return store.links(owner, StreamPage(count=count, **page))


def urls(store, owner="ann"):
    return [link["url"] for link in links(store, owner)]


def test_an_account_is_read_as_it_was_written(both):
    one, two = both
    one.add_user({**ANN, "email": "ann@example.com"})
    assert two.get_user("ann") == {**ANN, "email": "ann@example.com"}
    two.save_login("ann", "renewed", 2)

    found = one.get_user("ann")
    assert (found["password"], found["last_login"], found["is_active"]) == ("renewed", 2, True)
    assert one.get_user("bob") is None


def test_a_name_is_one_account(both):
    one, two = both

    assert [one.add_user(ANN), two.add_user({**ANN, "password": "y"})] == [True, False]
    assert two.get_user("ann")["password"] == "x"


def test_of_many_who_ask_for_a_name_at_once_one_gets_it(database):
    def ask(number):
        store = open_store(database)
        store.start()
        try:
            return store.add_user({**ANN, "password": str(number)})
        finally:
            store.stop()

    with ThreadPoolExecutor(8) as threads:
        assert sorted(threads.map(ask, range(8))) == [False] * 7 + [True]


def test_a_link_is_there_once_and_its_last_title_counts(both):
    one, two = both
    one.add_user(ANN)
    one.save_link("ann", "https://a.com/", "one", 1)
    one.save_link("ann", "https://b.com/", "", 2)
    two.save_link("ann", "https://a.com/", "two", 3)

    assert [(link["url"], link["title"], link["created_at"], link["updated_at"]) for link in links(one)] == [
        ("https://a.com/", "two", 1, 3),
        ("https://b.com/", "", 2, 2),
    ]


def test_a_link_has_an_owner(store):
    with pytest.raises((sqlite3.IntegrityError, psycopg.IntegrityError), match=r"(?i)foreign key"):
        store.save_link("nobody", "https://a.com/", "", 1)


def test_a_link_is_its_owners_to_remove(store):
    store.add_user(ANN)
    store.save_link("ann", "https://a.com/", "", 1)
    link_id = links(store)[0]["id"]
    store.remove_link("bob", link_id)
    assert urls(store) == ["https://a.com/"]
    store.remove_link("ann", link_id)

    assert urls(store) == []


def test_links_are_chosen_by_time(store):
    store.add_user(ANN)
    for number in range(6):
        store.save_link("ann", f"https://a.com/{number}", "", 1000 + number)

    assert [link["updated_at"] for link in links(store, since=1002, until=1005)] == [1004, 1003, 1002]
    assert [link["updated_at"] for link in links(store, count=2)] == [1005, 1004, 1003]


@pytest.mark.parametrize("text", ["", "'; DROP TABLE links; --", "?%s{id}", "\U0001f3b5 ä", "x" * 2000])
def test_a_text_is_kept_as_it_is(store, text):
    store.add_user(ANN)
    store.save_link("ann", f"https://a.com/{text}", text, 1)

    assert [(link["url"], link["title"]) for link in links(store)] == [(f"https://a.com/{text}", text)]


def test_a_transaction_happens_as_a_whole_or_not_at_all(both):
    one, two = both
    with pytest.raises(RuntimeError, match="in the middle"), one.transaction() as ask:  # noqa: PT012
        ask("INSERT INTO users (username, password, is_active) VALUES (?, ?, ?)", "ann", "x", True)
        raise RuntimeError("in the middle")
    assert two.get_user("ann") is None
    with one.transaction() as ask:
        ask("INSERT INTO users (username, password, is_active) VALUES (?, ?, ?)", "ann", "x", True)

    assert two.get_user("ann")["username"] == "ann"


def test_the_whole_site_works_on_either(database):
    app = make_app({"LISTSURF_DATABASE": database, "LISTSURF_SECRET": "s" * 32, "LISTSURF_SEED": "1"})
    app.db_conn.start()
    sow(app.db_conn)
    client = Client(app)
    for path, fields in (
        ("/create", {"username": "ann", "password": "blue rondo a la turk"}),
        ("/add_item", {"url": "example.com", "title": "Töne"}),
        ("/logout", {}),
        ("/login", {"username": "DAVE", "password": "blue rondo a la turk"}),
        ("/add_item", {"url": "https://sqlite.org/wal.html"}),
    ):
        token = re.search(r'name="csrf_token" value="([^"]+)"', client.get(path).text)
        assert client.post(path, data={"csrf_token": token[1], **fields}).status_code in (302, 303)

    items = client.get("/api?count=2").json()["items"]
    assert [item["url"][:19] for item in items] == ["https://sqlite.org/", "https://en.wikipedi"]
    assert "Write-Ahead" not in client.get("/").text
    assert urls(app.db_conn) == ["https://example.com/"]
    app.db_conn.stop()


NASTY = [
    "\x00",
    "a\x00b",
    "\ud800",
    "\U0010ffff" * 40,
    "x" * 100_000,
    "%s",
    "?",
    "'\"",
    "9" * 40,
    "-1",
    "\u0661",
    "a@b.c\x00",
]


def test_nothing_that_is_typed_makes_either_fail(database):
    app = make_app({"LISTSURF_DATABASE": database, "LISTSURF_SECRET": "s" * 32, "LISTSURF_SEED": "1"})
    app.settings["login_throttle"] = LoginThrottle(account_limit=10**6, address_limit=10**6)
    app.db_conn.start()
    sow(app.db_conn)
    client = Client(app)
    token = re.search(r'name="csrf_token" value="([^"]+)"', client.get("/login").text)[1]
    form = {"csrf_token": token, "username": "dave", "password": "blue rondo a la turk"}
    codes = {client.post("/login", data=form).status_code}
    token = re.search(r'name="csrf_token" value="([^"]+)"', client.get("/add_item").text)[1]
    for nasty in (value.encode("utf-8", "surrogatepass") for value in NASTY):
        for path, fields in (
            ("/login", ("username", "password", "next")),
            ("/create", ("username", "password", "email", "next")),
            ("/add_item", ("url", "title")),
            ("/remove_item", ("id",)),
        ):
            for field in fields:
                data = urlencode({"url": "a.com", "csrf_token": token, field: nasty}).encode()
                headers = {"Content-Type": "application/x-www-form-urlencoded"}
                codes.add(client.post(path, data=data, headers=headers).status_code)
        for path in (
            "/?cursor=",
            "/api?since=",
            "/api?cursor=",
            "/api?count=",
            "/add_item?u=",
            "/login?next=",
        ):
            codes.add(client.get(path + quote(nasty)).status_code)
    app.db_conn.stop()

    assert {200, 302, 303, 400, 401, 422} <= codes
    assert max(codes) < 500


# Migrations


def test_what_version_1_held_is_there_in_the_newest(database, monkeypatch):
    monkeypatch.setattr(stores, "MIGRATIONS", MIGRATIONS[:1])
    old = open_store(database)
    old.start()
    old.add_user(ANN)
    old.ask("INSERT INTO links (owner, url, created_at, updated_at) VALUES ('ann', 'https://a.com/', 1, 2)")
    with pytest.raises((sqlite3.OperationalError, psycopg.errors.UndefinedColumn), match="title"):
        links(old)
    old.stop()
    monkeypatch.undo()
    new = open_store(database)
    new.start()
    found = links(new)

    assert [(link["url"], link["title"], link["updated_at"]) for link in found] == [("https://a.com/", "", 2)]
    assert new.get_user("ann") == {**ANN, "email": None}
    assert new.ask("SELECT version FROM schema_version") == [{"version": len(MIGRATIONS)}]
    new.save_link("ann", "https://a.com/", "Titled", 3)
    assert links(new)[0]["title"] == "Titled"
    new.stop()


def test_a_migration_that_fails_leaves_the_database_as_it_was(database, monkeypatch, tmp_path):
    broken = tmp_path / "003-broken.sql"
    broken.write_text("CREATE TABLE more (id {id});\nCREATE TABLE links (id {id});\n")
    store = open_store(database)
    monkeypatch.setattr(stores, "MIGRATIONS", [*MIGRATIONS, broken])
    with pytest.raises((sqlite3.OperationalError, psycopg.errors.DuplicateTable), match="already exists"):
        store.start()
    monkeypatch.undo()
    store.start()

    with pytest.raises((sqlite3.OperationalError, psycopg.errors.UndefinedTable), match="more"):
        store.ask("SELECT * FROM more")
    assert store.ask("SELECT version FROM schema_version") == [{"version": len(MIGRATIONS)}]
    store.stop()


def test_a_database_of_a_newer_listsurf_is_refused(store, monkeypatch):
    monkeypatch.setattr(stores, "MIGRATIONS", MIGRATIONS[:1])

    with pytest.raises(ConfigurationError, match="The database has version 2, and this Listsurf knows 1"):
        store.start()


# SQLite


def test_while_another_process_writes_a_greenlet_waits_and_others_work(tmp_path):
    store = SQLiteStore(str(tmp_path / "links.sqlite3"))
    store.start()
    store.add_user(ANN)
    other = sqlite3.connect(store.path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    saving = gevent.spawn(store.save_link, "ann", "https://a.com/", "", 1)
    longest_s = 0.0
    for _ in range(20):
        before = time.monotonic()
        gevent.sleep(0.005)
        longest_s = max(longest_s, time.monotonic() - before)
    assert not saving.ready()
    assert longest_s < 0.08
    other.execute("COMMIT")

    assert saving.get(timeout=2) is True
    other.close()
    store.stop()


def test_who_waits_for_a_writer_too_long_is_told(tmp_path, monkeypatch):
    monkeypatch.setattr(stores, "BUSY_S", 0.05)
    store = SQLiteStore(str(tmp_path / "links.sqlite3"))
    store.start()
    other = sqlite3.connect(store.path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")

    with pytest.raises(sqlite3.OperationalError, match="locked"):
        store.add_user(ANN)
    other.close()
    store.stop()


# PostgreSQL


SITE = """
import os
from brubeck.request_handling import Brubeck, WebMessageHandler
from brubeck.plugins import hookimpl
from listsurf.stores import PostgresStore

class Sleep(WebMessageHandler):
    def get(self):
        self.db_conn.ask("SELECT pg_sleep(0.1)")
        return "slept"

class Quick(WebMessageHandler):
    def get(self):
        return "quick"

class Most(WebMessageHandler):
    def get(self):
        found = self.db_conn.ask(
            "SELECT count(*) AS n FROM pg_stat_activity WHERE datname = current_database()")
        return str(found[0]["n"])

class Start:
    name = "start"

    @hookimpl
    def brubeck_startup(self, application):
        application.db_conn.start()

store = PostgresStore(os.environ["LISTSURF_DATABASE"])
routes = [("^/sleep$", Sleep), ("^/quick$", Quick), ("^/most$", Most)]
app = Brubeck(handler_tuples=routes, db_conn=store, plugins=[Start()])
"""


@pytest.fixture
def sleepy(postgres, tmp_path, monkeypatch):  # noqa: F811
    """A site in a process of its own that waits for Listsurf's PostgreSQL."""
    (tmp_path / "site.py").write_text(SITE)
    monkeypatch.setenv("LISTSURF_DATABASE", postgres.new_database())
    monkeypatch.setenv("PYTHONPATH", str(EXAMPLES))
    port = free_port()
    with started(
        "-m", "brubeck.core.command", "run", "site.py", "--port", str(port), cwd=tmp_path, port=port
    ):
        yield port


def test_two_hundred_wait_in_the_database_at_once_in_less_than_a_second(sleepy):
    """One by one they would take 20 s. The first time opens connections; on a busy machine it is tried again."""
    rounds = [ask_at_once(sleepy, "/sleep", 200)]
    while len(rounds) < 6 and rounds[-1][1] >= 1.0:
        rounds.append(ask_at_once(sleepy, "/sleep", 200))
    seconds = [took_s for _, took_s in rounds]
    print("200 requests that wait 100 ms in PostgreSQL took", *(f"{took_s:.2f} s" for took_s in seconds))

    assert all(answer.endswith(b"slept") for answers, _ in rounds for answer in answers)
    assert seconds[-1] < 1.0
    (most,), _ = ask_at_once(sleepy, "/most", 1)
    assert int(most.rpartition(b"\r\n\r\n")[2]) <= stores.POOL_SIZE


def test_who_needs_no_database_waits_for_none(sleepy):
    with ThreadPoolExecutor(1) as threads:
        waiting = threads.submit(ask_at_once, sleepy, "/sleep", 200)
        time.sleep(0.15)
        answers, _ = ask_at_once(sleepy, "/quick", 5)
        assert not waiting.done()
        assert all(answer.endswith(b"quick") for answer in answers)
        waiting.result()


POOL = """
import json, os, sys, time
from brubeck.request_handling import HTTPError
import gevent
from listsurf import stores

store = stores.PostgresStore(os.environ["LISTSURF_DATABASE"], size=1)
said = []
sleeper = gevent.spawn(store.ask, "SELECT pg_sleep(30)")
gevent.sleep(0.3)
stores.BUSY_S = 0.05
try:
    store.ask("SELECT 1")
except HTTPError as exc:
    said.append(exc.status_code)
stores.BUSY_S = 5
sleeper.kill()
said.append(store.ask("SELECT 1 AS n"))
stores.STATEMENT_S = 0.2
store.stop()
store = stores.PostgresStore(os.environ["LISTSURF_DATABASE"], size=1)
try:
    store.ask("SELECT pg_sleep(30)")
except Exception as exc:
    said.append(type(exc).__name__)
said.append(store.ask("SELECT 2 AS n"))
print(json.dumps(said))
store.stop()
"""


def test_a_pool_ends_waits_and_outlives_a_greenlet_that_was_killed(postgres, tmp_path, monkeypatch):  # noqa: F811
    monkeypatch.setenv("LISTSURF_DATABASE", postgres.new_database())
    monkeypatch.setenv("PYTHONPATH", str(EXAMPLES))
    done = subprocess.run(
        [sys.executable, "-c", POOL], capture_output=True, text=True, timeout=20, check=True
    )

    assert json.loads(done.stdout) == [503, [{"n": 1}], "QueryCanceled", [{"n": 2}]]


def test_a_database_that_was_away_is_used_again(postgres):  # noqa: F811
    store = PostgresStore(postgres.new_database(), size=2)
    store.start()
    store.add_user(ANN)
    postgres.kill(signal.SIGINT)
    with pytest.raises(psycopg.OperationalError, match="connection"):
        store.get_user("ann")
    postgres.start()

    assert store.get_user("ann")["username"] == "ann"
    store.stop()


def test_an_idle_connection_that_has_died_is_replaced_unseen(postgres):  # noqa: F811
    store = PostgresStore(postgres.new_database(), size=1)
    store.start()
    postgres.kill(signal.SIGINT)
    postgres.start()

    assert store.get_user("ann") is None
    store.stop()
