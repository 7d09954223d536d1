"""Template engines as mixins: Jinja2, Tornado, Mako and Mustache, and the parts to add another from.

Importing this imports no engine; an engine is imported when a handler that renders with it is routed.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from brubeck.templating.engine import Engine
    from brubeck.templating.folders import Folders, TemplateNotFound
    from brubeck.templating.loading import load_jinja2_env, load_mako_env, load_mustache_env, load_tornado_env
    from brubeck.templating.moments import dump_iso_time, say_age, time_tag
    from brubeck.templating.places import Place
    from brubeck.templating.rendering import (
        Jinja2Rendering,
        MakoRendering,
        MustacheRendering,
        Rendering,
        TemplateRendering,
        TornadoRendering,
    )

__all__ = [
    "Engine",
    "Folders",
    "Jinja2Rendering",
    "MakoRendering",
    "MustacheRendering",
    "Place",
    "Rendering",
    "TemplateNotFound",
    "TemplateRendering",
    "TornadoRendering",
    "dump_iso_time",
    "load_jinja2_env",
    "load_mako_env",
    "load_mustache_env",
    "load_tornado_env",
    "say_age",
    "time_tag",
]

# Imported when used: the hooks of this distribution lie in this package, and are read for every application.
_HOMES = {
    "Engine": "brubeck.templating.engine",
    "Folders": "brubeck.templating.folders",
    "Jinja2Rendering": "brubeck.templating.rendering",
    "MakoRendering": "brubeck.templating.rendering",
    "MustacheRendering": "brubeck.templating.rendering",
    "Place": "brubeck.templating.places",
    "Rendering": "brubeck.templating.rendering",
    "TemplateNotFound": "brubeck.templating.folders",
    "TemplateRendering": "brubeck.templating.rendering",
    "TornadoRendering": "brubeck.templating.rendering",
    "dump_iso_time": "brubeck.templating.moments",
    "load_jinja2_env": "brubeck.templating.loading",
    "load_mako_env": "brubeck.templating.loading",
    "load_mustache_env": "brubeck.templating.loading",
    "load_tornado_env": "brubeck.templating.loading",
    "say_age": "brubeck.templating.moments",
    "time_tag": "brubeck.templating.moments",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
