"""The third-party plugin by its parts, from its sources: its mixins pass the suites that plugin authors are given."""

import sys
from pathlib import Path
from typing import Any

import pytest
from brubeck.request_handling import Brubeck, JSONMessageHandler, WebMessageHandler
from brubeck.testing import Client, MixinContract

sys.path.insert(0, str(Path(__file__).parent / "brubeck-lagoon" / "src"))

import brubeck_lagoon
from brubeck_lagoon.rendering import LagoonRendering
from brubeck_lagoon.tide import TideMixin


class TestTideMixin(MixinContract):
    mixin = TideMixin


class TestLagoonRendering(MixinContract):
    mixin = LagoonRendering
    settings = {"plugins": [brubeck_lagoon], "template_engine": "lagoon", "template_dir": "."}


@pytest.fixture
def settings(tmp_path: Path) -> dict[str, Any]:
    (tmp_path / "hello.html").write_text("Take five, ~name~!")
    return {"plugins": [brubeck_lagoon], "template_engine": "lagoon", "template_dir": tmp_path}


@pytest.mark.parametrize(
    "bases", [(WebMessageHandler, LagoonRendering), (LagoonRendering, WebMessageHandler)]
)
def test_a_page_is_rendered_and_escaped_in_both_orders(settings, bases):
    handler = type("Page", bases, {"get": lambda self: self.render_template("hello.html", name="<Paul>")})
    client = Client(Brubeck(handler_tuples=[("^/$", handler)], **settings))

    response = client.get("/")

    assert (response.text, response.headers["X-Lagoon"]) == ("Take five, &lt;Paul&gt;!", "calm")


def test_the_mixin_stands_on_a_json_handler_too():
    handler = type("Tide", (JSONMessageHandler, TideMixin), {"get": lambda self: self.tide})
    client = Client(Brubeck(handler_tuples=[("^/$", handler)], settings={"tide": "high"}))

    assert client.get("/").text == "high"
