"""The programs about templates do what they say."""

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest
from brubeck.testing import Client

EXAMPLES = Path(__file__).parents[2] / "examples"
ENGINES = ["jinja2", "mako", "tornado", "mustache"]
ATTACK = "<script>alert('x')</script>"


def load(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"example_{name}", EXAMPLES / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module", params=ENGINES)
def demo(request):
    return request.param, Client(load(f"demo_{request.param}").app)


def test_a_demo_renders_its_page(demo):
    engine, client = demo
    answer = client.get("/brubeck")

    assert answer.status_code == 200
    assert f"<title>Successful {engine.title()} Template Render</title>" in answer.text
    assert "<p>Take five, dude!</p>" in answer.text
    assert ("<p>And take five more.</p>" in answer.text) == (engine == "mustache")


def test_a_demo_escapes_what_it_was_given(demo):
    """The demos of the first Brubeck, Mustache's apart, sent it as it came."""
    _, client = demo
    page = client.get("/brubeck", query={"name": ATTACK}).text

    assert "<script>" not in page
    assert "&lt;script&gt;" in page


def test_a_demo_answers_another_method_with_its_error_page(demo):
    """The first Brubeck answered nothing."""
    _, client = demo
    answer = client.post("/brubeck")

    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, HEAD, OPTIONS")
    assert "<h1>405</h1>\n<pre>Method Not Allowed</pre>" in answer.text


def test_the_demo_without_classes_renders_for_get_and_post():
    client = Client(load("demo_jinja2_noclasses").app)

    assert "<p>Take five, dude!</p>" in client.get("/").text
    assert "<p>Take five, bob!</p>" in client.post("/", data={"name": "bob"}).text
    assert client.put("/").status_code == 405


def test_the_demo_of_all_engines_takes_each_handlers_own():
    client = Client(load("demo_engines").app)

    for engine in ENGINES:
        assert f"Successful {engine.title()} Template Render" in client.get(f"/{engine}").text
        assert "<h1>405</h1>" in client.delete(f"/{engine}").text
    assert "<h1>404</h1>" in client.get("/nowhere").text
