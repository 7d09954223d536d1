"""How an application gets and chooses its template engines, with engines of a few lines."""

from types import ModuleType

import pytest
from brubeck.core.application import Brubeck
from brubeck.core.errors import ConfigurationError, MissingPlugin


class Engine:
    def __init__(self, name: str | None, *files: str, suffixes: tuple[str, ...] = ()) -> None:
        self.name = name
        self.files = files
        self.suffixes = suffixes
        self.application: Brubeck | None = None

    def configure(self, application: Brubeck) -> None:
        assert self.application is None
        self.application = application

    def has(self, file: str) -> bool:
        return file in self.files

    def render(self, file: str, context: dict[str, object]) -> str:
        return f"{self.name} {file} {context}"


def test_an_engine_is_loaded_when_it_is_asked_for_and_kept() -> None:
    made = []

    def load() -> Engine:
        made.append(Engine("a"))
        return made[-1]

    application = Brubeck(template_loader=load)
    assert (made, application.has_templates) == ([], True)

    assert application.render_template("page", x=1) == "a page {'x': 1}"
    assert application.template_engine is application.templates.get("a") is made[0]
    assert made[0].application is application
    assert len(made) == 1


def test_of_several_the_suffix_chooses_then_who_has_the_file_then_the_first() -> None:
    engines = {"a": Engine("a", "x.html"), "b": Engine("b", "y.html", suffixes=(".b",))}
    application = Brubeck(
        template_loader={name: lambda engine=engine: engine for name, engine in engines.items()}
    )

    files = ["x.html", "y.html", "x.html.b", "nowhere.html"]
    assert [application.render_template(file)[0] for file in files] == ["a", "b", "b", "a"]
    assert application.templates.get("b") is engines["b"]


def test_an_engine_without_a_name_answers_to_every_name() -> None:
    application = Brubeck(template_loader=lambda: Engine(None))

    assert application.templates.get("jinja2") is application.template_engine


def test_another_engine_is_refused_with_the_way_out() -> None:
    application = Brubeck(template_loader=lambda: Engine("a"))

    with pytest.raises(ConfigurationError, match=r"are for a, not for b.*template_loader=\{'b': load_…_env"):
        application.templates.get("b")


def test_an_environment_of_another_library_is_adopted_by_the_renderer_of_its_name() -> None:
    library = ModuleType("chalk")
    exec(
        "class Board:\n    pass\n\nclass Own(Board):\n    pass",
        vars(library) | {"__name__": "chalk.boards"},
        vars(library),
    )

    class ChalkRendering:
        @classmethod
        def adopt_engine(cls, native: object) -> Engine:
            return Engine("chalk", type(native).__name__)

    class Plugin:
        def brubeck_renderers(self) -> dict[str, type]:
            return {"chalk": ChalkRendering}

    from brubeck.plugins import hookimpl

    Plugin.brubeck_renderers = hookimpl(Plugin.brubeck_renderers)
    application = Brubeck(template_loader=library.Own, plugins=[Plugin()])

    assert application.template_engine.has("Own")


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"template_loader": 5}, "must be a function that returns an engine, got 5"),
        ({"template_loader": {"a": 5}}, "must be a function that returns an engine, got 5"),
        ({"template_loader": Engine, "template_engine": "a"}, "not both"),
        ({"template_dir": "templates"}, "template_dir needs template_engine"),
    ],
)
def test_settings_that_cannot_work_are_refused(settings: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        Brubeck(**settings)


def test_what_renders_nothing_is_no_engine() -> None:
    with pytest.raises(ConfigurationError, match="must return a template engine, got 5"):
        Brubeck(template_loader=lambda: 5).render_template("page")


def test_without_templates_the_sentence_says_what_to_give() -> None:
    with pytest.raises(ConfigurationError, match="No templates are configured: give template_loader"):
        Brubeck().render_template("page")


def test_an_unknown_engine_is_told_when_the_application_is_made() -> None:
    with pytest.raises(MissingPlugin, match="renderer 'chalk'"):
        Brubeck(template_engine="chalk", template_dir="templates")


@pytest.mark.parametrize(
    ("setting", "url"),
    [
        ("/static/", "/static/a%20b/site.css"),
        ("//cdn.example/v2", "//cdn.example/v2/a%20b/site.css"),
        (lambda path: f"/{len(path)}", "/13"),
    ],
)
def test_static_files_have_a_url(setting: object, url: str) -> None:
    assert (
        Brubeck(static_url=setting).static_url("/a b/site.css" if callable(setting) else "a b/site.css")
        == url
    )
