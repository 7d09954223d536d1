"""The client without a socket keeps the contract of a transport."""

from contextlib import contextmanager

import pytest
from brubeck.core.application import Brubeck
from brubeck.core.client import Client, encode_multipart, join_query
from brubeck.core.errors import PluginError
from brubeck.plugins import hookimpl
from brubeck.testing import ConnectionContract

pytest_plugins = ["pytester"]


class TestInMemory(ConnectionContract):
    @contextmanager
    def serve(self, application):
        yield Client(application)


def test_cookies_are_kept_and_forgotten(client_for):
    from brubeck.core.handlers import WebMessageHandler

    class Jar(WebMessageHandler):
        def get(self):
            self.set_cookie("a", "1")
            return str(sorted(self.message.cookies.items()))

        def delete(self):
            self.delete_cookies()

    client = client_for(Brubeck(handler_tuples=[("^/", Jar)]))

    assert client.get("/").text == "[]"
    assert client.get("/").text == "[('a', '1')]"
    assert client.delete("/").status_code == 204
    assert client.cookies == {}


def test_queries_are_joined():
    assert join_query("/a b?x=1", {"y": [2, 3]}) == "/a%20b?x=1&y=2&y=3"


def test_multipart():
    content_type, body = encode_multipart({"a": ["1", "2"]}, {"f": ("n.txt", b"data", "text/plain")})

    assert content_type.startswith("multipart/form-data; boundary=")
    assert body.count(b"Content-Disposition") == 3


class Life:
    """Notes when it begins and ends."""

    def __init__(self):
        self.calls = []

    @hookimpl
    def brubeck_startup(self, application):
        self.calls.append("startup")

    @hookimpl
    def brubeck_request(self, application, message):
        self.calls.append("request")

    @hookimpl
    def brubeck_stopping(self, application):
        self.calls.append("stopping")

    @hookimpl
    def brubeck_shutdown(self, application):
        self.calls.append("shutdown")


class Broken(Life):
    """Cannot start."""

    @hookimpl
    def brubeck_startup(self, application):
        raise RuntimeError("no database")


def test_plugins_live_as_long_as_the_block():
    life = Life()
    with Client(Brubeck(plugins=[life])) as client:
        client.get("/")

    assert life.calls == ["startup", "request", "stopping", "shutdown"]


def test_plugins_end_where_the_block_fails():
    life = Life()
    with pytest.raises(ZeroDivisionError, match="division"), Client(Brubeck(plugins=[life])):
        print(1 / 0)

    assert life.calls == ["startup", "stopping", "shutdown"]


def test_a_plugin_that_cannot_start_is_an_error_and_the_others_end():
    life = Life()
    with pytest.raises(PluginError, match="no database"), Client(Brubeck(plugins=[life, Broken()])):
        pass

    assert life.calls == ["startup", "shutdown"]


def test_without_a_block_plugins_do_not_start():
    life = Life()
    Client(Brubeck(plugins=[life])).get("/")

    assert life.calls == ["request"]


def test_the_fixture_runs_plugins_once_an_application_until_the_test_ends(client_for):
    life = Life()
    application = Brubeck(plugins=[life])
    client_for(application).get("/")
    client_for(application).get("/")

    assert life.calls == ["startup", "request", "request"]


def test_behind_the_test_the_fixture_ends_them(pytester):
    pytester.makepyfile("""
        from brubeck.core.application import Brubeck
        from brubeck.plugins import hookimpl

        class Life:
            @hookimpl
            def brubeck_shutdown(self, application):
                print("ended")

        def test_one(client_for):
            client_for(Brubeck(plugins=[Life()]))
            print("tested")
    """)
    output = pytester.runpytest_inprocess("-s", "-p", "no:cacheprovider").stdout.str()

    assert output.index("tested") < output.index("ended")
