"""What brubeck-templates brings, in strings: nothing is imported before it is used."""

from __future__ import annotations

from brubeck.plugins import hookimpl


@hookimpl
def brubeck_renderers() -> dict[str, str]:
    """Name the four renderers; `mustache` is pystache by its language's name."""
    return {
        "jinja2": "brubeck.templating:Jinja2Rendering",
        "mako": "brubeck.templating:MakoRendering",
        "mustache": "brubeck.templating:MustacheRendering",
        "pystache": "brubeck.templating:MustacheRendering",
        "tornado": "brubeck.templating:TornadoRendering",
    }
