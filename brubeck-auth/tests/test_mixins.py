"""Every mixin of this distribution passes the contract of mixins, in both orders and in pairs."""

from itertools import combinations

import pytest
from brubeck.auth import (
    BasicAuthMixin,
    BearerAuthMixin,
    CookieUserMixin,
    CSRFMixin,
    MemorySessionStore,
    SessionMixin,
    Sessions,
    SessionUserMixin,
    UserHandlingMixin,
    authenticated,
)
from brubeck.core.application import Brubeck
from brubeck.core.errors import ConfigurationError
from brubeck.core.handlers import JSONMessageHandler, WebMessageHandler
from brubeck.core.routing import Router
from brubeck.testing import Client, MixinContract

SETTINGS = {"cookie_secret": "s" * 32, "plugins": [Sessions(MemorySessionStore())]}
MIXINS = (
    UserHandlingMixin,
    CookieUserMixin,
    BasicAuthMixin,
    BearerAuthMixin,
    SessionMixin,
    SessionUserMixin,
    CSRFMixin,
)


class OfAuth(MixinContract):
    settings = SETTINGS

    def test_it_answers_in_both_orders(self):
        for handler in self.compositions():
            client = Client(Brubeck(handler_tuples=[("^/$", handler)], **self.settings))

            assert client.get("/").status_code == 200, handler.__mro__
            assert client.post("/").status_code == (403 if self.mixin is CSRFMixin else 405), handler.__mro__


for mixin in MIXINS:
    globals()[f"Test{mixin.__name__}"] = type(f"Test{mixin.__name__}", (OfAuth,), {"mixin": mixin})


@pytest.fixture(scope="module")
def application():
    return Brubeck(**SETTINGS)


@pytest.mark.parametrize("handler", [WebMessageHandler, JSONMessageHandler])
@pytest.mark.parametrize(("one", "other"), [*combinations(MIXINS, 2)])
def test_pairs_compose_or_are_told_apart(application, handler, one, other):
    both_know_users = {one, other} <= {CookieUserMixin, BasicAuthMixin, BearerAuthMixin, SessionUserMixin}
    for bases in ((handler, one, other), (other, one, handler), (one, handler, other)):
        if issubclass(other, one):
            bases = tuple(base for base in bases if base is not one)
        if both_know_users and bases[0] is WebMessageHandler and bases[1] is one:
            with pytest.raises(ConfigurationError, match=r"more than one users.*brubeck[.-]auth"):
                type("Page", bases, {})
        choice = {"users": one} if both_know_users else {}
        page = type("Page", bases, {"get": lambda self: "open"}, **choice)

        application.router = Router()
        application.add_route_rule("^/", page)
        assert Client(application).get("/").text == "open"


@pytest.mark.parametrize("mixin", [CookieUserMixin, BearerAuthMixin, CSRFMixin])
def test_a_mixin_that_signs_is_refused_without_a_secret(mixin):
    page = type("Page", (WebMessageHandler, mixin), {})

    with pytest.raises(ConfigurationError, match="Page signs with cookie_secret"):
        Brubeck(handler_tuples=[("^/", page)])


@pytest.mark.parametrize("mixin", [SessionMixin, SessionUserMixin])
def test_a_mixin_of_sessions_is_refused_without_them(mixin):
    page = type("Page", (WebMessageHandler, mixin), {})

    with pytest.raises(ConfigurationError, match=r"plugins=\[Sessions"):
        Brubeck(handler_tuples=[("^/", page)], cookie_secret="s" * 32)


@pytest.mark.parametrize("mixin", [CookieUserMixin, BearerAuthMixin, SessionUserMixin, BasicAuthMixin])
def test_a_protected_handler_that_cannot_load_a_user_is_refused(mixin):
    page = authenticated(type("Page", (WebMessageHandler, mixin), {}))

    with pytest.raises(ConfigurationError, match=r"Page is protected, but has no load_"):
        Brubeck(handler_tuples=[("^/", page)], **SETTINGS)


def test_looking_tokens_up_needs_no_secret():
    class Feed(WebMessageHandler, BearerAuthMixin):
        def load_bearer_user(self, token):
            return {"t0k": "jd"}.get(token)

        @authenticated
        def get(self):
            return self.current_user

    client = Client(Brubeck(handler_tuples=[("^/", Feed)]))

    assert client.get("/", headers={"Authorization": "Bearer t0k"}).text == "jd"
    assert client.get("/", headers={"Authorization": "Bearer other"}).status_code == 401
