"""SpotiChat's sign-in by OAuth 2, against a provider of our own that checks what RFC 6749 and 7636 have it check."""

from __future__ import annotations

import base64
import hashlib
import json
import logging
import secrets
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import gevent
import pytest
from brubeck.auth import User
from brubeck.connections import WSGIConnection
from brubeck.request_handling import Brubeck, JSONMessageHandler, WebMessageHandler
from brubeck.testing import Client, SocketClient
from spotichat.app import make_app

SECRET = "s3cr3t-of-the-client"


class Provider:
    """What it knows: who is sitting at the browser, and which codes and tokens are good."""

    def __init__(self) -> None:
        self.who: dict[str, Any] = {"id": "u1", "display_name": "Ann Lee"}
        self.codes: dict[str, dict[str, str]] = {}
        self.tokens: set[str] = set()
        self.asked: list[dict[str, str]] = []
        self.is_broken = False


class Authorize(WebMessageHandler):
    """Consents at once."""

    def get(self):
        asked = {name: values[-1] for name, values in self.message.query_arguments.items()}
        self.db_conn.asked.append(asked)
        code = secrets.token_urlsafe(16)
        self.db_conn.codes[code] = asked
        return self.redirect(f"{asked['redirect_uri']}?{urlencode({'code': code, 'state': asked['state']})}")


class Token(JSONMessageHandler):
    def post(self):
        fields = {name: values[-1] for name, values in self.message.form.fields.items()}
        asked = self.db_conn.codes.pop(fields.get("code"), None)
        expected = "Basic " + base64.b64encode(f"spotichat:{SECRET}".encode()).decode()
        challenge = base64.urlsafe_b64encode(
            hashlib.sha256(fields.get("code_verifier", "").encode()).digest()
        )
        if (
            asked is None
            or self.message.headers.get("Authorization") != expected
            or fields["redirect_uri"] != asked["redirect_uri"]
            or challenge.rstrip(b"=").decode() != asked["code_challenge"]
            or self.db_conn.is_broken
        ):
            self.add_to_payload("data", {"error": "invalid_grant"})
            return self.render(400, hide_status=True)
        token = secrets.token_urlsafe(16)
        self.db_conn.tokens.add(token)
        self.add_to_payload("data", {"access_token": token, "token_type": "Bearer", "expires_in": 60})
        return self.render(hide_status=True)


class Me(JSONMessageHandler):
    def get(self):
        if self.message.headers.get("Authorization", "").removeprefix("Bearer ") not in self.db_conn.tokens:
            return self.render_error(401)
        self.add_to_payload("data", self.db_conn.who)
        return self.render(hide_status=True)


@pytest.fixture(scope="module")
def served() -> Iterator[tuple[Brubeck, str]]:
    """The provider, on a port of this machine, in a greenlet."""
    routes = [(r"^/authorize$", Authorize), (r"^/token$", Token), (r"^/me$", Me)]
    app = Brubeck(handler_tuples=routes, msg_conn=WSGIConnection(port=0))
    app.connection.open(app)
    server = gevent.spawn(app.connection.serve)
    yield app, app.connection.address
    app.connection.stop(1)
    server.join(5)
    app.connection.close()


@pytest.fixture
def provider(served) -> Provider:
    served[0].db_conn = Provider()
    return served[0].db_conn


@pytest.fixture
def app(served, provider, tmp_path, monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    url = served[1]
    settings = {
        "title": "The Provider",
        "client_id": "spotichat",
        "client_secret": SECRET,
        "authorize_url": f"{url}/authorize",
        "token_url": f"{url}/token",
        "user_url": f"{url}/me",
        "scope": "who",
    }
    path = tmp_path / "oauth.json"
    path.write_text(json.dumps({"provider": settings}))
    return make_app({"SPOTICHAT_OAUTH": str(path)})


def begin(client, query=""):
    """Go to the provider, who consents; return where he sends the browser."""
    away = client.get(f"/oauth/provider/login{query}").headers["location"]
    there = urlsplit(away)
    consent = SocketClient(f"{there.scheme}://{there.netloc}").get(f"{there.path}?{there.query}")
    back = urlsplit(consent.headers["location"])
    return f"{back.path}?{back.query}"


def sign_in(client, query=""):
    return client.get(begin(client, query))


def name_of(client):
    """Return who the client is by the page's own words."""
    return client.get("/").text.partition('class="who">')[2].partition("<")[0]


def test_a_sign_in_makes_an_account_and_the_next_finds_it(app, provider):
    ann, again = Client(app), Client(app)
    assert "Sign in with The Provider" in ann.get("/login").text
    assert sign_in(ann, "?next=/create").headers["location"] == "/create"
    assert name_of(ann) == "ann-lee"
    provider.who["display_name"] = "Somebody else"
    sign_in(again)

    assert name_of(again) == "ann-lee"


def test_a_name_that_is_taken_is_not_taken_over(app, provider):
    app.db_conn.add_user(User(username="ann-lee", is_active=True))
    ann = Client(app)
    sign_in(ann)

    assert name_of(ann).startswith("ann-lee-")


@pytest.mark.parametrize("name", ["", None, "<script>", "a:b", "x" * 300, "админ-admin"])
def test_a_name_that_is_none_becomes_one(app, provider, name):
    provider.who["display_name"] = name
    ann = Client(app)
    sign_in(ann)

    assert name_of(ann).split("-")[0] in ("listener", "x" * 24)


def test_two_people_of_one_name_are_two(app, provider):
    ann, other = Client(app), Client(app)
    sign_in(ann)
    provider.who["id"] = "u2"
    sign_in(other)

    assert {name_of(ann), name_of(other)} > {"ann-lee"}
    assert name_of(ann) != name_of(other)


def test_an_answer_that_another_browser_began_is_refused(app):
    """There, the state was missing: whoever had an answer of his own could have others sign in with it."""
    eve, ann = Client(app), Client(app)
    stolen = begin(eve)
    assert ann.get(stolen).status_code == 400
    begin(ann)

    assert ann.get(stolen).status_code == 400
    assert name_of(ann) == ""


def test_an_answer_counts_once(app):
    ann = Client(app)
    answer = begin(ann)
    assert ann.get(answer).status_code == 302

    assert ann.get(answer).status_code == 400


@pytest.mark.parametrize("change", ["state", "code"])
def test_an_answer_that_was_changed_is_refused(app, change):
    ann = Client(app)
    path, _, query = begin(ann).partition("?")
    fields = {name: values[0] for name, values in parse_qs(query).items()} | {change: "x"}

    assert ann.get(path, query=fields).status_code == 400
    assert name_of(ann) == ""


def test_states_and_verifiers_cannot_be_guessed(app, provider):
    """There, the nonce was an MD5 of the time."""
    for _ in range(5):
        begin(Client(app))

    assert len({asked["state"] for asked in provider.asked}) == 5
    assert all(len(asked["state"]) >= 43 for asked in provider.asked)
    assert {asked["code_challenge_method"] for asked in provider.asked} == {"S256"}


def test_the_session_is_a_new_one_behind_a_sign_in(app):
    ann = Client(app)
    answer = begin(ann)
    before = ann.cookies["session"]
    ann.get(answer)
    planted = Client(app)
    planted.cookies["session"] = before

    assert ann.cookies["session"] != before
    assert name_of(planted) == ""


@pytest.mark.parametrize("next_url", ["//evil.com", "https://evil.com", "/\\evil.com", "/%0d%0aX: y"])
def test_a_sign_in_leads_to_this_site_only(app, next_url):
    assert sign_in(Client(app), "?" + urlencode({"next": next_url})).headers["location"] in (
        "/",
        "/%0d%0aX:%20y",
    )


def test_a_refusal_changes_nothing(app):
    ann = Client(app)
    begin(ann)
    response = ann.get("/oauth/provider/callback?error=access_denied")

    assert (response.status_code, "Nothing has changed" in response.text) == (400, True)


@pytest.mark.parametrize("who", [{}, {"id": None}, {"id": ""}, {"id": ["x"]}, {"id": True}, [], "x"])
def test_somebody_without_an_id_is_nobody(app, provider, who):
    provider.who = who
    ann = Client(app)

    assert sign_in(ann).status_code == 400
    assert name_of(ann) == ""


def test_a_provider_that_is_broken_or_away_is_told(app, provider):
    provider.is_broken = True
    assert sign_in(Client(app)).status_code == 400
    ann = Client(app)
    answer = begin(ann)
    app.settings["oauth"]["provider"]["token_url"] = "http://127.0.0.1:1/token"
    response = ann.get(answer)

    assert response.status_code == 400
    assert "did not say who you are" in response.text


def test_nothing_secret_is_logged_or_kept(app, provider, caplog):
    """There, the token's secret went into a header and into the log."""
    caplog.set_level(logging.DEBUG)
    ann = Client(app)
    answer = begin(ann)
    code = parse_qs(answer.partition("?")[2])["code"][0]
    ann.get(answer)
    provider.is_broken = True
    sign_in(Client(app))
    ours = "\n".join(
        record.getMessage() for record in caplog.records if record.name.startswith(("spotichat", "brubeck"))
    )

    assert all(secret not in ours for secret in (SECRET, code, *provider.tokens))
    assert all(token not in repr(vars(app.db_conn)) for token in provider.tokens)


def test_an_account_that_was_closed_stays_closed(app):
    sign_in(Client(app))
    app.db_conn.save_user(User(username="ann-lee", is_active=False))
    ann = Client(app)

    assert sign_in(ann).status_code == 400
    assert name_of(ann) == ""


def test_no_password_opens_an_account_without_one(app):
    sign_in(Client(app))
    ann = Client(app)
    token = ann.get("/login").text.partition('name="csrf_token" value="')[2].partition('"')[0]
    for password in ("", "null", "None"):
        fields = {"csrf_token": token, "username": "ann-lee", "password": password}
        assert ann.post("/login", data=fields).status_code == 401
