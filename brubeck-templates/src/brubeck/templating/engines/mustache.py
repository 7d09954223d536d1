"""Mustache, with Pystache."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any

import pystache
from brubeck.templating.context import HANDLER_NAMES, MISSING, get_of_handler
from brubeck.templating.engine import Engine
from brubeck.templating.folders import Folders, check_name
from brubeck.templating.places import Place
from pystache.context import KeyNotFoundError
from pystache.parser import ParsingError, parse

__all__ = ["MustacheEngine"]


class _HandlerNames:
    """Answers what only the handler knows, as attributes that Mustache reads when a template names them."""

    def __init__(self, handler: Any) -> None:
        self._handler = handler

    def __getattr__(self, name: str) -> Any:
        value = self._ask(name) if name in HANDLER_NAMES else MISSING
        if value is MISSING:
            raise AttributeError(name)
        return value

    def _ask(self, name: str) -> Any:
        try:
            return get_of_handler(self._handler, name)
        except AttributeError as exc:  # which Pystache would take for a name that is not there
            raise RuntimeError(f"{name} of {self._handler!r} failed: {exc}") from exc


class Partials:
    """Gives Pystache the text of `{{> partial }}`, under the rules for names; Pystache asks again for each page."""

    def __init__(self, engine: MustacheEngine) -> None:
        self._engine = engine
        self._texts: dict[str, str | None] = {}

    def get(self, name: str) -> str | None:
        """Return the text of the partial *name*, or None."""
        if name not in self._texts:
            file = self._engine.find_file(check_name(name))
            self._texts[name] = None if file is None else self._engine.folders.read(file)[1]
        return self._texts[name]

    def clear(self) -> None:
        """Read them anew."""
        self._texts.clear()


class MustacheEngine(Engine[Any]):
    """Renders with a `pystache.Renderer`. Names may leave out the suffix, as Mustache's own tools do."""

    suffixes = (".mustache",)
    asks_handler = True

    native: Any

    def make(self) -> Any:
        """Return a renderer whose partials come from the folders."""
        escaping = escape_unless_safe if self.autoescape else str
        options = {"escape": escaping, "partials": Partials(self), **self.options}
        return pystache.Renderer(**options)

    def find_file(self, name: str) -> str | None:
        """Return *name*, or *name* with the suffix of Mustache or HTML, whichever is there."""
        candidates = (name + ending for ending in ("", *self.suffixes, ".html"))
        return next((file for file in candidates if self._places.find(file)), None)

    def has(self, file: str) -> bool:
        """Say whether there is a template *file*, with or without the suffix."""
        return self.find_file(file) is not None

    def forget(self) -> None:
        """Have partials read anew."""
        if isinstance(self.native.partials, Partials):
            self.native.partials.clear()

    def load(self, file: str) -> Any:
        """Return the template, parsed; a section without an end is an error."""
        _, text = self._places.read(self.find_file(file) or file)
        try:
            return parse(text, raise_on_mismatch=True)
        except ParsingError as exc:
            exc.line = text.count("\n", 0, exc.info.position) + 1 if exc.info else None
            raise

    def fill(self, template: Any, context: Mapping[str, Any]) -> str:
        """Return the page."""
        return str(self.native.render(template, _HandlerNames(context.get("handler")), self.globals, context))

    def locate(self, exception: BaseException, file: str) -> Place | None:
        """Return the line of what cannot be parsed, or of the first tag with a name that is missing."""
        path = self._places.find(self.find_file(file) or file)
        if path is None:
            return None
        if isinstance(exception, KeyNotFoundError):
            return Place(str(path), line_of(path.read_text(encoding="utf-8"), exception.key))
        return Place(str(path), getattr(exception, "line", None))

    @property
    def _places(self) -> Folders:
        """The folders: ours, or those of a renderer that was made elsewhere."""
        return self.folders if self.folders.paths else Folders(self.native.search_dirs)


def escape_unless_safe(text: str) -> str:
    """Return *text* escaped for HTML, unless it is a string marked as safe (`markupsafe.Markup`)."""
    if type(text) is str or not hasattr(text, "__html__"):
        return escape(text)
    return str(text.__html__())


def line_of(text: str, key: str) -> int | None:
    """Return the line in which a tag names *key*, or None."""
    lines = enumerate(text.splitlines(), 1)
    return next((number for number, line in lines if "{{" in line and key in line), None)
