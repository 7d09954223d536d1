"""Times are said as people say them, in templates of every engine."""

import pytest
from brubeck.request_handling import Brubeck, WebMessageHandler
from brubeck.templating import (
    Jinja2Rendering,
    MakoRendering,
    MustacheRendering,
    TornadoRendering,
    dump_iso_time,
    say_age,
    time_tag,
)
from brubeck.testing import Client

NOW_MS = 1_795_834_155_149
DAY_S = 86_400


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "just now"), (56, "just now"), (57, "1 minute ago"), (100, "2 minutes ago"), (3000, "50 minutes ago"),
        (3400, "57 minutes ago"), (3421, "1 hour ago"), (7000, "2 hours ago"), (80_000, "22 hours ago"),
        (0.96 * DAY_S, "1 day ago"), (3 * DAY_S, "3 days ago"), (7.4 * DAY_S, "7 days ago"),
        (8 * DAY_S, "20 November 2026"), (24 * DAY_S, "4 November 2026"), (-5, "just now"),
    ],
)  # fmt: skip
def test_an_age_as_people_say_it(seconds, words):
    assert say_age(int(NOW_MS - seconds * 1000), NOW_MS) == words


def test_without_a_moment_it_is_now():
    assert say_age(0) == "1 January 1970"


def test_a_moment_as_machines_read_it():
    assert dump_iso_time(NOW_MS) == "2026-11-28T02:49:15Z"
    assert time_tag(NOW_MS, NOW_MS) == '<time datetime="2026-11-28T02:49:15Z">just now</time>'


@pytest.mark.parametrize(
    ("renderer", "text"),
    [
        (Jinja2Rendering, "{{ time_tag(then_ms) }}"),
        (MakoRendering, "${time_tag(then_ms)}"),
        (TornadoRendering, "{% raw time_tag(then_ms) %}"),
        (MustacheRendering, "{{tag}}"),
    ],
)
def test_templates_find_it(tmp_path, renderer, text):
    (tmp_path / "page.html").write_text(text)

    class Page(WebMessageHandler, renderer):
        def get(self):
            return self.render_template("page.html", then_ms=0, tag=time_tag(0))

    app = Brubeck(handler_tuples=[("^/", Page)], template_engine=renderer.engine_name, template_dir=tmp_path)

    assert Client(app).get("/").text == '<time datetime="1970-01-01T00:00:00Z">1 January 1970</time>'
