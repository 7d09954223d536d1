"""no.js: every flow, and every weakness of the first one shown gone."""

from __future__ import annotations

import base64
import re
import time
from html import unescape
from pathlib import Path
from types import SimpleNamespace

import gevent
import pytest
from brubeck.auth import Throttle
from brubeck.request_handling import LongPolls
from brubeck.testing import Client
from nojs import pages, stores
from nojs.app import make_app
from nojs.names import clean_room, clean_text
from nojs.stores import KEPT_MESSAGES, LIST, MAX_ROOMS, NAME_S, STAY_S, MemoryStore, RoomsFull

EXAMPLE = Path(pages.__file__).parent


@pytest.fixture(scope="module")
def shared_app():
    return make_app({})


@pytest.fixture
def app(shared_app):
    """The application, whose templates are parsed once, with nothing in it."""
    shared_app.db_conn = MemoryStore(LongPolls(0.05), ["lobby"])
    shared_app.settings |= {
        "names": Throttle(30, 3600),
        "doors": Throttle(20, 60),
        "lines": Throttle(15, 10),
    }
    return shared_app


@pytest.fixture
def stranger(app):
    return Client(app)


def send(client, path, page="/", **fields):
    """Send a form of *page*, with its token."""
    token = re.search(r'name="csrf_token" value="([^"]+)"', client.get(page).text)
    return client.post(path, data={"csrf_token": token[1] if token else "", **fields})


def person(app, name, room=None):
    """Return the client of somebody who has taken *name*, and is in *room*."""
    client = Client(app)
    assert send(client, "/name", name=name).status_code == 303
    if room:
        assert send(client, "/rooms", room=room).headers["location"] == f"/rooms/{room}"
    return client


def say(client, room, text):
    return send(client, f"/rooms/{room}/say", f"/rooms/{room}/say", text=text)


def said(client, room):
    """Return what the messages page shows, line by line: without tags and times."""
    lines = re.findall(r"<li[ >].*?</li>", client.get(f"/rooms/{room}/messages").text, re.DOTALL)
    return [
        unescape(re.sub(r"<time.*?</time>|<[^>]+>", "", line)).replace("  ", " ").strip() for line in lines
    ]


def next_poll(page):
    """Return where the page will lead by itself."""
    return unescape(re.search(r'http-equiv="refresh" content="0; url=([^"#]+)', page.text)[1])


def set_clock(monkeypatch, later_s):
    now = time.time() + later_s
    monkeypatch.setattr(stores, "time", SimpleNamespace(time=lambda: now))


# Flows


def test_a_name_a_room_and_a_word(app, stranger):
    assert "Your name" in stranger.get("/").text
    ann, bob = person(app, "Ann", "late-night"), person(app, "bob", "late-night")

    assert say(ann, "late-night", "Take five?").headers["location"] == "/rooms/late-night/say#text"
    assert said(bob, "late-night") == ["ann has come in.", "bob has come in.", "ann Take five?"]
    assert "#</span>late-night" in ann.get("/rooms").text
    assert "2 people" in ann.get("/rooms").text
    page = bob.get("/rooms/late-night/messages").text
    assert all(f"@<bdi>{name}</bdi>" in page for name in ("ann", "bob"))


def test_a_poll_sleeps_until_something_is_said():
    app = make_app({"NOJS_POLL_S": "5"})
    ann, bob = person(app, "ann", "lobby"), person(app, "bob", "lobby")
    url = next_poll(bob.get("/rooms/lobby/messages"))

    poll = gevent.spawn(bob.get, url)
    gevent.sleep(0.05)
    assert not poll.ready()
    say(ann, "lobby", "hello")
    page = poll.get(timeout=1)

    assert "hello" in page.text
    assert next_poll(page) != url


def test_a_poll_ends_by_itself_and_asks_again(app):
    ann = person(app, "ann", "lobby")
    url = next_poll(ann.get("/rooms/lobby/messages"))
    page = ann.get(url)

    assert (page.status_code, next_poll(page)) == (200, url)


def test_the_list_of_rooms_waits_for_comings_and_goings():
    app = make_app({"NOJS_POLL_S": "5"})
    ann = person(app, "ann")
    poll = gevent.spawn(ann.get, next_poll(ann.get("/rooms")))
    gevent.sleep(0.05)
    person(app, "bob", "late-night")

    assert "late-night" in poll.get(timeout=1).text


@pytest.mark.parametrize("path", ["/rooms", "/rooms/lobby/messages"])
def test_reloading_can_be_paused(app, path):
    ann = person(app, "ann", "lobby")

    assert 'http-equiv="refresh"' in ann.get(path).text
    paused = ann.get(path + "?pause=1").text
    assert 'http-equiv="refresh"' not in paused
    assert "Go on" in paused


def test_leaving_is_said_and_shuts_the_door(app):
    ann, bob = person(app, "ann", "lobby"), person(app, "bob", "lobby")

    assert send(ann, "/rooms/lobby/leave", "/rooms/lobby").headers["location"] == "/"
    assert said(bob, "lobby")[-1] == "ann has left."
    assert ann.get("/rooms/lobby/messages").status_code == 403
    assert say(ann, "lobby", "too late").status_code == 403


def test_who_is_not_heard_of_is_out_after_a_minute(app, monkeypatch):
    ann, bob = person(app, "ann", "lobby"), person(app, "bob", "lobby")
    set_clock(monkeypatch, STAY_S / 2)
    bob.get("/rooms/lobby/messages")
    set_clock(monkeypatch, STAY_S + 1)
    app.db_conn.sweep()

    assert said(bob, "lobby")[-1] == "ann has left."
    assert "You are not in this room" in ann.get("/rooms/lobby").text
    assert send(ann, "/rooms", "/rooms/lobby", room="lobby").status_code == 303


def test_a_name_given_up_is_anybodys(app, stranger):
    ann = person(app, "ann", "lobby")
    assert send(stranger, "/name", name="ann").status_code == 409
    assert send(ann, "/name/release").headers["location"] == "/"

    assert send(stranger, "/name", name="ann").status_code == 303
    assert app.db_conn.people("lobby") == []
    assert "Your name" in ann.get("/").text


def test_a_name_is_kept_while_its_owner_is_seen(app, monkeypatch):
    ann = person(app, "ann")
    set_clock(monkeypatch, NAME_S - 1)
    assert "@ann" in ann.get("/").text
    set_clock(monkeypatch, 2 * NAME_S - 2)
    assert "@ann" in ann.get("/").text
    set_clock(monkeypatch, 4 * NAME_S)

    person(app, "ann")
    assert "@ann" not in ann.get("/").text


def test_an_empty_room_is_forgotten_but_for_the_kept_ones(app):
    ann = person(app, "ann", "late-night")
    say(ann, "late-night", "secret")
    send(ann, "/rooms/late-night/leave", "/rooms/late-night")
    app.db_conn.sweep()

    assert app.db_conn.rooms() == [("lobby", 0)]
    send(ann, "/rooms", room="late-night")
    assert said(ann, "late-night") == ["ann has come in."]


@pytest.mark.parametrize(
    ("path", "field", "typed", "status", "error"),
    [
        ("/name", "name", "", 422, "Type a name."),
        ("/name", "name", "a:b", 422, "letters, digits"),
        ("/name", "name", "x" * 21, 422, "at most 20 characters"),
        ("/name", "name", "bob", 409, "bob is taken"),
        ("/rooms", "room", "#", 422, "Type the name of a room."),
        ("/rooms", "room", "a/b", 422, "letters and digits"),
        ("/rooms/lobby/say", "text", " \n ", 422, "Type something"),
        ("/rooms/lobby/say", "text", "x" * 501, 422, "at most 500 characters"),
    ],
)
def test_an_error_stands_beside_its_field(app, path, field, typed, status, error):
    person(app, "bob")
    ann = person(app, "ann", "lobby")
    response = send(ann, path, "/rooms/lobby/say" if "say" in path else "/", **{field: typed})

    assert response.status_code == status
    if path != "/name":  # shown to people without a name
        found = re.search(
            rf'name="{field}" value="([^"]*)"[^>]*aria-invalid="true" aria-describedby="(\S+)"', response.text
        )
        assert unescape(found[1]) == typed
        assert error in unescape(re.search(rf'id="{found[2]}" role="alert">([^<]+)', response.text)[1])


def test_a_name_error_stands_beside_its_field(stranger):
    response = send(stranger, "/name", name='"><b>')

    assert 'value="&quot;&gt;&lt;b&gt;"' in response.text
    assert 'aria-describedby="name-error"' in response.text


def test_whoever_comes_by_a_link_is_led_there_after_taking_a_name(app, stranger):
    location = stranger.get("/rooms/lobby").headers["location"]
    assert location == "/?next=/rooms/lobby"
    assert '<input type="hidden" name="next" value="/rooms/lobby">' in stranger.get(location).text

    assert send(stranger, "/name", name="ann", next="/rooms/lobby").headers["location"] == "/rooms/lobby"


def test_seed_is_something_to_read():
    ann = person(make_app({"NOJS_SEED": "1"}), "ann", "lobby")

    assert said(ann, "lobby")[0].startswith("dave Welcome.")


def test_processes_that_share_redis_know_each_others_cookies(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    one, two = (make_app({"NOJS_REDIS_URL": "redis://localhost:1/0"}) for _ in range(2))

    assert one.cookie_secret == two.cookie_secret
    assert (tmp_path / "nojs.secret").stat().st_mode & 0o077 == 0


def test_stopping_wakes_who_waits():
    app = make_app({"NOJS_POLL_S": "60"})
    ann = person(app, "ann", "lobby")
    url = next_poll(ann.get("/rooms/lobby/messages"))
    poll = gevent.spawn(ann.get, url)
    gevent.sleep(0.05)
    app.db_conn.polls.close()

    assert poll.get(timeout=1).status_code == 200
    assert ann.get(url).status_code == 200  # and nobody sleeps again


# Weaknesses of the first no.js


@pytest.mark.parametrize("room", ["/evil.com", "//evil.com", "\\evil.com", "https://evil.com", "%2Fevil.com"])
def test_join_is_no_open_redirect(app, room):
    response = send(person(app, "ann"), "/rooms", room=room)

    assert (response.status_code, response.headers.get("location")) == (422, None)


def test_a_name_leads_to_this_site_only(stranger):
    assert send(stranger, "/name", name="ann", next="//evil.com").headers["location"] == "/"


def test_join_injects_no_header(app):
    response = send(person(app, "ann"), "/rooms", room="a\r\nSet-Cookie: nojs=stolen")

    assert (response.status_code, response.headers.get("set-cookie"), response.headers.get("location")) == (
        422,
        None,
        None,
    )


@pytest.mark.parametrize(
    "path", ["/name", "/name/release", "/rooms", "/rooms/lobby/say", "/rooms/lobby/leave"]
)
def test_no_form_of_another_site_is_taken(app, path):
    ann = person(app, "ann", "lobby")
    fields = {"name": "eve", "room": "lobby", "text": "I am a fool"}

    assert ann.post(path, data=fields).status_code == 403
    stolen = {"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"}
    token = re.search(r'name="csrf_token" value="([^"]+)"', ann.get("/").text)[1]
    assert ann.post(path, data={**fields, "csrf_token": token}, headers=stolen).status_code == 403
    assert "fool" not in " ".join(said(ann, "lobby"))


@pytest.mark.parametrize("path", ["/rooms", "/rooms/lobby", "/rooms/lobby/messages", "/rooms/lobby/say"])
def test_a_room_is_not_read_without_a_name(app, stranger, path):
    say(person(app, "ann", "lobby"), "lobby", "between us")
    response = stranger.get(path)

    assert response.status_code in (302, 403)
    assert "between us" not in response.text
    assert "lobby" not in response.text


def test_a_room_is_not_read_from_outside(app):
    say(person(app, "ann", "lobby"), "lobby", "between us")
    response = person(app, "eve").get("/rooms/lobby/messages")

    assert (response.status_code, "between us" in response.text) == (403, False)


@pytest.mark.parametrize(
    "name", ["a:b", "rooms:x:users", "a/b", "a\nb", "", " ", "x" * 300, "\u0430nn", "ann\0"]
)
def test_names_are_checked_on_the_server(stranger, name):
    assert send(stranger, "/name", name=name).status_code == 422


@pytest.mark.parametrize("room", ["a:b", "a/b", "*", "..", "a\x00b", "-", "x" * 31, "a\u202eb"])
def test_rooms_are_checked_on_the_server(app, room):
    assert send(person(app, "ann"), "/rooms", room=room).status_code == 422


@pytest.mark.parametrize("room", ["rooms", "buffer", "name", "say", "messages", "style-css"])
def test_no_room_hides_behind_a_page(app, room):
    ann = person(app, "ann", room)

    assert f"#</span>{room}" in ann.get(f"/rooms/{room}").text
    say(ann, room, "here")
    assert said(ann, room)[-1] == "ann here"


def test_one_room_has_one_spelling(app):
    ann = person(app, "ann")

    assert send(ann, "/rooms", room=" #Late  NIGHT ").headers["location"] == "/rooms/late-night"
    assert ann.get("/rooms/Late%20Night").status_code == 404


@pytest.mark.parametrize(
    ("limit", "shown"),
    [("1", 1), ("99999", KEPT_MESSAGES), ("9" * 5000, 50), ("-1", 50), ("0", 1), ("٣", 50)],
)
def test_the_number_of_messages_is_bounded(app, limit, shown):
    ann = person(app, "ann", "lobby")
    for number in range(KEPT_MESSAGES + 20):
        app.db_conn.say("lobby", "ann", str(number))

    assert ann.get("/rooms/lobby/messages", query={"limit": limit}).text.count("</li>") == shown


def test_what_is_kept_is_bounded():
    store = MemoryStore(LongPolls())
    for number in range(MAX_ROOMS):
        store.join(f"room-{number}", "ann")
    with pytest.raises(RoomsFull):
        store.join("one-more", "ann")
    for number in range(KEPT_MESSAGES * 2):
        store.say("room-1", "ann", str(number))

    assert len(store.messages("room-1", 10_000)) == KEPT_MESSAGES


def test_registrations_are_counted(app, stranger):
    answers = [send(stranger, "/name", name=f"ann-{number}").status_code for number in range(31)]

    assert set(answers[:-1]) == {303}
    assert answers[-1] == 429


def test_lines_are_counted(app):
    ann = person(app, "ann", "lobby")
    answers = [say(ann, "lobby", "!").status_code for _ in range(16)]

    assert (answers[0], answers[-1]) == (303, 429)


def test_doors_are_counted(app):
    """Comings and goings would push what is said out of a room, and one person open all the rooms there may be."""
    ann = person(app, "ann", "lobby")
    answers = [send(ann, "/rooms", room=f"room-{number}").status_code for number in range(20)]

    assert (answers[0], answers[-1]) == (303, 429)


def test_whoever_reads_the_store_finds_no_secret(app):
    ann = person(app, "ann", "lobby")
    payload = ann.cookies["nojs"].split(".")[0]
    name, secret = eval(base64.urlsafe_b64decode(payload + "=="))

    assert name == "ann"
    assert secret not in repr(vars(app.db_conn))


def test_a_cookie_of_another_key_or_name_is_nobody(app, stranger):
    ann, other = person(app, "ann"), person(make_app({}), "ann")
    stranger.cookies["nojs"] = other.cookies["nojs"]
    assert "@ann" not in stranger.get("/").text
    stranger.cookies["nojs"] = ann.cookies["nojs"][:-2]
    assert "@ann" not in stranger.get("/").text


def test_the_cookie_is_no_pickle_and_kept_from_scripts(app, stranger):
    line = send(stranger, "/name", name="ann").headers["set-cookie"]

    assert "HttpOnly" in line
    assert "SameSite=Lax" in line
    assert base64.urlsafe_b64decode(stranger.cookies["nojs"].split(".")[0] + "==").startswith(b'["ann",')


def test_the_address_of_a_client_is_not_what_it_says(app, stranger):
    counted = []
    app.settings["names"] = SimpleNamespace(take=lambda key: counted.append(key) or 0)
    token = re.search(r'name="csrf_token" value="([^"]+)"', stranger.get("/").text)[1]
    fields = {"name": "ann", "csrf_token": token}
    stranger.post("/name", data=fields, headers={"X-Forwarded-For": "203.0.113.9"})

    assert counted == ["127.0.0.1"]


def test_a_path_is_unquoted_once(app):
    assert person(app, "ann", "lobby").get("/rooms/lobb%2579").status_code == 404


def test_a_version_never_returns():
    """The first one counted heads: who came while another went was not seen."""
    store = MemoryStore(LongPolls(5))
    store.join("lobby", "ann")
    seen = store.version("lobby"), store.version(LIST)
    store.leave("lobby", "ann")
    store.join("lobby", "bob")

    assert (store.version("lobby"), store.version(LIST)) != seen
    began = time.monotonic()
    store.wait("lobby", seen[0])
    assert time.monotonic() - began < 1


def test_a_change_between_the_look_and_the_sleep_is_heard(monkeypatch):
    """The first one looked, then subscribed: what came between was seen half a minute later."""
    store = MemoryStore(LongPolls(5))
    store.say("lobby", None, "one")
    seen = store.version("lobby")
    look = store.version
    monkeypatch.setattr(store, "version", lambda key: (look(key), store.say(key, None, "two"))[0])
    began = time.monotonic()
    store.wait("lobby", seen)

    assert time.monotonic() - began < 1


def test_a_poll_with_a_number_that_is_none_is_answered_at_once(app):
    ann = person(app, "ann", "lobby")

    for seen in ("x", "", "9" * 4000, "-1", "٣"):
        assert ann.get("/rooms/lobby/messages", query={"seen": seen}).status_code == 200


@pytest.mark.parametrize("method", ["post", "put", "delete", "patch"])
def test_a_method_that_is_not_there_is_405(app, method):
    ann = person(app, "ann")
    token = re.search(r'name="csrf_token" value="([^"]+)"', ann.get("/").text)[1]
    response = getattr(ann, method)("/", headers={"X-CSRF-Token": token})

    assert (response.status_code, response.headers["allow"]) == (405, "GET, HEAD, OPTIONS")


def test_nothing_said_is_html(app):
    ann = person(app, "ann", "lobby")
    say(ann, "lobby", "<script>alert(1)</script><img src=x onerror=alert(1)>{{csrf_token}}")

    assert "<script" not in ann.get("/rooms/lobby/messages").text
    assert said(ann, "lobby")[-1].startswith("ann <script>alert(1)</script><img")
    assert "{{csrf_token}}" in ann.get("/rooms/lobby/messages").text


def test_no_page_has_a_script_or_asks_elsewhere():
    for template in (EXAMPLE / "templates").iterdir():
        text = template.read_text()
        assert "<script" not in text
        assert not re.search(r"\bon\w+=|javascript:|https?://|//\w", text)


def test_every_answer_forbids_scripts_and_foreign_frames(app, stranger):
    for path in ("/", "/style.css", "/nowhere", "/rooms"):
        policy = stranger.get(path).headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'self'" in policy
        assert "script-src" not in policy


def test_an_error_has_a_page(stranger):
    assert "Back to the front page" in stranger.get("/nowhere").text
    assert "no<b>.</b>js" in stranger.post("/rooms").text


# What is typed and said


@pytest.mark.parametrize(
    ("typed", "room"),
    [
        ("lobby", "lobby"),
        ("#Late Night", "late-night"),
        ("  \uff2aazz ", "jazz"),
        ("été_5", "été_5"),
        ("東京", "東京"),
    ],
)
def test_a_room_as_typed(typed, room):
    assert clean_room(typed) == clean_room(room) == room


def test_a_text_is_one_line():
    assert clean_text(" a\r\n b\t\x07c ") == "a b c"
