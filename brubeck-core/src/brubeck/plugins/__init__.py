"""What a plugin author imports.

    from brubeck.plugins import hookimpl

The hooks, with their contracts, are in `brubeck.core.hookspecs` and in the manual's page on hooks.
"""

from brubeck.core.errors import MissingPlugin, PluginError
from brubeck.core.hookimpl import hookimpl
from brubeck.core.plugins import PluginManager
from brubeck.core.protocols import (
    CommandsHook,
    ConfigureHook,
    ConnectionsHook,
    CookieSigner,
    CookieSignerHook,
    ExceptionHook,
    MixinsHook,
    RenderersHook,
    RequestHook,
    ResponseHook,
    ShutdownHook,
    StartupHook,
    StoppingHook,
    TemplateEngine,
)
from brubeck.core.records import PluginRecord
from brubeck.core.values import LazyValue

__all__ = [
    "CommandsHook",
    "ConfigureHook",
    "ConnectionsHook",
    "CookieSigner",
    "CookieSignerHook",
    "ExceptionHook",
    "LazyValue",
    "MissingPlugin",
    "MixinsHook",
    "PluginError",
    "PluginManager",
    "PluginRecord",
    "RenderersHook",
    "RequestHook",
    "ResponseHook",
    "ShutdownHook",
    "StartupHook",
    "StoppingHook",
    "TemplateEngine",
    "hookimpl",
]
