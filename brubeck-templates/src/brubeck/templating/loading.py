"""`load_jinja2_env` and its three sisters: what to give `Brubeck(template_loader=…)`."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from brubeck.templating.engine import Engine
from brubeck.templating.folders import Folder
from brubeck.templating.rendering import (
    Jinja2Rendering,
    MakoRendering,
    MustacheRendering,
    TornadoRendering,
)

__all__ = ["load_jinja2_env", "load_mako_env", "load_mustache_env", "load_tornado_env"]

Folders = Folder | Iterable[Folder] | None
Loader = Callable[[], Engine[Any]]


def load_jinja2_env(template_dir: Folders = None, **options: Any) -> Loader:
    """Return a loader of Jinja2 templates.

    Args:
        template_dir: A folder or several; the first that has a file wins.
        options: `package`, `autoescape`, `reload`, `cache_dir`, `setup` as in `Rendering.make_loader`; others
            go to `jinja2.Environment`, for example `extensions` or `trim_blocks`.

    Raises:
        MissingPlugin: Jinja2 is not installed; the message says what to type.
    """
    return Jinja2Rendering.make_loader(template_dir, **options)


def load_tornado_env(template_dir: Folders = None, **options: Any) -> Loader:
    """Return a loader of Tornado templates.

    Args:
        template_dir: A folder or several; the first that has a file wins.
        options: `package`, `autoescape`, `reload`, `setup` as in `Rendering.make_loader`; others go to
            `tornado.template.BaseLoader`: `namespace`, `whitespace`.

    Raises:
        MissingPlugin: Tornado is not installed; the message says what to type.
    """
    return TornadoRendering.make_loader(template_dir, **options)


def load_mako_env(template_dir: Folders = None, **options: Any) -> Loader:
    """Return a loader of Mako templates.

    Args:
        template_dir: A folder or several; the first that has a file wins.
        options: `package`, `autoescape`, `reload`, `cache_dir`, `setup` as in `Rendering.make_loader`; others
            go to `mako.lookup.TemplateLookup`, for example `imports` or `strict_undefined`.

    Raises:
        MissingPlugin: Mako is not installed; the message says what to type.
    """
    return MakoRendering.make_loader(template_dir, **options)


def load_mustache_env(template_dir: Folders = None, **options: Any) -> Loader:
    """Return a loader of Mustache templates, which Pystache renders.

    Args:
        template_dir: A folder or several; the first that has a file wins.
        options: `package`, `autoescape`, `reload`, `setup` as in `Rendering.make_loader`; others go to
            `pystache.Renderer`, for example `missing_tags='strict'`.

    Raises:
        MissingPlugin: Pystache is not installed; the message says what to type.
    """
    return MustacheRendering.make_loader(template_dir, **options)
