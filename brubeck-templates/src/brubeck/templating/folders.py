"""Where templates lie, and which names may be looked for there."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Iterator
from difflib import get_close_matches
from importlib.util import find_spec
from itertools import islice
from os import PathLike
from pathlib import Path

from brubeck.core.errors import BrubeckError, ConfigurationError

__all__ = ["Folder", "Folders", "TemplateNotFound", "check_name", "is_name"]

Folder = str | PathLike[str]

MAX_SUGGESTED_FILES = 1_000
"""How many files are compared with a name that was not found."""

# A name that every engine and operating system reads alike has no drive, backslash or control character.
_FORBIDDEN = re.compile(r"[\\\x00-\x1f\x7f]|^[A-Za-z]:")


_FILE_NAME = re.compile(r"[\w./-]+\.\w+")


class TemplateNotFound(BrubeckError, LookupError):
    """There is no such template, or the name is none that may be looked for."""


def is_name(file: str) -> bool:
    r"""Say whether *file* can only lie in a template folder.

    Refused are absolute names, `.`, `..` and empty steps, backslashes, drives and control characters: what
    Mako let through as `//../..` and `\..\` (CVE-2026-41205, CVE-2026-44307) and what Tornado never looked
    at.
    """
    return not _FORBIDDEN.search(file) and all(step not in ("", ".", "..") for step in file.split("/"))


def check_name(file: str) -> str:
    """Return *file* when it is the name of a template.

    Raises:
        TemplateNotFound: It could lead out of the folders.
    """
    if not isinstance(file, str) or not is_name(file):
        raise TemplateNotFound(
            f"{file!r} is no name of a template; write it from the template folder on: 'pages/list.html'."
        )
    return file


class Folders:
    """Folders in which templates are looked for, the first first.

    Args:
        folders: They need not exist yet; `check` asks for that.
    """

    def __init__(self, folders: Iterable[Folder]) -> None:
        self.paths = tuple(Path(folder).absolute() for folder in folders)

    @classmethod
    def gather(cls, template_dir: Folder | Iterable[Folder] | None, package: str | None = None) -> Folders:
        """Return the folders of *template_dir*, and behind them the templates of *package*.

        Args:
            template_dir: One folder or several.
            package: `"myapp"` for its folder `templates`, or `"myapp:pages"`.

        Raises:
            ConfigurationError: There is neither, or no such package.
        """
        folders = [template_dir] if isinstance(template_dir, str | PathLike) else list(template_dir or ())
        if package is not None:
            folders.append(find_package_folder(package))
        if not folders:
            raise ConfigurationError(
                "Templates need a folder: give template_dir='templates' or package='myapp'."
            )
        return cls(folders)

    def check(self) -> None:
        """Raise `ConfigurationError` where one of the folders is none."""
        for path in self.paths:
            if not path.is_dir():
                raise ConfigurationError(f"There is no template folder {str(path)!r}.")

    def find(self, file: str) -> Path | None:
        """Return the path of *file* in the first folder that has it, or None."""
        candidates = (path / file for path in self.paths)
        try:
            return next((path for path in candidates if path.is_file()), None)
        except OSError:  # no file can have a name so long
            return None

    def read(self, file: str) -> tuple[Path, str]:
        """Return the path and the text of *file*, read as UTF-8.

        Raises:
            TemplateNotFound: No folder has it, or its name leads out of them.
        """
        path = self.find(check_name(file))
        if path is None:
            raise self.explain_missing(file)
        return path, path.read_text(encoding="utf-8")

    def read_related(self, file: str) -> Iterator[str]:
        """Yield the text of *file*, and of every file that it, or one of those, mentions by name."""
        seen: set[str] = set()
        waiting = [file]
        while waiting:
            name = waiting.pop()
            path = self.find(name) if name not in seen and is_name(name) else None
            seen.add(name)
            if path is not None:
                text = path.read_text(encoding="utf-8", errors="replace")
                yield text
                for word in _FILE_NAME.findall(text):
                    waiting += [word, posixpath.normpath(posixpath.join(posixpath.dirname(name), word))]

    def explain_missing(self, file: str) -> TemplateNotFound:
        """Return the error for a *file* that no folder has."""
        near = get_close_matches(file, list(islice(self._names(), MAX_SUGGESTED_FILES)), 1)
        hint = f" Did you mean {near[0]!r}?" if near else ""
        places = ", ".join(map(str, self.paths)) or "what this engine was given"
        return TemplateNotFound(f"There is no template {file!r} in {places}.{hint}")

    def _names(self) -> Iterator[str]:
        for folder in self.paths:
            for path in folder.rglob("*"):
                if path.is_file():
                    yield path.relative_to(folder).as_posix()


def find_package_folder(package: str) -> Path:
    """Return the folder of templates inside an importable *package*."""
    name, _, folder = package.partition(":")
    try:
        spec = find_spec(name)
    except (ImportError, ValueError):
        spec = None
    if spec is None or not spec.submodule_search_locations:
        raise ConfigurationError(f"package={package!r} names no importable package.")
    return Path(next(iter(spec.submodule_search_locations))) / (folder or "templates")
