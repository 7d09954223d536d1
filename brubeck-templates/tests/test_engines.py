"""What is one engine's own."""

import os
import stat

import jinja2
import mako.lookup
import markupsafe
import pystache
import pytest
import tornado.template
from brubeck.core.errors import ConfigurationError, MissingPlugin
from brubeck.request_handling import Brubeck, HTTPError, WebMessageHandler
from brubeck.templating import (
    Jinja2Rendering,
    MakoRendering,
    MustacheRendering,
    Rendering,
    TemplateNotFound,
    TornadoRendering,
    load_jinja2_env,
    load_mako_env,
    load_mustache_env,
    load_tornado_env,
)
from brubeck.testing import Client

LOADERS = {
    Jinja2Rendering: load_jinja2_env,
    TornadoRendering: load_tornado_env,
    MakoRendering: load_mako_env,
    MustacheRendering: load_mustache_env,
}
SAY = {
    Jinja2Rendering: "{{ name }}",
    TornadoRendering: "{{ name }}",
    MakoRendering: "${name}",
    MustacheRendering: "{{name}}",
}
INCLUDE = {
    Jinja2Rendering: "{{% include '{}' %}}",
    TornadoRendering: "{{% include '{}' %}}",
    MakoRendering: "<%include file='{}'/>",
    MustacheRendering: "{{{{> {} }}}}",
}
ENGINES = pytest.mark.parametrize("renderer", LOADERS, ids=lambda renderer: renderer.engine_name)


def page_of(renderer: type, file: str = "page.html", **context) -> type:
    def get(self):
        return self.render_template(file, **context)

    return type("Page", (WebMessageHandler, renderer), {"get": get})


def ask(handler: type, **settings):
    return Client(Brubeck(handler_tuples=[("^/$", handler)], **settings)).get("/")


@ENGINES
def test_a_single_quote_is_escaped(renderer, tmp_path) -> None:
    """For attributes in single quotes."""
    (tmp_path / "page.html").write_text(f"<p title='{SAY[renderer]}'>")
    engine = LOADERS[renderer](tmp_path)()

    assert "'" not in engine.render("page.html", {"name": "' onclick='x"})[len("<p title='") : -len("'>")]


@ENGINES
@pytest.mark.parametrize(
    "name", ["../secret.html", "/../secret.html", "//../secret.html", "\\..\\secret.html"]
)
def test_an_include_leads_nowhere_else(renderer, name, tmp_path) -> None:
    """Names in templates may come from data: `{% include kind %}`."""
    folder = tmp_path / "own"
    folder.mkdir()
    (tmp_path / "secret.html").write_text("secret")
    (folder / "page.html").write_text(INCLUDE[renderer].format(name))
    engine = LOADERS[renderer](folder)()

    with pytest.raises(Exception, match=r"is no name of a template|not found|invalid escape"):
        engine.render("page.html", {})


@pytest.mark.parametrize("renderer", [TornadoRendering, MakoRendering], ids=["tornado", "mako"])
def test_a_template_in_a_subfolder_names_its_neighbours(renderer, tmp_path) -> None:
    """The two engines whose names are relative to the file they stand in keep that, inside the folder."""
    (tmp_path / "pages").mkdir()
    (tmp_path / "pages" / "page.html").write_text(
        INCLUDE[renderer].format("part.html") + INCLUDE[renderer].format("../base.html")
    )
    (tmp_path / "pages" / "part.html").write_text("part ")
    (tmp_path / "base.html").write_text("base")

    assert LOADERS[renderer](tmp_path)().render("pages/page.html", {}) == "part base"


BARE = {
    "jinja2": (
        Jinja2Rendering,
        lambda folder: jinja2.Environment(loader=jinja2.FileSystemLoader(folder), autoescape=True),
    ),
    "jinja2 DictLoader": (
        Jinja2Rendering,
        lambda folder: jinja2.Environment(loader=jinja2.DictLoader({"page.html": "{{ name }}"})),
    ),
    "tornado": (TornadoRendering, lambda folder: tornado.template.Loader(str(folder))),
    "tornado DictLoader": (
        TornadoRendering,
        lambda folder: tornado.template.DictLoader({"page.html": "{{ name }}"}),
    ),
    "mako": (MakoRendering, lambda folder: mako.lookup.TemplateLookup([str(folder)])),
    "pystache": (MustacheRendering, lambda folder: pystache.Renderer(search_dirs=str(folder))),
}


@pytest.mark.parametrize(("renderer", "make"), BARE.values(), ids=BARE)
def test_an_environment_made_elsewhere_serves(renderer, make, tmp_path) -> None:
    (tmp_path / "page.html").write_text(SAY[renderer])
    app = Brubeck(
        handler_tuples=[("^/$", page_of(renderer, name="five")), ("^/lost$", page_of(renderer, "lost.html"))],
        template_loader=lambda: make(tmp_path),
    )

    assert Client(app).get("/").text == "five"
    assert Client(app).post("/").status_code == 405
    assert Client(app).get("/lost").status_code == 500
    assert app.render_template("page.html", name="four") == "four"


def test_what_is_no_engine_is_refused_with_the_route() -> None:
    with pytest.raises(ConfigurationError, match="must return a template engine, got 42"):
        ask(page_of(Jinja2Rendering), template_loader=lambda: 42)


def test_any_object_that_renders_is_an_engine() -> None:
    class Shouting:
        def render(self, file, context):
            return f"{file} {context['name']}".upper()

        def find_error_template(self, status_code):
            return None

    class Page(WebMessageHandler, Rendering):
        def get(self):
            return self.render_template("page", name="five")

    assert ask(Page, template_loader=Shouting).text == "PAGE FIVE"


def test_options_go_to_the_engine_and_setup_sees_it(tmp_path) -> None:
    (tmp_path / "page.html").write_text("{% for n in [1, 2] %}\n{{ n | twice }}\n{% endfor %}")
    load = load_jinja2_env(
        tmp_path, trim_blocks=True, setup=lambda env: env.filters.update(twice=lambda n: 2 * n)
    )

    assert load().render("page.html", {}) == "2\n4\n"


@pytest.mark.parametrize("renderer", [Jinja2Rendering, MakoRendering], ids=["jinja2", "mako"])
def test_compiled_templates_outlive_the_process_apart_for_each_setting(renderer, tmp_path) -> None:
    """Compiled with escaping off, a template must not be taken for one with escaping on."""
    (tmp_path / "page.html").write_text(SAY[renderer])
    cache = tmp_path / "cache"

    for autoescape, expected in ((False, "<"), (True, "&lt;"), (False, "<")):
        engine = LOADERS[renderer](tmp_path, cache_dir=cache, autoescape=autoescape)()
        assert engine.render("page.html", {"name": "<"}) == expected

    assert len(list(cache.iterdir())) == 2
    assert all(list(folder.rglob("*")) for folder in cache.iterdir())
    assert stat.S_IMODE(cache.stat().st_mode) == 0o700


@pytest.mark.skipif(os.name != "posix", reason="modes are POSIX")
def test_a_cache_that_others_may_write_to_is_refused(tmp_path) -> None:
    """What lies there is run as code."""
    tmp_path.chmod(0o777)

    with pytest.raises(ConfigurationError, match="others may write there"):
        load_mako_env(tmp_path, cache_dir=tmp_path)()


def test_an_error_raised_in_a_template_keeps_its_kind(tmp_path) -> None:
    (tmp_path / "page.html").write_text("{{ refuse() }}")

    def refuse():
        raise HTTPError(403, "Not for you.")

    answer = ask(page_of(Jinja2Rendering, refuse=refuse), template_loader=load_jinja2_env(tmp_path))

    assert (answer.status_code, "Not for you." in answer.text) == (403, True)


def test_an_include_that_fails_is_told_with_the_line_of_the_include(tmp_path) -> None:
    for renderer, load in LOADERS.items():
        if renderer is MustacheRendering:  # it fills in nothing where a name is missing
            continue
        (tmp_path / "page.html").write_text("\n" + INCLUDE[renderer].format("part.html"))
        (tmp_path / "part.html").write_text("\n\n\n" + SAY[renderer].replace("name", "name.no_such.thing"))

        with pytest.raises(Exception, match=r".") as raised:
            load(tmp_path)().render("page.html", {"name": "five"})

        assert f"part.html, line 4:\n    {SAY[renderer][0]}" in raised.value.__notes__[0], renderer


def test_mustache_tells_where_a_strict_name_is_missing(tmp_path) -> None:
    (tmp_path / "page.mustache").write_text("\n{{nothing}}")

    with pytest.raises(Exception, match="'nothing' not found") as raised:
        load_mustache_env(tmp_path, missing_tags="strict")().render("page", {})

    assert raised.value.__notes__ == [
        f"In the template {tmp_path}/page.mustache, line 2:\n    {{{{nothing}}}}"
    ]


def test_mustache_names_may_leave_out_the_suffix(tmp_path) -> None:
    (tmp_path / "page.mustache").write_text("Take {{> part }}")
    (tmp_path / "part.mustache").write_text("five")

    assert load_mustache_env(tmp_path)().render("page", {}) == "Take five"


@ENGINES
def test_a_hidden_field_is_html(renderer, tmp_path) -> None:
    """As `csrf_field` gives it; Tornado knows no markup, so its templates say `raw`."""

    class Guarding:
        csrf_field = markupsafe.Markup('<input type="hidden">')

    say = (
        "{% raw csrf_field %}"
        if renderer is TornadoRendering
        else SAY[renderer].replace("name", "csrf_field")
    )
    (tmp_path / "page.html").write_text(say)

    class Page(WebMessageHandler, Guarding, renderer):
        def get(self):
            return self.render_template("page.html")

    assert ask(Page, template_loader=LOADERS[renderer](tmp_path)).text == '<input type="hidden">'


class Unheard(Rendering):
    engine_name = "unheard"
    engine_class = "brubeck_no_such_module:Engine"
    engine_package = "brubeck_no_such_module"


def test_a_missing_engine_is_told_before_anything_is_loaded() -> None:
    with pytest.raises(MissingPlugin, match=r"The renderer 'unheard' .* cannot be used"):
        Unheard.make_loader("templates")


def test_a_missing_extra_is_told_with_the_line_that_brings_it(monkeypatch) -> None:
    """The line is read from the distribution's own metadata."""
    from brubeck.core import discovery
    from brubeck.templating import absent

    installed = discovery.installed_version
    monkeypatch.setattr(
        discovery, "installed_version", lambda name: None if name == "mako" else installed(name)
    )
    monkeypatch.setattr(absent, "find_spec", lambda name: None)

    with pytest.raises(MissingPlugin, match=r'pip install "brubeck-templates\[mako\]"'):
        load_mako_env("templates")


def test_an_engine_that_cannot_be_imported_is_told_with_the_cause() -> None:
    class Broken(Rendering):
        engine_name = "broken"
        engine_class = "brubeck.templating.engines.no_such:Engine"

    with pytest.raises(MissingPlugin, match="The renderer 'broken'"):
        Broken.load_engine("templates")


def test_missing_templates_have_one_error_in_all_engines(tmp_path) -> None:
    for load in LOADERS.values():
        with pytest.raises(TemplateNotFound, match=r"no template 'lost\.html'"):
            load(tmp_path)().render("lost.html", {})
