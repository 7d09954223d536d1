"""Several handlers behind one Mongrel2: told apart by the path, and by the host."""

from __future__ import annotations

from contextlib import ExitStack

import pytest
from brubeck.core.client import SocketClient
from brubeck.mongrel2 import Mongrel2Connection
from brubeck.request_handling import Brubeck
from mongrel2_server import Mongrel2, in_thread

pytestmark = pytest.mark.live("mongrel2")


def application(name: str, pull: str, pub: str) -> Brubeck:
    app = Brubeck(msg_conn=Mongrel2Connection(pull, pub))
    app.add_route("^/")(lambda application, message: f"{name} {message.path}")
    return app


@pytest.mark.parametrize(
    ("host", "path", "answer"),
    [
        ("localhost", "/", "first /"),
        ("localhost", "/archive", "first /archive"),
        ("localhost", "/api/", "api /api/"),
        ("localhost", "/api/links?since=1", "api /api/links"),
        ("localhost", "/apis", "first /apis"),
        ("nobody.example", "/api/links", "api /api/links"),
        ("admin.example", "/", "admin /"),
        ("admin.example", "/api/links", "admin /api/links"),
        ("localhost", "/ap", "api /ap"),  # Mongrel2 takes the beginning of a route for the route
    ],
)
def test_each_hears_its_own(site: Mongrel2, host: str, path: str, answer: str) -> None:
    assert SocketClient(site.url).get(path, headers={"Host": host}).text == answer


@pytest.fixture(scope="module")
def site():
    further = {"api": {"path": "/api/"}, "admin": {"host": "admin.example"}}
    with ExitStack() as stack:
        server = stack.enter_context(Mongrel2(handlers=further))
        for name, pair in zip(
            ("first", *further), (server.settings, *server.settings.further_handlers), strict=True
        ):
            stack.enter_context(in_thread(application(name, pair.send_spec, pair.recv_spec)))
        yield server
