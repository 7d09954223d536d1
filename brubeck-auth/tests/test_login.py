import logging
import re

import pytest
from brubeck.auth import (
    CookieUserMixin,
    CSRFMixin,
    CSRFProtection,
    LoginHandler,
    LoginThrottle,
    LogoutHandler,
    MemorySessionStore,
    Sessions,
    SessionUserMixin,
    User,
    hash_password,
    web_authenticated,
)
from brubeck.core.application import Brubeck
from brubeck.core.errors import ConfigurationError
from brubeck.core.handlers import WebMessageHandler
from brubeck.testing import Client

SECRET = "s" * 32
RIGHT = {"username": "jd", "password": "take five"}
WRONG = "Username or password is wrong."


def make_pages(*mixins):
    users = {
        "jd": User.create_user("jd", "take five"),
        "gone": User.create_user("gone", "take five", is_active=False),
    }

    class Finds:
        def load_user(self, user_id):
            return users.get(user_id)

    class Login(Finds, LoginHandler, *mixins):
        pass

    class Logout(Finds, LogoutHandler, *mixins):
        pass

    @web_authenticated
    class Home(Finds, WebMessageHandler, *mixins):
        def get(self):
            return f"Hello, {self.current_user.username}!"

    return users, [("^/login$", Login), ("^/logout$", Logout), ("^/", Home)]


KINDS = {
    "cookie": (CookieUserMixin,),
    "session": (SessionUserMixin,),
    "cookie and CSRF": (CSRFMixin, CookieUserMixin),
    "session and CSRF": (SessionUserMixin, CSRFMixin),
}


def make_application(*mixins, **settings):
    users, rules = make_pages(*mixins)
    plugins = [Sessions(MemorySessionStore())]
    application = Brubeck(
        handler_tuples=rules, cookie_secret=SECRET, login_url="/login", plugins=plugins, **settings
    )
    application.settings["users"] = users
    return application


@pytest.fixture(params=[*KINDS])
def client(request):
    return Client(make_application(*KINDS[request.param]))


def fill_in(client, path, **fields):
    """Get the page, and send its form with *fields*, hidden ones as they are."""
    page = client.get(path).text
    hidden = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', page))
    return client.post(re.search(r'action="([^"]+)"', page)[1], data={**hidden, **fields})


def test_in_and_out_again(client):
    sent = client.get("/list?page=2")
    assert (sent.status_code, sent.headers["Location"]) == (302, "/login?next=/list%3Fpage%3D2")

    entered = fill_in(client, sent.headers["Location"], **RIGHT)
    assert (entered.status_code, entered.headers["Location"]) == (302, "/list?page=2")
    assert client.get("/").text == "Hello, jd!"

    left = fill_in(client, "/logout")
    assert (left.status_code, left.headers["Location"]) == (302, "/login")
    assert client.get("/").status_code == 302


@pytest.mark.parametrize(
    "fields",
    [
        {"username": "jd", "password": "wrong"},
        {"username": "nobody", "password": "take five"},
        {"username": "gone", "password": "take five"},
        {"username": "jd"},
        {},
        {"username": "jd\x00", "password": "take five"},
        {"username": "x" * 100_000, "password": "y" * 100_000},
    ],
)
def test_every_wrong_login_is_answered_alike(client, fields):
    response = fill_in(client, "/login", **fields)

    assert (response.status_code, WRONG in response.text) == (401, True)
    assert response.headers["WWW-Authenticate"]
    assert client.get("/").status_code == 302


def test_a_link_logs_nobody_out(client):
    fill_in(client, "/login", **RIGHT)

    client.get("/logout")
    assert client.get("/").status_code == 200


@pytest.fixture
def application():
    return make_application(CookieUserMixin)


def test_a_name_is_taken_in_any_spelling(application):
    assert Client(application).post("/login", data={**RIGHT, "username": " \uff2aD "}).status_code == 302


def test_name_and_password_do_not_count_in_the_query(application):
    """The first Listsurf let anybody in who put them there, into every log on the way."""
    assert Client(application).post("/login", query=RIGHT).status_code == 401
    assert Client(application).get("/", query=RIGHT).status_code == 302


@pytest.mark.parametrize(
    "url", ["//evil.example", "https://evil.example", "/\\evil.example", "javascript:alert(1)", "\t//x"]
)
def test_next_leads_nowhere_else(application, url):
    client = Client(application)

    assert "evil" not in client.get("/login", query={"next": url}).text
    assert client.post("/login", data={**RIGHT, "next": url}).headers["Location"] == "/"


def test_what_was_typed_is_escaped(application):
    page = Client(application).post("/login", data={"username": '"><script>', "password": "x"}).text

    assert "<script>" not in page
    assert "&quot;&gt;&lt;script&gt;" in page


@pytest.mark.parametrize("path", ["/login", "/logout"])
def test_another_site_can_send_neither_form(application, path):
    response = Client(application).post(path, data=RIGHT, headers={"Origin": "https://evil.example"})

    assert (response.status_code, "Set-Cookie" in response.headers) == (403, False)


def test_guessing_comes_to_a_stop(clock):
    application = make_application(
        CookieUserMixin, settings={"login_throttle": LoginThrottle(account_limit=3)}
    )
    client = Client(application)
    for _ in range(3):
        client.post("/login", data={"username": "jd", "password": "wrong"})

    response = client.post("/login", data=RIGHT)
    assert (response.status_code, response.headers["Retry-After"]) == (429, "900")
    assert "Set-Cookie" not in response.headers
    clock.go(900)
    assert client.post("/login", data=RIGHT).status_code == 302


def test_a_name_that_nobody_has_is_throttled_alike():
    application = make_application(
        CookieUserMixin, settings={"login_throttle": LoginThrottle(account_limit=2)}
    )
    client = Client(application)

    answers = [
        client.post("/login", data={"username": "nobody", "password": "x"}).status_code for _ in range(3)
    ]
    assert answers == [401, 401, 429]


def test_an_old_line_is_renewed_and_stored(clock):
    application = make_application(CookieUserMixin)
    saved = []
    login = application.router.find("/login")[0].target
    login.on_login = lambda self, user: saved.append((user.password, user.last_login))
    pytest.importorskip("bcrypt")
    line = "$2b$04$Qklff8s.pXpfHqY4tI3ZcOx8mHFvE78XAs/AuRr2Ee72iG9GgQ7je"
    application.settings["users"]["jd"].password = f"bcrypt|||{line[:29]}|||{line}"

    assert Client(application).post("/login", data=RIGHT).status_code == 302
    assert saved[0][0].startswith(hash_password("x")[:20])
    assert saved[0][1] == 1_800_000_000_000


def test_what_happened_is_recorded(application, caplog):
    client = Client(application)
    with caplog.at_level(logging.INFO, "brubeck.audit"):
        client.post("/login", data={"username": "jd\n2026 login.succeeded", "password": "hunter2"})
        client.post("/login", data=RIGHT)
        client.post("/logout")
        client.post("/logout", headers={"Origin": "https://evil.example"})

    events = [record.audit["event"] for record in caplog.records if hasattr(record, "audit")]
    assert events == ["login.failed", "login.succeeded", "logout", "csrf.refused"]
    assert caplog.records[0].getMessage() == (
        r"login.failed account='jd\n2026 login.succeeded' address='127.0.0.1' method='POST' path='/login'"
    )
    assert "hunter2" not in caplog.text
    assert "take five" not in caplog.text


@pytest.mark.parametrize("page", [LoginHandler, LogoutHandler])
def test_a_page_that_can_remember_nobody_is_refused(page):
    with pytest.raises(ConfigurationError, match="CookieUserMixin or SessionUserMixin"):
        Brubeck(handler_tuples=[("^/", type("Page", (page,), {}))], cookie_secret=SECRET)


def test_a_login_that_finds_nobody_is_refused():
    with pytest.raises(ConfigurationError, match=r"Page needs a find_user\(username\)"):
        Brubeck(
            handler_tuples=[("^/", type("Page", (LoginHandler, CookieUserMixin), {}))], cookie_secret=SECRET
        )


def test_a_login_whose_users_have_another_id_needs_to_find_them_by_name():
    numbered = {"load_user": lambda self, user_id: None, "user_id_of": lambda self, user: user.id}
    page = type("Page", (LoginHandler, CookieUserMixin), numbered)

    with pytest.raises(ConfigurationError, match=r"Page needs a find_user\(username\)"):
        Brubeck(handler_tuples=[("^/", page)], cookie_secret=SECRET)


def test_a_template_may_draw_the_page():
    class Draws:
        def render_template(self, file, _status_code=200, **context):
            self.set_body(f"{file} {sorted(context)}", status_code=_status_code)
            return self.render()

    class Login(LoginHandler, CookieUserMixin, Draws):
        login_template = "login.html"

        def find_user(self, username):
            return None

    client = Client(Brubeck(handler_tuples=[("^/", Login)], cookie_secret=SECRET))

    assert client.get("/").text == "login.html ['error', 'next', 'username']"
    assert client.post("/", data=RIGHT).status_code == 401


def test_the_plain_forms_have_the_field_under_the_switch_for_the_application():
    """There was none without `CSRFMixin`, and the form could not be sent."""
    plugins = [Sessions(MemorySessionStore()), CSRFProtection()]
    _, rules = make_pages(SessionUserMixin)
    client = Client(Brubeck(handler_tuples=rules, cookie_secret=SECRET, login_url="/login", plugins=plugins))

    assert fill_in(client, "/login", **RIGHT).headers["location"] == "/"
    assert client.get("/").text == "Hello, jd!"
    assert fill_in(client, "/logout").headers["location"] == "/login"
