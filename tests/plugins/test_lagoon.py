"""The third-party plugin by its parts, from its sources: it passes the suites that plugin authors are given."""

import base64
import json
import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from brubeck.core.headers import Headers
from brubeck.request_handling import Brubeck, ConfigurationError, JSONMessageHandler, WebMessageHandler
from brubeck.testing import Client, ConnectionContract, MixinContract
from brubeck.testing import ClientResponse as Answer

sys.path.insert(0, str(Path(__file__).parent / "brubeck-lagoon" / "src"))

import brubeck_lagoon.plugin
from brubeck_lagoon.connection import LagoonConnection
from brubeck_lagoon.rendering import LagoonRendering
from brubeck_lagoon.tide import TideMixin


class LagoonClient(Client):
    """Asks in lines of JSON."""

    def __init__(self, port: int) -> None:
        super().__init__()
        self.port = port

    def exchange(self, method: str, target: str, headers: list[tuple[str, str]], body: bytes) -> Answer:
        if body:
            headers.append(("Content-Length", str(len(body))))
        facts = {"method": method, "target": target, "headers": headers}
        line = json.dumps({**facts, "body": base64.b64encode(body).decode()}).encode() + b"\n"
        with (
            socket.create_connection(("127.0.0.1", self.port), timeout=10) as wire,
            wire.makefile("rwb") as stream,
        ):
            stream.write(line)
            stream.flush()
            answer = json.loads(stream.readline())
        received = Headers([(name, value) for name, value in answer["headers"]])
        return Answer(answer["status"], answer["reason"], received, base64.b64decode(answer["body"]))


class TestLagoonConnection(ConnectionContract):
    @contextmanager
    def serve(self, application: Brubeck) -> Iterator[Client]:
        connection = LagoonConnection(port=0)
        connection.open(application)
        thread = threading.Thread(target=connection.serve)
        thread.start()
        try:
            yield LagoonClient(connection.port)
        finally:
            connection.stop(1)
            thread.join()
            connection.close()


class TestTideMixin(MixinContract):
    mixin = TideMixin


class TestLagoonRenderingAsMixin(MixinContract):
    mixin = LagoonRendering
    settings = {"plugins": [brubeck_lagoon.plugin], "template_engine": "lagoon", "template_dir": "."}


@pytest.fixture
def settings(tmp_path: Path) -> dict[str, Any]:
    (tmp_path / "hello.html").write_text("Take five, $name!")
    (tmp_path / "errors.html").write_text("<h1>$error_code</h1>")
    return {"plugins": [brubeck_lagoon.plugin], "template_engine": "lagoon", "template_dir": tmp_path}


@pytest.mark.parametrize(
    "bases", [(WebMessageHandler, LagoonRendering), (LagoonRendering, WebMessageHandler)]
)
def test_a_page_is_rendered_and_escaped(settings, bases):
    handler = type("Page", bases, {"get": lambda self: self.render_template("hello.html", name="<Paul>")})
    client = Client(Brubeck(handler_tuples=[("^/$", handler)], **settings))

    response = client.get("/")

    assert (response.text, response.headers["X-Lagoon"]) == ("Take five, &lt;Paul&gt;!", "deep")
    assert client.post("/").text == "<h1>405</h1>"


def test_a_handler_that_lacks_its_engine_is_refused_when_its_route_is_added():
    handler = type("Page", (WebMessageHandler, LagoonRendering), {})

    with pytest.raises(ConfigurationError, match="template"):
        Brubeck(handler_tuples=[("^/$", handler)], plugins=[brubeck_lagoon.plugin])


def test_the_mixin_stands_on_a_json_handler_too():
    handler = type("Tide", (JSONMessageHandler, TideMixin), {"get": lambda self: self.tide})
    client = Client(Brubeck(handler_tuples=[("^/", handler)]))

    assert [client.get(path).text for path in ("/ebb", "/flow")] == ["low", "high"]
