"""`RendererContract`: what every rendering mixin passes, ours and third parties'.

    class TestChameleon(RendererContract):
        renderer = ChameleonRendering
        expression = "${%s}"
        broken = "<p>${name</p>"

What an engine cannot do is told by a flag, which skips the tests for it. A flag that comes later is off by default, so
that a new version of this suite fails nobody's old plugin.
"""

from __future__ import annotations

import html
import logging
import subprocess
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, ClassVar

from brubeck.core.application import Brubeck
from brubeck.core.client import Client
from brubeck.core.errors import ConfigurationError, HTTPError
from brubeck.core.handlers import JSONMessageHandler, MessageHandler, WebMessageHandler
from brubeck.core.plugins import PluginManager

__all__ = ["ATTACKS", "RendererContract"]

ATTACKS = (
    "<script>alert(1)</script>",
    '" onmouseover="alert(1)',
    "' onmouseover='alert(1)",
    "</title><svg/onload=alert(1)>",
    "<img src=x onerror=alert(1)>",
    "&lt;script&gt;",
    "{{ 7*7 }}${7*7}{% raw %}",
)
"""Strings that must come out as text, in content and in a quoted attribute."""

ESCAPES = (
    "../secret.html",
    "/etc/passwd",
    "//../secret.html",
    "sub/../../secret.html",
    "..\\secret.html",
    "\\..\\..\\secret.html",
    "page.html\x00",
    "./page.html",
    "sub//page.html",
    "C:/page.html",
    "",
)
"""Names that lead, or could lead, out of a template folder; each has been a hole somewhere."""


class Markup(str):
    """Text that says of itself that it is HTML, as `markupsafe.Markup` does."""

    __slots__ = ()

    def __html__(self) -> str:
        return str(self)


class Slow:
    """Gives way to the other greenlets while it is written into a page."""

    def __init__(self, text: str, pool: Any) -> None:
        self.text = text
        self.pool = pool

    def __str__(self) -> str:
        self.pool.spawn(str).join()
        return self.text


class OtherRendering:
    """Another renderer, to be one too many."""

    provides = ("renderer",)


class RendererContract:
    """Every renderer gives the same answers.

    Set `renderer` and `expression`; the rest where it differs.
    """

    renderer: ClassVar[Any]
    """The mixin."""

    expression: ClassVar[str] = "{{ %s }}"
    """How a template writes a value; `%s` is a name, or names joined by dots."""

    broken: ClassVar[str] = "{{ name"
    """What the engine cannot compile."""

    failing: ClassVar[str | None] = None
    """What fails when it is filled in; by default an attribute that is not there. Empty where nothing fails."""

    inheritance: ClassVar[Mapping[str, str]] = {}
    """Files, `page.html` among them, which fills `name` into a frame: `<b>Take [name]</b>`. Empty where none can."""

    partials: ClassVar[Mapping[str, str]] = {}
    """Files, `page.html` among them, which takes in another: the same page."""

    static: ClassVar[str | None] = None
    """How a template asks for the URL of `site.css`; by default `static_url('site.css')` as an expression."""

    engine_package: ClassVar[str | None] = None
    """What importing the renderer's module must not import; by default what the renderer itself names."""

    knows_markup: ClassVar[bool] = True
    """Whether text with `__html__` is filled in as it is."""

    reports_lines: ClassVar[bool] = True
    """Whether the log tells the line of a template that failed."""

    streams: ClassVar[bool] = False
    """Whether `stream_template` sends a page in pieces."""

    switches_off: ClassVar[bool] = True
    """Whether `load_engine(folder, autoescape=False)` switches escaping off."""

    is_registered: ClassVar[bool] = True
    """Whether `Brubeck(template_engine=…)` finds the renderer by its `engine_name`."""

    settings_of_mixins: ClassVar[Mapping[str, Any]] = {
        "login_url": "/login",
        "cookie_secret": "a secret for tests, of at least 32 bytes",
    }
    """Settings for an application with all installed mixins; one that wants more is passed over."""

    # What the tests are made of

    def write(self, folder: Path, files: Mapping[str, str]) -> None:
        """Write *files* into *folder*."""
        for name, text in files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")

    def say(self, *names: str) -> str:
        """Return a template that writes each of *names* into a paragraph."""
        return "<div>" + "".join(f"<p>{self.expression % name}</p>" for name in names) + "</div>"

    def compose(
        self, methods: Mapping[str, Any], base: type = WebMessageHandler, mixins: Iterable[type] = ()
    ) -> list[type[MessageHandler]]:
        """Return handler classes with *methods*: the renderer before and behind *base* and *mixins*."""
        others = (base, *mixins)
        orders = ((self.renderer, *others), (*others, self.renderer), (*reversed(others), self.renderer))
        return [type(f"Page{number}", bases, dict(methods)) for number, bases in enumerate(orders)]

    def page(self, file: str = "page.html", **context: Any) -> type[MessageHandler]:
        """Return a handler class that renders *file* with *context*, and with the argument `name`."""

        def get(handler: Any) -> Any:
            return handler.render_template(file, **{"name": handler.get_argument("name"), **context})

        return type("Page", (WebMessageHandler, self.renderer), {"get": get})

    def application(self, folder: Any, *handlers: type[MessageHandler], **settings: Any) -> Brubeck:
        """Return an application with *handlers* at `/0`, `/1`, …, and templates in *folder*."""
        routes = [(rf"^/{number}$", handler, f"page{number}") for number, handler in enumerate(handlers)]
        return Brubeck(
            handler_tuples=routes, template_loader=lambda: self.renderer.load_engine(folder), **settings
        )

    def client(self, folder: Any, *handlers: type[MessageHandler], **settings: Any) -> Client:
        """Return a client for such an application."""
        return Client(self.application(folder, *handlers, **settings))

    # Pages

    def test_a_page_is_html_in_utf8(self, tmp_path: Path) -> None:
        """Text of every plane, as UTF-8, and said to be."""
        text = "Grüße, 日本, \N{SAXOPHONE}, \u202e"
        self.write(tmp_path, {"page.html": f"<p>Füße {self.expression % 'name'}</p>"})

        answer = self.client(tmp_path, self.page(name=text)).get("/0")

        assert answer.status_code == 200
        assert answer.headers["content-type"] == "text/html; charset=utf-8"
        assert answer.body.decode() == f"<p>Füße {text}</p>"

    def test_an_argument_is_escaped(self, tmp_path: Path) -> None:
        """Reflected script stays text, in content and in an attribute."""
        value = self.expression % "name"
        self.write(tmp_path, {"page.html": f'<p title="{value}">{value}</p>'})
        client = self.client(tmp_path, self.page())

        for attack in ATTACKS:
            check_escaped(client.get("/0", query={"name": attack}).text, attack)

    def test_a_value_of_the_context_is_escaped(self, tmp_path: Path) -> None:
        """Stored script, behind a dot."""
        value = self.expression % "item.title"
        self.write(tmp_path, {"page.html": f'<p title="{value}">{value}</p>'})
        item = type("Item", (), {})()
        client = self.client(tmp_path, self.page(item=item))

        for attack in ATTACKS:
            item.title = attack
            check_escaped(client.get("/0").text, attack)

    def test_an_error_message_is_escaped(self, tmp_path: Path) -> None:
        """Script in what an error page repeats."""
        value = self.expression % "error_message"
        self.write(tmp_path, {"errors.html": f'<p title="{value}">{value}</p>'})

        def get(handler: Any) -> Any:
            raise HTTPError(400, handler.get_argument("name"))

        client = self.client(tmp_path, *self.compose({"get": get}))

        for attack in ATTACKS:
            check_escaped(client.get("/0", query={"name": attack}).text, attack)

    def test_escaping_can_be_switched_off(self, tmp_path: Path) -> None:
        """With one word, where the engine is loaded, and nowhere else."""
        if self.switches_off:
            self.write(tmp_path, {"page.html": f"<p>{self.expression % 'name'}</p>"})
            engine = self.renderer.load_engine(tmp_path, autoescape=False)

            assert engine.render("page.html", {"name": "<b>"}) == "<p><b></p>"

    def test_markup_is_filled_in_as_it_is(self, tmp_path: Path) -> None:
        """Text with `__html__` was escaped by whoever made it."""
        if self.knows_markup:
            self.write(tmp_path, {"page.html": f"<p>{self.expression % 'name'}</p>"})

            assert self.client(tmp_path, self.page(name=Markup("<b>"))).get("/0").text == "<p><b></p>"

    def test_the_status_is_the_handlers(self, tmp_path: Path) -> None:
        """`_status_code` counts, and so does a status that was set before."""
        self.write(tmp_path, {"page.html": "<p>here</p>"})

        def get(handler: Any) -> Any:
            return handler.render_template("page.html", _status_code=403)

        def post(handler: Any) -> Any:
            handler.set_status(201)
            return handler.render_template("page.html")

        client = self.client(tmp_path, *self.compose({"get": get, "post": post}))

        assert [client.get("/0").status_code, client.post("/0").status_code] == [403, 201]
        assert client.head("/0").headers["content-length"] == str(len("<p>here</p>"))

    def test_a_page_of_a_json_handler_is_html(self, tmp_path: Path) -> None:
        """What is rendered from a template is a page, whoever renders it."""
        self.write(tmp_path, {"page.html": "<p>here</p>"})

        def get(handler: Any) -> Any:
            return handler.render_template("page.html")

        for base in (JSONMessageHandler, MessageHandler):
            client = self.client(tmp_path, *self.compose({"get": get}, base))

            answers = [client.get(f"/{number}") for number in range(3)]
            assert {answer.headers["content-type"] for answer in answers} == {"text/html; charset=utf-8"}
            assert {answer.text for answer in answers} == {"<p>here</p>"}

    def test_a_template_in_a_frame(self, tmp_path: Path) -> None:
        """Inheritance, or what the engine has for it."""
        if self.inheritance:
            self.write(tmp_path, self.inheritance)
            text = self.client(tmp_path, self.page(name="<five>")).get("/0").text

            assert "".join(text.split()) == "<b>Take&lt;five&gt;</b>"

    def test_a_template_inside_another(self, tmp_path: Path) -> None:
        """Includes, or partials."""
        if self.partials:
            self.write(tmp_path, self.partials)
            text = self.client(tmp_path, self.page(name="<five>")).get("/0").text

            assert "".join(text.split()) == "<b>Take&lt;five&gt;</b>"

    def test_a_template_without_a_handler(self, tmp_path: Path) -> None:
        """`application.render_template`, for mail and for background work."""
        self.write(tmp_path, {"page.html": self.say("name")})

        assert self.application(tmp_path).render_template("page.html", name="<") == "<div><p>&lt;</p></div>"

    def test_the_first_of_several_folders_wins(self, tmp_path: Path) -> None:
        """So that an application replaces a template of a package."""
        self.write(tmp_path, {"own/page.html": "own", "base/page.html": "base", "base/more.html": "more"})
        folders = [tmp_path / "own", tmp_path / "base"]

        client = self.client(folders, self.page(), self.page("more.html"))

        assert [client.get("/0").text, client.get("/1").text] == ["own", "more"]

    def test_a_folder_that_is_not_there_is_refused_with_the_route(self, tmp_path: Path) -> None:
        """Before the first visitor comes."""
        with refused("nowhere"):
            self.application(tmp_path / "nowhere", self.page())

    def test_an_application_without_templates_is_refused_with_the_route(self) -> None:
        """And the sentence says what to give."""
        with refused("template_loader"):
            Brubeck(handler_tuples=[("^/$", self.page())])

    def test_the_engine_is_found_by_its_name(self, tmp_path: Path) -> None:
        """`Brubeck(template_engine=…, template_dir=…)`."""
        if self.is_registered:
            self.write(tmp_path, {"page.html": "<p>here</p>"})
            application = Brubeck(
                handler_tuples=[("^/$", self.page())],
                template_engine=self.renderer.engine_name,
                template_dir=tmp_path,
            )

            assert Client(application).get("/").text == "<p>here</p>"

    def test_a_changed_template_counts_in_debug_mode_only(self, tmp_path: Path) -> None:
        """At once, however short the time between; elsewhere templates stay compiled."""
        for debug, expected in ((True, ["one", "two", "three"]), (False, ["one", "one", "one"])):
            self.write(tmp_path, {"page.html": "one"})
            client = self.client(tmp_path, self.page(), debug=debug)
            texts = []
            for text in ("one", "two", "three"):
                self.write(tmp_path, {"page.html": text})
                texts.append(client.get("/0").text)

            assert texts == expected

    def test_a_streamed_page_is_the_page(self, tmp_path: Path) -> None:
        """Whole, and in pieces where the engine can."""
        self.write(tmp_path, {"page.html": self.say(*["name"] * 200)})

        def get(handler: Any) -> Any:
            return handler.stream_template("page.html", name="<five>" * 10)

        application = self.application(tmp_path, *self.compose({"get": get}))
        answer = Client(application).get("/0")

        assert answer.headers["content-type"] == "text/html; charset=utf-8"
        assert answer.text == "<div>" + f"<p>{'&lt;five&gt;' * 10}</p>" * 200 + "</div>"
        if self.streams:
            pieces = list(application.template_engine.stream("page.html", {"name": "five"}))
            assert len(pieces) > 1

    def test_greenlets_do_not_mix(self, tmp_path: Path) -> None:
        """Twenty pages at once, each of which gives way in the middle."""
        self.write(tmp_path, {"page.html": self.say("name", "other")})
        application = self.application(tmp_path)

        def render(number: int) -> str:
            name, other = (Slow(f"{letter}{number}", application.pool) for letter in "ab")
            return application.render_template("page.html", name=name, other=other)

        pages = list(application.pool.imap(render, range(20)))

        assert pages == [f"<div><p>a{number}</p><p>b{number}</p></div>" for number in range(20)]

    # What templates find

    def test_templates_find_the_handler(self, tmp_path: Path) -> None:
        """And its message."""
        self.write(tmp_path, {"page.html": self.say("handler.message.path")})

        assert self.client(tmp_path, self.page()).get("/0").text == "<div><p>/0</p></div>"

    def test_templates_find_static_files(self, tmp_path: Path) -> None:
        """Under the setting `static_url`, in and out of a handler."""
        self.write(tmp_path, {"page.html": self.static or self.say("static_url('site.css')")})
        application = self.application(tmp_path, self.page(), static_url="//cdn.example/v2")

        assert "//cdn.example/v2/site.css" in Client(application).get("/0").text
        assert "//cdn.example/v2/site.css" in application.render_template("page.html")

    def test_templates_find_named_routes(self, tmp_path: Path) -> None:
        """By the names of `handler_tuples`."""
        asking = self.static or self.say("static_url('site.css')")
        asking = asking.replace("static_url", "url_for").replace("site.css", "page0")
        self.write(tmp_path, {"page.html": asking})

        assert "/0" in self.client(tmp_path, self.page()).get("/0").text

    def test_the_user_is_read_only_where_a_template_names_it(self, tmp_path: Path) -> None:
        """Reading a user may ask a database; in a page that takes in others, too."""
        asked: list[str] = []

        class Knowing:
            @property
            def current_user(self) -> Any:
                asked.append("asked")
                return type("User", (), {"username": "<paul>"})()

        def get(handler: Any) -> Any:
            return handler.render_template("page.html", name="five")

        for files in ({"page.html": self.say("name")}, self.inheritance, self.partials):
            self.write(tmp_path, files)
            silent = self.client(tmp_path, *self.compose({"get": get}, mixins=[Knowing]))
            if files:
                assert "five" in silent.get("/0").text
                assert asked == []
                naming = {name: text.replace("name", "current_user.username") for name, text in files.items()}
                self.write(tmp_path, naming)
                client = self.client(tmp_path, *self.compose({"get": get}, mixins=[Knowing]))
                assert "&lt;paul&gt;" in client.get("/0").text
                assert asked.pop() == "asked"
                asked.clear()

    def test_the_user_is_none_without_authentication(self, tmp_path: Path) -> None:
        """So that one layout serves pages with and without."""
        self.write(tmp_path, {"page.html": self.say("current_user")})

        assert self.client(tmp_path, self.page()).get("/0").text in (
            "<div><p>None</p></div>",
            "<div><p></p></div>",
        )

    def test_a_fault_in_reading_the_user_is_no_anonymous_visitor(self, tmp_path: Path) -> None:
        """An AttributeError in there must not pass for an attribute that is not there."""
        self.write(tmp_path, {"page.html": self.say("current_user")})

        class Failing:
            @property
            def current_user(self) -> Any:
                raise AttributeError("the database is gone")

        def get(handler: Any) -> Any:
            return handler.render_template("page.html")

        client = self.client(tmp_path, *self.compose({"get": get}, mixins=[Failing]))

        with silence():
            assert client.get("/0").status_code == 500

    def test_templates_find_the_csrf_token(self, tmp_path: Path) -> None:
        """Where the handler offers one; a page that does not name it causes none, and so no cookie."""
        made: list[str] = []

        class Guarding:
            @property
            def csrf_token(self) -> str:
                made.append("made")
                return "a<token"

        def get(handler: Any) -> Any:
            return handler.render_template(handler.get_argument("file"))

        self.write(
            tmp_path, {"page.html": self.say("handler.message.path"), "form.html": self.say("csrf_token")}
        )
        client = self.client(tmp_path, *self.compose({"get": get}, mixins=[Guarding]))

        assert client.get("/0", query={"file": "page.html"}).status_code == 200
        assert made == []
        assert client.get("/0", query={"file": "form.html"}).text == "<div><p>a&lt;token</p></div>"

    def test_what_the_handler_gives_goes_first(self, tmp_path: Path) -> None:
        """Over every name that templates find by themselves."""
        self.write(tmp_path, {"page.html": self.say("current_user", "url_for")})

        page = self.page(current_user="given", url_for="given")

        assert self.client(tmp_path, page).get("/0").text == "<div><p>given</p><p>given</p></div>"

    # What goes wrong: always one answer with the right status

    def test_another_method_is_405_with_the_error_page(self, tmp_path: Path) -> None:
        """In each order of the bases; the first Brubeck never answered."""
        self.write(tmp_path, {"page.html": "here", "errors.html": self.say("error_code", "error_message")})

        def get(handler: Any) -> Any:
            return handler.render_template("page.html")

        handlers = self.compose({"get": get})
        client = self.client(tmp_path, *handlers)

        for number in range(len(handlers)):
            answer = client.post(f"/{number}")
            assert (answer.status_code, answer.headers["allow"]) == (405, "GET, HEAD, OPTIONS")
            assert answer.text == "<div><p>405</p><p>Method Not Allowed</p></div>"

    def test_a_handler_that_raises_is_500_and_tells_nothing(self, tmp_path: Path) -> None:
        """Unless in debug mode."""
        self.write(tmp_path, {"errors.html": self.say("error_code", "error_message")})
        handlers = self.compose({"get": raising(RuntimeError("a secret of the server"))})

        client = self.client(tmp_path, *handlers)
        with silence():
            answers = [client.get(f"/{number}") for number in range(len(handlers))]
            debugged = self.client(tmp_path, *handlers, debug=True).get("/0")

        assert {answer.status_code for answer in answers} == {500}
        assert {answer.text for answer in answers} == {"<div><p>500</p><p>Internal Server Error</p></div>"}
        assert "a secret of the server" in debugged.text

    def test_a_page_for_one_status_goes_first(self, tmp_path: Path) -> None:
        """`errors/404.html` before `errors.html`."""
        self.write(tmp_path, {"errors.html": "any", "errors/404.html": "lost"})
        handlers = [self.compose({"get": raising(HTTPError(code))})[0] for code in (404, 410)]
        client = self.client(tmp_path, *handlers)

        assert [client.get("/0").text, client.get("/1").text] == ["lost", "any"]

    def test_without_an_error_template_the_page_is_plain(self, tmp_path: Path) -> None:
        """The status and its phrase."""
        client = self.client(tmp_path, *self.compose({"get": raising(HTTPError(403))}))
        answer = client.get("/0")

        assert answer.status_code == 403
        assert "403 Forbidden" in answer.text

    def test_a_broken_error_template_is_logged_once_and_the_page_is_plain(
        self, tmp_path: Path, caplog: Any
    ) -> None:
        """In each order of the bases, for each kind of error."""
        self.write(tmp_path, {"errors.html": self.broken})
        handlers = self.compose({"get": raising(HTTPError(410))})
        client = self.client(tmp_path, *handlers)

        for number in range(len(handlers)):
            for method, status_code in (("GET", 410), ("POST", 405)):
                caplog.clear()
                answer = client.request(method, f"/{number}")
                assert answer.status_code == status_code
                assert str(status_code) in answer.text
                assert ["error page failed" in record.getMessage() for record in errors_in(caplog)] == [True]

    def test_errors_of_a_json_handler_stay_json(self, tmp_path: Path) -> None:
        """Whoever speaks JSON does not read pages."""
        self.write(tmp_path, {"errors.html": "a page"})
        client = self.client(tmp_path, *self.compose({"get": raising(HTTPError(410))}, JSONMessageHandler))

        assert client.get("/0").json()["status_code"] == 410

    def test_a_missing_template_is_500_and_named_in_the_log(self, tmp_path: Path, caplog: Any) -> None:
        """In each order of the bases."""

        def get(handler: Any) -> Any:
            return handler.render_template("pagee.html")

        self.write(tmp_path, {"page.html": "here"})
        handlers = self.compose({"get": get})
        client = self.client(tmp_path, *handlers)
        answers = [client.get(f"/{number}") for number in range(len(handlers))]

        assert {answer.status_code for answer in answers} == {500}
        assert all("pagee" not in answer.text for answer in answers)
        assert len(errors_in(caplog)) == len(handlers)
        assert "pagee.html" in caplog.text

    def test_a_template_that_does_not_compile_is_500_with_its_place_in_the_log(
        self, tmp_path: Path, caplog: Any
    ) -> None:
        """File and line; in the browser only in debug mode."""
        self.write(tmp_path, {"broken.html": f"one\ntwo\n{self.broken}"})

        self._check_fault(tmp_path, "broken.html", caplog)

    def test_a_template_that_fails_is_500_with_its_place_in_the_log(
        self, tmp_path: Path, caplog: Any
    ) -> None:
        """File and line; in the browser only in debug mode."""
        failing = self.expression % "name.no_such_thing.here" if self.failing is None else self.failing
        self.write(tmp_path, {"failing.html": f"<p>one</p>\n<p>two</p>\n<p>{failing}</p>\n<p>four</p>"})

        if failing:
            self._check_fault(tmp_path, "failing.html", caplog)

    def _check_fault(self, folder: Path, file: str, caplog: Any) -> None:
        quiet = self.client(folder, self.page(file, name="five")).get("/0")
        assert quiet.status_code == 500
        assert file not in quiet.text
        assert len(errors_in(caplog)) == 1
        assert f"{file}{', line 3' if self.reports_lines else ''}" in caplog.text

        loud = self.client(folder, self.page(file, name="five"), debug=True).get("/0")
        assert loud.status_code == 500
        assert f"{file}{', line 3' if self.reports_lines else ''}" in loud.text

    def test_a_name_that_leads_out_of_the_folder_is_refused(self, tmp_path: Path) -> None:
        """Though the file is there."""
        self.write(tmp_path, {"secret.html": "secret", "own/page.html": "here", "own/sub/page.html": "here"})

        def get(handler: Any) -> Any:
            return handler.render_template(handler.get_argument("name", strip=False) or "")

        client = self.client(tmp_path / "own", *self.compose({"get": get}))

        with silence():
            answers = [client.get("/0", query={"name": name}) for name in ESCAPES]
        assert [answer.status_code for answer in answers] == [500] * len(ESCAPES)
        assert all("secret" not in answer.text and "root:" not in answer.text for answer in answers)
        assert client.get("/0", query={"name": "sub/page.html"}).text == "here"

    # Beside others

    def test_it_composes_with_every_installed_mixin(self, tmp_path: Path) -> None:
        """In each order of the bases, also when the method is another."""
        self.write(tmp_path, {"page.html": "here"})

        def get(handler: Any) -> Any:
            return handler.render_template("page.html")

        for name, value in PluginManager().load().mixins.items():
            if "renderer" in getattr(value.get(), "provides", ()):
                continue  # a rival, between which and this one a class has to choose
            handlers = self.compose({"get": get}, mixins=[value.get()])
            try:
                client = self.client(tmp_path, *handlers, **self.settings_of_mixins)
            except ConfigurationError:
                continue  # the mixin wants more of an application than could be known here
            for number in range(len(handlers)):
                assert client.get(f"/{number}").text == "here", (name, handlers[number].__mro__)
                assert client.put(f"/{number}").status_code in {403, 405}, (name, handlers[number].__mro__)

    def test_a_second_renderer_needs_a_choice(self) -> None:
        """Two renderers on one class are refused when it is made, unless one is chosen."""
        bases = (WebMessageHandler, self.renderer, OtherRendering)

        with refused("renderer="):
            type("Both", bases, {})
        for order in (bases, bases[::-1]):
            chosen: Any = type("Chosen", order, {}, renderer=self.renderer)
            assert chosen.render_template is self.renderer.render_template

    def test_it_shares_no_name_with_the_handler(self) -> None:
        """And has no `__init__`, so that the order of the bases does not matter."""
        defined = {name for base in self.renderer.__mro__[:-1] for name in vars(base)}

        assert "__init__" not in defined
        assert [
            name for name in defined if not name.startswith("_") and hasattr(WebMessageHandler, name)
        ] == []

    def test_importing_it_imports_no_engine(self) -> None:
        """An engine costs more to import than all of Brubeck's plugins together."""
        package = self.engine_package or self.renderer.engine_package
        if package is not None:
            program = f"import sys, {self.renderer.__module__}; sys.exit({package!r} in sys.modules)"

            assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def raising(exception: Exception) -> Any:
    """Return a method that raises *exception*."""

    def method(handler: Any) -> Any:
        raise exception

    return method


def check_escaped(page: str, attack: str) -> None:
    """Check that `<p title="ATTACK">ATTACK</p>` holds *attack* as text, whole, and nothing else."""
    assert page.startswith('<p title="'), page
    assert page.endswith("</p>"), page
    title, mark, content = page[len('<p title="') : -len("</p>")].partition('">')
    assert mark, page
    assert not set('<>"') & set(title), page
    assert not set("<>") & set(content), page
    assert [html.unescape(title), html.unescape(content)] == [attack, attack], page


def errors_in(caplog: Any) -> list[logging.LogRecord]:
    """Return what Brubeck logged as an error."""
    return [
        record for record in caplog.records if record.name == "brubeck" and record.levelno >= logging.ERROR
    ]


class refused:  # noqa: N801 - reads as a verb, like pytest.raises, which core cannot import
    """A block that must raise `ConfigurationError` with *words* in its message."""

    def __init__(self, words: str) -> None:
        self.words = words

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, exception: BaseException | None, traceback: object) -> bool:
        assert isinstance(exception, ConfigurationError), f"not refused: {exception!r}"
        assert self.words in str(exception), exception
        return True


class silence:  # noqa: N801 - reads as a verb
    """A block in which expected errors are not logged."""

    def __enter__(self) -> None:
        logging.getLogger("brubeck").setLevel(logging.CRITICAL + 1)

    def __exit__(self, *exc_info: object) -> None:
        logging.getLogger("brubeck").setLevel(logging.NOTSET)
