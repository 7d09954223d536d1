import re

import pytest
from brubeck.auth import (
    CookieUserMixin,
    CSRFMixin,
    CSRFProtection,
    MemorySessionStore,
    Sessions,
    SessionUserMixin,
    csrf_exempt,
    get_csrf_token,
)
from brubeck.auth.origins import is_cross_site
from brubeck.core.application import Brubeck
from brubeck.core.handlers import WebMessageHandler
from brubeck.core.requests import Request
from brubeck.core.responses import http_response
from brubeck.testing import Client

SECRET = "s" * 32


class Form(WebMessageHandler):
    def get(self):
        return f"<form>{self.csrf_field}</form>"

    def post(self):
        return "done"

    put = patch = delete = post


class MixedForm(CSRFMixin, Form):
    pass


class Login(WebMessageHandler, CookieUserMixin):
    csrf_exempt = True

    def load_user(self, user_id):
        return user_id

    def post(self):
        self.login_user(self.get_argument("name"))


class SessionLogin(WebMessageHandler, SessionUserMixin):
    csrf_exempt = True

    def load_user(self, user_id):
        return user_id

    def post(self):
        self.login_user(self.get_argument("name"))


class FieldForm(Form):
    """Gets its field under `CSRFProtection`, without the mixin."""

    @property
    def csrf_field(self):
        return f'<input value="{get_csrf_token(self.application, self.message)}">'


def make_application(kind):
    if kind == "mixin":
        return Brubeck(handler_tuples=[("^/login", Login), ("^/", MixedForm)], cookie_secret=SECRET)
    if kind == "plugin":
        rules = [("^/login", Login), ("^/", FieldForm)]
        return Brubeck(handler_tuples=rules, cookie_secret=SECRET, plugins=[CSRFProtection()])
    rules = [("^/login", SessionLogin), ("^/", MixedForm)]
    return Brubeck(
        handler_tuples=rules, cookie_secret=SECRET, plugins=[Sessions(MemorySessionStore()), CSRFProtection()]
    )


APPLICATIONS = {kind: make_application(kind) for kind in ("mixin", "plugin", "sessions")}


@pytest.fixture(params=[*APPLICATIONS])
def application(request):
    return APPLICATIONS[request.param]


@pytest.fixture
def client(application):
    return Client(application)


def take_token(client):
    return re.search(r'value="([^"]+)"', client.get("/").text)[1]


def test_a_form_of_ours_is_taken(client):
    assert client.post("/", data={"csrf_token": take_token(client)}).text == "done"


def test_a_script_of_ours_sends_a_header(client):
    token = take_token(client)

    answers = [
        client.request(method, "/", headers={"X-CSRF-Token": token}) for method in ("PUT", "PATCH", "DELETE")
    ]
    assert [answer.text for answer in answers] == ["done"] * 3


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_without_a_token_nothing_is_changed(client, method):
    take_token(client)

    response = client.request(method, "/")
    assert (response.status_code, "done" in response.text) == (403, False)


def test_the_prepare_of_another_mixin_opens_nothing():
    """Of two mixins behind the handler the class took the second one's, and the guard was lost."""

    class Prepared:
        def prepare(self):
            return None

    class Page(Form, CSRFMixin, Prepared):
        pass

    application = Brubeck(handler_tuples=[("^/", Page)], cookie_secret=SECRET)

    assert Client(application).post("/").status_code == 403


def test_a_token_in_the_query_does_not_count(client):
    assert client.post("/", query={"csrf_token": take_token(client)}).status_code == 403


def test_a_token_of_another_client_does_not_count(application, client):
    theirs = take_token(Client(application))
    take_token(client)

    assert client.post("/", data={"csrf_token": theirs}).status_code == 403


def test_a_cookie_alone_or_a_token_alone_does_not_count(application, client):
    token = take_token(client)

    assert Client(application).post("/", data={"csrf_token": token}).status_code == 403
    assert client.post("/", data={"csrf_token": ""}).status_code == 403


@pytest.mark.parametrize("token", ["junk", "\ud800", "a.b.c", "x" * 5000])
def test_a_token_that_is_none_does_not_count(client, token):
    take_token(client)

    assert client.post("/", headers={"X-CSRF-Token": token}).status_code == 403


def test_tokens_differ_and_all_of_them_count(client):
    """So that a compressed page does not tell a token letter by letter (BREACH)."""
    tokens = {take_token(client) for _ in range(5)}

    assert len(tokens) == 5
    assert all(client.post("/", data={"csrf_token": token}).text == "done" for token in tokens)


def test_a_login_makes_the_tokens_from_before_useless(client):
    token = take_token(client)

    client.post("/login", data={"name": "jd"})
    assert client.post("/", data={"csrf_token": token}).status_code == 403
    assert client.post("/", data={"csrf_token": take_token(client)}).text == "done"


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://localhost.evil.example"},
        {"Origin": "http://localhost:8080"},
        {"Referer": "https://evil.example/localhost"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "cross-site", "Origin": "http://localhost"},
    ],
)
def test_another_site_is_refused_with_the_right_token_even(client, headers):
    token = take_token(client)

    assert client.post("/", data={"csrf_token": token}, headers=headers).status_code == 403


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://localhost"},
        {"Origin": "http://localhost:80"},
        {"Referer": "http://localhost/form"},
        {"Sec-Fetch-Site": "same-origin", "Origin": "null"},
        {"Sec-Fetch-Site": "none"},
    ],
)
def test_our_own_pages_are_not(client, headers):
    token = take_token(client)

    assert client.post("/", data={"csrf_token": token}, headers=headers).text == "done"


def test_reading_needs_no_token(client):
    assert client.get("/", headers={"Origin": "https://evil.example"}).status_code == 200


def test_a_bearer_token_is_proof_enough(client):
    assert client.put("/", headers={"Authorization": "Bearer abc"}).text == "done"
    assert client.put("/", headers={"Authorization": "Basic YTpi"}).status_code == 403


def test_over_https_the_cookie_belongs_to_this_host():
    client = Client(APPLICATIONS["mixin"], "https://localhost")

    line = client.get("/").headers["Set-Cookie"]
    assert line.startswith("__Host-csrf=")
    assert line.endswith("; Path=/; SameSite=Lax; Secure; HttpOnly")
    assert client.post("/", data={"csrf_token": take_token(client)}).text == "done"


def test_a_token_sets_one_cookie_once(application):
    client = Client(application)

    assert len(client.get("/").headers.get_all("Set-Cookie")) == 1
    assert client.get("/").headers.get_all("Set-Cookie") == []


# The plugin


def test_the_whole_application_is_closed_functions_too():
    application = Brubeck(cookie_secret=SECRET, plugins=[CSRFProtection(exempt=[r"^/hooks/"])])

    @application.add_route("^/open", method="POST")
    @csrf_exempt
    def opened(application, message):
        return http_response("open")

    application.add_route_rule("^/", lambda application, message: http_response("done"))
    client = Client(application)

    assert client.post("/").status_code == 403
    assert client.post("/nowhere").status_code == 403
    assert client.post("/hooks/paid").text == "done"
    assert client.post("/open").text == "open"


def test_an_exempt_class_leaves_its_subclasses_closed():
    class Sub(Login):
        pass

    application = Brubeck(
        handler_tuples=[("^/sub", Sub), ("^/", Login)], cookie_secret=SECRET, plugins=[CSRFProtection()]
    )

    assert Client(application).post("/", data={"name": "jd"}).status_code == 204
    assert Client(application).post("/sub", data={"name": "jd"}).status_code == 403


def test_trusted_origins_may_send():
    plugin = CSRFProtection(trusted_origins=["https://admin.example"])
    application = Brubeck(handler_tuples=[("^/", FieldForm)], cookie_secret=SECRET, plugins=[plugin])
    client = Client(application)
    headers = {"Origin": "https://admin.example", "Sec-Fetch-Site": "cross-site"}

    assert client.post("/", data={"csrf_token": take_token(client)}, headers=headers).text == "done"


def test_a_refusal_comes_before_prepare():
    prepared = []

    class Page(WebMessageHandler, CSRFMixin):
        def prepare(self):
            prepared.append(True)

        def post(self):
            return "done"

    application = Brubeck(handler_tuples=[("^/", Page)], cookie_secret=SECRET)

    assert (Client(application).post("/").status_code, prepared) == (403, [])


# Origins


@pytest.mark.parametrize(
    "origin",
    ["", "null", "http://", "://", "http://[", "http://localhost:x", "http://localhost:99999", "file://"],
)
def test_an_origin_that_is_none_is_another_site(origin):
    assert is_cross_site(Request("POST", "/", headers=[("Host", "localhost"), ("Origin", origin)]))


def test_a_proxy_that_ends_tls_does_not_make_us_another_site():
    headers = [("Host", "example.com"), ("Origin", "https://example.com")]

    assert not is_cross_site(Request("POST", "/", headers=headers))
    assert is_cross_site(
        Request(
            "POST", "/", scheme="https", headers=[("Host", "example.com"), ("Origin", "http://example.com")]
        )
    )


def test_a_host_of_ipv6_and_of_another_case_is_ours():
    assert not is_cross_site(
        Request("POST", "/", headers=[("Host", "[::1]:6767"), ("Origin", "http://[::1]:6767")])
    )
    assert not is_cross_site(
        Request("POST", "/", headers=[("Host", "LocalHost"), ("Origin", "http://localhost")])
    )
