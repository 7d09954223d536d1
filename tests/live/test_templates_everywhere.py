"""Each engine in both base orders, over the embedded server and over a real Mongrel2: one answer to everything."""

from __future__ import annotations

import html
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from brubeck.core.client import SocketClient
from brubeck.core.renderer_contract import ATTACKS
from brubeck.mongrel2 import Mongrel2Connection
from brubeck.request_handling import Brubeck, HTTPError, WebMessageHandler
from brubeck.templating import Jinja2Rendering, MakoRendering, MustacheRendering, TornadoRendering
from brubeck.wsgi import WSGIConnection
from mongrel2_server import Mongrel2, in_thread, wait_until

ENGINES = {
    "jinja2": (Jinja2Rendering, "{{ %s }}", "{{ name"),
    "tornado": (TornadoRendering, "{{ %s }}", "{{ name"),
    "mako": (MakoRendering, "${%s}", "${name"),
    "pystache": (MustacheRendering, "{{%s}}", "{{#name}}"),
}


class Pages:
    """What a handler of these tests does, whatever renders for it."""

    def get(self: Any) -> Any:
        kind = self.get_argument("kind", "page")
        if kind == "raise":
            raise RuntimeError("a secret of the server")
        if kind == "refuse":
            raise HTTPError(400, self.get_argument("name"))
        name = self.get_argument("name", "dude")
        return self.render_template(f"{kind}.html", name=name, item={"title": name})


def write_templates(folder: Path, expression: str, broken: str) -> None:
    value = expression % "name"
    files = {
        "good/page.html": f'<p title="{value}">{value}</p>',
        "good/broken.html": broken,
        "good/errors.html": f"<p>{expression % 'error_code'}</p><i>{expression % 'error_message'}</i>",
        "bad/page.html": f"<p>{value}</p>",
        "bad/errors.html": broken,
    }
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def applications(folder: Path) -> Iterator[tuple[str, Brubeck]]:
    """Yield an application for each engine and each kind of error template, both base orders in each."""
    for name, (renderer, expression, broken) in ENGINES.items():
        write_templates(folder / name, expression, broken)
        before = type("Before", (renderer, WebMessageHandler, Pages), {})
        behind = type("Behind", (Pages, WebMessageHandler, renderer), {})
        for kind in ("good", "bad"):
            yield (
                kind,
                Brubeck(
                    handler_tuples=[("^/0$", before), ("^/1$", behind)],
                    template_loader=lambda folder=folder / name / kind, renderer=renderer: (
                        renderer.load_engine(folder)
                    ),
                ),
            )


@contextmanager
def over_the_embedded_server(application: Any) -> Iterator[SocketClient]:
    connection = application.msg_conn = WSGIConnection(port=0)
    with in_thread(application):
        wait_until(lambda: connection.port != 0, what="the port")
        yield SocketClient(f"http://127.0.0.1:{connection.port}")


@contextmanager
def over_mongrel2(application: Any) -> Iterator[SocketClient]:
    with Mongrel2() as server:
        connection = application.msg_conn = Mongrel2Connection(
            *server.pair, upload_folder=server.upload_folder
        )
        with in_thread(application):
            wait_until(lambda: connection.is_taking, what="the connection")
            yield SocketClient(server.url)


@pytest.mark.parametrize(
    "serve",
    [over_the_embedded_server, pytest.param(over_mongrel2, marks=pytest.mark.live("mongrel2"))],
    ids=["embedded", "mongrel2"],
)
def test_every_message_has_one_answer_with_its_status(serve: Any, tmp_path: Path) -> None:
    logging.getLogger("brubeck").setLevel(logging.CRITICAL)
    try:
        for kind, application in applications(tmp_path):
            with serve(application) as client:
                for path in ("/0", "/1"):
                    check_pages(client, path, has_error_page=kind == "good")
    finally:
        logging.getLogger("brubeck").setLevel(logging.NOTSET)


def check_pages(client: SocketClient, path: str, *, has_error_page: bool) -> None:
    page = client.get(path, query={"name": "Grüße, 日本"})
    assert page.status_code == 200
    assert "Grüße, 日本" in page.text
    assert page.headers["content-type"] == "text/html; charset=utf-8"

    failures = {
        405: client.post(path, data="x"),
        400: client.get(path, query={"kind": "refuse", "name": "no"}),
    }
    for kind in ("raise", "missing", "broken"):
        failures[500] = client.get(path, query={"kind": kind})
        for status_code, answer in failures.items():
            assert answer.status_code == status_code, (kind, answer.text)
            assert (f"<p>{status_code}</p>" in answer.text) == has_error_page
            assert str(status_code) in answer.text
            assert "secret" not in answer.text

    for attack in ATTACKS:
        refusal = client.get(path, query={"kind": "refuse", "name": attack}).text
        texts = [client.get(path, query={"name": attack}).text, refusal] if has_error_page else [refusal]
        for text in texts:
            assert attack in html.unescape(text)
            assert not [tag for tag in ("<script", "<svg", "<img", '" onmouse') if tag in text]
