"""Jinja2."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from brubeck.templating.context import HANDLER_NAMES, get_of_handler
from brubeck.templating.engine import Engine
from brubeck.templating.folders import check_name
from brubeck.templating.places import Place, add_place, frames_of
from jinja2 import (
    BaseLoader,
    Environment,
    FileSystemBytecodeCache,
    FileSystemLoader,
    Template,
    TemplateSyntaxError,
)
from jinja2 import TemplateNotFound as JinjaTemplateNotFound
from jinja2.runtime import Context
from jinja2.utils import missing

__all__ = ["Jinja2Engine"]


class HandlerContext(Context):
    """Asks the handler for what only it knows, when a template names it and not before."""

    def resolve_or_missing(self, key: str) -> Any:
        """Return the value of *key*, or Jinja2's `missing`."""
        if key in self.vars:
            return self.vars[key]
        if key in self.parent:
            return self.parent[key]
        if key in HANDLER_NAMES:
            return get_of_handler(self.get("handler"), key, missing)
        return missing


class NamedLoader(FileSystemLoader):
    """Looks for names only that every engine here accepts, in includes too."""

    def get_source(self, environment: Environment, template: str) -> tuple[str, str, Callable[[], bool]]:
        """Return the text, the path and what tells whether the file changed."""
        return super().get_source(environment, check_name(template))


class Jinja2Engine(Engine[Template]):
    """Renders with a `jinja2.Environment`."""

    suffixes = (".jinja2", ".jinja", ".j2")
    asks_handler = True

    native: Environment

    def make(self) -> Environment:
        """Return an environment over the folders."""
        options = dict(self.options)
        cache = FileSystemBytecodeCache(str(self.cache_folder)) if self.cache_folder else None
        options.setdefault("bytecode_cache", cache)
        options.setdefault("loader", NamedLoader(self.folders.paths))
        return Environment(autoescape=self.autoescape, auto_reload=False, **options)  # noqa: S701 - on by default

    def share(self, names: Mapping[str, Any]) -> None:
        """Put *names* beside the globals; those that an environment made elsewhere has stay its own."""
        for name, value in names.items():
            self.native.globals.setdefault(name, value)
        if self.native.context_class is Context:
            self.native.context_class = HandlerContext
        if self._follows_debug or self.reload:
            self.native.auto_reload = self.reload
        else:
            self.reload = self.native.auto_reload

    def has(self, file: str) -> bool:
        """Say whether the environment's loader finds *file*."""
        loader: BaseLoader | None = self.native.loader
        if loader is None or isinstance(loader, NamedLoader):
            return super().has(file)
        try:
            loader.get_source(self.native, file)
        except JinjaTemplateNotFound:
            return False
        return True

    def load(self, file: str) -> Template:
        """Return the template; Jinja2 itself looks whether it, or what it extends, has changed."""
        return self.native.get_template(file)

    def fill(self, template: Template, context: Mapping[str, Any]) -> str:
        """Return the page."""
        return template.render(context)

    def stream(self, file: str, context: Mapping[str, Any]) -> Iterator[str]:
        """Yield the page while it is rendered."""
        try:
            yield from self._open(file).generate(context)
        except Exception as exc:
            add_place(exc, self.locate(exc, file) or Place(file))
            raise

    def locate(self, exception: BaseException, file: str) -> Place | None:
        """Return the innermost line of a template; Jinja2 puts it into the traceback."""
        if isinstance(exception, TemplateSyntaxError):
            return Place(exception.filename or exception.name or file, exception.lineno)
        frames = frames_of(exception.__traceback__)
        return next(
            (
                Place(frame.f_code.co_filename, line)
                for frame, line in frames
                if "__jinja_exception__" in frame.f_globals
            ),
            None,
        )
