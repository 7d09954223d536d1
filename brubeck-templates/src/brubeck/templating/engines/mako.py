"""Mako."""

from __future__ import annotations

from collections.abc import Mapping
from io import StringIO
from typing import Any, cast

from brubeck.templating.context import HANDLER_NAMES, MISSING, get_of_handler
from brubeck.templating.engine import Engine
from brubeck.templating.folders import TemplateNotFound, check_name
from brubeck.templating.places import Place
from mako.exceptions import CompileException, RichTraceback, SyntaxException
from mako.lookup import TemplateLookup
from mako.runtime import Context
from mako.template import Template

__all__ = ["MakoEngine"]


class _HandlerContext(Context):  # type: ignore[misc]  # Mako is not typed
    """Asks the handler for what only it knows, when a template names it and not before."""

    def get(self, key: str, default: Any = None) -> Any:
        """Return the value of *key*, or *default*."""
        if key in HANDLER_NAMES:
            value = self._ask_handler(key)
            return default if value is MISSING else value
        return super().get(key, default)

    def __getitem__(self, key: str) -> Any:
        if key in HANDLER_NAMES:
            value = self._ask_handler(key)
            if value is MISSING:
                raise KeyError(key)
            return value
        return super().__getitem__(key)

    def _ask_handler(self, key: str) -> Any:
        given = super().get(key, MISSING)
        return get_of_handler(super().get("handler"), key) if given is MISSING else given

    def _copy(self) -> Context:
        # Included files get a copy, which Mako makes of its own class by name.
        copied = super()._copy()
        copied.__class__ = type(self)
        return cast("Context", copied)


class _NamedLookup(TemplateLookup):  # type: ignore[misc]  # Mako is not typed
    """Looks for names only that every engine here accepts, in includes and parents too."""

    def get_template(self, uri: str) -> Template:
        """Return the template; within templates a leading slash means the template folder."""
        try:
            check_name(uri.removeprefix("/"))
        except TemplateNotFound:
            # `pages/../base.html`: how Mako joins a relative name with that of the template it stands in.
            check_name(collapse(uri))
        return super().get_template(uri)


class MakoEngine(Engine[Any]):
    """Renders with a `mako.lookup.TemplateLookup`. Neither Mako nor Pystache is typed, so `native` is `Any`."""

    suffixes = (".mako", ".mak")
    asks_handler = True

    native: Any

    def make(self) -> Any:
        """Return a lookup over the folders."""
        options = {
            "input_encoding": "utf-8",
            "default_filters": ["h"] if self.autoescape else ["str"],
            **self.options,
        }
        if self.cache_folder and not self.reload:
            options.setdefault("module_directory", str(self.cache_folder))
        return _NamedLookup([str(path) for path in self.folders.paths], filesystem_checks=False, **options)

    def has(self, file: str) -> bool:
        """Say whether the lookup can find *file*."""
        return (
            super().has(file)
            if isinstance(self.native, _NamedLookup)
            else bool(self.native.has_template(file))
        )

    def load(self, file: str) -> Any:
        """Return the template."""
        return self.native.get_template(file)

    def forget(self) -> None:
        """Start over with an empty lookup: Mako compares whole seconds, in which a file can change twice."""
        if isinstance(self.native, _NamedLookup):
            self.native = self.make()

    def fill(self, template: Any, context: Mapping[str, Any]) -> str:
        """Return the page."""
        names = {**self.globals, **context}
        buffer = StringIO()
        template.render_context(_HandlerContext(buffer, **names), **names)
        return buffer.getvalue()

    def locate(self, exception: BaseException, file: str) -> Place | None:
        """Return the innermost line of a template, which Mako works out of the modules it made."""
        if isinstance(exception, CompileException | SyntaxException):
            return Place(str(exception.filename), exception.lineno)
        records = RichTraceback(exception, exception.__traceback__).records
        return next(
            (Place(record[4], record[5], record[6]) for record in reversed(records) if record[4]), None
        )


def collapse(uri: str) -> str:
    """Return *uri* with each `..` and the step before it taken out."""
    steps: list[str] = []
    for step in uri.removeprefix("/").split("/"):
        if step == ".." and steps and steps[-1] not in {"", ".."}:
            steps.pop()
        else:
            steps.append(step)
    return "/".join(steps)
