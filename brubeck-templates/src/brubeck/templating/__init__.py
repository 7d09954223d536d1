"""Template engines as mixins: Jinja2, Tornado, Mako and Mustache, and the parts to add another from.

Importing this imports no engine; an engine is imported when a handler that renders with it is routed.
"""

from brubeck.templating.engine import Engine
from brubeck.templating.folders import Folders, TemplateNotFound
from brubeck.templating.loading import load_jinja2_env, load_mako_env, load_mustache_env, load_tornado_env
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
    "load_jinja2_env",
    "load_mako_env",
    "load_mustache_env",
    "load_tornado_env",
]
