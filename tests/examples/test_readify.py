"""Readify: every flow, and every weakness of the first one shown gone."""

from __future__ import annotations

import base64
import hashlib
import hmac
import pickle
import re
import time
from html import unescape
from io import BytesIO
from pathlib import Path

import pytest
from brubeck.auth import LoginThrottle, MemoryCounters, PasswordCost, set_password_cost
from brubeck.request_handling import ConfigurationError
from brubeck.testing import Client
from PIL import Image
from readify import app as wiring
from readify import pages
from readify.documents import MAX_PIXELS, clean_line, clean_tags, clean_url, redraw
from readify.store import MIGRATIONS, Store

EXAMPLE = Path(pages.__file__).parent
PASSWORD = "blue rondo a la turk"
EVIL = "\"'><svg/onload=alert(1)>"


@pytest.fixture(scope="module", autouse=True)
def cheap_passwords():
    set_password_cost(PasswordCost(memory_kib=1024))
    yield
    set_password_cost(PasswordCost())


@pytest.fixture(scope="module")
def shared_app():
    return wiring.make_app("app", {"READIFY_DATABASE": ":memory:"})


@pytest.fixture
def app(shared_app):
    """The application, whose templates are parsed once, with nothing in it."""
    for table in ("tags", "links", "pictures", "sessions", "users"):
        shared_app.db_conn.ask(f"DELETE FROM {table}")
    shared_app.settings["counters"] = MemoryCounters()
    shared_app.settings["login_throttle"] = LoginThrottle()
    return shared_app


@pytest.fixture
def jd(app):
    return person(app, "jd")


@pytest.fixture
def eve(app):
    return person(app, "eve")


def token(client, page="/login"):
    found = re.search(r'name="csrf_token" value="([^"]+)"', client.get(page).text)
    return found[1] if found else ""


def send(client, path, files=None, **fields):
    """Send a form, with its token."""
    return client.post(path, data={"csrf_token": token(client, "/settings"), **fields}, files=files)


def person(app, name):
    client = Client(app)
    data = {"csrf_token": token(client), "username": name, "password": PASSWORD}
    assert client.post("/create", data=data).headers["location"] == "/"
    return client


def login(app, name, password=PASSWORD, **headers):
    client = Client(app)
    data = {"csrf_token": token(client), "username": name, "password": password}
    return client, client.post("/login", data=data, headers=headers)


def add(client, url="https://example.com/a", title="A", tags=""):
    answer = send(client, "/add", url=url, title=title, tags=tags)
    assert answer.headers.get("location") == "/", answer.text
    return re.search(r"/links/(\d+)/edit", client.get("/").text)[1]


def titles(page):
    return [unescape(title) for title in re.findall(r"<h2><a [^>]*><bdi>(.*?)</bdi>", page.text)]


def tags(page):
    return [
        unescape(tag)
        for tag in re.findall(r'class="chip" href="/[^"]*\?tag=[^"]*"><bdi>(.*?)</bdi>', page.text)
    ]


def errors(page):
    return {name: unescape(text) for name, text in re.findall(r'id="(\w+)-error"[^>]*>(.*?)</p>', page.text)}


def picture(kind="PNG", size=(300, 200), mode="RGB", **options):
    drawn = BytesIO()
    Image.new(mode, size, "teal").save(drawn, kind, **options)
    return drawn.getvalue()


def forged_old_cookie(name, secret="OMGSOOOOSECRET"):
    """Return the cookie of the first Readify, which is a pickle."""
    message = base64.b64encode(pickle.dumps(("user_id", name), 2))
    signature = base64.b64encode(hmac.new(secret.encode(), message, hashlib.md5).digest())
    return f"!{signature.decode()}?{message.decode()}"


# Flows


def test_a_link_goes_through_all_lists(app, jd):
    link = add(jd, title="Take Five", tags="jazz")
    for action, shown, gone in (
        ("like", "/liked", None),
        ("archive", "/archived", "/"),
        ("unarchive", "/", "/archived"),
        ("unlike", "/", "/liked"),
        ("delete", "/deleted", "/"),
        ("undelete", "/", "/deleted"),
    ):
        answer = send(jd, f"/links/{link}/{action}", next="/liked")
        assert (answer.status_code, answer.headers["location"]) == (303, "/liked")
        assert titles(jd.get(shown)) == ["Take Five"], action
        assert gone is None or titles(jd.get(gone)) == [], action


def test_a_deleted_link_is_in_no_other_list_and_on_no_page(app, jd):
    link = add(jd)
    for action in ("like", "archive", "delete"):
        send(jd, f"/links/{link}/{action}")

    assert [titles(jd.get(path)) for path in ("/", "/liked", "/archived", "/people/jd")] == [[], [], [], []]


def test_the_form_is_filled_in_by_the_bookmarklet(jd):
    page = jd.get("/add?url=https%3A%2F%2Fexample.com%2F%3Fa%3D1%26b&title=A+%22b%22")

    assert 'value="https://example.com/?a=1&amp;b"' in page.text
    assert 'value="A &#34;b&#34;"' in page.text


def test_a_list_is_filtered_by_all_tags_given(jd):
    add(jd, "https://example.com/1", "One", "jazz, live")
    add(jd, "https://example.com/2", "Two", "jazz")

    assert titles(jd.get("/?tag=jazz")) == ["Two", "One"]
    assert titles(jd.get("/?tag=jazz&tag=live")) == ["One"]
    assert "No link has these tags." in jd.get("/?tag=none").text
    assert titles(jd.get("/people/jd?tag=live")) == ["One"]


def test_a_long_list_has_pages(app, jd):
    for number in range(30):
        add(jd, f"https://example.com/{number}", f"{number}", "all")
    first = jd.get("/?tag=all")
    older = re.search(r'rel="next" href="([^"]+)"', first.text)
    second = jd.get(f"/{unescape(older[1])}")

    assert titles(first) + titles(second) == [f"{number}" for number in reversed(range(30))]
    newer = re.search(r'rel="prev" href="([^"]+)"', second.text)
    assert titles(jd.get(f"/{unescape(newer[1])}")) == titles(first)


def test_settings_lead_to_the_public_page(app, jd):
    values = {"name": "J. D.", "bio": "Drums.", "location_text": "Here", "website": "example.com"}
    assert send(jd, "/settings", email="jd@example.com", **values).headers["location"] == "/people/jd"
    page = Client(app).get("/people/JD").text

    assert all(value in page for value in ("J. D.", "Drums.", "Here", 'href="https://example.com"'))
    assert 'value="jd@example.com"' in jd.get("/settings").text


def test_the_key_opens_the_api_until_there_is_another(app, jd):
    add(jd)
    page = send(jd, "/settings/key")
    key = re.search(r'class="key">([^<]+)<', page.text)[1]
    header = {"Authorization": f"Bearer {key}"}
    assert Client(app).get("/api/links", headers=header).json()["items"][0]["title"] == "A"
    assert page.headers["cache-control"] == "no-store"
    assert key not in jd.get("/settings").text
    send(jd, "/settings/key")
    assert Client(app).get("/api/links", headers=header).status_code == 401
    send(jd, "/settings/key", remove="1")
    assert "You have one." not in jd.get("/settings").text


def test_seeds_are_sown_once_and_have_the_password_that_was_given(tmp_path):
    settings = {"READIFY_DATABASE": str(tmp_path / "r.sqlite3"), "READIFY_SEED": PASSWORD}
    for _ in range(2):
        app = wiring.make_app("app", settings)
    client, answer = login(app, "paul")

    assert answer.headers["location"] == "/"
    assert len(titles(client.get("/"))) == 5
    assert "five four" in tags(client.get("/people/paul"))


# Pictures


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "WEBP"])
def test_a_picture_is_drawn_anew(app, jd, kind):
    sent = {"picture": ("face.svg", picture(kind), "image/svg+xml")}
    assert send(jd, "/settings/picture", files=sent).headers["location"] == "/people/jd"
    answer = Client(app).get("/people/jd/picture")

    assert answer.headers["content-type"] == "image/webp"
    assert Image.open(BytesIO(answer.body)).size == (256, 256)
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["content-security-policy"] == "default-src 'none'; sandbox"


@pytest.mark.parametrize(
    ("octets", "sentence"),
    [
        (b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>", "no picture that can be read"),
        (b"<script>alert(1)</script>", "no picture that can be read"),
        (picture()[:-40], "no picture that can be read"),
        (picture("TIFF"), "no picture that can be read"),
        (b"", "no picture that can be read"),
        (picture("GIF", (MAX_PIXELS // 5000 + 1, 5000), "P"), "at most 25 million pixels"),
        (bytes(5 * 1024 * 1024 + 1), "too large"),
    ],
)
def test_what_is_no_picture_is_refused_beside_the_field(jd, octets, sentence):
    page = send(jd, "/settings/picture", files={"picture": ("face.png", octets, "image/png")})

    assert page.status_code == 422
    assert sentence in errors(page)["picture"]
    assert jd.get("/people/jd/picture").status_code == 404


def test_no_picture_at_all_is_said(jd):
    assert errors(send(jd, "/settings/picture")) == {"picture": "Choose a picture first."}


def test_a_picture_does_not_tell_where_it_was_taken():
    exif = Image.Exif()
    exif[0x010E] = "at home"
    drawn = redraw(picture("JPEG", exif=exif, comment=b"<?php evil()") + b"<script>alert(1)</script>")

    assert not Image.open(BytesIO(drawn)).getexif()
    assert not re.search(rb"at home|evil|script", drawn)


def test_a_picture_can_be_taken_away(app, jd):
    send(jd, "/settings/picture", files={"picture": ("a.png", picture(), "image/png")})
    send(jd, "/settings/picture", remove="1")

    assert Client(app).get("/people/jd/picture").status_code == 404
    assert app.db_conn.ask_one("SELECT octets FROM pictures") == {"octets": b""}


# The API


@pytest.fixture
def feed(jd):
    """What the API answers to a query."""
    return lambda query="", **options: jd.get(f"/api/links{query}", **options)


def test_the_api_gives_links_by_their_last_change(app, jd, feed):
    first = add(jd, "https://example.com/1", "One", "b, a")
    add(jd, "https://example.com/2", "Two")
    now = feed().json()["items"][0]["updated_at"]
    app.db_conn.flag_link({"id": int(first), "owner_id": 1}, "deleted", True, now + 1)
    items = feed().json()["items"]

    assert [item["title"] for item in items] == ["One", "Two"]
    assert set(items[0]) == {
        *("id", "owner_username", "url", "title", "tags", "liked", "archived", "deleted"),
        *("created_at", "updated_at"),
    }
    assert (items[0]["deleted"], items[0]["tags"]) == (True, ["a", "b"])
    assert [item["title"] for item in feed(f"?since={now + 1}").json()["items"]] == ["One"]
    assert [item["title"] for item in feed(f"?until={now + 1}").json()["items"]] == ["Two"]


def test_the_api_goes_on_by_cursor_by_page_and_by_skip(app, jd, feed):
    for number in range(7):
        add(jd, f"https://example.com/{number}", f"{number}")
    seen, query = [], "?count=3"
    while query:
        answer = feed(query).json()
        seen += [item["title"] for item in answer["items"]]
        query = answer["next"] and f"?count=3&cursor={answer['next']}"

    assert seen == [f"{number}" for number in reversed(range(7))]
    assert [item["title"] for item in feed("?count=3&page=1").json()["items"]] == ["3", "2", "1"]
    assert [item["title"] for item in feed("?count=3&skip=5").json()["items"]] == ["1", "0"]
    assert 'rel="next"' in feed("?count=3").headers["link"]


def test_the_api_says_what_is_wrong_as_problem_details(app, feed):
    for answer, status in (
        (Client(app).get("/api/links"), 401),
        (Client(app).get("/api/links", headers={"Authorization": "Bearer x"}), 401),
        (feed("?since=yesterday"), 400),
        (feed("?count=0"), 400),
        (feed("?cursor=x"), 400),
        (feed("s"), 404),
    ):
        assert (answer.status_code, answer.json()["status"]) == (status, status)
        assert answer.headers["content-type"] == "application/problem+json"


def test_the_api_sends_nothing_twice(feed, jd):
    add(jd)
    etag = feed().headers["etag"]

    assert feed(headers={"If-None-Match": etag}).status_code == 304


def test_pages_of_other_sites_read_the_api_with_a_key_only(feed):
    answer = feed(headers={"Origin": "https://other.example"})

    assert answer.headers["access-control-allow-origin"] == "*"
    assert "access-control-allow-credentials" not in answer.headers


def test_pages_and_api_can_be_two_processes_of_one_database(tmp_path):
    settings = {"READIFY_DATABASE": str(tmp_path / "r.sqlite3")}
    web, api = (wiring.make_app(part, settings) for part in ("web", "api"))
    client = person(web, "jd")
    add(client, title="Told")
    feed = Client(api)
    feed.cookies.update(client.cookies)

    assert feed.get("/api/links").json()["items"][0]["title"] == "Told"
    assert feed.get("/login").status_code == 404
    assert client.get("/api/links").status_code == 404


# Weaknesses of the first one (§3 of the fact sheet)


def test_a_name_that_is_taken_stays_whose_it_is(app, jd):
    """There, a second /create with the name of another gave his cookie."""
    thief = Client(app)
    data = {"csrf_token": token(thief), "username": "JD", "password": "another password"}
    answer = thief.post("/create", data=data)

    assert answer.status_code == 422
    assert errors(answer) == {"username": "This name is taken. Take another."}
    assert thief.get("/").headers["location"] == "/login?next=/"
    assert login(app, "jd", "another password")[1].status_code == 401


POSTS = [
    *("/create", "/login", "/logout", "/add", "/links/1/edit", "/links/1/like", "/links/1/unlike"),
    *("/links/1/archive", "/links/1/unarchive", "/links/1/delete", "/links/1/undelete"),
    *("/settings", "/settings/picture", "/settings/key"),
]


@pytest.mark.parametrize("path", POSTS)
def test_no_form_counts_without_its_token(app, jd, path):
    add(jd)
    data = {"url": "https://evil.example", "title": "x", "username": "x", "password": PASSWORD}
    assert jd.post(path, data=data).status_code == 403
    of_another = token(person(app, "eve"))
    assert jd.post(path, data=data | {"csrf_token": of_another}).status_code == 403
    own = {**data, "csrf_token": token(jd, "/settings")}
    assert jd.post(path, data=own, headers={"Sec-Fetch-Site": "cross-site"}).status_code == 403
    assert titles(jd.get("/")) == ["A"]


@pytest.mark.parametrize("action", ["archive", "like", "delete", "unarchive", "unlike", "undelete"])
def test_nothing_changes_by_get(jd, action):
    """There, `<img src="/?delete=ID">` on any page deleted a link."""
    link = add(jd)
    before = jd.get("/api/links").json()

    assert titles(jd.get(f"/?{action}={link}")) == ["A"]
    assert jd.get(f"/links/{link}/{action}").status_code == 405
    assert jd.get("/api/links").json() == before


def test_a_link_logs_nobody_out(jd):
    jd.get("/logout")

    assert jd.get("/settings").status_code == 200


@pytest.mark.parametrize("field", ["title", "tags"])
def test_what_is_saved_is_text_and_no_html(app, jd, field):
    values = {"title": "A", "tags": ""} | {field: EVIL}
    link = add(jd, "https://example.com/a", **values)
    for client, path in ((jd, "/"), (jd, f"/links/{link}/edit"), (Client(app), "/people/jd"), (jd, "/liked")):
        assert "<svg/onload" not in client.get(path).text
    assert "&lt;svg/onload" in jd.get("/").text


@pytest.mark.parametrize("field", ["name", "bio", "location_text"])
def test_what_one_says_of_oneself_is_text_and_no_html(app, jd, field):
    send(jd, "/settings", **{field: EVIL})
    page = Client(app).get("/people/jd").text

    assert "<svg" not in page
    assert "&lt;svg/onload" in page
    assert "<svg" not in jd.get("/settings").text


def test_the_values_of_forms_are_escaped(app, jd):
    """There, a title with a quote ended the attribute."""
    for page in (
        jd.get("/add", query={"url": EVIL, "title": EVIL, "tags": EVIL}),
        send(jd, "/add", url=EVIL, title=EVIL, tags=EVIL),
        send(jd, "/settings", website=EVIL, email=EVIL, name=EVIL),
        Client(app).get("/login", query={"next": EVIL}),
    ):
        assert "<svg" not in page.text
        assert "&lt;svg" in page.text or 'name="next" value=""' in page.text


@pytest.mark.parametrize(
    "url",
    [
        *(
            "javascript:alert(1)",
            "JaVaScRiPt://example.com/%0aalert(1)",
            "data:text/html,<script>",
            "vbscript:x",
        ),
        *(
            "ftp://example.com/",
            "//evil.example",
            "https://",
            "https://a b.example/",
            "https://user:pw@bank.example/",
        ),
        *("http://evil.example\\@good.example/", "x" * 2000, ""),
    ],
)
@pytest.mark.parametrize(("path", "field"), [("/add", "url"), ("/settings", "website")])
def test_a_url_that_does_not_lead_to_a_web_page_is_refused(jd, url, path, field):
    """There, whatever was typed became a link, or the address of a picture."""
    page = send(jd, path, **{"title": "A", field: url})
    if field == "website" and not url:
        assert page.status_code == 303
        return

    assert page.status_code == 422
    assert set(errors(page)) == {field}


def test_a_url_with_quotes_stays_within_its_attribute(jd):
    add(jd, 'https://example.com/"><svg/onload=alert(1)>')

    assert "<svg" not in jd.get("/").text
    assert 'href="https://example.com/&#34;&gt;&lt;svg' in jd.get("/").text


def test_links_of_others_learn_nothing_of_the_reader(app, jd):
    add(jd)
    page = jd.get("/")

    assert 'rel="noopener noreferrer nofollow ugc"' in page.text
    assert page.headers["referrer-policy"] == "same-origin"


def test_a_pickle_is_no_cookie(app, jd):
    client = Client(app)
    for name in ("user_id", "session"):
        client.cookies[name] = forged_old_cookie("jd")

    assert client.get("/settings").headers["location"] == "/login?next=/settings"


def test_name_and_password_do_not_count_in_the_query(app, jd):
    query = {"username": "jd", "password": PASSWORD}
    client = Client(app)

    assert client.get("/", query=query).headers["location"].startswith("/login?next=")
    assert client.get("/api/links", query=query).status_code == 401
    assert client.post("/login", query=query, data={"csrf_token": token(client)}).status_code == 401


def test_a_logout_ends_the_session_for_a_copy_of_the_cookie(app, jd):
    """There, a cookie counted for five years, and nothing could end it."""
    copy = Client(app)
    copy.cookies.update(jd.cookies)
    assert copy.get("/settings").status_code == 200
    send(jd, "/logout")

    assert copy.get("/settings").headers["location"] == "/login?next=/settings"
    assert copy.get("/api/links").status_code == 401


def test_strangers_who_read_leave_nothing_in_the_database(app, jd):
    """A table of sessions that grows with every visit of a robot fills the disk."""
    add(jd)
    for path in ("/", "/people/jd", "/people/nobody", "/nowhere", "/style.css", "/api/links"):
        assert not any(name.lower() == "set-cookie" for name, _ in Client(app).get(path).headers.items())
    assert len(app.db_conn.ask("SELECT key FROM sessions")) == 1
    Client(app).get("/login")
    stranger, member = app.db_conn.ask("SELECT ends_at FROM sessions ORDER BY ends_at")

    assert member["ends_at"] - stranger["ends_at"] > 6 * 86400


def test_a_session_ends_by_itself(app, jd, monkeypatch):
    sessions = app.plugins.find(wiring.auth.Sessions)
    now = sessions.get_time()
    monkeypatch.setattr(sessions, "get_time", lambda: now + 8 * 86400)

    assert jd.get("/settings").status_code == 302
    assert (sessions.idle_timeout_s, sessions.absolute_timeout_s) == (7 * 86400, 30 * 86400)


def test_the_database_holds_no_session_id_and_no_key(app, jd):
    key = re.search(r'class="key">([^<]+)<', send(jd, "/settings/key").text)[1]
    held = repr([app.db_conn.ask(f"SELECT * FROM {table}") for table in ("users", "sessions")])
    cookie = jd.cookies["session"]

    assert key not in held
    assert not any(part in held for part in re.findall(r"[\w-]{20,}", cookie))
    assert PASSWORD not in held


def test_the_session_cookie_is_kept_from_scripts_and_other_sites(app, jd):
    _, answer = login(app, "jd")
    cookie = next(
        value for name, value in answer.headers.items() if name.lower() == "set-cookie" and "session" in value
    )

    assert all(part in cookie for part in ("HttpOnly", "SameSite=Lax", "Path=/"))
    assert "Domain" not in cookie


def test_the_public_page_knows_nothing_that_is_not_public(app, jd):
    """There, the template had the whole profile, and the address of the picture gave the e-mail's MD5."""
    send(jd, "/settings", name="J. D.", email="jd@example.com")
    page = Client(app).get("/people/jd")
    digest = hashlib.md5(b"jd@example.com").hexdigest()

    assert "jd@example.com" not in page.text
    assert digest not in page.text
    assert "gravatar" not in page.text
    assert set(pages.Member.make_publicsafe(app.db_conn.user("username", "jd"))) == {
        *("username", "name", "bio", "location_text", "website", "picture"),
    }


def test_pictures_come_from_here_only(jd):
    """There, the picture was whatever URL one gave: a third party's tracker."""
    assert "img-src 'self'" in jd.get("/people/jd").headers["content-security-policy"]
    send(jd, "/settings", avatar_url="https://tracker.example/x.gif", picture="https://tracker.example/x.gif")
    assert "tracker.example" not in jd.get("/people/jd").text


def test_the_secret_is_in_no_file_and_is_another_for_each_database():
    secrets = [wiring.make_app("app", {"READIFY_DATABASE": ":memory:"}).cookie_secret for _ in range(2)]

    assert secrets[0] != secrets[1]
    assert all(len(secret) >= 32 for secret in secrets)
    assert not any(re.search(r"secret\s*=\s*[\"']", file.read_text()) for file in EXAMPLE.glob("*.py"))


def test_links_of_others_cannot_be_changed(app, jd, eve):
    """The first one had this right."""
    link = add(jd)
    for path in (f"/links/{link}/edit", f"/links/{link}/delete", f"/links/{link}/like"):
        assert send(eve, path, url="https://evil.example", title="x").status_code == 404
    assert eve.get(f"/links/{link}/edit").status_code == 404
    assert titles(jd.get("/")) == ["A"]
    assert eve.get("/api/links").json()["items"] == []


@pytest.mark.parametrize(
    "evil",
    ["https://evil.example", "//evil.example", "/\\evil.example", "/\t/evil.example", "/a\r\nX-Evil: 1"],
)
def test_no_form_leads_to_another_site(app, jd, evil):
    link = add(jd)
    answer = send(jd, f"/links/{link}/like", next=evil)
    client = Client(app)
    data = {"csrf_token": token(client), "username": "jd", "password": PASSWORD, "next": evil}

    for location in (answer.headers["location"], client.post("/login", data=data).headers["location"]):
        assert "evil.example" not in location
        assert "\n" not in location


@pytest.mark.parametrize("password", ["short", "password12", "jdjdjdjdjd", "nine char", ""])
def test_a_password_is_long_and_none_that_is_tried_first(app, password):
    client = Client(app)
    data = {"csrf_token": token(client), "username": "jd", "password": password}

    assert set(errors(client.post("/create", data=data))) == {"password"}


def test_who_was_made_inactive_is_out_at_once(app, jd):
    """There, nobody looked at `is_active`."""
    app.db_conn.ask("UPDATE users SET is_active = 0")

    assert jd.get("/settings").status_code == 302
    assert jd.get("/api/links").status_code == 401
    assert login(app, "jd")[1].status_code == 401
    assert Client(app).get("/people/jd").status_code == 404


def test_passwords_are_not_guessed_for_long(app, jd):
    statuses = [login(app, "jd", f"guess number {number}")[1].status_code for number in range(11)]

    assert statuses == [401] * 10 + [429]


def test_accounts_links_and_pictures_have_a_rate(app, jd, monkeypatch):
    for name in ("ACCOUNTS_AN_HOUR", "LINKS_A_MINUTE", "PICTURES_AN_HOUR"):
        monkeypatch.setattr(pages, name, 2)
    app.settings["counters"] = MemoryCounters()
    statuses = []
    for number in range(pages.ACCOUNTS_AN_HOUR + 1):
        client = Client(app)
        data = {"csrf_token": token(client), "username": f"u{number}", "password": PASSWORD}
        statuses.append(client.post("/create", data=data).status_code)
    assert statuses == [303] * 2 + [429]
    for number in range(pages.LINKS_A_MINUTE):
        add(jd, f"https://example.com/{number}")
    assert send(jd, "/add", url="https://example.com/more", title="x").status_code == 429
    statuses = [send(jd, "/settings/picture", remove="1").status_code for _ in range(3)]
    assert statuses == [303] * 2 + [429]


# What was broken in the first one


@pytest.mark.parametrize(
    "path",
    [
        "/links/0/edit",
        "/links/999/edit",
        "/links/x/edit",
        "/links/-1/edit",
        f"/links/{10**30}/edit",
        "/links/1%00/edit",
    ],
)
def test_a_link_that_is_none_is_not_found(jd, path):
    """There, a form without values, or no answer at all."""
    assert jd.get(path).status_code == 404
    assert send(jd, path, url="https://example.com", title="x").status_code == 404


@pytest.mark.parametrize(
    "path", ["/people/nobody", "/people/%00", "/people/%ff", "/people/a%2fb", "/nobody", "/loginxyz"]
)
def test_nobody_has_no_page(app, path):
    assert Client(app).get(path).status_code == 404


@pytest.mark.parametrize(
    "name", ["login", "create", "liked", "settings", "archived", "add", "j.d.", "m+c@x-y", "søren", "profile"]
)
def test_every_name_has_a_page(app, name):
    """There, reserved names shadowed people, and names were cut at a dot."""
    client = person(app, name)
    answer = send(client, "/settings", name="Me")
    assert "<bdi>Me</bdi>" in client.get(answer.headers["location"]).text
    assert Client(app).get("/login").status_code == 200


def test_a_form_without_one_of_its_fields_is_no_error_of_ours(jd):
    """There, no `website` was no answer."""
    assert send(jd, "/settings").headers["location"] == "/people/jd"
    assert set(errors(send(jd, "/add"))) == {"url", "title"}


def test_what_is_wrong_is_said_beside_its_field_and_what_was_typed_stays(jd):
    """There, an error page with 500."""
    page = send(jd, "/add", url="nowhere", title="", tags="x" * 41)

    assert page.status_code == 422
    assert set(errors(page)) == {"url", "title", "tags"}
    assert 'value="nowhere"' in page.text
    assert errors(send(jd, "/settings", email="no e-mail"))["email"].startswith("This is no e-mail address.")


def test_tags_are_trimmed_and_each_is_there_once(jd):
    add(jd, tags=" Jazz,#jazz, five   four ,,b\u0000b, JAZZ ")

    assert tags(jd.get("/")) == ["b b", "five four", "jazz"]
    assert errors(send(jd, "/add", url="a.example", title="x", tags=",".join(map(str, range(21)))))["tags"]


def test_a_link_is_edited_and_not_copied(jd):
    link = add(jd, tags="old")
    send(jd, f"/links/{link}/edit", url="https://example.com/b", title="B", tags="new")
    (item,) = jd.get("/api/links").json()["items"]

    assert (item["id"], item["url"], item["title"], item["tags"]) == (
        int(link),
        "https://example.com/b",
        "B",
        ["new"],
    )
    assert item["created_at"] <= item["updated_at"]


def test_a_profile_is_changed_and_not_copied(app, jd):
    for name in ("One", "Two"):
        send(jd, "/settings", name=name)

    assert [row["name"] for row in app.db_conn.ask("SELECT name FROM users")] == ["Two"]


def test_a_link_is_saved_once(app, jd, eve):
    link = add(jd, "https://example.com/a")
    other = send(jd, "/add", url="example.com/a", title="Again")
    assert errors(other) == {"url": "You have saved this already."}
    assert f'href="/links/{link}/edit"' in other.text
    add(eve, "https://example.com/a")
    second = add(jd, "https://example.com/b")
    assert errors(send(jd, f"/links/{second}/edit", url="https://example.com/a", title="B"))["url"]


@pytest.mark.parametrize("action", ["like", "archive", "delete"])
def test_a_flag_is_a_change_that_since_tells_of(jd, action):
    """There, `updated_at` stayed as it was."""
    link = add(jd)
    before = jd.get("/api/links").json()["items"][0]
    time.sleep(0.002)
    send(jd, f"/links/{link}/{action}")
    after = jd.get("/api/links").json()["items"][0]

    assert after["updated_at"] > before["updated_at"]
    assert after["created_at"] == before["created_at"]


@pytest.mark.parametrize(
    "query", ["?count=0", "?count=-1", "?count=1e9", "?page=999999999", "?skip=x", "?count=1&count=2"]
)
def test_no_argument_gets_round_the_cap(jd, query):
    """There, `count=0` gave all there was."""
    assert jd.get(f"/api/links{query}").status_code == 400
    assert len(jd.get("/api/links?count=100000").json()["items"]) <= 100


def test_strangers_are_led_to_the_login_and_the_api_answers_401(app):
    """There, the API answered whatever path, and /profile of a stranger got no answer."""
    for path in ("/", "/liked", "/archived", "/deleted", "/add", "/links/1/edit", "/settings"):
        assert Client(app).get(path).headers["location"].startswith("/login?next=/"), path
    assert Client(app).get("/api/links").status_code == 401
    assert Client(app).get("/api/other").status_code == 404


@pytest.mark.parametrize("path", ["/", "/people/jd", "/api/links"])
def test_more_tags_than_a_statement_can_hold_are_no_error_of_ours(jd, path):
    assert jd.get(path, query={"tag": [f"t{number}" for number in range(900)]}).status_code == 200
    assert jd.get(path, query={"tag": ",".join(map(str, range(9000)))}).status_code == 200


def test_a_text_of_megabytes_is_refused_before_anybody_looks_at_it(jd):
    assert send(jd, "/add", url="https://example.com", title="x" * 100_000).status_code == 413


def test_letter_case_does_not_matter_at_the_login(app, jd):
    assert login(app, " JD ")[1].headers["location"] == "/"


def test_who_logs_in_as_another_is_the_other(app, jd, eve):
    """There, the old cookie won."""
    jd.post("/login", data={"csrf_token": token(jd, "/settings"), "username": "eve", "password": PASSWORD})

    assert 'aria-label="Your page, eve"' in jd.get("/").text


@pytest.mark.parametrize(
    "path", ["/", "/login", "/people/jd", "/api/links", "/nowhere", "/style.css", "/links/1/like"]
)
def test_every_answer_says_what_browsers_may_do_with_it(jd, path):
    answer = jd.get(path)

    assert answer.headers["content-security-policy"].startswith("default-src 'none'")
    assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "content-type" in answer.headers


# What it stands on


def test_a_database_of_an_older_readify_is_brought_up_with_what_is_in_it(tmp_path):
    name = str(tmp_path / "r.sqlite3")
    old = Store(name, MIGRATIONS[:1])
    old.ask(
        "INSERT INTO users (username, password, date_joined, last_login, name) VALUES ('jd', 'x', 1, 1, 'J. D.')"
    )
    old.ask(
        "INSERT INTO links (owner_id, url, title, created_at, updated_at) VALUES (1, 'https://a.example', 'A', 1, 1)"
    )
    store = Store(name)

    user = store.user("username", "jd")
    assert (user["name"], user["picture"], user["key_digest"]) == ("J. D.", "", None)
    assert store.link(1, "url", "https://a.example")["title"] == "A"
    store.save_picture(1, b"x")
    assert store.picture(1) == b"x"


def test_the_database_is_nobody_elses_to_read(tmp_path):
    Store(str(tmp_path / "r.sqlite3")).secret()

    assert {file.stat().st_mode & 0o777 for file in tmp_path.iterdir()} == {0o600}


def test_a_migration_that_fails_leaves_everything_as_it_was(tmp_path):
    name, broken = str(tmp_path / "r.sqlite3"), tmp_path / "004.sql"
    broken.write_text("CREATE TABLE more (id {id});\nNONSENSE;\n")
    Store(name)
    with pytest.raises(Exception, match="NONSENSE"):
        Store(name, [*MIGRATIONS, broken])

    assert Store(name).ask("SELECT name FROM sqlite_master WHERE name = 'more'") == []


def test_a_database_of_a_newer_readify_is_left_alone(tmp_path):
    name, newer = str(tmp_path / "r.sqlite3"), tmp_path / "004.sql"
    newer.write_text("CREATE TABLE more (id {id});\n")
    Store(name, [*MIGRATIONS, newer])

    with pytest.raises(ConfigurationError, match="of version 4: this Readify is too old"):
        Store(name)


@pytest.mark.parametrize(
    ("typed", "url"),
    [
        ("example.com", "https://example.com"),
        (" http://example.com/a b ", "http://example.com/a b"),
        ("javascript:alert(1)", "https://javascript:alert(1)"),
        ("", ""),
    ],
)
def test_a_url_gets_a_scheme(typed, url):
    assert clean_url(typed) == url


def test_a_line_is_one_line():
    assert clean_line(" a\r\nb\u202ec\ud800\x00 ") == "a b c"
    assert clean_tags("") == []


def test_a_module_has_the_parts_and_nothing_else():
    with pytest.raises(AttributeError, match="other"):
        _ = wiring.other


def test_it_stays_small():
    """Under 600 lines of Python, all of them counted."""
    assert sum(len(file.read_text().splitlines()) for file in EXAMPLE.rglob("*.py")) < 600


def test_it_uses_documented_names_only():
    """Whatever is imported from Brubeck stands in the manual."""
    manual = "\n".join(page.read_text() for page in (EXAMPLE.parents[1] / "docs").glob("*.md"))
    code = "\n".join(file.read_text() for file in EXAMPLE.glob("*.py"))
    names = {
        name.strip()
        for names in re.findall(r"^from brubeck\.\S+ import (.+)$", code, re.MULTILINE)
        for name in names.split(",")
    } | set(re.findall(r"\b(?:auth|api)\.([A-Za-z_]+)", code))

    assert {name for name in names if not re.search(rf"\b{name}\b", manual)} == set()
    assert not re.search(r"\bbrubeck\.core\.(?!forms import FormLimits)", code)
