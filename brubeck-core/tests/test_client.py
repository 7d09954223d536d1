"""The client without a socket keeps the contract of a transport."""

from contextlib import contextmanager

from brubeck.core.client import Client, encode_multipart, join_query
from brubeck.testing import ConnectionContract


class TestInMemory(ConnectionContract):
    @contextmanager
    def serve(self, application):
        yield Client(application)


def test_cookies_are_kept_and_forgotten(client_for):
    from brubeck.request_handling import Brubeck, WebMessageHandler

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
