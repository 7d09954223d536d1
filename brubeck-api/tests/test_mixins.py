"""Every mixin of this distribution passes the contract of mixins, in both orders and all together."""

from itertools import permutations

import pytest
from brubeck.api import ConditionalMixin, OwnedHandlerMixin, ProblemMixin, StreamedHandlerMixin
from brubeck.core.errors import ConfigurationError
from brubeck.request_handling import Brubeck, JSONMessageHandler, WebMessageHandler
from brubeck.testing import Client, MixinContract

MIXINS = (StreamedHandlerMixin, OwnedHandlerMixin, ProblemMixin, ConditionalMixin)


class WebWithUsers(WebMessageHandler):
    current_user = None


class JSONWithUsers(JSONMessageHandler):
    current_user = None


class TestStreamedHandlerMixin(MixinContract):
    mixin = StreamedHandlerMixin


class TestOwnedHandlerMixin(MixinContract):
    mixin = OwnedHandlerMixin
    handlers = (WebWithUsers, JSONWithUsers)


class TestProblemMixin(MixinContract):
    mixin = ProblemMixin


class TestConditionalMixin(MixinContract):
    mixin = ConditionalMixin


def public_names(mixin):
    return {name for name in vars(mixin) if not name.startswith("_")} - {"provides", "check_application"}


def test_no_two_share_a_name():
    names = [name for mixin in MIXINS for name in public_names(mixin)]

    assert len(names) == len(set(names))


@pytest.mark.parametrize("bases", list(permutations((JSONWithUsers, *MIXINS))))
def test_all_compose_in_any_order(bases):
    page = type("Page", bases, {"get": lambda self: repr(self.get_paging_arguments())})
    client = Client(Brubeck(handler_tuples=[("^/", page)]))

    assert client.get("/").text == "(0, 25, 0)"
    assert client.post("/").headers["Content-Type"] == "application/problem+json"


def test_a_handler_without_users_is_refused():
    page = type("Page", (WebMessageHandler, OwnedHandlerMixin), {})

    with pytest.raises(ConfigurationError, match="Page asks who owns what, but has no current_user"):
        Brubeck(handler_tuples=[("^/", page)])


@pytest.mark.parametrize("name", ["default_count", "max_count", "max_skip"])
@pytest.mark.parametrize("limit", [0, None, "25"])
def test_a_limit_that_is_none_is_refused(name, limit):
    page = type("Page", (WebMessageHandler, StreamedHandlerMixin), {name: limit})

    with pytest.raises(ConfigurationError, match=f"Page.{name} must be a positive int, got {limit!r}"):
        Brubeck(handler_tuples=[("^/", page)])


def test_the_mixins_have_names():
    manager = Brubeck().plugins

    found = {name: manager.get_mixin(name) for name in ("streamed", "owned", "problem", "conditional")}
    assert tuple(found.values()) == MIXINS
