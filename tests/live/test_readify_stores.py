"""Readify's store in SQLite and in a real PostgreSQL, by one contract; and a million links of one member."""

from __future__ import annotations

import re
import statistics
import subprocess
import sys
import time
from pathlib import Path

import gevent
import pytest
from brubeck.api import Cursor, StreamPage, dump_cursor
from brubeck.request_handling import ConfigurationError
from brubeck.testing import Client
from postgres import postgres  # noqa: F401 - a fixture
from readify import app as wiring
from readify import store as stores
from readify.documents import Link
from readify.pages import Member
from readify.store import BY_CHANGE, BY_CREATION, MIGRATIONS, Store, Taken

pytestmark = pytest.mark.live("pg_ctlcluster")

EXAMPLES = Path(stores.__file__).parents[1]
KINDS = ["sqlite", "postgresql"]


def close(store):
    """Close what a process closes by its end."""
    database = store.database
    idle = [database.idle.get() for _ in range(database.idle.qsize())] if hasattr(database, "idle") else []
    for connection in filter(None, [*idle, getattr(database, "connection", None)]):
        connection.close()


def empty_database(kind, request, folder):
    if kind == "sqlite":
        return str(folder / "readify.sqlite3")
    return request.getfixturevalue("postgres").new_database()


@pytest.fixture(params=KINDS)
def database(request, tmp_path):
    return empty_database(request.param, request, tmp_path)


@pytest.fixture
def opened(database):
    """Opens the database, once or more."""
    found = []

    def opened(scripts=MIGRATIONS):
        found.append(Store(database, scripts))
        return found[-1]

    yield opened
    for store in found:
        close(store)


@pytest.fixture
def store(opened):
    return opened()


def member(store, name="jd"):
    store.add_user(Member(username=name, password="x", date_joined=1, last_login=1))
    return store.user("username", name)


def link(owner, url="https://example.com/a", title="A", at=1, **values):
    document = Link(owner_id=owner["id"], owner_username=owner["username"], url=url, title=title, **values)
    document.touch(at)
    return document


def titles(store, owner, count=100, **options):
    page = {name: options.pop(name) for name in ("since", "until", "cursor") if name in options}
    return [one["title"] for one in store.links(owner["id"], StreamPage(count=count, **page), **options)]


def test_a_name_is_somebodys_once(store):
    jd = member(store)
    with pytest.raises(Taken):
        member(store)

    assert store.user("id", jd["id"])["username"] == "jd"


def test_of_many_who_want_a_name_at_once_one_gets_it(store):
    def try_it():
        try:
            member(store)
        except Taken:
            return 0
        return 1

    tries = [gevent.spawn(try_it) for _ in range(30)]
    gevent.joinall(tries, timeout=10, raise_error=True)

    assert sum(one.value for one in tries) == 1


def test_a_link_is_kept_once_changed_in_place_and_only_by_its_owner(store):
    jd, eve = member(store), member(store, "eve")
    store.save_link(link(jd, tags=["b", "a"]))
    store.save_link(link(eve))
    with pytest.raises(Taken):
        store.save_link(link(jd, title="B"))
    kept = store.link(jd["id"], "url", "https://example.com/a")
    store.save_link(link(jd, title="C", at=2, id=kept["id"], tags=["c"]))
    changed = store.link(jd["id"], "id", kept["id"])

    assert (kept["title"], kept["tags"], kept["liked"]) == ("A", ["a", "b"], False)
    assert (changed["title"], changed["tags"]) == ("C", ["c"])
    assert (changed["created_at"], changed["updated_at"]) == (1, 2)
    assert store.link(eve["id"], "id", kept["id"]) is None
    assert titles(store, eve) == ["A"]


def test_what_fails_halfway_leaves_nothing(store):
    jd = member(store)
    with pytest.raises(Taken):
        store.save_link(link(jd, tags=["twice", "twice"]))

    assert titles(store, jd) == []


def test_lists_tags_and_windows(store):
    jd = member(store)
    for number in range(6):
        store.save_link(
            link(jd, f"https://example.com/{number}", f"{number}", number, tags=["all", f"t{number % 2}"])
        )
    for number, flag in ((1, "liked"), (2, "archived"), (3, "deleted")):
        store.flag_link(store.link(jd["id"], "url", f"https://example.com/{number}"), flag, True, 10 + number)

    assert titles(store, jd, shown="reading") == ["5", "4", "1", "0"]
    assert titles(store, jd, shown="liked") == ["1"]
    assert titles(store, jd, shown="archived") == ["2"]
    assert titles(store, jd, shown="deleted") == ["3"]
    assert titles(store, jd, shown="public") == ["5", "4", "2", "1", "0"]
    assert titles(store, jd, order=BY_CHANGE) == ["3", "2", "1", "5", "4", "0"]
    assert titles(store, jd, order=BY_CHANGE, since=12) == ["3", "2"]
    assert titles(store, jd, order=BY_CHANGE, until=12) == ["1", "5", "4", "0"]
    assert titles(store, jd, tags=["all", "t1"]) == ["5", "3", "1"]
    assert titles(store, jd, tags=["t0", "t1"]) == []
    assert titles(store, jd, count=1, skip=2) == ["3", "2"]  # one more than are shown


def test_pictures_keys_and_sessions(store):
    jd = member(store)
    for octets in (b"\x00\xff", b"other"):
        store.save_picture(jd["id"], octets)
        assert store.picture(jd["id"]) == octets
    store.save_user(jd["id"], key_digest="d", name="J. D.")
    assert store.user("key_digest", "d")["name"] == "J. D."
    store.create("key", b"{}", 60)
    assert store.load("key") == b"{}"
    assert store.update("key", b"[]", 60)
    store.delete("key")
    assert store.load("key") is None
    assert not store.update("key", b"[]", 60)  # a slow request brings none back
    store.create("old", b'{"user_id": 1}', -1)
    store.create("new", b"{}", 60)
    assert (store.load("old"), store.load("new")) == (None, b"{}")


def test_all_processes_sign_with_one_secret(opened):
    assert len({opened().secret() for _ in range(3)}) == 1


def test_an_older_database_is_brought_up_with_what_is_in_it(opened):
    old = opened(MIGRATIONS[:1])
    jd = member(old)
    old.save_link(link(jd, tags=["a"]))
    new = opened()

    assert "picture" not in jd
    assert (new.user("username", "jd")["picture"], new.user("username", "jd")["key_digest"]) == ("", None)
    assert new.link(jd["id"], "url", "https://example.com/a")["tags"] == ["a"]
    with pytest.raises(ConfigurationError, match="of version 3: this Readify is too old"):
        opened(MIGRATIONS[:2])


def test_processes_that_start_at_once_bring_it_up_once(database):
    code = "import brubeck.request_handling, sys; from readify.store import Store; Store(sys.argv[1])"
    command = [sys.executable, "-c", code, database]
    starting = [subprocess.Popen(command, cwd=EXAMPLES, stderr=subprocess.PIPE) for _ in range(2)]

    ends = [(process.communicate(timeout=60)[1], process.returncode) for process in starting]
    assert ends == [(b"", 0)] * 2


def test_a_client_that_left_in_the_middle_leaves_a_pool_that_works(postgres):  # noqa: F811
    store = Store(postgres.new_database())
    asking = [gevent.spawn(store.ask, "SELECT pg_sleep(5)") for _ in range(25)]
    gevent.sleep(0.3)
    began = time.monotonic()
    gevent.killall(asking, timeout=5)

    assert all(row["n"] == 1 for row in [store.ask_one("SELECT 1 AS n") for _ in range(30)])
    assert time.monotonic() - began < 3
    close(store)


def test_who_waits_for_postgresql_holds_nobody_up(postgres):  # noqa: F811
    store = Store(postgres.new_database())
    began = time.monotonic()
    asking = [gevent.spawn(store.ask, "SELECT pg_sleep(0.3)") for _ in range(20)]
    gevent.sleep(0.1)
    assert time.monotonic() - began < 0.3  # this greenlet went on meanwhile
    gevent.joinall(asking, timeout=10, raise_error=True)

    assert time.monotonic() - began < 3  # in turns it would be 6
    close(store)


def test_the_pages_and_the_api_on_postgresql(postgres):  # noqa: F811
    """From the account to the feed as on SQLite, and what PostgreSQL alone refuses: NUL."""
    app = wiring.make_app(
        "app", {"READIFY_DATABASE": postgres.new_database(), "READIFY_SEED": "kathy's waltz"}
    )
    client = Client(app)

    def send(path, page="/settings", **fields):
        found = re.search(r'name="csrf_token" value="([^"]+)"', client.get(page).text)
        return client.post(path, data={"csrf_token": found[1], **fields})

    assert send("/login", "/login", username="pa\0ul", password="kathy's waltz").status_code == 401
    assert send("/login", "/login", username="paul", password="kathy's waltz").status_code == 302
    assert send("/add", url="https://example.com/\0x", title="N\0UL", tags="a\0b, a b").status_code == 422
    assert send("/add", url="https://example.com/x", title="N\0UL", tags="a\0b, a b").status_code == 303
    newest = client.get("/api/links?count=1").json()["items"][0]
    assert (newest["title"], newest["tags"]) == ("N UL", ["a b"])
    assert send(f"/links/{newest['id']}/like").status_code == 303
    assert "N UL" in client.get("/liked?tag=a%00b").text
    assert send("/settings", name="P\0D").headers["location"] == "/people/paul"
    assert client.get("/people/p%00").status_code == 404
    assert client.get("/people/paul").text.count("<li>") >= 6
    assert send("/logout").status_code == 302
    assert client.get("/api/links").status_code == 401
    close(app.db_conn)


# A million links


MILLION = 1_000_000
FILL = """INSERT INTO links (owner_id, url, title, created_at, updated_at)
WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 1000000)
SELECT CAST(? AS BIGINT), 'https://example.com/' || n, 'Link ' || n, 1700000000000 + n / 3, 1700000000000 + n / 3
FROM numbers"""


@pytest.fixture(scope="module", params=["sqlite", pytest.param("postgresql", marks=pytest.mark.soak)])
def crowded(request, tmp_path_factory):
    """An application whose only member has a million links, three to a millisecond, and her client."""
    name = empty_database(request.param, request, tmp_path_factory.mktemp("million"))
    app = wiring.make_app("api", {"READIFY_DATABASE": name})
    jd = member(app.db_conn)
    app.db_conn.ask(FILL, jd["id"])
    if request.param == "postgresql":
        app.db_conn.ask("ANALYZE links")
    app.db_conn.save_user(jd["id"], key_digest=wiring.pages.sha256(b"key").hexdigest())
    client = Client(app)
    yield app, lambda query: client.get(f"/api/links{query}", headers={"Authorization": "Bearer key"}).json()
    close(app.db_conn)


def took_s(ask, query):
    began = time.perf_counter()
    assert len(ask(query)["items"]) == 25
    return time.perf_counter() - began


def test_the_last_page_costs_what_the_first_does(crowded):
    _, ask = crowded
    oldest = ask("?until=1700000000009&count=1")["items"][0]
    last = f"?cursor={dump_cursor(Cursor(oldest['updated_at'], oldest['id']))}"
    pairs = [(took_s(ask, ""), took_s(ask, last)) for _ in range(100)]
    first_s, last_s = (statistics.mean(sorted(column)[:10]) for column in zip(*pairs, strict=True))
    # The quickest: a busy machine takes its processor away in the middle of the others.
    print(f"first {first_s * 1000:.2f} ms, last {last_s * 1000:.2f} ms")

    assert (oldest["id"], ask(last)["items"][-1]["id"]) == (26, 1)
    assert ask(last)["next"] is None
    assert last_s <= 1.5 * first_s


@pytest.mark.parametrize("crowded", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("query", "bounds"),
    [
        ("", "owner_id=?"),
        ("?since=1700000300000", "owner_id=? AND updated_at>?"),
        ("?since=1700000000000&until=1700000000009", "owner_id=? AND updated_at>? AND updated_at<?"),
        (f"?cursor={dump_cursor(Cursor(1700000300000, 900000))}", "owner_id=? AND updated_at<?"),
    ],
)
def test_since_and_cursor_use_the_index(crowded, query, bounds):
    """And nothing is sorted: the index has the order."""
    app, ask = crowded
    connection, seen = app.db_conn.database.connection, []
    connection.set_trace_callback(seen.append)
    ask(query)
    connection.set_trace_callback(None)
    (statement,) = [one for one in seen if "FROM links WHERE" in one]

    plan = [row["detail"] for row in app.db_conn.ask(f"EXPLAIN QUERY PLAN {statement}")]
    assert plan == [f"SEARCH links USING INDEX links_changed ({bounds})"]


@pytest.mark.soak
@pytest.mark.parametrize("crowded", ["postgresql"], indirect=True)
def test_since_is_an_index_scan_in_postgresql(crowded):
    app, _ = crowded
    plan = app.db_conn.ask(
        "EXPLAIN SELECT * FROM links WHERE owner_id = 1 AND updated_at >= 1700000300000 "
        "ORDER BY updated_at DESC, id DESC LIMIT 26"
    )

    assert "Index Scan Backward using links_changed" in str(plan)
    assert "Sort" not in str(plan)


@pytest.mark.parametrize("shown", [None, *stores.LISTS])
@pytest.mark.parametrize("tags", [[], ["jazz", "live"]])
def test_no_list_reads_a_million_links_to_show_a_few(crowded, shown, tags):
    app, _ = crowded
    took = []
    for _ in range(5):
        began = time.perf_counter()
        app.db_conn.links(1, StreamPage(count=25), shown, tags, BY_CREATION if shown else BY_CHANGE)
        took.append(time.perf_counter() - began)

    assert min(took) < 0.05  # to read them all takes ten times as long
