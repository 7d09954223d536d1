import logging
import secrets

import pytest
from brubeck.auth import MemorySessionStore, SessionMixin, Sessions, SessionUserMixin, Signer, authenticated
from brubeck.auth.sessions import key_of
from brubeck.core.application import Brubeck
from brubeck.core.errors import ConfigurationError
from brubeck.core.handlers import WebMessageHandler
from brubeck.core.responses import http_response
from brubeck.testing import Client

SECRET = "s" * 32
MINUTE_S, HOUR_S = 60, 3600


class Notes(WebMessageHandler, SessionMixin):
    """Remembers what it is told."""

    def get(self):
        return f"{dict(sorted(self.session.items()))}"

    def post(self):
        self.session[self.get_argument("key")] = self.get_argument("value")
        if self.get_argument("fail"):
            raise RuntimeError("on purpose")

    def delete(self):
        self.session.end()


class Users(SessionUserMixin):
    def load_user(self, user_id):
        return user_id


class Login(Users, WebMessageHandler):
    def post(self):
        self.login_user(self.get_argument("name"))

    def delete(self):
        self.logout_user()


class Page(Users, WebMessageHandler):
    @authenticated
    def get(self):
        return self.current_user


RULES = [("^/notes", Notes), ("^/login", Login), ("^/page", Page)]


@pytest.fixture(params=["signed", "memory"])
def sessions(request):
    return Sessions(MemorySessionStore() if request.param == "memory" else None)


@pytest.fixture
def application(sessions):
    return Brubeck(handler_tuples=RULES, cookie_secret=SECRET, plugins=[sessions])


@pytest.fixture
def client(application):
    return Client(application)


def note(client, key="a", value="1", **more):
    return client.post("/notes", data={"key": key, "value": value, **more})


def test_what_is_remembered_is_there_next_time(client):
    note(client)
    note(client, "b", "ü")

    assert client.get("/notes").text == "{'a': '1', 'b': 'ü'}"


def test_a_session_that_holds_nothing_sets_no_cookie(client):
    response = client.get("/notes")

    assert (response.text, "Set-Cookie" in response.headers) == ("{}", False)


def test_a_handler_that_does_not_ask_pays_nothing(application):
    application.add_route_rule("^/plain", lambda app, message: http_response("plain"))
    response = Client(application).get("/plain", cookies={"session": "junk"})

    assert "Set-Cookie" not in response.headers
    assert "Cache-Control" not in response.headers


def test_the_cookie_is_kept_from_scripts_and_other_sites(application):
    line = note(Client(application, "https://localhost")).headers["Set-Cookie"]

    assert line.endswith("; Path=/; SameSite=Lax; Secure; HttpOnly")


def test_a_page_of_a_session_is_not_stored_by_caches(client):
    assert client.get("/notes").headers["Cache-Control"] == "no-store"


def test_it_ends_when_it_was_not_used(client, clock):
    note(client)

    clock.go(30 * MINUTE_S - 1)
    assert client.get("/notes").text == "{'a': '1'}"
    clock.go(30 * MINUTE_S + 1)
    assert client.get("/notes").text == "{}"


def test_reading_it_is_use(client, clock):
    note(client)

    for _ in range(6):
        clock.go(20 * MINUTE_S)
        assert client.get("/notes").text == "{'a': '1'}"


def test_it_ends_when_it_is_old_used_or_not(client, clock):
    note(client)

    for _ in range(12 * 3 - 1):
        clock.go(20 * MINUTE_S)
        note(client, "b", "2")
    assert client.get("/notes").text == "{'a': '1', 'b': '2'}"
    clock.go(20 * MINUTE_S + 1)
    assert client.get("/notes").text == "{}"


def test_a_login_takes_another_id_and_begins_the_time_again(client, clock):
    note(client)
    before = client.cookies["session"]

    clock.go(1)
    client.post("/login", data={"name": "jd"})
    assert client.get("/page").text == "jd"
    assert client.cookies["session"] != before
    assert client.get("/notes").text == "{'user_id': 'jd'}"


def test_who_planted_a_session_is_not_logged_in_with_it():
    """Session fixation."""
    application = Brubeck(
        handler_tuples=RULES, cookie_secret=SECRET, plugins=[Sessions(MemorySessionStore())]
    )
    attacker, victim = Client(application), Client(application)
    note(attacker)
    victim.cookies = dict(attacker.cookies)

    victim.post("/login", data={"name": "jd"})
    assert victim.get("/page").text == "jd"
    assert attacker.get("/page").status_code == 401
    assert attacker.get("/notes").text == "{}"


def test_a_logout_ends_it_here_and_there(client):
    client.post("/login", data={"name": "jd"})

    response = client.delete("/login")
    assert response.cookies == {"session": ""}
    assert client.get("/page").status_code == 401


def test_a_logout_ends_it_on_the_server_for_copies_of_the_cookie_too():
    store = MemorySessionStore()
    client = Client(Brubeck(handler_tuples=RULES, cookie_secret=SECRET, plugins=[Sessions(store)]))
    client.post("/login", data={"name": "jd"})
    stolen = dict(client.cookies)

    client.delete("/login")
    client.cookies = stolen
    assert client.get("/page").status_code == 401
    assert len(store) == 0


def test_a_slow_request_does_not_bring_an_ended_session_back():
    """It loaded the session before the logout and saves after it."""
    store = MemorySessionStore()
    sessions = Sessions(store)
    application = Brubeck(cookie_secret=SECRET, plugins=[sessions])
    client = Client(application)

    class Slow(WebMessageHandler, SessionMixin):
        def get(self):
            self.session["slow"] = True
            client.delete("/login")

    for pattern, handler in [*RULES, ("^/slow", Slow)]:
        application.add_route_rule(pattern, handler)
    client.post("/login", data={"name": "jd"})
    stolen = dict(client.cookies)

    client.get("/slow", cookies=stolen)
    assert len(store) == 0
    assert client.get("/page", cookies=stolen).status_code == 401


class FourMethods:
    """A store as others write them, which can nothing but what it must."""

    def __init__(self):
        kept = MemorySessionStore()
        self.load, self.create, self.update, self.delete = kept.load, kept.create, kept.update, kept.delete


@pytest.mark.parametrize("store_class", [MemorySessionStore, FourMethods])
def test_a_request_that_only_reads_undoes_nothing_that_another_wrote(store_class, clock):
    """To say that the session is in use, it saved all of it as it had been loaded."""
    application = Brubeck(handler_tuples=RULES, cookie_secret=SECRET, plugins=[Sessions(store_class())])
    client = Client(application)

    class Reading(WebMessageHandler, SessionMixin):
        def get(self):
            assert "b" not in self.session
            note(client, "b", "2")
            clock.go(10 * MINUTE_S)

    application.add_route_rule("^/reading", Reading)
    note(client)
    clock.go(10 * MINUTE_S)

    client.get("/reading")
    clock.go(25 * MINUTE_S)
    assert client.get("/notes").text == "{'a': '1', 'b': '2'}"


def test_what_is_written_while_a_session_is_noted_as_in_use_stays(clock):
    """Between loading it again and saving it, other workers may write."""

    class Shared(MemorySessionStore):
        meanwhile = None

        def update_unchanged(self, key, *arguments):
            if self.meanwhile is not None:
                self.update(key, self.meanwhile, 60)
            return super().update_unchanged(key, *arguments)

    store = Shared()
    client = Client(Brubeck(handler_tuples=RULES, cookie_secret=SECRET, plugins=[Sessions(store)]))
    note(client)
    clock.go(10 * MINUTE_S)
    store.meanwhile = b'{"c":%d,"a":%d,"d":{"b":"2"}}' % (clock(), clock())

    assert client.get("/notes").text == "{'a': '1'}"
    assert client.get("/notes").text == "{'b': '2'}"


def test_reading_a_session_that_ended_meanwhile_does_not_bring_it_back(clock):
    store = MemorySessionStore()
    application = Brubeck(handler_tuples=RULES, cookie_secret=SECRET, plugins=[Sessions(store)])
    client = Client(application)

    class Reading(WebMessageHandler, SessionMixin):
        def get(self):
            assert dict(self.session)
            client.delete("/notes")

    application.add_route_rule("^/reading", Reading)
    note(client)
    clock.go(10 * MINUTE_S)

    assert (client.get("/reading").status_code, len(store)) == (204, 0)


def test_a_slow_request_does_not_log_out_who_logs_in_meanwhile():
    """The id was no longer there, so its answer removed the cookie that the login had just set."""
    application = Brubeck(
        handler_tuples=RULES, cookie_secret=SECRET, plugins=[Sessions(MemorySessionStore())]
    )
    client = Client(application)

    class Slow(WebMessageHandler, SessionMixin):
        def get(self):
            self.session["slow"] = True
            client.post("/login", data={"name": "jd"})

    application.add_route_rule("^/slow", Slow)
    note(client)

    assert "Set-Cookie" not in client.get("/slow").headers
    assert client.get("/page").text == "jd"


@pytest.mark.parametrize(
    "cookie",
    [
        "",
        "junk",
        Signer("f" * 32).sign("session", "id"),
        Signer(SECRET).sign("other", {"d": {}}),
        Signer(SECRET).sign("session", 5),
    ],
)
def test_a_forged_cookie_is_a_new_session(client, cookie):
    response = client.get("/notes", cookies={"session": cookie})

    assert (response.status_code, response.text) == (200, "{}")


def test_an_id_that_a_client_chose_is_not_taken_over():
    application = Brubeck(
        handler_tuples=RULES, cookie_secret=SECRET, plugins=[Sessions(MemorySessionStore())]
    )
    client = Client(application)
    client.cookies["session"] = Signer(SECRET).sign("session", "chosen")

    note(client)
    assert Signer(SECRET).unsign("session", client.cookies["session"]) != "chosen"


def test_after_an_error_nothing_is_saved(client, caplog):
    logging.getLogger("brubeck").setLevel(logging.CRITICAL)
    try:
        assert note(client, fail="yes").status_code == 500
    finally:
        logging.getLogger("brubeck").setLevel(logging.NOTSET)

    assert client.get("/notes").text == "{}"


def test_the_store_does_not_know_ids():
    store = MemorySessionStore()
    client = Client(Brubeck(handler_tuples=RULES, cookie_secret=SECRET, plugins=[Sessions(store)]))
    note(client)
    session_id = Signer(SECRET).unsign("session", client.cookies["session"])

    assert len(session_id) >= 43
    assert session_id not in str(store._records)
    assert store.load(key_of(session_id)) is not None


def test_a_signed_session_that_grows_too_large_is_an_error_of_ours():
    client = Client(Brubeck(handler_tuples=RULES, cookie_secret=SECRET, plugins=[Sessions()]))
    logging.getLogger("brubeck").setLevel(logging.CRITICAL)
    try:
        values = secrets.token_urlsafe(9000)
        assert note(client, value=values).status_code == 500
    finally:
        logging.getLogger("brubeck").setLevel(logging.NOTSET)


def test_functions_have_sessions_too():
    sessions = Sessions(MemorySessionStore())
    application = Brubeck(cookie_secret=SECRET, plugins=[sessions])

    @application.add_route("^/")
    def count(application, message):
        session = Sessions.of(application).get(application, message)
        session["count"] = session.get("count", 0) + 1
        return http_response(f"{session['count']}")

    client = Client(application)
    assert [client.get("/").text for _ in range(3)] == ["1", "2", "3"]


def test_sessions_without_a_secret_are_refused():
    with pytest.raises(ConfigurationError, match="Sessions signs with cookie_secret"):
        Brubeck(plugins=[Sessions()])


def test_memory_keeps_so_many_and_the_least_used_goes(clock):
    store = MemorySessionStore(max_sessions=2)
    for key in ("a", "b", "c"):
        store.create(key, b"{}", 60)

    assert [store.load(key) for key in ("a", "b", "c")] == [None, b"{}", b"{}"]
    clock.go(60)
    assert store.load("c") is None
    assert not store.update("c", b"{}", 60)


def test_any_number_of_strangers_logs_nobody_out():
    """A thousand times the form of the login, without a cookie, and all who had logged in were out."""
    application = Brubeck(
        handler_tuples=RULES, cookie_secret=SECRET, plugins=[Sessions(MemorySessionStore(max_sessions=10))]
    )
    client, stranger = Client(application), Client(application)
    client.post("/login", data={"name": "jd"})
    for number in range(100):
        note(Client(application), "form", '"user_id":')
        if number == 97:
            note(stranger)

    assert client.get("/page").text == "jd"
    assert stranger.get("/notes").text == "{'a': '1'}"


def test_where_all_have_users_there_is_room_for_one_who_comes(clock):
    """Sessions that ended count for nothing, and of others the least used goes."""
    store = MemorySessionStore(max_sessions=3)
    user, nobody = b'{"d":{"user_id":1}}', b'{"d":{}}'
    for key in ("a", "b"):
        store.create(key, user, 60)
    store.create("stranger", nobody, 600)
    clock.go(60)
    for key in ("c", "d"):
        store.create(key, user, 60)
    assert [store.load(key) for key in ("a", "b", "stranger")] == [None, None, nobody]

    store.create("stranger", user, 60)
    store.create("new", nobody, 60)
    assert [store.load(key) for key in ("c", "d", "stranger", "new")] == [None, user, user, nobody]


def test_the_memory_of_strangers_goes_with_their_sessions(clock):
    store = MemorySessionStore(max_sessions=5)
    for number in range(20):
        store.create(f"{number}", b"{}", 60)
    store.delete("19")
    store.update("18", b'{"d":{"user_id":1}}', 60)

    assert list(store._strangers) == ["15", "16", "17"]
    clock.go(60)
    assert [store.load(key) for key in list(store._records)] == [None] * 4
    assert (len(store), len(store._strangers)) == (0, 0)


class Account:
    def __init__(self, password):
        self.password = password


class AccountMixin(SessionUserMixin):
    accounts = {}

    def load_user(self, user_id):
        return self.accounts.get(user_id)


class AccountLogin(AccountMixin, WebMessageHandler):
    def post(self):
        name = self.get_argument("name")
        self.login_user(name, self.accounts.get(name))

    def put(self):
        self.accounts["ann"] = Account("another line")
        self.login_user("ann")

    def patch(self):
        self.login_user("ann", Account("a renewed line"))


class AccountPage(AccountMixin, WebMessageHandler):
    @authenticated
    def get(self):
        return "here"


@pytest.fixture
def accounts(sessions):
    AccountMixin.accounts = {"ann": Account("a line"), "bob": Account(None)}
    rules = [("^/login", AccountLogin), ("^/page", AccountPage)]
    return Brubeck(handler_tuples=rules, cookie_secret=SECRET, plugins=[sessions])


def test_a_changed_password_ends_all_sessions_but_the_one_that_changed_it(accounts):
    here, there = Client(accounts), Client(accounts)
    for client in (here, there):
        client.post("/login", data={"name": "ann"})
    assert there.get("/page").status_code == 200

    here.put("/login")

    assert here.get("/page").status_code == 200
    assert there.get("/page").status_code == 401
    there.post("/login", data={"name": "ann"})
    assert there.get("/page").status_code == 200


def test_a_session_from_before_its_user_was_stored_takes_the_password_of_its_first_message(accounts):
    client = Client(accounts)
    client.post("/login", data={"name": "eve"})
    AccountMixin.accounts["eve"] = Account("a line")
    assert client.get("/page").status_code == 200
    AccountMixin.accounts["eve"] = Account("another line")

    assert client.get("/page").status_code == 401


def test_a_user_who_shows_no_password_stays(accounts):
    client = Client(accounts)
    client.post("/login", data={"name": "bob"})
    assert client.get("/page").status_code == 200
    AccountMixin.accounts["bob"] = Account("")

    assert client.get("/page").status_code == 200


@pytest.mark.parametrize("nothing", [None, "", b"bytes"])
def test_a_password_that_is_gone_ends_the_session(accounts, nothing):
    client = Client(accounts)
    client.post("/login", data={"name": "ann"})
    assert client.get("/page").status_code == 200
    AccountMixin.accounts["ann"] = Account(nothing)

    assert client.get("/page").status_code == 401


def test_a_line_that_was_renewed_and_not_kept_shuts_nobody_out(accounts):
    client = Client(accounts)
    client.patch("/login")

    assert client.get("/page").status_code == 200
