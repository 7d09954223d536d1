"""The template engines of one application: each is loaded when its first handler is routed, and kept."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, cast

from brubeck.core.errors import ConfigurationError

if TYPE_CHECKING:
    from brubeck.core.application import Brubeck
    from brubeck.core.plugins import PluginManager
    from brubeck.core.protocols import TemplateEngine

__all__ = ["SuffixEngine", "TemplateEngines", "adopt_engine", "read_loaders"]

Loader = Callable[[], Any]
NOT_CONFIGURED = (
    "No templates are configured: give template_loader=load_…_env(folder), "
    "or template_engine='jinja2' and template_dir=folder."
)


class TemplateEngines:
    """Gives an engine by its name, or the one for every file.

    Args:
        application: Told to each engine that has `configure(application)`, once.
        loaders: Functions that return an engine, by the engine's name; None where the name is not known yet.
    """

    def __init__(self, application: Brubeck, loaders: Mapping[str | None, Loader]) -> None:
        self._application = application
        self._loaders = dict(loaders)
        self._engines: dict[str | None, Any] = {}

    def __bool__(self) -> bool:
        return bool(self._loaders)

    def get(self, name: str | None = None) -> Any:
        """Return the engine called *name*; without a name the only one, or one that goes by suffixes.

        Raises:
            ConfigurationError: There is no such engine in this application.
            MissingPlugin: What brings the engine is not installed.

        Blocks:
            The first time, as long as the import of the engine takes.
        """
        engine = self._engines.get(name)
        if engine is None:
            engine = self._engines[name] = self._find(name)
        return engine

    def _find(self, name: str | None) -> Any:
        if not self._loaders:
            raise ConfigurationError(NOT_CONFIGURED)
        if name in self._loaders:
            return self._load(self._loaders[name])
        engines = {str(key): self.get(key) for key in self._loaders}
        if name is None:
            return SuffixEngine(engines) if len(engines) > 1 else next(iter(engines.values()))
        own_names = {key: getattr(engine, "name", None) for key, engine in engines.items()}
        for key, own_name in own_names.items():
            if own_name is None or own_name == name:  # what has no name of its own answers to every name
                return engines[key]
        raise ConfigurationError(self._explain_absent(name, map(str, own_names.values())))

    def _load(self, loader: Loader) -> Any:
        engine = adopt_engine(loader(), self._application.plugins)
        configure = getattr(engine, "configure", None)
        if configure is not None:
            configure(self._application)
        return engine

    @staticmethod
    def _explain_absent(name: str, known: Iterable[str]) -> str:
        return (
            f"The templates of this application are for {', '.join(known)}, not for {name}. "
            f"Give each engine its loader: template_loader={{{name!r}: load_…_env(folder), …}}."
        )


class SuffixEngine:
    """Renders each file with the engine that claims its suffix, else with the first that has the file."""

    name = None

    def __init__(self, engines: Mapping[str, Any]) -> None:
        self.engines = dict(engines)
        self.suffixes = tuple(suffix for engine in engines.values() for suffix in suffixes_of(engine))

    def choose(self, file: str) -> Any:
        """Return the engine for *file*; the first one, where none claims or has it."""
        for engine in self.engines.values():
            if file.endswith(suffixes_of(engine)):
                return engine
        having = (engine for engine in self.engines.values() if engine.has(file))
        return next(having, next(iter(self.engines.values())))

    def has(self, file: str) -> bool:
        """Say whether one of the engines has *file*."""
        return bool(self.choose(file).has(file))

    def render(self, file: str, context: Mapping[str, Any]) -> str:
        """Return the text of *file* with *context* filled in."""
        return cast("TemplateEngine", self.choose(file)).render(file, context)

    def stream(self, file: str, context: Mapping[str, Any]) -> Any:
        """Return the pieces of *file* with *context* filled in."""
        return self.choose(file).stream(file, context)

    def find_error_template(self, status_code: int) -> str | None:
        """Return the first engine's template for error pages, or None where no engine has one."""
        found = (engine.find_error_template(status_code) for engine in self.engines.values())
        return next((file for file in found if file is not None), None)


def suffixes_of(engine: Any) -> tuple[str, ...]:
    """Return the suffixes *engine* claims."""
    return tuple(getattr(engine, "suffixes", ()))


def adopt_engine(engine: Any, plugins: PluginManager) -> Any:
    """Return *engine* fit for Brubeck: a bare `jinja2.Environment` or the like gets its adapter.

    Raises:
        ConfigurationError: It is no engine.
    """
    for base in type(engine).__mro__:
        name = base.__module__.partition(".")[0]
        if name in plugins.renderers:
            return plugins.get_renderer(name).adopt_engine(engine)
    if not callable(getattr(engine, "render", None)):
        raise ConfigurationError(f"template_loader must return a template engine, got {engine!r}.")
    return engine


def read_loaders(
    loader: Any, names: str | Iterable[str] | None, folder: Any, plugins: PluginManager
) -> dict[str | None, Loader]:
    """Return the loaders that `template_loader`, or `template_engine` and `template_dir`, stand for.

    Raises:
        ConfigurationError: Both were given, or what was given is no loader.
        MissingPlugin: No installed distribution brings an engine of that name.
    """
    if loader is not None and names is not None:
        raise ConfigurationError("Give template_loader or template_engine, not both.")
    if names is not None:
        named = [names] if isinstance(names, str) else list(names)
        return {name: partial(plugins.get_renderer(name).load_engine, folder) for name in named}
    if folder is not None:
        raise ConfigurationError("template_dir needs template_engine, for example template_engine='jinja2'.")
    if loader is None:
        return {}
    loaders = dict(loader) if isinstance(loader, Mapping) else {None: loader}
    for each in loaders.values():
        if not callable(each):
            raise ConfigurationError(
                f"template_loader must be a function that returns an engine, got {each!r}."
            )
    return loaders
