"""Every decorator, on methods and on classes, with every order of the bases and every renderer, over both transports.

Never a protected body for a stranger, never no answer; and whoever may come in does.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import permutations, product
from pathlib import Path
from typing import Any

import pytest
from brubeck.auth import (
    BasicAuthMixin,
    BearerAuthMixin,
    CookieUserMixin,
    CSRFMixin,
    MemorySessionStore,
    Sessions,
    SessionUserMixin,
    Signer,
    UserHandlingMixin,
    authenticated,
    requires,
    web_authenticated,
)
from brubeck.auth.sessions import key_of
from brubeck.core.application import Brubeck
from brubeck.core.client import SocketClient
from brubeck.core.handlers import JSONMessageHandler, WebMessageHandler
from brubeck.core.responses import http_response
from brubeck.mongrel2 import Mongrel2Connection
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
from brubeck.wsgi import WSGIConnection
from mongrel2_server import Mongrel2, free_port, in_thread, is_listening, wait_until

SECRET = "s" * 32
PROTECTED = "the protected body"
USER = {"username": "jd", "roles": ["admin"]}


class HeaderUsers(UserHandlingMixin):
    def get_current_user(self: Any) -> Any:
        return USER if self.message.headers.get("X-User") else None


class Loads:
    def load_user(self, user_id: Any) -> Any:
        return USER

    def load_basic_user(self, username: str, password: str) -> Any:
        return USER if password == "take five" else None


class CookieUsers(Loads, CookieUserMixin):
    pass


class GuardedCookieUsers(Loads, CSRFMixin, CookieUserMixin):
    pass


class SessionUsers(Loads, SessionUserMixin):
    pass


class BasicUsers(Loads, BasicAuthMixin):
    pass


class BearerUsers(Loads, BearerAuthMixin):
    pass


USERS = (HeaderUsers, CookieUsers, GuardedCookieUsers, SessionUsers, BasicUsers, BearerUsers)
RENDERERS = (None, Jinja2Rendering, TornadoRendering, MakoRendering, MustacheRendering)
DECORATORS = {
    "authenticated": authenticated,
    "web_authenticated": web_authenticated,
    "requires": requires("admin"),
}
ENGINES = {
    "jinja2": (load_jinja2_env, "drawn {{ error_code }}"),
    "tornado": (load_tornado_env, "drawn {{ error_code }}"),
    "mako": (load_mako_env, "drawn ${error_code}"),
    "pystache": (load_mustache_env, "drawn {{error_code}}"),
}

Everything = tuple[Brubeck, list[tuple[str, type, type]], dict[type, Any]]
"""The application, its handlers, and what to send to come in."""


def answer(self: Any) -> Any:
    if hasattr(self, "render_template"):
        return self.render_template("page.html")
    self.set_body(PROTECTED)
    return self.render()


def stream(self: Any) -> Iterator[bytes]:
    yield PROTECTED.encode()


def make_handlers() -> Iterator[tuple[str, type, type]]:
    """Yield paths, handlers and what they know users by."""
    number = 0
    for users, renderer, name in product(USERS, RENDERERS, DECORATORS):
        for handler in (WebMessageHandler, JSONMessageHandler) if renderer is None else (WebMessageHandler,):
            for bases in permutations([base for base in (handler, users, renderer) if base]):
                decorate = DECORATORS[name]
                methods = {"get": decorate(answer), "post": decorate(answer), "put": decorate(stream)}
                on_methods = type(f"OnMethods{number}", bases, methods)
                on_class = decorate(
                    type(f"OnClass{number}", bases, {"get": answer, "post": answer, "put": stream})
                )
                yield f"/{number}/m/", on_methods, users
                yield f"/{number}/c/", on_class, users
                number += 1


@pytest.fixture(scope="module")
def everything(
    tmp_path_factory: pytest.TempPathFactory,
) -> tuple[Brubeck, list[tuple[str, type, type]], dict[type, Any]]:
    """The application, its handlers, and what to send to come in."""
    loaders = {}
    for engine, (load, error_page) in ENGINES.items():
        folder = tmp_path_factory.mktemp(engine)
        write_templates(folder, error_page)
        loaders[engine] = load(str(folder))
    store = MemorySessionStore()
    application = Brubeck(
        template_loader=loaders, cookie_secret=SECRET, login_url="/login", plugins=[Sessions(store)]
    )
    handlers = list(make_handlers())
    for path, handler, _ in handlers:
        application.add_route_rule(f"^{path}", handler)
    application.add_route_rule("^/ready$", lambda application, message: http_response("ready"))
    return application, handlers, credentials(store)


def write_templates(folder: Path, error_page: str) -> None:
    for suffix in (".html", ".mustache"):
        (folder / f"errors{suffix}").write_text(error_page)
        (folder / f"page{suffix}").write_text(PROTECTED)


def credentials(store: MemorySessionStore) -> dict[type, Any]:
    """Return the headers that each kind of user comes in with."""
    signer = Signer(SECRET)
    now = signer.get_timestamp()
    store.create(key_of("an id"), json.dumps({"c": now, "a": now, "d": {"user_id": "jd"}}).encode(), 3600)
    cookie = {"Cookie": f"user_id={signer.sign('user_id', 'jd')}"}
    return {
        HeaderUsers: {"X-User": "jd"},
        CookieUsers: cookie,
        GuardedCookieUsers: cookie,
        SessionUsers: {"Cookie": f"session={signer.sign('session', 'an id')}"},
        BasicUsers: {"Authorization": "Basic " + base64.b64encode(b"jd:take five").decode()},
        BearerUsers: {"Authorization": f"Bearer {Signer(SECRET, purpose='token').sign('bearer', 'jd')}"},
    }


@contextmanager
def over_wsgi(application: Brubeck) -> Iterator[SocketClient]:
    port = free_port()
    application.msg_conn = WSGIConnection(port=port)
    with in_thread(application):
        wait_until(lambda: is_listening(port), what="the port")
        yield SocketClient(f"http://127.0.0.1:{port}")


@contextmanager
def behind_mongrel2(application: Brubeck) -> Iterator[SocketClient]:
    with Mongrel2() as server:
        connection = application.msg_conn = Mongrel2Connection(*server.pair)
        with in_thread(application):
            wait_until(lambda: connection.is_taking, what="the connection")
            yield SocketClient(server.url)


@pytest.mark.live("mongrel2")
@pytest.mark.parametrize("serve", [over_wsgi, behind_mongrel2])
def test_never_a_protected_body_for_a_stranger_and_never_no_answer(
    serve: Any, everything: Everything
) -> None:
    application, handlers, come_in_with = everything
    leaks, odd, kept_out = [], [], []

    with serve(application) as client:
        for path, handler, users in handlers:
            for method in ("GET", "HEAD", "POST", "PUT", "DELETE"):
                response = client.request(method, path)
                if PROTECTED in response.text or response.headers.get("Content-Length") == str(
                    len(PROTECTED)
                ):
                    leaks.append((method, handler.__mro__))
                if response.status_code not in (302, 401, 403, 405):
                    odd.append((method, response.status_code, handler.__mro__))
            response = client.get(path, headers=come_in_with[users])
            if (response.status_code, response.text) != (200, PROTECTED):
                kept_out.append((response.status_code, response.text[:80], handler.__mro__))
            client.cookies.clear()

    assert len(handlers) > 800
    assert (leaks[:3], odd[:3], kept_out[:3]) == ([], [], [])
