"""From what a person types (`module:app`, `file.py`, `file.py:app`) to the application it names."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from difflib import get_close_matches
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from brubeck.core.errors import ConfigurationError

if TYPE_CHECKING:
    from brubeck.core.application import Brubeck

__all__ = ["load_application", "load_object"]


def load_application(target: str) -> Brubeck:
    """Patch the standard library, import what *target* names, and return the application in it.

    A script that ends in `app.run()` can be named as it is: its `run()` does nothing while it is imported here.

    Raises:
        ConfigurationError: There is no such module, or no application in it.
    """
    from brubeck.core import greenlets

    greenlets.patch()
    from brubeck.core.application import Brubeck

    with Brubeck.runs_deferred() as deferred:
        module, name = import_target(target)
    if name:
        application = follow(module, name)
        if isinstance(application, Brubeck):
            return application
        raise ConfigurationError(f"{name!r} in {target!r} is {application!r}, not a Brubeck application.")
    return the_application(module, deferred, Brubeck)


def load_object(target: str) -> Any:
    """Import what *target* names and return the object behind the colon.

    Raises:
        ConfigurationError: There is no such module, or no such name in it.
    """
    module, name = import_target(target)
    if not name:
        raise ConfigurationError(f"{target!r} names no object; write MODULE:NAME.")
    return follow(module, name)


def import_target(target: str) -> tuple[ModuleType, str]:
    """Import the module of *target*; return it and the name behind the colon."""
    place, _, name = target.partition(":")
    if place.endswith(".py") or "/" in place:
        return import_file(Path(place)), name
    return import_module(place), name


def import_file(path: Path) -> ModuleType:
    """Import the file *path* under its own name, its folder importable."""
    if not path.is_file():
        raise ConfigurationError(f"There is no file {str(path)!r}.")
    folder = str(path.resolve().parent)
    if folder not in sys.path:
        sys.path.insert(0, folder)
    spec = importlib.util.spec_from_file_location(path.stem, path.resolve())
    if spec is None or spec.loader is None:
        raise ConfigurationError(f"{str(path)!r} cannot be imported: it is no Python file.")
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module
    spec.loader.exec_module(module)
    return module


def import_module(name: str) -> ModuleType:
    """Import the module *name*, looking in the current folder first."""
    if "" not in sys.path and "." not in sys.path:
        sys.path.insert(0, "")
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as exc:
        if exc.name is None or not (name == exc.name or name.startswith(exc.name + ".")):
            raise
        raise ConfigurationError(f"There is no module {exc.name!r} here.{file_hint(name)}") from None
    except ValueError as exc:
        raise ConfigurationError(f"{name!r} is no name of a module: {exc}.") from None


def file_hint(name: str) -> str:
    """Return a hint when a file would answer to *name*."""
    path = Path(name.replace(".", "/") + ".py")
    near = get_close_matches(name, [found.stem for found in Path().glob("*.py")], 1)
    if path.is_file():
        return f" Did you mean {str(path)!r}?"
    return f" Did you mean {near[0]!r}?" if near else ""


def follow(module: ModuleType, name: str) -> Any:
    """Return the attribute *name* (dots allowed) of *module*."""
    found: Any = module
    for part in name.split("."):
        if not hasattr(found, part):
            near = get_close_matches(part, dir(found), 1)
            hint = f" Did you mean {near[0]!r}?" if near else ""
            raise ConfigurationError(f"{module.__name__!r} has no {name!r}.{hint}")
        found = getattr(found, part)
    return found


def the_application(module: ModuleType, deferred: list[Brubeck], kind: type[Brubeck]) -> Brubeck:
    """Return the one application of *module*: the one it ran, the one called `app`, or the only one."""
    if len(deferred) == 1:
        return deferred[0]
    found = {name: value for name, value in vars(module).items() if isinstance(value, kind)}
    if "app" in found:
        return found["app"]
    if len({id(value) for value in found.values()}) == 1:
        return next(iter(found.values()))
    if not found:
        raise ConfigurationError(f"There is no Brubeck application in {module.__name__!r}.")
    names = ", ".join(sorted(found))
    raise ConfigurationError(
        f"{module.__name__!r} holds several applications ({names}); name one behind a colon."
    )
