"""Listsurf: every flow, and every weakness of the first one shown gone."""

from __future__ import annotations

import ast
import json
import logging
import pickle
import re
import sqlite3
import stat
import time
from base64 import b64encode
from datetime import UTC, datetime
from hashlib import md5
from hmac import new as hmac
from html import unescape
from importlib import import_module
from pathlib import Path
from urllib.parse import unquote, urljoin

import pytest
from brubeck.auth import MemoryCounters, PasswordCost, set_password_cost
from brubeck.auth.passwords import DEFAULT_COST
from brubeck.connections import Request
from brubeck.request_handling import ConfigurationError
from brubeck.testing import Client
from listsurf import pages, stores
from listsurf.app import ROUTES, make_app, sow
from listsurf.links import MAX_TITLE_CHARACTERS, MAX_URL_CHARACTERS, clean_title, clean_url
from listsurf.stores import SQLiteStore

EXAMPLE = Path(pages.__file__).parent
MANUAL = EXAMPLE.parents[1] / "docs"
PASSWORD = "blue rondo a la turk"


@pytest.fixture(scope="module", autouse=True)
def cheap_passwords():
    set_password_cost(PasswordCost(memory_kib=8))
    yield
    set_password_cost(DEFAULT_COST)


@pytest.fixture(scope="module")
def shared_app():
    return make_app({"LISTSURF_SECRET": "s" * 32})


@pytest.fixture
def app(shared_app, tmp_path):
    """The application, whose templates are compiled once, with nothing in it."""
    shared_app.db_conn = SQLiteStore(str(tmp_path / "links.sqlite3"))
    shared_app.db_conn.start()
    shared_app.settings["url"] = ""
    for throttle in ("links", "login_throttle", "signup_throttle"):
        shared_app.settings[throttle].counters = MemoryCounters()
    yield shared_app
    shared_app.db_conn.stop()


@pytest.fixture
def stranger(app):
    return Client(app)


def token_of(client, page):
    found = re.search(r'name="csrf_token" value="([^"]+)"', client.get(page).text)
    return found[1] if found else ""


def send(client, path, page=None, **fields):
    """Send a form of *page*, with its token."""
    return client.post(path, data={"csrf_token": token_of(client, page or path), **fields})


def person(app, name="ann"):
    client = Client(app)
    assert send(client, "/create", username=name, password=PASSWORD).status_code == 303
    return client


def sign_in(client, name, password=PASSWORD, **fields):
    return send(client, "/login", username=name, password=password, **fields)


def add(client, url, title=""):
    return send(client, "/add_item", url=url, title=title)


def feed(client, **query):
    return client.get("/api", query=query).json()["items"]


def urls(client):
    return [item["url"] for item in feed(client, count=100)]


def shown(client, path="/"):
    """Return the addresses that a page leads to, as a browser reads them."""
    return [
        unescape(one) for one in re.findall(r'<a href="([^"]*)" rel="noreferrer">', client.get(path).text)
    ]


def set_clock(monkeypatch, now_ms):
    """Have every handler see *now_ms*, and one millisecond more at each look."""
    clock = iter(range(now_ms, now_ms + 10_000))
    monkeypatch.setattr(pages.Page, "current_time", property(lambda self: next(clock)))


# Flows


def test_an_account_leads_to_an_empty_list(stranger):
    first = stranger.get("/")
    assert (first.status_code, first.headers["location"]) == (302, "/login?next=/")
    assert 'href="/create?next=/"' in stranger.get("/login?next=/").text
    created = send(stranger, "/create", username="Ann", password=PASSWORD, email="Ann@Example.COM")

    assert (created.status_code, created.headers["location"]) == (303, "/")
    assert "Nothing here yet" in stranger.get("/").text
    assert stranger.application.db_conn.get_user("ann")["email"] == "Ann@example.com"


def test_links_are_listed_newest_first(app, monkeypatch):
    ann, bob = person(app), person(app, "bob")
    set_clock(monkeypatch, 1_700_000_000_000)
    assert add(ann, "https://example.com/one").headers["location"] == "/"
    add(ann, "https://example.com/two?a=1&b=2", "Two & <b>more</b>")
    add(bob, "https://example.com/bob")

    assert shown(ann) == ["https://example.com/two?a=1&b=2", "https://example.com/one"]
    assert ">Two &amp; &lt;b&gt;more&lt;/b&gt;</bdi>" in ann.get("/").text
    assert '<time datetime="2023-11-14T22:13:20Z">just now</time>' in ann.get("/").text
    assert shown(bob) == ["https://example.com/bob"]


def test_a_link_that_is_saved_again_moves_up(app, monkeypatch):
    ann = person(app)
    set_clock(monkeypatch, 1_000)
    for url, title in (("example.com", "Old"), ("example.org", ""), ("https://EXAMPLE.com/", "New")):
        add(ann, url, title)

    assert urls(ann) == ["https://example.com/", "https://example.org/"]
    first = feed(ann)[0]
    assert (first["title"], first["created_at"] < first["updated_at"]) == ("New", True)


def test_a_link_is_removed_by_its_owner_alone(app):
    ann, bob = person(app), person(app, "bob")
    add(ann, "example.com")
    link_id = str(feed(ann)[0]["id"])
    send(bob, "/remove_item", "/add_item", id=link_id)
    assert urls(ann) == ["https://example.com/"]

    assert send(ann, "/remove_item", "/add_item", id=link_id).headers["location"] == "/"
    assert urls(ann) == []


@pytest.mark.parametrize("link_id", ["", "x", "-1", "9" * 30, "²", "1 OR 1=1"])
def test_what_is_no_link_is_not_removed(app, link_id):
    ann = person(app)
    add(ann, "example.com")

    assert send(ann, "/remove_item", "/add_item", id=link_id).status_code == 303
    assert urls(ann) == ["https://example.com/"]


def test_older_links_are_a_page_further(app):
    ann = person(app)
    for number in range(120):
        app.db_conn.save_link("ann", f"https://example.com/{number}", "", 1000 + number // 7)
    seen, path = [], "/"
    while path:
        seen += shown(ann, path)
        found = re.search(r'href="(/\?cursor=[^"]+)" rel="next"', ann.get(path).text)
        path = found and unescape(found[1])

    assert len(seen) == 120
    assert len(set(seen)) == 120
    assert (seen[0], seen[-1]) == ("https://example.com/119", "https://example.com/0")


def test_newer_links_are_a_page_back(app):
    """From the last page, by the links alone, to the first, which is again called what it is."""
    ann = person(app)
    for number in range(120):
        app.db_conn.save_link("ann", f"https://example.com/{number}", "", 1000 + number // 7)
    paths = {"next": "/", "prev": None}
    walked = {"next": [], "prev": []}
    for rel in ("next", "prev"):
        while paths[rel]:
            text = ann.get(paths[rel]).text
            walked[rel].append(shown(ann, paths[rel]))
            found = re.search(rf'href="(/\?cursor=[^"]+)" rel="{rel}"', text)
            last, paths[rel] = paths[rel], found and unescape(found[1])
        paths["prev"] = paths["prev"] or last

    assert walked["prev"] == walked["next"][::-1]
    assert "<h1>Your links</h1>" in text
    assert "Newest" not in text


def test_a_page_whose_links_are_gone_leads_to_the_newest(app):
    ann = person(app)
    for number in range(51):
        app.db_conn.save_link("ann", f"https://example.com/{number}", "", 1000 + number)
    older = unescape(re.search(r'href="(/\?cursor=[^"]+)" rel="next"', ann.get("/").text)[1])
    app.db_conn.ask("DELETE FROM links WHERE updated_at = ?", 1000)
    page = ann.get(older).text

    assert "There are no links here any more." in page
    assert "Nothing here yet" not in page


def test_the_bookmarklet_fills_in_the_form(app):
    page = person(app).get("/add_item", query={"u": "https://example.com/?a=1#b", "t": 'Take "Five"\n'}).text

    assert 'value="https://example.com/?a=1#b"' in page
    assert 'value="Take &#34;Five&#34;"' in page


def test_the_bookmarklet_leads_to_where_the_site_is(app):
    def script():
        found = re.search(r'href="javascript:([^"]+)"', ann.get("/add_item").text)
        return unquote(found[1])

    ann = person(app)
    assert script() == (
        'location.href="http://localhost/add_item?u="+encodeURIComponent(location.href)'
        "+'&t='+encodeURIComponent(document.title)"
    )
    app.settings["url"] = "https://links.example"
    assert script().startswith('location.href="https://links.example/add_item?u="+')


def test_a_stranger_comes_back_to_the_bookmarklets_form(app, stranger):
    person(app)
    location = stranger.get("/add_item?u=https://example.com/%3Fa&t=b").headers["location"]
    assert location == "/login?next=/add_item%3Fu%3Dhttps%3A//example.com/%253Fa%26t%3Db"
    hidden = re.search(r'name="next" value="([^"]+)"', stranger.get(location).text)

    entered = sign_in(stranger, "ann", next=unescape(hidden[1]))
    assert entered.headers["location"] == "/add_item?u=https://example.com/%3Fa&t=b"


def test_out_and_in_again(app):
    ann = person(app)
    assert send(ann, "/logout", "/").headers["location"] == "/login"
    assert "user_id" not in ann.cookies
    assert ann.get("/").status_code == 302
    assert sign_in(ann, "ann", "wrong password").status_code == 401

    assert sign_in(ann, "ann").headers["location"] == "/"
    assert ann.get("/").status_code == 200


def test_seed_is_something_to_read(app):
    sow(app.db_conn)
    sow(app.db_conn)
    dave = Client(app)
    sign_in(dave, "dave")

    assert feed(dave)[0]["title"] == "Time Out (album) – Wikipedia"  # noqa: RUF001
    assert len(feed(dave)) == 6
    assert "3 minutes ago" in dave.get("/").text


def test_postgresql_needs_a_secret_that_all_processes_know():
    with pytest.raises(ConfigurationError, match="LISTSURF_SECRET"):
        make_app({"LISTSURF_DATABASE": "postgresql:///listsurf"})


# The feed


def test_the_feed_has_what_programs_ask_for(app, monkeypatch):
    ann = person(app)
    set_clock(monkeypatch, 1_700_000_000_000)
    add(ann, "example.com", "Take Five")
    response = ann.get("/api")

    assert response.headers["content-type"] == "application/json"
    answer = response.json()
    assert answer["num_items"] == 1
    assert answer["items"] == [
        {"id": answer["items"][0]["id"], "url": "https://example.com/", "title": "Take Five",
         "created_at": 1_700_000_000_000, "updated_at": 1_700_000_000_000}
    ]  # fmt: skip


def test_the_feed_begins_where_one_says(app):
    ann = person(app)
    for number in range(5):
        app.db_conn.save_link("ann", f"https://example.com/{number}", "", 1000 + number)

    assert [item["updated_at"] for item in feed(ann, since=1002)] == [1004, 1003, 1002]
    assert [item["updated_at"] for item in feed(ann, since=1001, until=1003)] == [1002, 1001]


def test_the_feed_leads_on_page_by_page(app):
    ann = person(app)
    for number in range(7):
        app.db_conn.save_link("ann", f"https://example.com/{number}", "", 1000)
    seen, path = [], "/api?count=3"
    while path:
        response = ann.get(path)
        seen += [item["url"][-1] for item in response.json()["items"]]
        link = re.search(r'<([^>]+)>; rel="next"', response.headers.get("link", ""))
        path = link and urljoin(path, link[1])

    assert "".join(seen) == "6543210"


def test_the_feed_leads_back_and_says_where_it_ended(app):
    ann = person(app)
    for number in range(7):
        app.db_conn.save_link("ann", f"https://example.com/{number}", "", 1000)
    first = ann.get("/api?count=3").json()
    second = ann.get("/api", query={"count": 3, "cursor": first["next"]}).json()
    third = ann.get("/api", query={"count": 3, "cursor": second["next"]}).json()
    behind = ann.get("/api", query={"cursor": third["end"]}).json()

    assert (first["prev"], third["next"], behind["next"]) == (None, None, None)
    assert (first["end"], second["end"]) == (first["next"], second["next"])
    assert (behind["items"], behind["end"]) == ([], third["end"])
    assert ann.get("/api", query={"count": 3, "cursor": third["prev"]}).json()["items"] == second["items"]
    assert ann.get("/api", query={"count": 3, "cursor": second["prev"]}).json()["items"] == first["items"]


def test_the_feed_has_a_largest_page(app):
    ann = person(app)
    for number in range(120):
        app.db_conn.save_link("ann", f"https://example.com/{number}", "", 1000)

    assert (len(feed(ann)), len(feed(ann, count=10**6))) == (25, 100)


@pytest.mark.parametrize(
    "query", ["since=x", "since=-1", "since=" + "9" * 40, "count=0", "cursor=x", "since=1&since=2"]
)
def test_the_feed_refuses_by_problem_details(app, query):
    """There, an argument that is none was an exception."""
    response = person(app).get(f"/api?{query}")

    assert (response.status_code, response.headers["content-type"]) == (400, "application/problem+json")
    assert list(response.json()["errors"]) == [query.partition("=")[0]]


def test_a_stranger_asks_the_feed_and_gets_401(stranger):
    """There, a program was sent to the login page."""
    response = stranger.get("/api")

    assert (response.status_code, response.headers["content-type"]) == (401, "application/problem+json")
    assert "location" not in response.headers
    assert response.json()["title"] == "Unauthorized"


# Weaknesses of the first Listsurf


@pytest.mark.parametrize("name", ["ann", "ANN", " Ann ", "\uff41\uff4e\uff4e"])
def test_an_account_is_not_taken_over_by_making_it_again(app, stranger, name):
    """There, POST /create with a name that existed gave a cookie of its owner."""
    add(person(app), "example.com")
    response = send(stranger, "/create", username=name, password="another password")

    assert response.status_code == 409
    assert "ann is taken" in response.text
    assert "user_id" not in stranger.cookies
    assert stranger.get("/").status_code == 302
    assert sign_in(stranger, "ann", "another password").status_code == 401
    assert sign_in(stranger, "ann").status_code == 302


def test_a_name_is_taken_once_when_two_ask_at_the_same_time(app):
    record = {"username": "ann", "password": "x", "is_active": True}
    path = app.db_conn.path
    other = SQLiteStore(path)
    other.start()

    assert [app.db_conn.add_user(record), other.add_user(record)] == [True, False]
    other.stop()
    with sqlite3.connect(path) as raw, pytest.raises(sqlite3.IntegrityError, match="UNIQUE"):
        raw.execute("INSERT INTO users (username, password, is_active) VALUES ('ann', 'x', 1)")
    raw.close()


ATTACK = '"><svg/onload=alert(1)><b>'


@pytest.mark.parametrize("argument", ["u", "t"])
def test_what_the_bookmarklet_brings_is_escaped(app, argument):
    """There, /add_item?u="><b> was reflected as HTML."""
    page = person(app).get("/add_item", query={argument: ATTACK}).text

    assert "<svg/" not in page
    assert "&#34;&gt;&lt;svg/onload" in page


@pytest.mark.parametrize("field", ["username", "email", "next"])
def test_what_was_typed_into_a_form_is_escaped(stranger, field):
    page = send(stranger, "/create", **{"password": PASSWORD, field: ATTACK}).text

    assert "<svg/" not in page


@pytest.mark.parametrize(
    ("url", "title"),
    [(f"http://a.com/{ATTACK}", ""), ("http://a.com/", ATTACK), (f"a.com/?{ATTACK}", ATTACK)],
)
def test_a_link_is_no_script_wherever_it_is_shown(app, url, title):
    """There, http://a.com/"><svg/onload=..> passed the check and was shown as HTML."""
    ann = person(app)
    add(ann, url, title)
    page = ann.get("/").text

    assert len(shown(ann)) == 1
    assert "<svg/" not in page
    assert not re.search(r'[<>"]', feed(ann)[0]["url"])
    assert ann.get("/api").headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(
    "typed",
    ["javascript:alert(1)", "JavaScript://%0aalert(1)", " java\tscript:alert(1)", "data:text/html,x", "file:///etc",
     "ftp://a.com/", "vbscript:x", "mailto:a@b.com", "about:blank", "blob:http://a.com/x"],
)  # fmt: skip
def test_only_the_web_can_be_saved(app, typed):
    ann = person(app)
    response = add(ann, typed)

    assert response.status_code == 422
    assert urls(ann) == []


@pytest.mark.parametrize(
    ("path", "fields"),
    [("/login", {"username": "ann", "password": PASSWORD}), ("/create", {"username": "eve", "password": PASSWORD}),
     ("/add_item", {"url": "example.com"}), ("/remove_item", {"id": "1"}), ("/logout", {})],
)  # fmt: skip
def test_another_site_sends_no_form(app, path, fields):
    """There, no form had a token."""
    ann = person(app)
    add(ann, "example.org")
    token = token_of(ann, "/add_item")
    strange = {"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"}
    answers = [
        ann.post(path, data=fields),
        ann.post(path, data={**fields, "csrf_token": "x" + token}),
        ann.post(path, data={**fields, "csrf_token": token}, headers=strange),
        ann.post(f"{path}?csrf_token={token}", data=fields),
    ]

    assert [answer.status_code for answer in answers] == [403] * 4
    assert urls(ann) == ["https://example.org/"]
    assert app.db_conn.get_user("eve") is None


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("path", ["/logout", "/remove_item?id=1", "/add_item?url=a.com", "/?archive=1"])
def test_looking_changes_nothing(app, method, path):
    """There, a link to /logout was enough."""
    ann = person(app)
    add(ann, "example.org")
    response = ann.request(method, path)

    assert response.status_code in (200, 405)
    assert urls(ann) == ["https://example.org/"]


@pytest.mark.parametrize("path", ["/", "/api", "/add_item", "/create", "/login"])
def test_credentials_in_a_query_do_not_count(app, stranger, path):
    """There, /?username=..&password=.. was signed in."""
    person(app)
    query = f"username=ann&password={PASSWORD.replace(' ', '%20')}"
    asked = stranger.get(f"{path}?{query}")
    sent = stranger.post(f"{path}?{query}", data={"csrf_token": token_of(stranger, "/login")})

    assert "user_id" not in stranger.cookies
    assert asked.status_code in (302, 401, 200)
    assert sent.status_code in (302, 401, 405, 422)
    assert stranger.get("/").status_code == 302
    assert PASSWORD not in asked.text


def test_cookies_are_flagged(app):
    """There, cookies had no attributes at all, and no end."""
    plain, secure = Client(app), Client(app, base_url="https://localhost")
    for client, name in ((plain, "ann"), (secure, "bob")):
        cookies = send(client, "/create", username=name, password=PASSWORD).headers.get_all("set-cookie")
        flags = {flag.strip() for flag in cookies[0].split(";")[1:]}

        assert flags - {"Secure"} == {"Max-Age=1209600", "Path=/", "SameSite=Lax", "HttpOnly"}
        assert ("Secure" in flags) == (client is secure)


def test_a_proxy_that_ends_tls_is_believed(tmp_path):
    database = str(tmp_path / "links.sqlite3")
    app = make_app({"LISTSURF_DATABASE": database, "LISTSURF_FRONTS": "10.0.0.1 10.0.1.0/24"})
    message = Request("GET", "/", headers=[("X-Forwarded-Proto", "https")], remote_addr="10.0.1.9")
    app.connection.fronts.believe(message)

    assert message.is_secure


def test_cookies_are_secure_over_https(app):
    client = Client(app, base_url="https://links.example")
    asked = client.get("/create")
    token = re.search(r'name="csrf_token" value="([^"]+)"', asked.text)[1]
    made = client.post("/create", data={"username": "ann", "password": PASSWORD, "csrf_token": token})
    cookies = [*asked.headers.get_all("set-cookie"), *made.headers.get_all("set-cookie")]

    assert [cookie.partition("=")[0] for cookie in cookies] == ["__Host-csrf", "user_id"]
    assert all("; Secure" in cookie for cookie in cookies)


def test_a_cookie_is_no_pickle_and_not_made_up(app, stranger):
    """There, it was a pickle, signed with MD5 and a secret out of the repository."""
    person(app)
    message = b64encode(pickle.dumps(("user_id", "ann"), 2))
    for secret in ("OMGSOOOOSECRET", "s" * 32):
        mark = b64encode(hmac(secret.encode(), message, md5).digest())
        stranger.cookies["user_id"] = f"!{mark.decode()}?{message.decode()}"
        assert stranger.get("/").status_code == 302
    for value in ("ann", '"ann"', "ann.x.y", ""):
        stranger.cookies["user_id"] = value
        assert stranger.get("/").status_code == 302


def test_a_cookie_ends_after_two_weeks(app, monkeypatch):
    ann = person(app)
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + 15 * 86400)

    assert ann.get("/").status_code == 302


def test_no_secret_is_in_the_repository(tmp_path):
    one, other = (
        make_app({"LISTSURF_DATABASE": str(tmp_path / name)}) for name in ("one.sqlite3", "other.sqlite3")
    )

    assert one.cookie_secret != other.cookie_secret


def test_a_login_outlives_a_restart(tmp_path):
    """Before, each start made a secret of its own, and signed everybody out."""
    settings = {"LISTSURF_DATABASE": str(tmp_path / "links.sqlite3")}
    first = make_app(settings)
    first.db_conn.start()
    ann = person(first)
    first.db_conn.stop()
    second = make_app(settings)
    second.db_conn.start()
    again = Client(second)
    again.cookies.update(ann.cookies)

    assert again.get("/").status_code == 200
    assert stat.S_IMODE((tmp_path / "links.sqlite3.secret").stat().st_mode) == 0o600
    second.db_conn.stop()


def test_what_is_kept_lies_where_it_is_started(tmp_path, monkeypatch):
    """Neither a database nor a secret comes into the folder of the example; and none at all by an import."""
    before = sorted(file.name for file in EXAMPLE.parent.iterdir())
    monkeypatch.chdir(tmp_path)
    application = import_module("listsurf.app")
    assert list(tmp_path.iterdir()) == []
    monkeypatch.delenv("LISTSURF_DATABASE", raising=False)
    monkeypatch.delenv("LISTSURF_SECRET", raising=False)
    started = application.app
    started.db_conn.start()
    started.db_conn.stop()

    assert sorted(file.name for file in tmp_path.iterdir()) == ["listsurf.sqlite3", "listsurf.sqlite3.secret"]
    assert sorted(file.name for file in EXAMPLE.parent.iterdir()) == before


@pytest.mark.parametrize(
    "password", ["", "short", "1234567890", "aaaaaaaaaaaa", "ann@example.com", "x" * 5000]
)
def test_a_password_has_to_be_one(app, stranger, password):
    """There, any password would do."""
    fields = {"username": "ann", "email": "ann@example.com", "password": password}
    response = send(stranger, "/create", **fields)

    assert response.status_code == 422
    assert 'id="password-error"' in response.text
    assert app.db_conn.get_user("ann") is None


def test_a_password_is_hashed_and_told_to_nobody(app, caplog):
    caplog.set_level(logging.DEBUG)
    ann = person(app)
    sign_in(ann, "ann")

    assert app.db_conn.get_user("ann")["password"].startswith("$argon2id$")
    assert PASSWORD not in caplog.text
    assert ann.cookies["user_id"] not in caplog.text


def test_who_is_not_active_is_out(app):
    """There, `is_active` was never looked at."""
    ann = person(app)
    app.db_conn.ask("UPDATE users SET is_active = ? WHERE username = ?", False, "ann")

    assert ann.get("/").status_code == 302
    assert ann.get("/api").status_code == 401
    response = sign_in(ann, "ann")
    assert (response.status_code, "user_id" in response.cookies) == (401, False)


@pytest.mark.parametrize("typed", ["", " ", "http://", "https:///x", "x y", "http://a b/", "http://a:99999/",
    "http://[::1", "http://a..b/", "http://u:p@a.com/", "http://a.com\\@b.com/", "a.com/\u202etxt", "http://-/",
    "a" * (MAX_URL_CHARACTERS + 1), "http://a.com/\x00"])  # fmt: skip
def test_an_address_that_is_none_is_told_beside_its_field(app, typed):
    """There, it was an uncaught exception, and the client got no answer."""
    ann = person(app)
    response = add(ann, typed, "Kept")

    assert response.status_code == 422
    assert 'aria-invalid="true" aria-describedby="url-error" autofocus' in response.text
    assert re.search(r'id="url-error">[^<]+\.</p>', response.text)
    assert 'value="Kept"' in response.text
    assert urls(ann) == []


@pytest.mark.parametrize(
    "email", ["nowhere", "a@b", "a b@example.com", "a@example.com\r\nBcc: x", "a@b.c" + "m" * 100]
)
def test_an_address_that_cannot_be_mailed_is_told(app, stranger, email):
    """There, it was accepted, and never stored."""
    response = send(stranger, "/create", username="ann", password=PASSWORD, email=email)

    assert response.status_code == 422
    assert 'aria-describedby="email-error email-hint"' in response.text
    assert app.db_conn.get_user("ann") is None


@pytest.mark.parametrize("fields", [{}, {"email": ""}, {"email": " "}])
def test_an_account_needs_no_address(app, stranger, fields):
    """There, a form without `email` was shown again, with no word about why."""
    assert send(stranger, "/create", username="ann", password=PASSWORD, **fields).status_code == 303
    assert app.db_conn.get_user("ann")["email"] is None


def test_every_wrong_field_is_told_at_once(stranger):
    response = send(stranger, "/create", username="a b", password="x", email="x")

    assert re.findall(r'id="(\w+)-error"', response.text) == ["username", "email", "password"]
    assert response.text.count("autofocus") == 1
    assert 'value="a b"' in response.text
    assert 'value="x"' in response.text


@pytest.mark.parametrize("typed", ["JD", "jd", " Jd ", "\uff2a\uff24"])
def test_a_name_is_one_name_in_any_case(app, stranger, typed):
    """There, whoever was stored as jd could not come in as JD."""
    person(app, "Jd")

    assert sign_in(stranger, typed).status_code == 302
    assert stranger.get("/").status_code == 200


@pytest.mark.parametrize("name", ["", "a b", "a\x00b", "a" * 31, "аnn", "<b>", "../x", "ann\n"])  # noqa: RUF001
def test_a_name_that_is_none_is_told(stranger, name):
    response = send(stranger, "/create", username=name + "" if name != "ann\n" else "a\nn", password=PASSWORD)

    assert response.status_code == 422
    assert re.search(r'id="username-error">[^<]+\.</p>', response.text)
    assert sign_in(stranger, name).status_code in (401, 429)


TRAPS = ["https://evil.example/", "//evil.example", "/\\evil.example", "\\\\evil.example", "javascript:alert(1)",
    "/\t/evil.example", "https:evil.example", "/%0d%0aX: y"]  # fmt: skip


@pytest.mark.parametrize("trap", TRAPS)
def test_next_leads_to_no_other_site(app, stranger, trap):
    person(app)
    entered = sign_in(stranger, "ann", next=trap)
    created = send(Client(app), "/create", username="bob", password=PASSWORD, next=trap)

    for response in (entered, created):
        assert response.headers["location"] in ("/", "/%0d%0aX: y", "/%0d%0aX:%20y")
    assert (
        "evil"
        not in re.findall(r'name="next" value="([^"]*)"', stranger.get("/login", query={"next": trap}).text)[
            0
        ]
    )


def test_nobody_writes_a_header(app):
    ann = person(app)
    response = add(ann, "https://example.com/\r\nX-Stolen: 1")

    assert (response.status_code, "x-stolen" in response.headers) == (422, False)
    assert "x-stolen" not in ann.get("/", query={"cursor": "a\r\nX-Stolen: 1"}).headers


def test_guessing_ends(app, stranger):
    """There, passwords could be tried without end."""
    person(app)
    answers = [sign_in(stranger, "ann", f"wrong password {number}").status_code for number in range(11)]

    assert answers == [401] * 10 + [429]
    assert sign_in(stranger, "ann").status_code == 429


def test_accounts_are_counted(app):
    answers = [
        send(Client(app), "/create", username=f"ann{number}", password=PASSWORD).status_code
        for number in range(11)
    ]

    assert answers == [303] * 10 + [429]


def test_links_are_counted(app, monkeypatch):
    ann, bob = person(app), person(app, "bob")
    answers = [add(ann, f"example.com/{number}").status_code for number in range(31)]
    assert answers == [303] * 30 + [429]
    assert add(bob, "example.com").status_code == 303

    monkeypatch.setattr(stores, "MAX_LINKS", 1)
    assert add(bob, "example.com/more").status_code == 409


def test_a_login_takes_the_place_of_another(app):
    """There, who signed in as somebody else stayed who he was."""
    person(app, "bob")
    ann = person(app)
    add(ann, "example.com")
    sign_in(ann, "bob")

    assert urls(ann) == []


def test_a_name_that_nobody_has_is_answered_like_a_wrong_password(app, stranger):
    person(app)
    known, unknown = (sign_in(stranger, name, "wrong password") for name in ("ann", "bob"))

    def without_token(text):
        return re.sub(r'name="csrf_token" value="[^"]+"', "", text)

    assert known.status_code == unknown.status_code == 401
    assert without_token(known.text) == without_token(unknown.text).replace('value="bob"', 'value="ann"')


@pytest.mark.parametrize(
    "path", ["/loginxyz", "/add_item/x", "/apiary", "/creates", "/style.css.bak", "/media/"]
)
def test_a_route_is_the_whole_path(app, path):
    """There, ^/login served /loginxyz too, and what was not there was a 405."""
    response = person(app).get(path)

    assert (response.status_code, response.headers["content-type"]) == (404, "text/html; charset=utf-8")
    assert "Back to your links" in response.text


@pytest.mark.parametrize(
    ("method", "path"), [("PUT", "/"), ("POST", "/api"), ("PATCH", "/login"), ("GET", "/remove_item")]
)
def test_a_method_that_is_not_there_is_405(app, method, path):
    """There, the error page itself crashed."""
    ann = person(app)
    response = ann.request(method, path, headers={"X-CSRF-Token": token_of(ann, "/add_item")})

    assert response.status_code == 405
    assert "OPTIONS" in response.headers["allow"]


def test_a_page_is_html_and_nobody_else_keeps_it(app):
    """There, pages had no content type."""
    ann = person(app)
    for path in ("/", "/add_item", "/login", "/create", "/logout"):
        headers = ann.get(path).headers
        assert headers["content-type"] == "text/html; charset=utf-8"
        assert headers["cache-control"] in ("private, no-cache", "no-store")


# The house


def test_no_page_asks_elsewhere_and_every_answer_says_so(stranger):
    for file in [*(EXAMPLE / "templates").iterdir(), *(EXAMPLE / "static").iterdir()]:
        assert not re.search(r'(?:src|href|url)\s*[=(]\s*["\']?(?:https?:)?//', file.read_text())
        assert not re.search(r"<script|\son\w+=|\sstyle=", file.read_text())
    for path in ("/login", "/nowhere", "/api", "/style.css"):
        policy = stranger.get(path).headers["content-security-policy"]
        assert policy.startswith(
            "default-src 'none'; style-src 'self'; form-action 'self'; frame-ancestors 'none'"
        )


def test_every_field_has_a_label_and_every_page_its_landmarks(app):
    ann, stranger = person(app), Client(app)
    for client, path in (
        (stranger, "/login"),
        (stranger, "/create"),
        (ann, "/add_item"),
        (ann, "/"),
        (ann, "/x"),
    ):
        page = client.get(path).text
        ids = re.findall(r'<(?:input|textarea)[^>]* id="([^"]+)"', page)
        assert page.count("<main") == page.count("<h1") == page.count("<header") == 1
        assert '<html lang="en">' in page
        assert 'href="#main"' in page
        assert [one for one in ids if f'<label for="{one}">' not in page] == []
        assert set(re.findall(r'aria-describedby="([^"]+)"', page)) <= set(re.findall(r'id="([^"]+)"', page))


@pytest.mark.parametrize(
    ("typed", "url"),
    [("example.com", "https://example.com/"), (" HTTP://Example.COM/A?B#C ", "http://example.com/A?B#C"),
     ("localhost:8080/x", "https://localhost:8080/x"), ("httpbin.org", "https://httpbin.org/"),
     ("http://127.0.0.1:6767", "http://127.0.0.1:6767/"), ("http://[::1]:80/", "http://[::1]:80/"),
     ("https://münchen.example/ä", "https://münchen.example/ä"), ('a.com/"<>', "https://a.com/%22%3C%3E"),
     ("en.wikipedia.org/wiki/Take_Five_(album)", "https://en.wikipedia.org/wiki/Take_Five_(album)")],
)  # fmt: skip
def test_an_address_as_people_type_it(typed, url):
    assert clean_url(typed) == url
    assert clean_url(url) == url


def test_a_title_is_one_line_of_a_length():
    assert clean_title(" a\r\n\tb\x00c\u202e ") == "a b c"
    assert len(clean_title("x" * 999)) == MAX_TITLE_CHARACTERS


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(-9, "just now"), (0, "just now"), (56, "just now"), (58, "1 minute ago"), (150, "2 minutes ago"),
     (3400, "57 minutes ago"), (3500, "1 hour ago"), (7300, "2 hours ago"), (80_000, "22 hours ago"),
     (86_000, "1 day ago"), (7 * 86400, "7 days ago"), (8 * 86400, "6 November 2023")],
)  # fmt: skip
def test_times_as_people_say_them_and_as_machines_read_them(app, monkeypatch, seconds, words):
    ann = person(app)
    set_clock(monkeypatch, 1_700_000_000_000)
    app.db_conn.save_link("ann", "https://example.com/", "", 1_700_000_000_999 - seconds * 1000)
    machine, people = re.search(r'<time datetime="([^"]+)">([^<]+)</time>', ann.get("/").text).groups()

    assert people == words
    assert machine == datetime.fromtimestamp(1_700_000_000 - seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def test_the_database_is_its_owners_to_read(app):
    assert stat.S_IMODE(Path(app.db_conn.path).stat().st_mode) == 0o600


def test_every_route_is_tried_here():
    assert len(ROUTES) == 8


def test_it_stays_small():
    assert sum(file.read_text().count("\n") for file in EXAMPLE.rglob("*.py")) < 550


def test_it_takes_no_name_that_the_manual_does_not_tell():
    manual = {word for page in MANUAL.rglob("*.md") for word in re.findall(r"\w+", page.read_text())}
    taken = {name for file in EXAMPLE.glob("*.py") for name in names_of_brubeck(ast.parse(file.read_text()))}
    for file in (EXAMPLE / "templates").iterdir():
        taken |= set(re.findall(r"\b(?:found|handler|handler\.message)\.(\w+)", file.read_text()))
        taken |= set(
            re.findall(r"{{ ?(csrf_\w+|error_code|error_message|url_for|static_url)\b", file.read_text())
        )

    assert {"Brubeck", "CookieUserMixin", "Keyset", "SignupHandler", "csrf_field", "next_cursor"} <= taken
    assert sorted(taken - manual) == []
    assert [name for name in taken if name.startswith("_")] == []


def names_of_brubeck(tree):
    """Yield what a module imports from Brubeck, and the attributes that handlers and the application are asked for."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module.startswith("brubeck"):
            assert node.module.count(".") <= 1, node.module
            yield from (alias.name for alias in node.names)
        of = ast.unparse(node.value) if isinstance(node, ast.Attribute) else ""
        if of in (
            "auth",
            "self.message",
            "self.application",
            "application",
            "response",
            "page",
            "found",
        ):
            yield node.attr
        if of == "self" and hasattr(pages.Create, node.attr) and not defined_here(node.attr):
            yield node.attr


def defined_here(name):
    return any(
        isinstance(node, ast.FunctionDef) and node.name == name
        for file in EXAMPLE.glob("*.py")
        for node in ast.walk(ast.parse(file.read_text()))
    )


def test_the_folder_holds_sources_only():
    suffixes = {
        file.suffix for file in EXAMPLE.rglob("*") if file.is_file() and "__pycache__" not in file.parts
    }

    assert suffixes <= {".py", ".html", ".css", ".json", ".md", ".sql"}


def test_seeds_are_what_a_person_could_type():
    for seeded in json.loads((EXAMPLE / "seed.json").read_text()).values():
        assert all(clean_url(url) == url for _, url, _ in seeded["links"])
