"""What is said when a renderer's engine is not there, too old or broken."""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from brubeck.core.discovery import PluginEntry, import_value, scan
from brubeck.core.errors import ConfigurationError, MissingPlugin
from brubeck.core.missing import explain_import_error

if TYPE_CHECKING:
    from brubeck.templating.rendering import Rendering

__all__ = ["check_installed", "import_engine"]


def check_installed(renderer: type[Rendering]) -> None:
    """Raise `MissingPlugin` where the engine of *renderer* is not installed; import nothing."""
    package = renderer.engine_package
    if package is not None and find_spec(package) is None:
        raise explain(renderer, ModuleNotFoundError(f"No module named {package!r}", name=package))


def import_engine(renderer: type[Rendering]) -> Any:
    """Return the adapter class of *renderer*, importing its engine.

    Raises:
        MissingPlugin: The engine is not installed, too old or broken.
    """
    adapter = renderer.engine_class
    if adapter is None:
        raise ConfigurationError(
            f"{renderer.__qualname__} names no engine_class, so it cannot load templates."
        )
    if not isinstance(adapter, str):
        return adapter
    try:
        return import_value(adapter)
    except Exception as exc:
        raise explain(renderer, exc) from exc


def explain(renderer: type[Rendering], exc: BaseException) -> MissingPlugin:
    """Return the one message that tells what to install, out of the distribution's own metadata."""
    reference = f"{renderer.__module__}:{renderer.__qualname__}"
    return explain_import_error("renderer", str(renderer.engine_name), reference, entry_of(renderer), exc)


def entry_of(renderer: type) -> PluginEntry:
    """Return the plugin that brings *renderer*, by the package it lies in."""
    package = renderer.__module__.split(".")[:2]
    own = (entry for entry in scan() if entry.module.split(".")[: len(package)] == package)
    return next(own, PluginEntry(package[-1], ".".join(package), ".".join(package)))
