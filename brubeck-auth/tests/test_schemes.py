import base64

import pytest
from brubeck.auth import (
    BasicAuthMixin,
    BearerAuthMixin,
    CookieUserMixin,
    Signer,
    authenticated,
    web_authenticated,
)
from brubeck.auth.schemes import parse_basic, parse_bearer
from brubeck.core.application import Brubeck
from brubeck.core.handlers import WebMessageHandler
from brubeck.testing import Client
from hypothesis import given
from hypothesis import strategies as st

SECRET = "s" * 32
USERS = {"jd": "J2 D2"}


class Users:
    def load_user(self, user_id):
        return USERS.get(user_id)


class Login(WebMessageHandler, Users, CookieUserMixin):
    def post(self):
        self.login_user(self.get_argument("name"))

    def delete(self):
        self.logout_user()


class Page(WebMessageHandler, Users, CookieUserMixin):
    @authenticated
    def get(self):
        return self.current_user


def make_client(*rules, base_url="http://localhost", **settings):
    rules = [*rules, ("^/login", Login), ("^/", Page)]
    return Client(Brubeck(handler_tuples=rules, cookie_secret=SECRET, **settings), base_url)


# Cookies


def test_a_login_lasts_from_message_to_message():
    client = make_client()

    client.post("/login", query={"name": "jd"})
    assert client.get("/").text == "J2 D2"
    client.delete("/login")
    assert client.get("/").status_code == 401


def test_the_cookie_is_kept_from_scripts_and_other_sites():
    line = make_client().post("/login", query={"name": "jd"}).headers["Set-Cookie"]

    assert all(
        part in line for part in ("user_id=", "; Path=/", "; SameSite=Lax", "; HttpOnly", "; Max-Age=1209600")
    )
    assert "Secure" not in line


def test_over_https_it_stays_there():
    assert (
        "; Secure" in make_client(base_url="https://localhost").post("/login?name=jd").headers["Set-Cookie"]
    )


def test_it_ends(clock):
    client = make_client()
    client.post("/login", query={"name": "jd"})

    clock.go(14 * 24 * 3600)
    assert client.get("/").status_code == 200
    clock.go(1)
    assert client.get("/").status_code == 401


def test_a_user_who_is_gone_is_a_stranger():
    client = make_client()
    client.post("/login", query={"name": "nobody"})

    assert client.get("/").status_code == 401


@pytest.mark.parametrize(
    "cookie", ["jd", Signer("f" * 32).sign("user_id", "jd"), Signer(SECRET).sign("other", "jd"), ""]
)
def test_a_forged_cookie_is_a_stranger(cookie):
    assert make_client().get("/", cookies={"user_id": cookie}).status_code == 401


def test_the_name_of_the_cookie_is_a_setting():
    client = make_client(settings={"user_cookie_name": "who"})

    assert "who" in client.post("/login", query={"name": "jd"}).cookies
    assert client.get("/").text == "J2 D2"


# Basic


class Basic(WebMessageHandler, BasicAuthMixin):
    def load_basic_user(self, username, password):
        return username if (username, password) == ("jd", "pass:word ü") else None

    @authenticated
    def get(self):
        return self.current_user


def basic(text):
    return "Basic " + base64.b64encode(text.encode()).decode()


def test_basic_lets_in_and_challenges():
    client = make_client(("^/basic", Basic))

    assert client.get("/basic", headers={"Authorization": basic("jd:pass:word ü")}).text == "jd"
    refused = client.get("/basic", headers={"Authorization": basic("jd:wrong")})
    assert (refused.status_code, refused.headers["WWW-Authenticate"]) == (
        401,
        'Basic realm="site", charset="UTF-8"',
    )


@given(
    name=st.text(st.characters(exclude_categories=("Cc", "Cs"), exclude_characters=":")),
    password=st.text(st.characters(exclude_categories=("Cc", "Cs"))),
)
def test_basic_credentials_come_back(name, password):
    assert parse_basic(basic(f"{name}:{password}")) == (name, password)


@given(st.text(max_size=50) | st.text(max_size=50).map(lambda text: f"Basic {text}"))
def test_other_basic_headers_are_nothing_or_credentials(header):
    assert parse_basic(header) is None or header.lower().startswith("basic ")


@pytest.mark.parametrize(
    "header",
    [
        "",
        "Basic",
        "Basic ====",
        "Basic " + "A" * 5000,
        basic("no colon"),
        basic("a:\x00"),
        "Bearer YTpi",
        "Basic YTpi\xa0",
        "Basic /w==",
    ],
)
def test_what_are_no_credentials_is_none(header):
    assert parse_basic(header) is None


# Bearer


class Feed(WebMessageHandler, Users, BearerAuthMixin):
    def post(self):
        return self.sign_bearer_token("jd")

    @authenticated
    def get(self):
        return self.current_user


def test_a_signed_token_lets_in_until_it_is_too_old(clock):
    client = make_client(("^/feed", Feed))
    headers = {"Authorization": "Bearer " + client.post("/feed").text}

    assert client.get("/feed", headers=headers).text == "J2 D2"
    clock.go(24 * 3600 + 1)
    assert client.get("/feed", headers=headers).status_code == 401


def test_a_cookie_is_no_token_and_a_token_no_cookie():
    client = make_client(("^/feed", Feed))
    token = client.post("/feed").text
    client.post("/login", query={"name": "jd"})
    cookie = client.cookies.pop("user_id")

    assert client.get("/feed", headers={"Authorization": f"Bearer {cookie}"}).status_code == 401
    assert client.get("/", cookies={"user_id": token}).status_code == 401


@pytest.mark.parametrize(
    "header", ["", "Bearer", "Bearer ", "Bearer a b", "Bearer \u20ac", "Bearer " + "a" * 5000, "Basic abc"]
)
def test_what_is_no_token_is_none(header):
    assert parse_bearer(header) is None


def test_a_handler_may_accept_several():
    class Both(WebMessageHandler, Users, CookieUserMixin, BearerAuthMixin, users=CookieUserMixin):
        def get_current_user(self):
            return self.get_cookie_user() or self.get_bearer_user()

        @web_authenticated
        def get(self):
            return self.current_user

    client = make_client(("^/both", Both), ("^/feed", Feed), login_url="/login")

    assert (
        client.get("/both", headers={"Authorization": "Bearer " + client.post("/feed").text}).text == "J2 D2"
    )
    assert client.get("/both").status_code == 302
    client.post("/login", query={"name": "jd"})
    assert client.get("/both").text == "J2 D2"
