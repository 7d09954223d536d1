"""SpotiChat: every flow, and every weakness of the first one shown gone."""

from __future__ import annotations

import json
import logging
import pickle
import re
import time
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import quote

import gevent
import pytest
from brubeck.auth import LoginThrottle, MemoryCounters, PasswordCost, Throttle, set_password_cost
from brubeck.auth.passwords import DEFAULT_COST
from brubeck.request_handling import ConfigurationError, LongPolls
from brubeck.testing import Client
from spotichat import pages, stores
from spotichat.app import ROUTES, make_app
from spotichat.songs import clean_line, clean_song
from spotichat.stores import KEPT_MESSAGES, SHOWN_MESSAGES, STAY_S, MemoryStore

EXAMPLE = Path(pages.__file__).parent
SONG = "spotify:track:1YQWosTIljIvxAgHWTp7KP"
OTHER = "spotify:track:4MbV8zrWudQflnbiIzp29t"
ROOM, FEED, PEOPLE = f"/rooms/{SONG}", f"/api/rooms/{SONG}/feed", f"/api/rooms/{SONG}/people"
PASSWORD = "blue rondo a la turk"


@pytest.fixture(scope="module", autouse=True)
def cheap_passwords():
    set_password_cost(PasswordCost(memory_kib=8))
    yield
    set_password_cost(DEFAULT_COST)


@pytest.fixture(scope="module")
def shared_app():
    return make_app({"SPOTICHAT_POLL_S": "0.05"})


@pytest.fixture
def app(shared_app):
    """The application, whose templates are compiled once, with nothing in it."""
    counters = MemoryCounters()
    shared_app.db_conn = MemoryStore(LongPolls(0.05))
    shared_app.settings |= {
        "comings": Throttle(10, 60, counters, name="comings"),
        "lines": Throttle(15, 10, counters, name="lines"),
        "login_throttle": LoginThrottle(counters),
        "signup_throttle": Throttle(10, 3600, counters),
    }
    return shared_app


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


def call(client, method, path, data=None):
    """Call the API as the script of a page does."""
    headers = {"X-CSRF-Token": token_of(client, "/login")}
    return client.request(method, path, json=data, headers=headers)


def say(client, text, song=SONG):
    return call(client, "POST", f"/api/rooms/{song}/feed", {"text": text})


def feed(client, since="", song=SONG):
    return client.get(f"/api/rooms/{song}/feed", query={"since": since} if since else None).json()["messages"]


def set_clock(monkeypatch, later_s):
    now = time.time() + later_s
    monkeypatch.setattr(stores, "time", SimpleNamespace(time=lambda: now))


# Flows


def test_comings_are_counted_and_stayings_are_not(app):
    """Each tells the room, and would push what is said out of it."""
    ann = person(app)
    assert {call(ann, "POST", PEOPLE).status_code for _ in range(20)} == {200}
    for _ in range(9):
        call(ann, "DELETE", PEOPLE)
        assert call(ann, "POST", PEOPLE).status_code == 200
    call(ann, "DELETE", PEOPLE)

    assert call(ann, "POST", PEOPLE).status_code == 429


def test_an_account_a_song_and_a_word(app):
    ann, bob = person(app), person(app, "bob")
    opened = send(
        ann, "/rooms", "/", song=f"https://open.spotify.com/track/{SONG[14:]}?si=x", title="Take Five"
    )
    assert opened.headers["location"] == ROOM
    assert call(ann, "POST", PEOPLE).json()["people"] == ["ann"]
    assert call(bob, "POST", PEOPLE).json()["people"] == ["ann", "bob"]
    assert say(ann, "Five <b>beats</b>").status_code == 201

    last = feed(bob)[-1]
    assert {key: last[key] for key in ("kind", "name", "text")} == {
        "kind": "user",
        "name": "ann",
        "text": "Five <b>beats</b>",
    }
    assert abs(last["time"] / 1000 - time.time()) < 5
    page = bob.get(ROOM).text
    assert "<h1>Take Five</h1>" in page
    assert "Five &lt;b&gt;beats&lt;/b&gt;" in page
    assert "Take Five" in bob.get("/").text
    assert "2 listeners" in bob.get("/").text


def test_a_poll_sleeps_until_something_is_said(app):
    app.db_conn.polls.timeout_s = 5
    ann, bob = person(app), person(app, "bob")
    say(ann, "one")
    since = feed(bob)[-1]["id"]
    poll = gevent.spawn(feed, bob, since)
    gevent.sleep(0.05)
    assert not poll.ready()
    say(ann, "two")

    assert [message["text"] for message in poll.get(timeout=1)] == ["two"]


def test_a_poll_of_another_room_sleeps_on(app):
    app.db_conn.polls.timeout_s = 5
    ann, bob = person(app), person(app, "bob")
    poll = gevent.spawn(feed, bob, "0")
    say(ann, "elsewhere", OTHER)
    gevent.sleep(0.05)

    assert not poll.ready()
    poll.kill()


def test_a_poll_ends_by_itself_with_nothing(app):
    assert feed(person(app), str(2**53)) == []


def test_stopping_wakes_who_waits(app):
    app.db_conn.polls.timeout_s = 60
    ann = person(app)
    poll = gevent.spawn(feed, ann, "1")
    gevent.sleep(0.05)
    app.db_conn.polls.close()

    assert poll.get(timeout=1) == []


def test_comings_and_goings_are_told(app):
    ann, bob = person(app), person(app, "bob")
    call(ann, "POST", PEOPLE)
    call(bob, "POST", PEOPLE)
    call(bob, "POST", PEOPLE)
    assert call(bob, "DELETE", PEOPLE).json()["people"] == ["ann"]

    assert [message["text"] for message in feed(ann)] == [
        "ann is listening too.",
        "bob is listening too.",
        "bob has gone.",
    ]


def test_a_full_room_is_quiet_about_it():
    store = MemoryStore(LongPolls())
    for number in range(200):
        store.join(SONG, f"listener-{number}")

    assert len(store.messages(SONG)) == 50
    assert len(store.people(SONG)) == 200


def test_a_client_that_was_away_gets_all_it_missed(app):
    ann, bob = person(app), person(app, "bob")
    say(ann, "seen")
    since = feed(bob)[-1]["id"]
    for number in range(SHOWN_MESSAGES * 2):
        app.db_conn.say(SONG, "ann", str(number))

    assert [message["text"] for message in feed(bob, since)] == [str(n) for n in range(SHOWN_MESSAGES * 2)]
    assert len(feed(bob)) == SHOWN_MESSAGES


def test_a_room_works_without_scripts(app):
    ann = person(app)
    assert send(ann, ROOM, text="typed into a form").headers["location"] == f"{ROOM}#text"
    assert "typed into a form" in ann.get(ROOM).text
    refused = send(ann, ROOM, text=" ")

    assert (refused.status_code, "Type something to say." in refused.text) == (422, True)


def test_out_and_in_again(app):
    ann = person(app)
    assert send(ann, "/logout", "/").headers["location"] == "/"
    assert ann.get(FEED).status_code == 401
    assert ann.get(ROOM).headers["location"] == f"/login?next={quote(ROOM)}"
    assert send(ann, "/login", username="ANN", password="wrong password").status_code == 401

    entered = send(ann, "/login", username="ANN", password=PASSWORD, next=ROOM)
    assert (entered.status_code, entered.headers["location"]) == (302, ROOM)
    assert ann.get(FEED).status_code == 200


@pytest.mark.parametrize(
    ("fields", "status", "wrong"),
    [
        ({"username": "a b"}, 422, "username"),
        ({"username": ""}, 422, "username"),
        ({"password": "short"}, 422, "password"),
        ({"password": "1234567890"}, 422, "password"),
        ({"username": "BOB"}, 409, "username"),
    ],
)
def test_an_error_stands_beside_its_field(app, stranger, fields, status, wrong):
    person(app, "bob")
    response = send(stranger, "/create", **{"username": "ann", "password": PASSWORD, **fields})

    assert response.status_code == status
    assert f'aria-describedby="{wrong}-error"' in response.text
    assert re.search(rf'id="{wrong}-error" role="alert">[^<]+\.', response.text)


@pytest.mark.parametrize(
    "typed", ["", "https://evil.com/track/x", "spotify:album:" + "a" * 22, "javascript:alert(1)"]
)
def test_a_link_to_no_song_is_told(app, typed):
    response = send(person(app), "/rooms", "/", song=typed)

    assert (response.status_code, response.headers.get("location")) == (422, None)
    assert 'id="song-error"' in response.text


@pytest.mark.parametrize(
    "typed",
    [
        SONG,
        SONG[14:],
        f" https://open.spotify.com/track/{SONG[14:]}?si=0123 ",
        f"https://open.spotify.com/intl-de/track/{SONG[14:]}",
    ],
)
def test_a_song_as_shared(typed):
    assert clean_song(typed) == SONG


def test_the_first_title_stays(app):
    ann, eve = person(app), person(app, "eve")
    send(ann, "/rooms", "/", song=SONG, title="Take Five")
    send(eve, "/rooms", "/", song=SONG, title="<b>Mine</b>")

    assert "<h1>Take Five</h1>" in ann.get(ROOM).text


def test_seed_is_something_to_read():
    ann = person(make_app({"SPOTICHAT_SEED": "1"}))

    assert feed(ann)[0]["text"] == "Five beats, and nobody falls over."
    assert "Take Five – The Dave Brubeck Quartet" in ann.get(ROOM).text  # noqa: RUF001


def test_processes_that_share_redis_know_each_others_cookies(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    one, two = (make_app({"SPOTICHAT_REDIS_URL": "redis://localhost:1/0"}) for _ in range(2))

    assert one.cookie_secret == two.cookie_secret
    assert (tmp_path / "spotichat.secret").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("content", ["{", "[]", '{"x": {}}', '{"x": []}'])
def test_a_file_of_providers_that_cannot_be_is_told(tmp_path, content):
    path = tmp_path / "oauth.json"
    path.write_text(content)
    with pytest.raises(ConfigurationError, match="SPOTICHAT_OAUTH"):
        make_app({"SPOTICHAT_OAUTH": str(path)})


# Weaknesses of the first SpotiChat


def test_a_name_is_nobody_without_its_password(app, stranger):
    """There, POST /api/login/<name> gave a valid token for any existing user."""
    person(app, "ann")
    for path in ("/api/login/ann", f"/api/login/{SONG}/ann"):
        response = stranger.post(path)
        assert response.status_code in (403, 404)
        assert response.cookies.keys() <= {"session"}
    assert send(stranger, "/create", username="ann", password="another password").status_code == 409
    assert send(stranger, "/login", username="ann", password="another password").status_code == 401

    assert stranger.get(FEED).status_code == 401


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("path", [FEED, PEOPLE])
def test_nobody_is_who_he_says_in_a_url_or_an_argument(app, stranger, method, path):
    """There, the identity could come from the URL, with no token at all."""
    person(app, "ann")
    response = call(
        stranger, method, path + "?username=ann&user_id=ann", {"username": "ann", "text": "I am ann"}
    )

    assert response.status_code == 401
    assert feed(person(app, "bob")) == []


def test_joining_brings_in_who_is_signed_in_and_nobody_else(app):
    eve = person(app, "eve")

    assert call(eve, "POST", PEOPLE, {"username": "ann", "name": "ann"}).json()["people"] == ["eve"]


def test_a_stranger_gets_an_answer(stranger):
    """There, `authenticated` crashed on one."""
    response = stranger.get(FEED)

    assert (response.status_code, response.headers["content-type"]) == (401, "application/json")
    assert response.json()["status_code"] == 401


def test_being_known_is_not_being_signed_in(app):
    """There, whoever existed in Redis was authenticated."""
    ann = person(app, "ann")
    ann.cookies.clear()

    assert ann.get(FEED).status_code == 401


def test_no_pickle_is_read(app, stranger, tmp_path):
    class Trap:
        def __reduce__(self):
            return Path.touch, (tmp_path / "sprung",)

    trap = pickle.dumps(Trap()).hex()
    for cookie in ("session", "username", "user_id"):
        stranger.get(FEED, query={"username": trap}, cookies={cookie: trap})

    assert not (tmp_path / "sprung").exists()
    assert "pickle" not in "".join(file.read_text() for file in EXAMPLE.glob("*.py"))


def test_a_token_signed_for_one_thing_is_none_for_another(app, stranger):
    """There, one key signed tokens and cookies alike."""
    ann = person(app)
    stranger.cookies["session"] = token_of(ann, "/")
    assert stranger.get(FEED).status_code == 401
    signer = app.get_cookie_signer(app.cookie_secret)
    stranger.cookies["session"] = signer.sign("username", "ann")

    assert stranger.get(FEED).status_code == 401


@pytest.mark.parametrize(
    "extra", [{"kind": "system"}, {"msgtype": "system"}, {"name": None}, {"message": "Admin"}]
)
def test_nobody_speaks_for_the_room(app, extra):
    """There, an argument `message` took the place of the system's own words."""
    ann = person(app)
    for method in ("POST", "DELETE"):
        call(ann, method, PEOPLE, {"message": "The site closes, go to evil.com", **extra})
    call(ann, "POST", FEED, {"text": "hello", **extra})
    messages = feed(ann)

    assert "evil.com" not in json.dumps(messages)
    assert (messages[-1]["kind"], messages[-1]["name"], messages[-1]["text"]) == ("user", "ann", "hello")


def test_nothing_said_is_html(app):
    """There, entities were decoded before storing, and nothing was escaped."""
    ann = person(app)
    text = "&lt;script&gt;alert(1)&lt;/script&gt;<script>alert(2)</script>"
    say(ann, text)

    assert feed(ann)[-1]["text"] == text
    page = ann.get(ROOM)
    assert "&amp;lt;script&amp;gt;alert(1)" in page.text
    assert "<script>alert" not in page.text
    assert ann.get(FEED).headers["x-content-type-options"] == "nosniff"


def test_no_script_makes_html_of_what_was_said():
    script = (EXAMPLE / "static" / "chat.js").read_text()

    assert not re.search(r"innerHTML|outerHTML|insertAdjacent|document\.write|eval\(|new Function", script)


def test_presence_in_a_room_with_colons_ends(app, monkeypatch):
    """There, the key was taken apart at its colons, and nobody in such a room ever expired."""
    ann, bob = person(app), person(app, "bob")
    call(ann, "POST", PEOPLE)
    call(bob, "POST", PEOPLE)
    set_clock(monkeypatch, STAY_S / 2)
    call(bob, "POST", PEOPLE)
    set_clock(monkeypatch, STAY_S + 1)
    app.db_conn.sweep()

    assert app.db_conn.people(SONG) == ["bob"]
    assert feed(bob)[-1]["text"] == "ann has gone."


def test_only_who_is_late_is_let_out(app, monkeypatch):
    """There, the range of those who were late held one too many."""
    for number in range(5):
        app.db_conn.join(SONG, f"late-{number}")
    set_clock(monkeypatch, 2)
    app.db_conn.join(SONG, "in-time")
    set_clock(monkeypatch, STAY_S + 1)
    app.db_conn.sweep()

    assert app.db_conn.people(SONG) == ["in-time"]


@pytest.mark.parametrize(
    "provider", ["../../etc/passwd", "..%2f..%2fetc", "twitter.py", "nobody", "TWITTER", "a" * 99]
)
@pytest.mark.parametrize("action", ["login", "callback"])
def test_no_provider_is_a_path(stranger, provider, action):
    """There, the provider was part of the name of a file that was executed."""
    response = stranger.get(f"/oauth/{provider}/{action}")

    assert response.status_code in (400, 404)
    source = (EXAMPLE / "oauth.py").read_text()
    assert not re.search(r"load_source|exec\(|eval\(|import_module", source)


def test_there_is_no_login_for_debugging():
    source = "".join(file.read_text() for file in EXAMPLE.glob("*.py")).lower()

    assert "debug" not in source
    assert "test_oauth_data" not in source


@pytest.mark.parametrize("path", ["/create", "/login", "/logout", "/rooms", ROOM, FEED, PEOPLE])
def test_no_page_of_another_site_changes_anything(app, path):
    """There, cookies and CORS with credentials let any page send."""
    ann = person(app)
    fields = {"username": "eve", "password": PASSWORD, "song": OTHER, "title": "x", "text": "I am a fool"}
    assert ann.post(path, data=fields).status_code == 403
    stolen = {
        "X-CSRF-Token": token_of(ann, "/"),
        "Origin": "https://evil.example",
        "Sec-Fetch-Site": "cross-site",
    }

    assert ann.post(path, data=fields, headers=stolen).status_code == 403
    assert ann.post(path, json=fields, headers=stolen).status_code == 403
    assert feed(ann) == []


@pytest.mark.parametrize("method", ["OPTIONS", "GET"])
def test_no_other_origin_may_read(app, method):
    response = person(app).request(method, FEED, headers={"Origin": "sp://spotichat"})

    assert not any(name.lower().startswith("access-control") for name, _ in response.headers.items())


def test_what_is_kept_is_bounded(app):
    for number in range(KEPT_MESSAGES + 50):
        app.db_conn.say(SONG, "ann", str(number))

    assert len(app.db_conn.messages(SONG, 0)) == KEPT_MESSAGES


def test_a_message_keeps_its_time(app, monkeypatch):
    """There, a message that was read again was said just now."""
    ann = person(app)
    say(ann, "one")
    first = feed(ann)[-1]
    set_clock(monkeypatch, 3600)

    assert feed(ann)[-1] == first


@pytest.mark.parametrize(
    "sent", [{}, {"text": ""}, {"text": None}, {"text": ["x"]}, [], "x", 7, {"text": "x" * 1001}]
)
def test_a_message_that_is_none_is_told(app, sent):
    """There, one without `message` crashed."""
    response = call(person(app), "POST", FEED, sent)

    assert response.status_code == 422
    assert response.json()["message"].endswith(".")


def test_a_body_that_is_no_json_is_400(app):
    ann = person(app)

    assert ann.post(FEED, data="{", headers={"X-CSRF-Token": token_of(ann, "/")}).status_code == 400


@pytest.mark.parametrize("since", ["x", "-1", "1-1", "9" * 400, "٣", "1\x00", "0x1", "1e3"])
def test_a_since_that_is_none_gives_the_last_ones(app, since):
    ann = person(app)
    say(ann, "one")

    assert [message["text"] for message in feed(ann, since)] == ["one"]


def test_cookies_are_ours_alone_and_go_at_the_end(app):
    """There, the nickname was a plain cookie of the whole domain, which no deletion reached."""
    ann = Client(app)
    line = send(ann, "/create", username="ann", password=PASSWORD).headers.get("set-cookie")
    assert "HttpOnly" in line
    assert "SameSite=Lax" in line
    assert "Domain" not in line
    assert "ann" not in ann.cookies["session"]
    old = dict(ann.cookies)
    send(ann, "/logout", "/")
    ann.cookies.update(old)

    assert ann.get(FEED).status_code == 401


def test_guessing_is_throttled_and_accounts_are_counted(app, stranger):
    person(app, "ann")
    answers = [send(stranger, "/login", username="ann", password=str(n)).status_code for n in range(11)]
    assert answers == [401] * 10 + [429]
    made = [send(Client(app), "/create", username=f"a{n}", password=PASSWORD).status_code for n in range(11)]

    assert made[-1] == 429


def test_lines_are_counted(app):
    ann = person(app)
    answers = [say(ann, "!").status_code for _ in range(16)]

    assert (answers[0], answers[-1]) == (201, 422)


def test_the_store_holds_no_password(app):
    person(app)

    assert app.db_conn.get_user("ann").password.startswith("$argon2id$")
    assert PASSWORD not in repr(vars(app.db_conn))


def test_a_closed_account_is_out_at_once(app):
    ann = person(app)
    user = app.db_conn.get_user("ann")
    user.is_active = False
    app.db_conn.save_user(user)

    assert ann.get(FEED).status_code == 401
    assert send(ann, "/login", username="ann", password=PASSWORD).status_code == 401


def test_nothing_secret_is_logged(app, caplog):
    """There, tokens were logged, and with them a packet capture was published."""
    caplog.set_level(logging.DEBUG)
    ann = person(app)
    send(ann, "/login", username="ann", password=PASSWORD)

    assert PASSWORD not in caplog.text
    assert ann.cookies["session"] not in caplog.text


def test_the_folder_holds_sources_only():
    """There, a packet capture and a database were in the repository."""
    suffixes = {
        file.suffix for file in EXAMPLE.rglob("*") if file.is_file() and "__pycache__" not in file.parts
    }

    assert suffixes <= {".py", ".html", ".js", ".css", ".json", ".md"}


def test_no_page_asks_elsewhere_and_every_answer_says_so(stranger):
    for file in [*(EXAMPLE / "templates").iterdir(), *(EXAMPLE / "static").iterdir()]:
        text = file.read_text()
        assert not re.search(
            r'(?:src|href|url)\s*[=(]\s*["\']?(?:https?:)?//', text.replace('href="https://open.spotify', "")
        )
    for path in ("/", "/nowhere", FEED, "/static/chat.js"):
        policy = stranger.get(path).headers["content-security-policy"]
        assert "default-src 'self';" in policy
        assert "unsafe" not in policy


def test_every_room_is_a_song(app):
    ann = person(app)

    for song in ("public", "spotify:track:x", f"{SONG}:x", f"{SONG}%0d%0aX: y", f"x/{SONG}"):
        assert ann.get(f"/api/rooms/{song}/feed").status_code == 404


def test_a_method_that_is_not_there_is_405(app):
    assert call(person(app), "DELETE", FEED).status_code == 405


# Small things


def test_a_line_is_one_line():
    assert clean_line(" a\r\n\tb\x00c \ud800 ") == "a b c"


def test_every_route_is_tried_here():
    assert len(ROUTES) == 12
