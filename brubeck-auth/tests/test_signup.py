import re

import pytest
from brubeck.auth import (
    CookieUserMixin,
    CSRFProtection,
    MemorySessionStore,
    Sessions,
    SessionUserMixin,
    SignupHandler,
    Throttle,
    web_authenticated,
)
from brubeck.core.application import Brubeck
from brubeck.core.client import Client
from brubeck.core.errors import ConfigurationError
from brubeck.core.handlers import WebMessageHandler

SECRET = "s" * 32
GOOD = {"username": "JD", "password": "blue rondo a la turk"}


def make_client(mixin=CookieUserMixin, **settings):
    users = {}

    class Member(mixin):
        def load_user(self, username):
            return users.get(username)

    class Create(SignupHandler, Member):
        unlike_passwords = ("our own site",)

        def add_user(self, user):
            return users.setdefault(user.username, user) is user

    @web_authenticated
    class Home(WebMessageHandler, Member):
        def get(self):
            return f"Hello, {self.current_user.username}!"

    plugins = [Sessions(MemorySessionStore()), CSRFProtection()]
    routes = [("^/create$", Create), ("^/", Home)]
    app = Brubeck(
        handler_tuples=routes, cookie_secret=SECRET, login_url="/create", plugins=plugins, settings=settings
    )
    return Client(app)


def fill_in(client, **fields):
    page = client.get("/create").text
    hidden = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', page))
    return client.post("/create", data={**hidden, **fields})


@pytest.mark.parametrize("mixin", [CookieUserMixin, SessionUserMixin])
def test_an_account_is_made_and_logged_in(mixin):
    client = make_client(mixin)
    answer = fill_in(client, **GOOD)

    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    assert client.get("/").text == "Hello, jd!"


def test_a_name_that_is_taken_stays_whose_it_is():
    client = make_client()
    fill_in(client, **GOOD)
    answer = fill_in(client, username="jd", password="another password")

    assert (answer.status_code, "This name is taken." in answer.text) == (409, True)


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"username": ""}, "from 1 to 30 characters"),
        ({"username": "a b"}, "letters, digits"),
        ({"password": "short"}, "at least 10 characters"),
        ({"password": "1234567890"}, "tried first"),
        ({"password": "Our Own Site"}, "tried first"),
        ({"username": "take-five-jd", "password": "take-five-jd"}, "tried first"),
        ({"username": "a b", "password": ""}, r"letters, digits.* at least 10"),
    ],
)
def test_what_cannot_be_is_told(fields, sentence):
    answer = fill_in(make_client(), **{**GOOD, **fields})

    assert answer.status_code == 422
    assert re.search(sentence, answer.text)
    assert GOOD["password"] not in answer.text


def test_credentials_in_a_query_do_not_count():
    client = make_client()
    page = client.get("/create").text
    token = re.search(r'name="csrf_token" value="([^"]*)"', page)[1]
    answer = client.post("/create", query=GOOD, data={"csrf_token": token})

    assert answer.status_code == 422
    assert client.get("/").status_code == 302


def test_it_leads_on_within_the_site():
    assert fill_in(make_client(), **GOOD, next="/basket").headers["location"] == "/basket"
    assert fill_in(make_client(), **GOOD, next="//evil.com").headers["location"] == "/"


def test_another_site_cannot_send_it():
    answer = make_client().post("/create", data=GOOD, headers={"Sec-Fetch-Site": "cross-site"})

    assert answer.status_code == 403


def test_accounts_from_one_address_are_throttled():
    client = make_client(signup_throttle=Throttle(2, 3600))
    answers = [fill_in(client, username=f"jd{number}", password=GOOD["password"]) for number in range(3)]

    assert [answer.status_code for answer in answers] == [303, 303, 429]
    assert int(answers[2].headers["retry-after"]) > 3500


def test_what_it_needs_is_asked_for_when_it_is_routed():
    class Nowhere(SignupHandler, CookieUserMixin):
        pass

    with pytest.raises(ConfigurationError, match="Nowhere needs an add_user"):
        Brubeck(handler_tuples=[("^/", Nowhere)], cookie_secret=SECRET)
    with pytest.raises(ConfigurationError, match="cannot log anybody in"):
        Brubeck(handler_tuples=[("^/", SignupHandler)], cookie_secret=SECRET)
