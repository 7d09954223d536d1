"""A response is checked when it is made."""

import pytest
from brubeck.core.errors import HeaderError
from brubeck.core.responses import HTML, Response, dump_json, http_response, render


def test_text_is_utf8_html():
    response = http_response("Grüße", 201, None, {"X-One": 1})

    assert response.body == "Grüße".encode()
    assert (response.status_code, response.reason) == (201, "Created")
    assert response.headers == [("Content-Type", HTML), ("X-One", "1")]


def test_render_is_http_response():
    assert render("a", 200, "Fine", {}).reason == "Fine"


@pytest.mark.parametrize(
    ("status_code", "phrase"), [(413, "Content Too Large"), (414, "URI Too Long"), (404, "Not Found")]
)
def test_phrases_are_those_of_the_rfc_on_every_python(status_code, phrase):
    assert Response(b"", status_code).reason == phrase


def test_headers_may_repeat():
    response = http_response("", 200, "OK", {"Set-Cookie": ["a=1", "b=2"]})

    assert response.headers[-2:] == [("Set-Cookie", "a=1"), ("Set-Cookie", "b=2")]


@pytest.mark.parametrize("value", ["a\r\nX: y", "a\nb", "a\x00", "a\rb"])
def test_a_header_that_splits_the_response_is_refused(value):
    with pytest.raises(HeaderError, match="X-One"):
        Response(b"", headers=[("X-One", value)])
    with pytest.raises(HeaderError):
        Response(b"", headers=[(value, "x")])
    with pytest.raises(HeaderError):
        Response(b"", reason=value)


@pytest.mark.parametrize("name", ["Connection", "transfer-encoding", "Upgrade"])
def test_what_belongs_to_the_connection_is_refused(name):
    with pytest.raises(HeaderError, match="set by the transport"):
        Response(b"", headers=[(name, "x")])


@pytest.mark.parametrize("status", [0, 99, 100, 600, "200", None])
def test_a_status_out_of_range_is_refused(status):
    with pytest.raises(ValueError, match="from 200 to 599"):
        Response(b"", status)


def test_set_header_replaces_in_any_case():
    response = Response(b"", headers=[("x-a", "1"), ("X-A", "2")])

    response.set_header("X-a", "3")

    assert response.headers == [("X-a", "3")]
    assert response.get_header("x-A") == "3"


def test_closing_closes_the_stream_and_calls_back_once():
    seen = []

    def pieces():
        try:
            yield b"a"
        finally:
            seen.append("stream")

    stream = pieces()
    next(stream)
    response = Response(stream)
    response.on_close(lambda: seen.append("closer"))

    response.close()
    response.close()

    assert seen == ["stream", "closer"]


def test_dump_json():
    assert dump_json({"a": "ü", "b": [1, None]}) == '{"a":"ü","b":[1,null]}'.encode()


def test_dump_json_asks_documents():
    class Document:
        def to_python(self):
            return {"a": 1}

    assert dump_json([Document()]) == b'[{"a":1}]'


def test_json_has_no_nan():
    with pytest.raises(ValueError, match="Out of range"):
        dump_json(float("nan"))
