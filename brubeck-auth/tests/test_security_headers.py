import pytest
from brubeck.auth import SecurityHeaders
from brubeck.core.application import Brubeck
from brubeck.core.client import Client
from brubeck.core.errors import HeaderError
from brubeck.core.handlers import WebMessageHandler


class Page(WebMessageHandler):
    def get(self):
        return "page"


class Shared(WebMessageHandler):
    def get(self):
        self.headers["Content-Security-Policy"] = "frame-ancestors *"
        self.headers["Cache-Control"] = "max-age=60"
        return "shared"


def client_of(*arguments, **options):
    plugins = [SecurityHeaders(*arguments, **options)]
    return Client(Brubeck(handler_tuples=[("^/$", Page), ("^/shared$", Shared)], plugins=plugins))


@pytest.mark.parametrize("path", ["/", "/nowhere"])
def test_every_answer_has_them_error_pages_too(path):
    headers = client_of().get(path).headers

    assert "default-src 'self'" in headers["content-security-policy"]
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert headers["referrer-policy"] == "same-origin"
    assert headers["x-content-type-options"] == "nosniff"
    assert "cache-control" not in headers


def test_they_are_what_was_asked_for():
    client = client_of("default-src 'none'", referrer_policy="no-referrer", cache_control="no-store")
    headers = client.get("/").headers

    assert headers["content-security-policy"] == "default-src 'none'"
    assert (headers["referrer-policy"], headers["cache-control"]) == ("no-referrer", "no-store")


def test_what_a_handler_says_itself_stays():
    headers = client_of(cache_control="no-store").get("/shared").headers

    assert headers.get_all("content-security-policy") == ["frame-ancestors *"]
    assert headers["cache-control"] == "max-age=60"
    assert headers["x-content-type-options"] == "nosniff"


def test_a_policy_that_is_no_header_is_refused():
    with pytest.raises(HeaderError, match="Content-Security-Policy"):
        SecurityHeaders("default-src 'self'\r\nSet-Cookie: a=1")
