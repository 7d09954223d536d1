"""Tornado's templates."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping
from typing import Any

from brubeck.templating.context import names_in
from brubeck.templating.engine import Engine
from brubeck.templating.folders import Folders, check_name
from brubeck.templating.places import Place, frames_of
from tornado.template import BaseLoader, DictLoader, Loader, ParseError, Template

__all__ = ["TornadoEngine"]

GENERATED = ".generated.py"

# Tornado writes behind each line it generates which line of which template it is for.
_ORIGIN = re.compile(r"  # (?P<file>.+?):(?P<line>\d+)(?: \(via .*\))?$")


class FolderLoader(BaseLoader):
    """Loads from several folders, and only names that stay in them; Tornado's own opens any path."""

    def __init__(self, folders: Folders, **options: Any) -> None:
        super().__init__(**options)
        self.folders = folders

    def resolve_path(self, name: str, parent_path: str | None = None) -> str:
        """Return *name* as seen from the template folder; in a subfolder it may be `../base.html`."""
        if parent_path is not None and not name.startswith("/"):
            name = posixpath.normpath(posixpath.join(posixpath.dirname(parent_path), name))
        return check_name(name)

    def _create_template(self, name: str) -> Template:
        _, text = self.folders.read(name)
        return Template(text, name=name, loader=self)


class TornadoEngine(Engine[Template]):
    """Renders with a `tornado.template.BaseLoader`."""

    suffixes = (".tornado",)
    asks_handler = True

    native: BaseLoader

    def make(self) -> BaseLoader:
        """Return a loader over the folders."""
        return FolderLoader(
            self.folders, autoescape="xhtml_escape" if self.autoescape else None, **self.options
        )

    def share(self, names: Mapping[str, Any]) -> None:
        """Put *names* into the namespace of every template; a name set before stays."""
        self.native.namespace = {**names, **self.native.namespace}

    def has(self, file: str) -> bool:
        """Say whether the loader can find *file*."""
        if isinstance(self.native, FolderLoader):
            return super().has(file)
        if isinstance(self.native, DictLoader):
            return file in self.native.dict
        return not isinstance(self.native, Loader) or Folders([self.native.root]).find(file) is not None

    def load(self, file: str) -> Template:
        """Return the template; parents and includes are compiled into it."""
        return self.native.load(file)

    def forget(self) -> None:
        """Have Tornado, which never looks again, read every file anew."""
        self.native.reset()

    def fill(self, template: Template, context: Mapping[str, Any]) -> str:
        """Return the page."""
        names = names_in(template.code)
        if names:
            context = self.complete(context, names)
        return template.generate(**context).decode()

    def locate(self, exception: BaseException, file: str) -> Place | None:
        """Return the line that Tornado noted behind the line of Python that failed."""
        if isinstance(exception, ParseError):
            return self._place(str(exception.filename), exception.lineno)
        if isinstance(exception, SyntaxError) and str(exception.filename).endswith(GENERATED):
            return self._place_of_line(find_code(exception), exception.lineno or 0)
        for frame, line in frames_of(exception.__traceback__):
            if frame.f_code.co_filename.endswith(GENERATED):
                return self._place_of_line(frame.f_globals["__loader__"].get_source(""), line)
        return None

    def _place_of_line(self, code: str, line: int) -> Place | None:
        for generated in reversed(code.splitlines()[:line]):
            origin = _ORIGIN.search(generated)
            if origin is not None:
                return self._place(origin["file"], int(origin["line"]))
        return None

    def _place(self, file: str, line: int) -> Place:
        return Place(str(self.folders.find(file) or file), line)


def find_code(exception: BaseException) -> str:
    """Return the Python that Tornado made of a template and could not compile."""
    for frame, _ in frames_of(exception.__traceback__):
        template = frame.f_locals.get("self")
        if isinstance(template, Template):
            return str(template.code)
    return ""
