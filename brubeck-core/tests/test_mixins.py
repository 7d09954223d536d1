"""Parts that contradict each other are refused when the class is made, in every order of the bases."""

import importlib.metadata
import sys

import pytest
from brubeck.core.application import Brubeck
from brubeck.core.client import Client
from brubeck.core.errors import ConfigurationError
from brubeck.core.handlers import JSONMessageHandler, MessageHandler, WebMessageHandler
from brubeck.testing import MixinContract


@pytest.fixture(scope="module")
def packages_by_path():
    return {}


@pytest.fixture(autouse=True)
def packages_read_once(packages_by_path, monkeypatch):
    """A sentence about a conflict reads what every distribution has installed, and there are dozens of both."""
    read = importlib.metadata.packages_distributions

    def packages_distributions():
        path = tuple(sys.path)
        if path not in packages_by_path:
            packages_by_path[path] = read()
        return packages_by_path[path]

    monkeypatch.setattr(importlib.metadata, "packages_distributions", packages_distributions)


class One:
    provides = ("renderer",)

    def render_template(self, file):
        return "one"

    def error_page(self, status_code, message, exception):
        return f"one {status_code}"


class Two:
    provides = ("renderer",)

    def render_template(self, file):
        return "two"


class Refined(One):
    def render_template(self, file):
        return "refined"


class TestOne(MixinContract):
    mixin = One


@pytest.mark.parametrize(
    "bases", [(WebMessageHandler, One, Two), (Two, WebMessageHandler, One), (Two, One, WebMessageHandler)]
)
def test_two_of_one_role_need_a_choice(bases):
    with pytest.raises(ConfigurationError, match=r"more than one renderer: .*(One|Two).* and .*renderer="):
        type("Page", bases, {})


@pytest.mark.parametrize(
    "bases", [(WebMessageHandler, One, Two), (Two, WebMessageHandler, One), (Two, One, WebMessageHandler)]
)
def test_the_choice_and_not_the_order_decides(bases):
    for chosen, text in ((One, "one"), (Two, "two")):
        page = type("Page", bases, {"get": lambda self: self.render_template("x")}, renderer=chosen)
        app = Brubeck(handler_tuples=[("^/", page)])
        assert Client(app).get("/").text == text


def test_a_choice_holds_for_subclasses():
    class Base(WebMessageHandler, One, Two, renderer=Two):
        pass

    class Page(Base):
        def get(self):
            return self.render_template("x")

    assert Client(Brubeck(handler_tuples=[("^/", Page)])).get("/").text == "two"


def test_what_the_class_writes_itself_stays():
    class Page(WebMessageHandler, One, Two, renderer=Two):
        def render_template(self, file):
            return "own"

    assert Page(None, None).render_template("x") == "own"


def test_a_mixin_that_refines_another_is_no_conflict():
    class Page(One, WebMessageHandler):
        pass

    class Other(Refined, Page):
        pass

    assert Other(None, None).render_template("x") == "refined"


def test_a_choice_that_is_no_base_is_refused():
    with pytest.raises(ConfigurationError, match="not one of its bases"):
        type("Page", (WebMessageHandler, One), {}, renderer=Two)
    with pytest.raises(ConfigurationError, match=r"no base provides one \(roles here: renderer\)"):
        type("Page", (WebMessageHandler, One), {}, database=Two)


def test_the_error_page_of_the_renderer_is_found_on_either_side():
    for bases in ((WebMessageHandler, One), (One, WebMessageHandler), (JSONMessageHandler, One)):
        page = type("Page", bases, {"get": lambda self: "x"})
        response = Client(Brubeck(handler_tuples=[("^/", page)])).post("/")
        assert (response.status_code, response.text) == (405, "one 405")


def test_a_mixin_that_needs_a_setting_refuses_the_route():
    class Needy:
        @classmethod
        def check_application(cls, application):
            if application.login_url is None:
                raise ConfigurationError(f"{cls.__name__} needs login_url.")

    class Page(WebMessageHandler, Needy):
        pass

    with pytest.raises(ConfigurationError, match="Page needs login_url"):
        Brubeck(handler_tuples=[("^/", Page)])
    Brubeck(handler_tuples=[("^/", Page)], login_url="/login")


def test_a_decorator_may_refuse_the_route():
    def mark(function):
        def check(target, application):
            raise ConfigurationError(f"{target.__name__} is marked.")

        function.check_handler = check
        return function

    class Page(MessageHandler):
        @mark
        def get(self):
            return "x"

    @mark
    def function(application, message):
        return "x"

    for target, name in ((Page, "Page"), (function, "function")):
        with pytest.raises(ConfigurationError, match=f"{name} is marked"):
            Brubeck(handler_tuples=[("^/", target)])


def test_the_conflict_names_the_distributions(lab, monkeypatch):
    lab.install("conflict-atoll", "class Atoll:\n    provides = ('renderer',)\n")
    lab.install("conflict-shoal", "class Shoal:\n    provides = ('renderer',)\n")
    from conflict_atoll import Atoll
    from conflict_shoal import Shoal

    with pytest.raises(
        ConfigurationError, match=r"Atoll \(from conflict-atoll\) and Shoal \(from conflict-shoal\)"
    ):
        type("Page", (WebMessageHandler, Atoll, Shoal), {})


# Names that two bases have


class Red:
    colour = "red"

    def shine(self):
        return "red"


class Blue:
    def shine(self):
        return "blue"


ORDERS = [
    lambda *mixins: (WebMessageHandler, *mixins),
    lambda *mixins: (*mixins, WebMessageHandler),
    lambda *mixins: (mixins[-1], WebMessageHandler, *mixins[:-1]),
]


@pytest.mark.parametrize("order", ORDERS)
def test_two_mixins_with_one_name_are_refused(order):
    with pytest.raises(
        ConfigurationError, match=r"Page gets 'shine' from both (Red|Blue) \(from .*(Red|Blue) "
    ):
        type("Page", order(Red, Blue), {})


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("name", ["set_status", "content_type", "headers", "get_cookie", "options"])
def test_a_mixin_with_a_name_of_the_handler_is_refused(order, name):
    mixin = type("Careless", (), {name: None})

    with pytest.raises(ConfigurationError, match=f"Page gets '{name}' from both .*Careless"):
        type("Page", order(mixin), {})


def test_what_the_class_defines_itself_is_no_clash():
    class Page(Red, WebMessageHandler, Blue):
        def shine(self):
            return Red.shine(self) + Blue.shine(self)

    class Child(Page):
        def shine(self):
            return super().shine() + "!"

    assert Child(None, None).shine() == "redblue!"


def test_what_refines_another_mixin_is_no_clash():
    class Crimson(Red):
        def shine(self):
            return "crimson"

    for bases in ((Crimson, Red, WebMessageHandler), (WebMessageHandler, Crimson, Red)):
        assert type("Page", bases, {})(None, None).shine() == "crimson"


def test_handlers_override_each_other_as_classes_do():
    class Careful(MessageHandler):
        def set_status(self, status_code, status_msg=None):
            super().set_status(status_code, "careful")

    class Page(WebMessageHandler, Careful):
        def get(self):
            self.set_status(200)
            return self.render()

    assert Client(Brubeck(handler_tuples=[("^/", Page)])).get("/").reason == "careful"


def test_private_names_and_checks_may_be_shared():
    class One:
        _note = 1

        @classmethod
        def check_application(cls, application): ...

    class Other:
        _note = 2

        @classmethod
        def check_application(cls, application): ...

    assert type("Page", (One, WebMessageHandler, Other), {})._note == 1


class Asks:
    asks = ("find",)

    def find(self):
        raise NotImplementedError

    def use(self):
        return self.find()


class Finds:
    def find(self):
        return "found"


@pytest.mark.parametrize("bases", [(Asks, Finds), (Finds, Asks)])
@pytest.mark.parametrize("order", ORDERS)
def test_what_a_mixin_asks_for_another_answers_in_every_order(order, bases):
    page = type("Page", order(*bases), {"get": lambda self: self.use()})

    assert Client(Brubeck(handler_tuples=[("^/", page)])).get("/").text == "found"
    with pytest.raises(ConfigurationError, match="'find' from both"):
        type("Page", (WebMessageHandler, Asks, Finds, type("Other", (), {"find": Finds.find})), {})


@pytest.mark.parametrize("order", ORDERS)
def test_a_mixins_prepare_is_called_on_either_side(order):
    """Behind the handler it was ignored, silently."""
    mixin = type("Late", (), {"prepare": lambda self: "not yet"})
    page = type("Page", order(mixin), {"get": lambda self: "now"})

    assert Client(Brubeck(handler_tuples=[("^/", page)])).get("/").text == "not yet"
