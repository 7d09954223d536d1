"""What `render_template` adds to the engine's own render of the same template, for each engine, in process.

    python benchmarks/templates.py

A (the engine alone) and B (a new handler's `render_template`, which also finds the template, gives it its names and
makes the response) run in turn, A B A B, in one process, by its CPU time; quoted is the median of the ratios, with the
least and the greatest. The engine alone is measured in two ways: from the template's name
(`get_template(name).render(…)`, a page without Brubeck) and from the compiled template (`template.render(…)`,
with nothing looked up).
"""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from brubeck.core.requests import Request
from brubeck.request_handling import Brubeck, WebMessageHandler
from brubeck.templating import (
    Jinja2Rendering,
    MakoRendering,
    MustacheRendering,
    TornadoRendering,
    load_jinja2_env,
    load_mako_env,
    load_mustache_env,
    load_tornado_env,
)

ROUNDS = 41
ROUND_S = 0.03
LIMIT = 1.15

ROWS = "<tr><td>{}</td><td>{}</td></tr>"
TABLE = "<h1>{}</h1><table>{}" + ROWS + "{}</table>"
FRAME = "<!doctype html><title>{}</title><body>{}</body>"

CURLY = ("{{ title }}", "{% for row in rows %}", "{{ row.name }}", "{{ row.count }}")
EXTENDS = "{% extends 'base.html' %}{% block body %}"
PAGES = {
    "jinja2": (
        EXTENDS + TABLE.format(*CURLY, "{% endfor %}") + "{% endblock %}",
        FRAME.format("{{ title }}", "{% block body %}{% endblock %}"),
        "<p>Take five, {{ title }}!</p>",
    ),
    "tornado": (
        EXTENDS + TABLE.format(*CURLY, "{% end %}") + "{% end %}",
        FRAME.format("{{ title }}", "{% block body %}{% end %}"),
        "<p>Take five, {{ title }}!</p>",
    ),
    "mako": (
        "<%inherit file='base.html'/>"
        + TABLE.format("${title}", "\n% for row in rows:\n", "${row.name}", "${row.count}", "\n% endfor\n"),
        FRAME.format("${title}", "${next.body()}"),
        "<p>Take five, ${title}!</p>",
    ),
    "pystache": (
        "{{> head}}" + TABLE.format("{{title}}", "{{#rows}}", "{{name}}", "{{count}}", "{{/rows}}"),
        FRAME.format("{{title}}", ""),
        "<p>Take five, {{title}}!</p>",
    ),
}
SECOND_FILE = {"pystache": "head.mustache"}


class Row:
    """A row of the page's table."""

    def __init__(self, number: int) -> None:
        self.name = f"row <{number}>"
        self.count = number


CONTEXTS = {
    "page": {"title": "Dave <Brubeck>", "rows": [Row(number) for number in range(30)]},
    "small": {"title": "Dave <Brubeck>"},
}
LOADERS = {
    Jinja2Rendering: load_jinja2_env,
    TornadoRendering: load_tornado_env,
    MakoRendering: load_mako_env,
    MustacheRendering: load_mustache_env,
}


def seconds_per_call(call: Callable[[], object], calls: int) -> float:
    start = time.process_time()
    for _ in range(calls):
        call()
    return (time.process_time() - start) / calls


def compare(name: str, alone: Callable[[], object], ours: Callable[[], object]) -> float:
    calls = max(1, int(ROUND_S / max(seconds_per_call(alone, 50), 1e-6)))
    pairs = [(seconds_per_call(alone, calls), seconds_per_call(ours, calls)) for _ in range(ROUNDS)]
    a, b = (statistics.median(column) for column in zip(*pairs, strict=True))
    ratios = [ours_s / alone_s for alone_s, ours_s in pairs]
    ratio = statistics.median(ratios)
    print(
        f"{name:34} {a * 1e6:8.1f} µs {b * 1e6:8.1f} µs   {ratio:5.2f} ({min(ratios):.2f} to {max(ratios):.2f})"
    )
    return ratio


def engines_alone(name: str, folder: Path, file: str) -> tuple[Callable[..., object], Callable[..., object]]:
    """Return the engine's own render from the name of a file, and from the compiled template."""
    if name == "jinja2":
        import jinja2

        env = jinja2.Environment(loader=jinja2.FileSystemLoader(folder), autoescape=True)
        compiled = env.get_template(file)
        return lambda **names: env.get_template(file).render(**names), compiled.render
    if name == "tornado":
        from tornado.template import Loader

        loader = Loader(str(folder))
        return lambda **names: loader.load(file).generate(**names), loader.load(file).generate
    if name == "mako":
        from mako.lookup import TemplateLookup

        lookup = TemplateLookup([str(folder)], default_filters=["h"])
        return lambda **names: lookup.get_template(file).render(**names), lookup.get_template(file).render
    import pystache

    parsed = pystache.parse((folder / file).read_text())
    stem = file.partition(".")[0]
    by_name = pystache.Renderer(search_dirs=[str(folder)], file_extension="mustache")
    return lambda **names: by_name.render_name(stem, **names), lambda **names: by_name.render(parsed, **names)


def measure(renderer: type, load: Callable[..., object], folder: Path) -> float:
    """Print the ratios of one engine; return the one of the page from its name."""
    name = renderer.engine_name
    suffix = ".mustache" if name == "pystache" else ".html"
    texts = zip(
        (f"page{suffix}", SECOND_FILE.get(name, "base.html"), f"small{suffix}"), PAGES[name], strict=True
    )
    for file, text in texts:
        (folder / file).write_text(text)
    handler_class = type("Page", (WebMessageHandler, renderer), {})
    app = Brubeck(handler_tuples=[("^/$", handler_class)], template_loader=load(folder))
    message = Request("GET", "/")
    ratios = {}
    for kind, names in CONTEXTS.items():
        by_name, compiled = engines_alone(name, folder, kind + suffix)

        def ours(file: str = kind + suffix, names: dict = names) -> object:
            return handler_class(app, message).render_template(file, **names)

        ratios[kind] = compare(f"{name}, {kind}, from its name", partial(by_name, **names), ours)
        compare(f"{name}, {kind}, compiled", partial(compiled, **names), ours)
    return ratios["page"]


def main() -> None:
    print(f"{'':34} {'alone':>11} {'ours':>11}   ratio")
    ratios = []
    for renderer, load in LOADERS.items():
        with tempfile.TemporaryDirectory() as folder:
            ratios.append(measure(renderer, load, Path(folder)))
    print(f"\nworst ratio of a page from its name: {max(ratios):.2f}, limit {LIMIT}")


if __name__ == "__main__":
    main()
