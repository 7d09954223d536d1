"""The mixins: `render_template` on a handler, and error pages out of templates."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

from brubeck.core.errors import ConfigurationError
from brubeck.core.responses import HTML, JSON
from brubeck.templating.absent import check_installed, import_engine
from brubeck.templating.context import get_of_handler
from brubeck.templating.folders import Folder, Folders

if TYPE_CHECKING:
    from brubeck.core.headers import Headers
    from brubeck.core.responses import Response
    from brubeck.request_handling import Brubeck
    from brubeck.templating.engine import Engine

__all__ = [
    "Jinja2Rendering",
    "MakoRendering",
    "MustacheRendering",
    "Rendering",
    "TemplateRendering",
    "TornadoRendering",
]

STREAM_BYTES = 4096
"""How much of a streamed page is collected before it is sent: some TCP segments, not one for each tag."""

NOT_HTML = frozenset((JSON, "text/plain; charset=utf-8"))
"""Content types of the plain handler classes, which a rendered page does not have."""


class Page(Protocol):
    """What a rendering mixin uses of the handler beside it."""

    application: Brubeck
    content_type: ClassVar[str]
    engine_name: ClassVar[str | None]

    @property
    def headers(self) -> Headers: ...
    def set_body(self, body: str, headers: None = None, status_code: int = 200) -> None: ...
    def render(self) -> Response: ...
    def make_response(self, body: Iterable[bytes], status_code: int | None = None) -> Response: ...
    def render_template(self, file: str, _status_code: int = 200, **context: Any) -> Response: ...


class Rendering:
    """Renders templates with one engine.

    Adds: `render_template`, `stream_template`.
    Needs: `Brubeck(template_loader=…)`, or `template_engine` and `template_dir`.
    Answers: `error_page`, with `errors/404.html` or `errors.html` where they exist.

    A renderer for another engine subclasses this and says `provides = ("renderer",)` again, so that two
    renderers on one handler are noticed.
    """

    provides = ("renderer",)

    engine_name: ClassVar[str | None] = None
    """Which of the application's engines to render with; None for the one that a file's suffix names."""

    engine_class: ClassVar[type[Engine[Any]] | str | None] = None
    """The adapter, or `"package.module:Class"` so that it is imported when used."""

    engine_package: ClassVar[str | None] = None
    """What must be installed for it, by the name that is imported."""

    @classmethod
    def make_loader(
        cls,
        template_dir: Folder | Iterable[Folder] | None = None,
        *,
        package: str | None = None,
        **options: Any,
    ) -> Callable[[], Engine[Any]]:
        """Return what `Brubeck(template_loader=…)` takes.

        Args:
            template_dir: A folder or several; the first that has a file wins.
            package: Behind those, the folder `templates` of this package, or another: `"myapp:pages"`.
            options: `autoescape=False` switches escaping off. `reload` compiles changed files again (by
                default with `debug`). `cache_dir` keeps compiled templates between runs. `setup` is called
                with the engine's own environment. Others are the engine's own.

        Raises:
            ConfigurationError: There is no folder to look in.
            MissingPlugin: The engine is not installed.
        """
        check_installed(cls)
        return partial(cls._open, Folders.gather(template_dir, package), options)

    @classmethod
    def load_engine(cls, template_dir: Folder | Iterable[Folder] | None, **options: Any) -> Engine[Any]:
        """Return the engine itself; see `make_loader`."""
        return cls.make_loader(template_dir, **options)()

    @classmethod
    def adopt_engine(cls, native: Any) -> Engine[Any]:
        """Return an engine around *native*, an environment that was made elsewhere, as it is."""
        engine: Engine[Any] = import_engine(cls)(Folders(()), native=native)
        engine.name = cls.engine_name
        return engine

    @classmethod
    def _open(cls, folders: Folders, options: dict[str, Any]) -> Engine[Any]:
        engine_class = import_engine(cls)
        folders.check()
        engine: Engine[Any] = engine_class(folders, **options)
        engine.name = cls.engine_name
        return engine

    @classmethod
    def check_application(cls, application: Brubeck) -> None:
        """Load the engine, so that what is missing is said when the route is added."""
        try:
            application.templates.get(cls.engine_name)
        except ConfigurationError as exc:
            raise ConfigurationError(f"{cls.__qualname__} renders templates. {exc}") from exc

    def render_template(self: Page, file: str, _status_code: int = 200, **context: Any) -> Response:
        """Return a page: the template *file* with *context* filled in.

        Templates also find `handler`, `current_user`, `csrf_token` and `csrf_field` where the handler has
        them, and `url_for`, `static_url` and `time_tag`.

        Args:
            file: From the template folder on.
            _status_code: Of the answer; a status set before stays, unless this names another than 200.
            context: What the template may use.

        Raises:
            TemplateNotFound: There is no such file.
        """
        context.setdefault("handler", self)
        text = self.application.templates.get(self.engine_name).render(file, context)
        if self.content_type in NOT_HTML and "Content-Type" not in self.headers:
            self.headers["Content-Type"] = HTML
        self.set_body(text, status_code=_status_code)
        return self.render()

    def stream_template(self: Page, file: str, _status_code: int = 200, **context: Any) -> Response:
        """Return a page that is sent while it is rendered; whole, where the engine cannot do that.

        An error behind the first 4 KiB can no longer become an error page; the transport cuts the answer off.
        """
        context.setdefault("handler", self)
        take_csrf_cookie(self)
        pieces = self.application.templates.get(self.engine_name).stream(file, context)
        if self.content_type in NOT_HTML and "Content-Type" not in self.headers:
            self.headers["Content-Type"] = HTML
        self.set_body("", status_code=_status_code)
        return self.make_response(encode_pieces(pieces))

    def error_page(
        self: Page, status_code: int, message: str, exception: BaseException | None
    ) -> Response | None:
        """Draw an error page from a template; None where there is none, or where JSON is spoken."""
        if self.content_type == JSON:
            return None
        file = self.application.templates.get(self.engine_name).find_error_template(status_code)
        if file is None:
            return None
        return self.render_template(file, status_code, error_code=status_code, error_message=message)


class TemplateRendering(Rendering):
    """Renders with whatever engines the application has, each file with the one its suffix names.

    Adds: `render_template`, `stream_template`.
    Needs: `template_loader`, or `template_engine` and `template_dir`.
    Answers: `error_page`.
    """

    provides = ("renderer",)


class Jinja2Rendering(Rendering):
    """Renders Jinja2 templates.

    Adds: `render_template`, `stream_template`.
    Needs: `template_loader=load_jinja2_env(folder)`, or `template_engine='jinja2'`.
    Answers: `error_page`.
    """

    provides = ("renderer",)
    engine_name = "jinja2"
    engine_class = "brubeck.templating.engines.jinja2:Jinja2Engine"
    engine_package = "jinja2"


class TornadoRendering(Rendering):
    """Renders Tornado templates.

    Adds: `render_template`, `stream_template`.
    Needs: `template_loader=load_tornado_env(folder)`, or `template_engine='tornado'`.
    Answers: `error_page`.
    """

    provides = ("renderer",)
    engine_name = "tornado"
    engine_class = "brubeck.templating.engines.tornado:TornadoEngine"
    engine_package = "tornado"


class MakoRendering(Rendering):
    """Renders Mako templates.

    Adds: `render_template`, `stream_template`.
    Needs: `template_loader=load_mako_env(folder)`, or `template_engine='mako'`.
    Answers: `error_page`.
    """

    provides = ("renderer",)
    engine_name = "mako"
    engine_class = "brubeck.templating.engines.mako:MakoEngine"
    engine_package = "mako"


class MustacheRendering(Rendering):
    """Renders Mustache templates, with Pystache.

    Adds: `render_template`, `stream_template`.
    Needs: `template_loader=load_mustache_env(folder)`, or `template_engine='pystache'`.
    Answers: `error_page`.
    """

    provides = ("renderer",)
    engine_name = "pystache"
    engine_class = "brubeck.templating.engines.mustache:MustacheEngine"
    engine_package = "pystache"


def take_csrf_cookie(handler: Page) -> None:
    """Have the handler set its CSRF cookie now: headers are gone when a streamed page gets to its form."""
    token = get_of_handler(handler, "csrf_token", None)
    if callable(token):
        token()


def encode_pieces(pieces: Iterator[str]) -> Iterator[bytes]:
    """Yield UTF-8, joined to pieces worth sending."""
    kept: list[bytes] = []
    size = 0
    for piece in pieces:
        encoded = piece.encode("utf-8", "replace")
        kept.append(encoded)
        size += len(encoded)
        if size >= STREAM_BYTES:
            yield b"".join(kept)
            kept, size = [], 0
    if kept:
        yield b"".join(kept)
