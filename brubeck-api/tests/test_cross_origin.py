"""CORS: https://fetch.spec.whatwg.org/#http-cors-protocol."""

import re

import pytest
from brubeck.api import CrossOrigin
from brubeck.core.errors import ConfigurationError
from brubeck.request_handling import Brubeck, WebMessageHandler
from brubeck.testing import Client

APP = "https://app.example.com"
ASK = {
    "Origin": APP,
    "Access-Control-Request-Method": "PUT",
    "Access-Control-Request-Headers": "x-a, if-match",
}


class Page(WebMessageHandler):
    def get(self):
        if self.get_argument("vary"):
            self.headers["Vary"] = self.get_argument("vary")
        return "five"

    def put(self):
        raise RuntimeError("broken")


def client_of(*plugins):
    return Client(Brubeck(handler_tuples=[("^/page", Page), ("^/api/", Page)], plugins=plugins))


def allowances(answer):
    return {
        name.lower(): value for name, value in answer.headers.items() if name.lower().startswith("access-")
    }


def test_a_page_of_a_known_origin_may_read():
    answer = client_of(CrossOrigin([APP, "http://localhost:3000"])).get("/page", headers={"Origin": APP})

    assert answer.text == "five"
    assert answer.headers["Vary"] == "Origin"
    assert allowances(answer) == {
        "access-control-allow-origin": APP,
        "access-control-expose-headers": "ETag, Link, Location, Retry-After",
    }


@pytest.mark.parametrize(
    "origin",
    [
        "https://evil.example.com",
        "http://app.example.com",
        "https://app.example.com:444",
        "https://app.example.com.evil.com",
        "https://evil.com/https://app.example.com",
        "https://APP.example.com",
        "https://app.example.com/",
        "https://app.example.com, https://evil.com",
        "null",
        "",
        "*",
    ],
)
def test_another_origin_may_not(origin):
    client = client_of(CrossOrigin(APP, credentials=True))

    for method in ("GET", "OPTIONS"):
        answer = client.request(method, "/page", headers={**ASK, "Origin": origin})
        assert allowances(answer) == {}
        assert answer.headers["Vary"] == "Origin"


def test_two_origins_are_none():
    answer = client_of(CrossOrigin(APP)).get("/page", headers=[("Origin", APP), ("Origin", APP)])

    assert allowances(answer) == {}


def test_a_cache_is_told_also_where_no_origin_asked():
    answer = client_of(CrossOrigin(APP)).get("/page")

    assert (answer.headers["Vary"], allowances(answer)) == ("Origin", {})


@pytest.mark.parametrize(
    ("before", "after"),
    [("Cookie", "Cookie, Origin"), ("origin", "origin"), ("a, Origin , b", "a, Origin , b"), ("*", "*")],
)
def test_vary_keeps_what_it_said(before, after):
    answer = client_of(CrossOrigin(APP)).get("/page", query={"vary": before}, headers={"Origin": APP})

    assert answer.headers["Vary"] == after


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (["Accept", "Cookie"], ["Accept, Cookie, Origin"]),
        (["Accept, Cookie", "accept", "Accept-Language"], ["Accept, Cookie, Accept-Language, Origin"]),
        (["Accept", "Origin"], ["Accept", "Origin"]),
        (["Accept", "*"], ["Accept", "*"]),
    ],
)
def test_vary_keeps_what_it_said_in_several_headers(before, after):
    """The first header was read and all were replaced: what the others said was lost to caches."""

    class Several(WebMessageHandler):
        def get(self):
            for value in before:
                self.headers.add("Vary", value)
            return "five"

    application = Brubeck(handler_tuples=[("^/$", Several)], plugins=[CrossOrigin(APP)])
    answer = Client(application).get("/", headers={"Origin": APP})

    assert [value for name, value in answer.headers.items() if name == "Vary"] == after


def test_anybody_may_read_what_is_for_anybody():
    answer = client_of(CrossOrigin("*")).get("/page", headers={"Origin": "https://anywhere.example"})

    assert allowances(answer)["access-control-allow-origin"] == "*"
    assert "access-control-allow-credentials" not in allowances(answer)
    assert "Vary" not in answer.headers


def test_credentials_go_to_named_origins_only():
    answer = client_of(CrossOrigin(APP, credentials=True)).get("/page", headers={"Origin": APP})

    assert allowances(answer)["access-control-allow-credentials"] == "true"
    for origins, credentials in (("*", True), (["*"], True), (["*", APP], False)):
        with pytest.raises(ConfigurationError, match=r"'\*' stands alone and without credentials"):
            CrossOrigin(origins, credentials=credentials)


def test_errors_can_be_read_too(caplog):
    client = client_of(CrossOrigin(APP))

    for method, path, status in (("PUT", "/page", 500), ("GET", "/nowhere", 404), ("DELETE", "/page", 405)):
        answer = client.request(method, path, headers={"Origin": APP})
        assert (answer.status_code, allowances(answer)["access-control-allow-origin"]) == (status, APP)
    assert "broken" in caplog.text


def test_a_preflight_is_answered_before_any_handler():
    plugin = CrossOrigin(
        APP, credentials=True, methods=["PUT"], headers=["If-Match"], exposed=[], max_age_s=5
    )

    answer = client_of(plugin).options("/page", headers=ASK)

    assert (answer.status_code, answer.body, answer.headers["Vary"]) == (204, b"", "Origin")
    assert allowances(answer) == {
        "access-control-allow-origin": APP,
        "access-control-allow-methods": "PUT",
        "access-control-allow-headers": "If-Match",
        "access-control-allow-credentials": "true",
        "access-control-max-age": "5",
    }
    assert "Allow" not in answer.headers


def test_only_options_is_a_preflight():
    answer = client_of(CrossOrigin(APP)).get("/page", headers=ASK)

    assert answer.text == "five"
    assert "access-control-allow-methods" not in allowances(answer)


def test_options_that_ask_for_no_method_are_the_handlers():
    answer = client_of(CrossOrigin(APP)).options("/page", headers={"Origin": APP})

    assert answer.headers["Allow"] == "GET, HEAD, PUT, OPTIONS"
    assert allowances(answer)["access-control-allow-origin"] == APP


def test_each_part_of_a_site_has_its_own_rule():
    client = client_of(CrossOrigin(APP, paths="/api/"), CrossOrigin("*", paths="/page", name="pages"))

    origins = [
        allowances(client.get(path, headers={"Origin": APP})).get("access-control-allow-origin")
        for path in ("/api/takes", "/page", "/other")
    ]
    assert origins == [APP, "*", None]
    assert allowances(client.options("/other", headers=ASK)) == {}


@pytest.mark.parametrize(
    "origin",
    [
        "",
        "null",
        "app.example.com",
        f"{APP}/",
        f"{APP}/a",
        "HTTPS://a.com",
        "https://*.a.com",
        "https://a b",
        f"{APP}\r\n",
    ],
)
def test_what_no_browser_sends_is_refused(origin):
    with pytest.raises(ConfigurationError, match=re.escape(f"nothing behind it, got {origin!r}")):
        CrossOrigin([origin])


@pytest.mark.parametrize("origin", ["http://localhost:3000", "http://[::1]:80", "chrome-extension://abcdef"])
def test_what_browsers_send_is_taken(origin):
    answer = client_of(CrossOrigin([origin])).get("/page", headers={"Origin": origin})

    assert allowances(answer)["access-control-allow-origin"] == origin


@pytest.mark.parametrize("setting", ["methods", "headers", "exposed"])
@pytest.mark.parametrize("value", ["ETag", ["a b"], ["a\r\nb"], [""], [1]])
def test_names_of_headers_and_methods_are_names(setting, value):
    with pytest.raises(ConfigurationError, match=f"CrossOrigin takes {setting} as a list of names, got"):
        CrossOrigin(APP, **{setting: value})


def test_no_origin_at_all_is_refused():
    with pytest.raises(ConfigurationError, match="needs at least one origin"):
        CrossOrigin([])
