import pytest
from brubeck.auth import UserHandlingMixin, authenticated, requires, web_authenticated
from brubeck.core.application import Brubeck
from brubeck.core.errors import ConfigurationError
from brubeck.core.handlers import JSONMessageHandler, WebMessageHandler
from brubeck.core.responses import http_response
from brubeck.core.routing import Router
from brubeck.testing import Client

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
PROTECTED = "the protected body"
APPLICATIONS = {}
"""By settings: to make one takes longer than to ask it a hundred times."""


class Users(UserHandlingMixin):
    """Knows whoever sends his name in a header."""

    def get_current_user(self):
        name = self.message.headers.get("X-User")
        return {"name": name, "roles": ["admin"] if name == "root" else []} if name else None


def ask(handler, method="GET", path="/", user=None, **settings):
    key = str(settings)
    if key not in APPLICATIONS:
        APPLICATIONS[key] = Brubeck(**settings)
    application = APPLICATIONS[key]
    application.router = Router()
    application.add_route_rule("^/", handler)
    return Client(application).request(method, path, headers={"X-User": user} if user else {})


class Page(WebMessageHandler, Users):
    """Answers every method."""

    def get(self):
        return PROTECTED

    post = put = patch = delete = get


class Closed(WebMessageHandler, Users):
    @authenticated
    def get(self):
        return PROTECTED


class WebClosed(WebMessageHandler, Users):
    @web_authenticated
    def get(self):
        return PROTECTED

    @web_authenticated
    def post(self):
        return PROTECTED


def test_a_stranger_is_answered_401_with_a_challenge():
    response = ask(Closed)

    assert (response.status_code, PROTECTED in response.text) == (401, False)
    assert response.headers["WWW-Authenticate"]


def test_a_user_gets_what_he_asked_for():
    assert ask(Closed, user="jd").text == PROTECTED
    assert ask(WebClosed, user="jd").text == PROTECTED


def test_head_is_as_closed_as_get():
    response = ask(Closed, "HEAD")

    assert response.status_code == 401
    assert response.headers["Content-Length"] != str(len(PROTECTED))


def test_arguments_of_the_route_reach_the_method():
    class Named(WebMessageHandler, Users):
        @authenticated
        def get(self, name, number="none"):
            return f"{name} {number}"

    application = Brubeck(handler_tuples=[(r"^/(?P<name>\w+)(?:/(?P<number>\d+))?$", Named)])

    assert Client(application).get("/take/5", headers={"X-User": "jd"}).text == "take 5"
    assert Client(application).get("/take", headers={"X-User": "jd"}).text == "take none"


def test_a_generator_is_not_begun_for_a_stranger():
    begun = []

    class Stream(WebMessageHandler, Users):
        @authenticated
        def get(self):
            begun.append(True)
            yield b"a piece"

    assert (ask(Stream).status_code, begun) == (401, [])
    assert ask(Stream, user="jd").text == "a piece"


# web_authenticated


def test_a_stranger_is_sent_to_the_login_and_back():
    response = ask(WebClosed, path="/list?page=2&tag=a%26b", login_url="/login")

    assert response.status_code == 302
    assert response.headers["Location"] == "/login?next=/list%3Fpage%3D2%26tag%3Da%2526b"


def test_what_was_posted_cannot_be_come_back_to():
    assert ask(WebClosed, "POST", login_url="/login").headers["Location"] == "/login"


def test_without_a_login_url_it_is_401():
    assert ask(WebClosed).status_code == 401


def test_the_login_page_does_not_lead_to_itself():
    assert ask(WebClosed, path="/login", login_url="/login").status_code == 401


@pytest.mark.parametrize(
    "path", ["//evil.example/", "/\\evil.example", "///evil.example", "/%09/evil.example", "/%2F/evil"]
)
def test_next_never_leads_away(path):
    location = ask(WebClosed, path=path, login_url="/login").headers["Location"]

    assert location.startswith("/login?next=/")
    assert not location.startswith(("/login?next=//", "/login?next=/\\", "/login?next=/%5C"))


# requires


def make_admin_page(*decorators):
    class Admin(WebMessageHandler, Users):
        def get(self):
            return PROTECTED

    for decorate in decorators:
        Admin.get = decorate(Admin.get)
    return Admin


def test_a_role_is_asked_for():
    page = make_admin_page(requires("admin"))

    assert [ask(page, user=user).status_code for user in (None, "jd", "root")] == [401, 403, 200]


def test_all_of_the_roles_are_needed():
    assert ask(make_admin_page(requires("admin", "editor")), user="root").status_code == 403


def test_a_stranger_may_be_sent_to_the_login_first():
    page = make_admin_page(requires("admin"), web_authenticated)

    assert [ask(page, user=user, login_url="/in").status_code for user in (None, "jd", "root")] == [
        302,
        403,
        200,
    ]


def test_roles_are_looked_for_in_attributes_too():
    class Somebody:
        roles = ("admin",)

    class Page(WebMessageHandler, UserHandlingMixin):
        def get_current_user(self):
            return Somebody()

        @requires("admin")
        def get(self):
            return PROTECTED

    assert ask(Page).text == PROTECTED


def test_a_text_is_no_set_of_roles():
    """`"admin" in "not-an-admin"` would be true."""

    class Page(WebMessageHandler, UserHandlingMixin):
        def get_current_user(self):
            return {"roles": "not-an-admin"}

        @requires("admin")
        def get(self):
            return PROTECTED

    assert ask(Page).status_code == 403


@pytest.mark.parametrize("roles", [(), (lambda self: None,)])
def test_requires_without_a_role_is_refused(roles):
    with pytest.raises(ConfigurationError, match=r"@requires\('admin'\)"):
        requires(*roles)


# Whole classes


@pytest.mark.parametrize("decorate", [authenticated, web_authenticated, requires("admin")])
def test_a_closed_class_is_closed_for_every_method(decorate):
    closed = decorate(type("Closed", (Page,), {}))

    assert {method: ask(closed, method).status_code for method in METHODS} == dict.fromkeys(METHODS, 401)
    assert all(ask(closed, method, user="root").status_code == 200 for method in METHODS)


def test_what_a_subclass_defines_is_closed_too():
    @authenticated
    class Base(WebMessageHandler, Users):
        pass

    class Sub(Base):
        def get(self):
            return PROTECTED

        def prepare(self):
            return PROTECTED if self.message.query else None

    assert [ask(Sub).status_code, ask(Sub, path="/?a").status_code] == [401, 401]
    assert [ask(Sub, user="jd").text, ask(Sub, path="/?a", user="jd").text] == [PROTECTED, PROTECTED]


def test_what_another_base_of_a_subclass_brings_is_closed_too():
    @authenticated
    class Base(WebMessageHandler, Users):
        pass

    class Opened:
        def get(self):
            return PROTECTED

        def prepare(self):
            return PROTECTED

    class Before(Opened, Base):
        pass

    class Behind(Base, Opened):
        pass

    assert [ask(Before).status_code, ask(Behind).status_code] == [401, 401]


@pytest.mark.parametrize("turned", [False, True])
def test_of_two_closed_bases_both_are_asked(turned):
    """The first base's guard went past the other's: who was no admin could delete."""

    @authenticated
    class Members(WebMessageHandler, Users):
        def get(self):
            return PROTECTED

    @requires("admin")
    class Admins(WebMessageHandler, Users):
        def delete(self):
            return PROTECTED

    page = type("Both", (Admins, Members) if turned else (Members, Admins), {})

    assert [ask(page, "DELETE", user=user).status_code for user in (None, "jd", "root")] == [401, 403, 200]


@pytest.mark.parametrize("turned", [False, True])
def test_below_one_closed_base_both_branches_are_asked(turned):
    @authenticated
    class Members(WebMessageHandler, Users):
        pass

    @authenticated
    class Reading(Members):
        def get(self):
            return PROTECTED

    @requires("admin")
    class Admins(Members):
        pass

    class Page(*((Admins, Reading) if turned else (Reading, Admins))):
        def prepare(self):
            return None

    assert [ask(Page, user=user).status_code for user in (None, "jd", "root")] == [401, 403, 200]


@pytest.mark.parametrize("roles", [("admin", "editor"), ("editor", "admin")])
def test_of_two_roles_of_two_bases_both_are_needed(roles):
    first, second = (requires(role)(type(role, (WebMessageHandler, Users), {})) for role in roles)

    class Page(first, second):
        def get(self):
            return PROTECTED

    assert ask(Page, user="root").status_code == 403


def test_a_base_that_tells_no_other_of_its_subclasses_opens_nothing():
    class Silent:
        def __init_subclass__(cls, **choices):
            pass

    @authenticated
    class Members(WebMessageHandler, Users):
        pass

    class Page(Silent, Members):
        def prepare(self):
            return PROTECTED

    assert ask(Page).status_code == 401


@pytest.mark.parametrize("turned", [False, True])
def test_a_mixin_closes_its_handlers_too(turned):
    """Without an `__init_subclass__` of its own it could have no subclass: AttributeError."""

    @authenticated
    class Members(Users):
        pass

    @requires("admin")
    class Admins(Users):
        pass

    class Prepared:
        def prepare(self):
            return PROTECTED if self.message.query else None

    mixins = (Members, Admins, Prepared)
    bases = (*mixins, WebMessageHandler) if turned else (WebMessageHandler, *mixins)
    page = type("Page", bases, {"get": lambda self: PROTECTED})

    for path in ("/", "/?a"):
        assert [ask(page, path=path, user=user).status_code for user in (None, "jd", "root")] == [
            401,
            403,
            200,
        ]


def test_what_a_closed_class_says_of_its_subclasses_and_applications_is_still_heard():
    heard = []

    @authenticated
    class Members(WebMessageHandler, Users):
        def __init_subclass__(cls, **choices):
            super().__init_subclass__(**choices)
            heard.append((cls.__name__, choices))

        @classmethod
        def check_application(cls, application):
            heard.append(cls.__name__)

    class Page(Members, users=Users):
        pass

    assert ask(Page).status_code == 401
    assert heard == [("Page", {"users": Users}), "Page"]


def test_the_class_that_was_decorated_leaves_its_base_open():
    class Base(WebMessageHandler, Users):
        def get(self):
            return "open"

    @authenticated
    class Closed(Base):
        pass

    class Other(Base):
        pass

    assert [ask(Base).text, ask(Other).text, ask(Closed).status_code] == ["open", "open", 401]


def test_an_answer_of_prepare_is_withheld_and_closed():
    closed = []

    class Pieces:
        def __iter__(self):
            return iter([PROTECTED.encode()])

        def close(self):
            closed.append(True)

    @authenticated
    class Page(WebMessageHandler, Users):
        def prepare(self):
            return http_response(Pieces())

    assert (ask(Page).status_code, closed) == (401, [True])


def test_prepare_may_say_who_the_user_is():
    """As SpotiChat did, on methods and on classes."""

    @authenticated
    class Page(WebMessageHandler, UserHandlingMixin):
        def prepare(self):
            if self.message.query:
                self.current_user = "jd"

        @authenticated
        def get(self):
            return f"{self.current_user}"

    assert [ask(Page).status_code, ask(Page, path="/?a").text] == [401, "jd"]


def test_options_of_core_tells_the_methods_and_nothing_else():
    response = ask(authenticated(type("Closed", (Page,), {})), "OPTIONS")

    assert (response.status_code, response.body) == (204, b"")


def test_options_of_ones_own_are_closed():
    @authenticated
    class Own(WebMessageHandler, Users):
        def options(self):
            return PROTECTED

    assert ask(Own, "OPTIONS").status_code == 401


def test_an_unknown_method_is_no_way_round():
    assert ask(authenticated(type("Closed", (Page,), {})), "BREW").status_code in (401, 405, 501)


# Refusals when the route is added


@pytest.mark.parametrize("decorate", [authenticated, web_authenticated, requires("admin")])
def test_a_handler_without_user_handling_is_refused(decorate):
    class Blind(WebMessageHandler):
        @decorate
        def get(self):
            return PROTECTED

    with pytest.raises(
        ConfigurationError, match=r"Blind is protected, but has no user handling.*UserHandlingMixin"
    ):
        Brubeck(handler_tuples=[("^/", Blind)])
    with pytest.raises(ConfigurationError, match="has no user handling"):
        Brubeck(handler_tuples=[("^/", decorate(type("Blind", (WebMessageHandler,), {})))])


def test_a_function_is_refused():
    application = Brubeck()

    with pytest.raises(ConfigurationError, match="is a function, which has no current_user"):

        @application.add_route("^/")
        @authenticated
        def page(application, message):
            return PROTECTED


def test_something_else_is_refused():
    with pytest.raises(ConfigurationError, match="Only methods and handler classes"):
        authenticated("get")


@pytest.mark.parametrize("name", ["on_open", "on_message", "on_finish", "initialize"])
def test_a_method_that_answers_nothing_is_refused(name):
    """A WebSocket would be opened for a stranger, whose messages only were not heard."""

    def method(self):
        pass

    method.__name__ = name
    with pytest.raises(ConfigurationError, match=f"What {name} returns is no answer"):
        authenticated(method)


# The mixin


def test_the_user_is_looked_up_once():
    asked = []

    class Page(WebMessageHandler, UserHandlingMixin):
        def get_current_user(self):
            asked.append(True)

        def get(self):
            return f"{self.current_user} {self.current_user} {self.current_userprofile}"

    assert ask(Page).text == "None None None"
    assert asked == [True]


def test_auth_error_can_be_ones_own():
    class Page(WebMessageHandler, Users):
        def auth_error(self):
            return self.redirect("/elsewhere")

        @authenticated
        def get(self):
            return PROTECTED

    assert ask(Page).headers["Location"] == "/elsewhere"


def test_auth_error_of_the_first_brubeck_only_looks_on():
    """There its result was not used; what is no response must never let the method run."""

    class Page(WebMessageHandler, Users):
        def auth_error(self):
            self.set_body(PROTECTED)

        @authenticated
        def get(self):
            return PROTECTED

    response = ask(Page)
    assert (response.status_code, PROTECTED in response.text) == (401, False)


def test_json_says_it_in_json():
    class Feed(JSONMessageHandler, Users):
        @authenticated
        def get(self):
            return PROTECTED

    assert ask(Feed).json()["status_code"] == 401


def test_an_error_while_the_user_is_looked_up_is_no_way_in():
    class Page(WebMessageHandler, UserHandlingMixin):
        def get_current_user(self):
            raise RuntimeError("the database is gone")

        @authenticated
        def get(self):
            return PROTECTED

    response = ask(Page)
    assert (response.status_code, PROTECTED in response.text) == (500, False)
