"""Each renderer beside each mixin of brubeck-auth, in every order of the bases; what templates find of them."""

import itertools

import pytest
from brubeck.auth import CSRFMixin, CSRFProtection, Sessions
from brubeck.core.plugins import PluginManager
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
from brubeck.testing import Client

RENDERERS = {
    Jinja2Rendering: (load_jinja2_env, "{{ csrf_field }}"),
    TornadoRendering: (load_tornado_env, "{% raw csrf_field %}"),
    MakoRendering: (load_mako_env, "${csrf_field}"),
    MustacheRendering: (load_mustache_env, "{{csrf_field}}"),
}
SETTINGS = {"login_url": "/login", "cookie_secret": "a secret for tests, of at least 32 bytes"}
MIXINS = {
    name: value.get()
    for name, value in PluginManager().load().mixins.items()
    if value.entry.distribution == "brubeck-auth"
}


def get(handler):
    return handler.render_template("page.html")


def application(folder, renderer, *handlers, plugins=None):
    routes = [(f"^/{number}$", handler) for number, handler in enumerate(handlers)]
    load, _ = RENDERERS[renderer]
    return Brubeck(
        handler_tuples=routes, template_loader=load(folder), plugins=plugins or [Sessions()], **SETTINGS
    )


@pytest.mark.parametrize("renderer", RENDERERS, ids=lambda renderer: renderer.engine_name)
def test_a_page_beside_each_mixin_in_every_order(renderer, tmp_path):
    (tmp_path / "page.html").write_text("here")
    (tmp_path / "errors.html").write_text("an error")
    orders = [
        type("Page", bases, {"get": get})
        for mixin in MIXINS.values()
        for bases in itertools.permutations((WebMessageHandler, renderer, mixin))
    ]
    client = Client(application(tmp_path, renderer, *orders))

    assert len(orders) == 6 * len(MIXINS)
    for number, handler in enumerate(orders):
        assert client.get(f"/{number}").text == "here", handler.__mro__
        answer = client.delete(f"/{number}")
        assert answer.status_code in {403, 405}, handler.__mro__
        assert answer.text == "an error", handler.__mro__


@pytest.mark.parametrize("renderer", RENDERERS, ids=lambda renderer: renderer.engine_name)
def test_a_form_with_the_field_of_csrf_is_taken(renderer, tmp_path):
    _, field = RENDERERS[renderer]
    (tmp_path / "page.html").write_text(f"<form>{field}</form>")
    methods = {"get": get, "post": lambda handler: "taken"}
    client = Client(
        application(tmp_path, renderer, type("Page", (WebMessageHandler, renderer, CSRFMixin), methods))
    )

    page = client.get("/0").text
    assert page.startswith('<form><input type="hidden" name="csrf_token" value="')
    token = page.partition('value="')[2].partition('"')[0]
    assert client.post("/0", data={"csrf_token": token}).text == "taken"
    assert client.post("/0", data={"csrf_token": "forged"}).status_code == 403


@pytest.mark.parametrize("renderer", RENDERERS, ids=lambda renderer: renderer.engine_name)
@pytest.mark.parametrize(
    "plugins", [[CSRFProtection()], [Sessions(), CSRFProtection()]], ids=["cookie", "session"]
)
def test_the_switch_for_the_application_brings_the_field_too(renderer, plugins, tmp_path):
    """Mustache filled in nothing, silently, where the handler had no `CSRFMixin`."""
    _, field = RENDERERS[renderer]
    (tmp_path / "page.html").write_text(f"<form>{field}</form>")
    page = type("Page", (WebMessageHandler, renderer), {"get": get, "post": lambda handler: "taken"})
    client = Client(application(tmp_path, renderer, page, plugins=plugins))
    token = client.get("/0").text.partition('value="')[2].partition('"')[0]

    assert client.post("/0", data={"csrf_token": token}).text == "taken"
    assert client.post("/0").status_code == 403


@pytest.mark.parametrize("renderer", RENDERERS, ids=lambda renderer: renderer.engine_name)
def test_a_guards_refusal_is_drawn_with_the_applications_template(renderer, tmp_path):
    (tmp_path / "page.html").write_text("here")
    (tmp_path / "errors.html").write_text("an error")
    page = type("Page", (WebMessageHandler, renderer), {"get": get})
    client = Client(application(tmp_path, renderer, page, plugins=[CSRFProtection()]))

    answers = client.post("/0"), client.get("/nowhere")
    assert [(answer.status_code, answer.text) for answer in answers] == [(403, "an error"), (404, "an error")]
