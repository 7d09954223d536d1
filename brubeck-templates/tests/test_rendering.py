"""Several engines in one application, streams, and error pages where no handler was reached."""

import pytest
from brubeck.core.errors import ConfigurationError, HTTPError
from brubeck.request_handling import Brubeck, JSONMessageHandler, WebMessageHandler
from brubeck.templating import (
    Jinja2Rendering,
    MakoRendering,
    MustacheRendering,
    TemplateRendering,
    load_jinja2_env,
    load_mako_env,
    load_mustache_env,
)
from brubeck.testing import Client


def page_of(renderer: type, file: str, base: type = WebMessageHandler, **context) -> type:
    def get(self):
        return self.render_template(file, **context)

    return type("Page", (base, renderer), {"get": get})


@pytest.fixture
def folders(tmp_path):
    files = {
        "jinja2/page.html": "jinja2 {{ name }}",
        "jinja2/page.html.j2": "by suffix {{ name }}",
        "jinja2/errors.html": "jinja2 error {{ error_code }}",
        "mako/page.html": "mako ${name}",
        "mako/only.html": "only ${name}",
        "mako/page.mako": "by suffix ${name}",
    }
    for file, text in files.items():
        path = tmp_path / file
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    return {"jinja2": load_jinja2_env(tmp_path / "jinja2"), "mako": load_mako_env(tmp_path / "mako")}


def test_each_mixin_takes_its_engine(folders) -> None:
    routes = [
        ("^/j$", page_of(Jinja2Rendering, "page.html", name=1)),
        ("^/m$", page_of(MakoRendering, "page.html", name=2)),
    ]
    client = Client(Brubeck(handler_tuples=routes, template_loader=folders))

    assert [client.get("/j").text, client.get("/m").text] == ["jinja2 1", "mako 2"]


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("page.html", "jinja2 <"),
        ("page.html.j2", "by suffix <"),
        ("page.mako", "by suffix <"),
        ("only.html", "only <"),
    ],
)
def test_a_suffix_names_the_engine_else_the_first_that_has_the_file(folders, file, text) -> None:
    app = Brubeck(
        handler_tuples=[("^/$", page_of(TemplateRendering, file, name="<"))], template_loader=folders
    )

    assert Client(app).get("/").text == text.replace("<", "&lt;")
    assert app.render_template(file, name="<") == text.replace("<", "&lt;")
    assert Client(app).post("/").text == "jinja2 error 405"


def test_a_class_may_name_another_loader(tmp_path) -> None:
    (tmp_path / "mail.txt").write_text("Dear {{ name }}")
    loaders = {"jinja2": load_jinja2_env(tmp_path), "mail": load_jinja2_env(tmp_path, autoescape=False)}

    class Mail(WebMessageHandler, Jinja2Rendering):
        engine_name = "mail"

        def get(self):
            return self.render_template("mail.txt", name="<Paul>")

    assert (
        Client(Brubeck(handler_tuples=[("^/$", Mail)], template_loader=loaders)).get("/").text
        == "Dear <Paul>"
    )


def test_an_engine_the_application_does_not_have_is_refused_with_the_route(folders) -> None:
    for loaders in (folders, folders["jinja2"]):
        with pytest.raises(
            ConfigurationError, match=r"Page renders templates\. .* for jinja2.*, not for pystache"
        ):
            Brubeck(handler_tuples=[("^/$", page_of(MustacheRendering, "page"))], template_loader=loaders)


def test_mustache_is_found_by_the_name_of_its_language(tmp_path) -> None:
    (tmp_path / "page.mustache").write_text("Take {{name}}")
    page = page_of(MustacheRendering, "page", name="five")

    for settings in (
        {"template_engine": "mustache", "template_dir": tmp_path},
        {"template_engine": ["mustache", "jinja2"], "template_dir": [tmp_path]},
        {"template_loader": {"mustache": load_mustache_env(tmp_path)}},
        {"template_loader": {"mustache": load_mustache_env(tmp_path), "jinja2": load_jinja2_env(tmp_path)}},
    ):
        assert Client(Brubeck(handler_tuples=[("^/$", page)], **settings)).get("/").text == "Take five"


def test_a_page_no_route_leads_to_needs_no_base_handler(tmp_path) -> None:
    (tmp_path / "errors.html").write_text("jinja2 {{ error_code }} {{ error_message }}")

    def forbidden(application, message):
        raise HTTPError(403, "Not <you>.")

    routes = [("^/forbidden$", forbidden)]
    client = Client(Brubeck(handler_tuples=routes, template_engine="jinja2", template_dir=tmp_path))

    assert client.get("/nowhere").text == "jinja2 404 Not Found"
    assert client.get("/forbidden").text == "jinja2 403 Not &lt;you&gt;."


def test_without_a_template_such_a_page_is_plain(tmp_path) -> None:
    answer = Client(Brubeck(template_engine="jinja2", template_dir=tmp_path)).get("/nowhere")

    assert (answer.status_code, "<h1>404 Not Found</h1>" in answer.text) == (404, True)


def test_a_page_no_route_leads_to_is_drawn_by_the_base_handler(folders) -> None:
    class Base(WebMessageHandler, Jinja2Rendering):
        pass

    answer = Client(Brubeck(base_handler=Base, template_loader=folders)).get("/nowhere")

    assert (answer.status_code, answer.text) == (404, "jinja2 error 404")


def test_a_stream_that_fails_at_once_is_an_error_page(tmp_path) -> None:
    (tmp_path / "page.html").write_text("{{ name.no_such.thing }}")
    (tmp_path / "errors.html").write_text("failed {{ error_code }}")

    class Page(WebMessageHandler, Jinja2Rendering):
        def get(self):
            return self.stream_template("page.html", name="five")

    answer = Client(Brubeck(handler_tuples=[("^/$", Page)], template_loader=load_jinja2_env(tmp_path))).get(
        "/"
    )

    assert (answer.status_code, answer.text) == (500, "failed 500")


def test_a_stream_begins_before_its_data_ends(tmp_path) -> None:
    """The page is sent while the last rows are not there yet."""
    (tmp_path / "page.html").write_text("{% for row in rows %}<p>{{ row }}</p>{% endfor %}")
    taken = []

    def rows():
        for number in range(1000):
            taken.append(number)
            yield "x" * 100

    engine = load_jinja2_env(tmp_path)()
    from brubeck.templating.rendering import encode_pieces

    pieces = encode_pieces(engine.stream("page.html", {"rows": rows()}))
    first = next(pieces)

    assert 4096 <= len(first) < 5000
    assert len(taken) < 50


def test_a_stream_sets_the_csrf_cookie_that_its_form_needs(tmp_path) -> None:
    """Headers are gone when the page gets to its form."""
    (tmp_path / "page.html").write_text("<p>{{ '-' * 9000 }}</p>{{ csrf_token }}")

    class Guarding:
        @property
        def csrf_token(self):
            self.set_cookie("csrf", "1")
            return "token"

    class Page(WebMessageHandler, Jinja2Rendering, Guarding):
        def get(self):
            return self.stream_template("page.html")

    answer = Client(Brubeck(handler_tuples=[("^/$", Page)], template_loader=load_jinja2_env(tmp_path))).get(
        "/"
    )

    assert answer.text.endswith("token")
    assert answer.cookies == {"csrf": "1"}


def test_a_page_keeps_the_content_type_that_was_set(tmp_path) -> None:
    (tmp_path / "feed.xml").write_text("<feed/>")

    class Feed(JSONMessageHandler, Jinja2Rendering):
        def get(self):
            self.headers["Content-Type"] = "application/atom+xml"
            return self.render_template("feed.xml")

    answer = Client(Brubeck(handler_tuples=[("^/$", Feed)], template_loader=load_jinja2_env(tmp_path))).get(
        "/"
    )

    assert answer.headers["content-type"] == "application/atom+xml"


def test_a_handler_may_change_how_it_renders(tmp_path) -> None:
    """`render` is called for pages too."""
    (tmp_path / "page.html").write_text("page")

    class Page(WebMessageHandler, Jinja2Rendering):
        def get(self):
            return self.render_template("page.html")

        def render(self, *args, **kwargs):
            self.headers["X-Seen"] = "yes"
            return super().render(*args, **kwargs)

    answer = Client(Brubeck(handler_tuples=[("^/$", Page)], template_loader=load_jinja2_env(tmp_path))).get(
        "/"
    )

    assert answer.headers["x-seen"] == "yes"
