"""What all template engines of Brubeck share; an adapter adds how its engine loads a file and fills it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar

from brubeck.templating.cache import make_cache_folder
from brubeck.templating.context import MISSING, get_of_handler, names_in
from brubeck.templating.folders import Folder, Folders, TemplateNotFound, check_name
from brubeck.templating.moments import time_tag
from brubeck.templating.places import Place, add_place

if TYPE_CHECKING:
    from brubeck.request_handling import Brubeck

__all__ = ["Engine"]

Compiled = TypeVar("Compiled")


class Engine(Generic[Compiled]):
    """Finds templates by name, keeps them compiled, fills them, and tells where one went wrong.

    An adapter defines `load` and `fill`; `make` where its engine has an environment of its own, `locate`
    where it can tell lines, `stream` where it can give a page in pieces.

    Args:
        folders: Where the templates lie.
        autoescape: Whether what is filled in is escaped for HTML.
        reload: Compile a changed file again; by default where the application is in debug mode.
        cache_dir: Where compiled templates outlive the process, for engines that have that.
        setup: Called with the engine's own environment once, to add filters and the like.
        native: An environment made elsewhere, in the place of one made from the other arguments.
        options: For the engine itself.
    """

    suffixes: ClassVar[tuple[str, ...]] = ()
    """How names of this engine's files end, for applications with several engines."""

    asks_handler: ClassVar[bool] = False
    """Whether `fill` asks the handler for its names when a template reads them; else those that stand in the text of
    a template, or of one that it names, are asked for before it is filled."""

    name: str | None = None
    """The name under which it is registered; set when it is loaded."""

    def __init__(
        self,
        folders: Folders,
        *,
        autoescape: bool = True,
        reload: bool | None = None,
        cache_dir: Folder | None = None,
        setup: Callable[[Any], object] | None = None,
        native: Any = None,
        **options: Any,
    ) -> None:
        self.folders = folders
        self.autoescape = autoescape
        self.reload = bool(reload)
        self.options = options
        self.globals: dict[str, Any] = {}
        self.cache_folder = cache_dir and make_cache_folder(cache_dir, type(self), autoescape, options)
        self._follows_debug = reload is None and native is None
        self._compiled: dict[str, Compiled] = {}
        self._names: dict[str, tuple[str, ...]] = {}
        self._error_templates: dict[int, str | None] = {}
        self.native = self.make() if native is None else native
        if setup is not None:
            setup(self.native)

    # What an adapter defines

    def make(self) -> Any:
        """Return the engine's own environment, where it has one."""
        return None

    def load(self, file: str) -> Compiled:
        """Return *file*, which exists, compiled."""
        raise NotImplementedError(f"{type(self).__qualname__} must define load(file).")

    def fill(self, template: Compiled, context: Mapping[str, Any]) -> str:
        """Return the text of a compiled *template* with *context* filled in."""
        raise NotImplementedError(f"{type(self).__qualname__} must define fill(template, context).")

    def locate(self, exception: BaseException, file: str) -> Place | None:
        """Return the line that raised *exception* while *file* was rendered, where the engine can tell."""
        return None

    def forget(self) -> None:
        """Drop what the engine itself keeps compiled; called before a render while templates are reloaded."""

    def share(self, names: Mapping[str, Any]) -> None:
        """Make *names* known to every template, where the engine has a place for such; `complete` does it else."""

    # What every engine does

    def configure(self, application: Brubeck) -> None:
        """Take from *application* what templates may use; called once, when the engine is loaded for it."""
        if self._follows_debug:
            self.reload = application.debug
        self.globals = {
            "static_url": application.static_url,
            "time_tag": time_tag,
            "url_for": application.url_for,
        }
        self.share(self.globals)

    def has(self, file: str) -> bool:
        """Say whether there is a template *file*."""
        return self.folders.find(file) is not None

    def render(self, file: str, context: Mapping[str, Any]) -> str:
        """Return the text of *file* with *context* filled in.

        Raises:
            TemplateNotFound: There is no such file.
            Exception: Whatever the template or the engine raises, with a note of the template's line.
        """
        try:
            template = self._compiled.get(file)
            if template is None:
                template = self._open(file)
            if not self.asks_handler:
                context = self.complete(context, self._names[file])
            return self.fill(template, context)
        except Exception as exc:
            self._explain(exc, file)
            raise

    def stream(self, file: str, context: Mapping[str, Any]) -> Iterator[str]:
        """Yield the text of *file* in pieces; in one, where the engine cannot do better."""
        yield self.render(file, context)

    def find_error_template(self, status_code: int) -> str | None:
        """Return the template for *status_code*: `errors/404.html`, else `errors.html`, else None."""
        if self.reload:
            self._error_templates.clear()
        if status_code not in self._error_templates:
            endings = dict.fromkeys((".html", *self.suffixes))
            names = (f"{stem}{ending}" for stem in (f"errors/{status_code}", "errors") for ending in endings)
            self._error_templates[status_code] = next(filter(self.has, names), None)
        return self._error_templates[status_code]

    def complete(self, context: Mapping[str, Any], names: Iterable[str]) -> dict[str, Any]:
        """Return *context* with the application's names, and with *names* out of the handler's."""
        handler = context.get("handler")
        asked = {name: get_of_handler(handler, name) for name in names if name not in context}
        found = {name: value for name, value in asked.items() if value is not MISSING}
        return {**self.globals, **found, **context}

    def _open(self, file: str) -> Compiled:
        """Load *file*, and keep it unless templates are reloaded."""
        if self.reload:
            self.forget()
        if not self.has(check_name(file)):
            raise self.folders.explain_missing(file)
        template = self.load(file)
        if not self.asks_handler:
            self._names[file] = names_in("\n".join(self.folders.read_related(file)))
        if not self.reload:
            self._compiled[file] = template
        return template

    def _explain(self, exception: Exception, file: str) -> None:
        """Note on *exception* where in the templates it came from; what is not there names itself."""
        if isinstance(exception, TemplateNotFound):
            return
        try:
            place = self.locate(exception, file)
        except Exception:  # an engine whose tracebacks have changed must not hide the error itself
            place = None
        add_place(exception, place or Place(str(self.folders.find(file) or file)))
