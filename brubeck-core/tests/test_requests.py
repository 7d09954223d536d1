"""A message is read when it is asked for, and only then."""

from io import BytesIO

import pytest
from brubeck.core.errors import HTTPError
from brubeck.core.forms import FormLimits
from brubeck.core.requests import Request, decode_path


def form(body, query="", content_type="application/x-www-form-urlencoded"):
    return Request("POST", "/", query, headers=[("Content-Type", content_type)], body=body)


@pytest.mark.parametrize(
    ("raw", "path"),
    [
        (b"/plain", "/plain"),
        (b"/%2541", "/%41"),
        (b"/a%20b", "/a b"),
        (b"/%C3%BC", "/ü"),
        (b"/%ff", "/\ufffd"),
        (b"/\xc3\xbc", "/ü"),
        (b"/%", "/%"),
        (b"/%zz", "/%zz"),
        (b"/%00", "/\x00"),
        (b"/a%2Fb", "/a/b"),
    ],
)
def test_the_path_is_decoded_once(raw, path):
    assert decode_path(raw) == path


def test_arguments_of_the_query():
    message = Request("GET", "/", "a=1&a=2&b=%C3%BC+x&blank=")

    assert message.get_argument("a") == "2"
    assert message.get_arguments("a") == ["1", "2"]
    assert message.get_argument("b") == "ü x"
    assert message.get_argument("blank") == ""
    assert message.get_argument("missing") is None
    assert message.get_argument("missing", "default") == "default"
    assert message.get_arguments("missing", ["x"]) == ["x"]


def test_arguments_are_stripped_unless_told_otherwise():
    message = Request("GET", "/", "a=%20x%20")

    assert message.get_argument("a") == "x"
    assert message.get_argument("a", strip=False) == " x "


@pytest.mark.parametrize(
    ("typed", "number"),
    [("0", 0), ("007", 7), ("%20+5+", 5), (str(2**63 - 1), 2**63 - 1)],
)
def test_a_number_is_read(typed, number):
    assert Request("GET", "/", f"n={typed}").get_number("n") == number


@pytest.mark.parametrize(
    "typed", ["", "-1", "1.5", "x", "1_000", "0x1", "%D9%A3", "%C2%B2", "1%2000", str(2**63), "9" * 5000]
)
def test_what_is_no_number_is_the_default(typed):
    message = Request("GET", "/", f"n={typed}")

    assert message.get_number("n") is None
    assert message.get_number("n", 7) == 7
    assert message.get_number("missing", 7) == 7


def test_a_form_stands_behind_the_query():
    message = form(b"a=body", "a=query&b=1")

    assert message.get_arguments("a") == ["query", "body"]
    assert message.get_argument("b") == "1"
    assert message.query_arguments == {"a": ["query"], "b": ["1"]}


def test_a_form_argument_is_of_the_form_alone_and_as_typed():
    message = form(b"a=one&a=+two+&blank=", "a=query&b=query")

    assert message.get_form_argument("a") == " two "
    assert message.get_form_argument("a", strip=True) == "two"
    assert message.get_form_argument("blank", "x") == ""
    assert message.get_form_argument("b") is None
    assert message.get_form_argument("b", "x") == "x"


def test_a_body_that_is_no_form_has_no_form_arguments():
    stream = BytesIO(b"a=1")
    message = Request("POST", "/", body=stream, headers=[("Content-Type", "text/plain")])

    assert message.get_form_argument("a") is None
    assert stream.tell() == 0


def test_a_json_body_is_no_form():
    message = form(b'{"a": 1}', content_type="application/json")

    assert message.get_argument("a") is None
    assert message.json() == {"a": 1}


@pytest.mark.parametrize("body", [b"", b"{", b"\xff", b"[" * 100_000])
def test_a_broken_json_body_is_the_clients_fault(body):
    with pytest.raises(HTTPError, match="400 The body is not valid JSON"):
        form(body, content_type="application/json").json()


def test_a_streamed_body_is_read_once_and_kept():
    message = Request("POST", "/", body=BytesIO(b"x" * 200_000))

    assert len(message.body) == 200_000
    assert message.body is message.body


def test_a_streamed_body_over_the_limit_is_413():
    message = Request("POST", "/", body=BytesIO(b"x" * 200))
    message.limits = FormLimits(max_body_bytes=100)

    with pytest.raises(HTTPError, match="413"):
        _ = message.body


def test_a_whole_body_can_be_read_as_a_stream():
    message = Request("POST", "/", body=b"abc")

    assert (message.stream.read(2), message.stream.read(2), message.stream.read(2)) == (b"ab", b"c", b"")


def test_headers_are_found_in_any_case():
    message = Request(
        "GET", "/", headers=[(b"X-Word", b"take"), ("x-word", "five"), (b"Cookie", b"a=1; b=2")]
    )

    assert message.headers.get_all("X-WORD") == ["take", "five"]
    assert message.cookies == {"a": "1", "b": "2"}
    assert message.get_cookie("b") == "2"


def test_url_parts():
    message = Request(
        "GET", "/a b", "q=1", headers=[("Host", "example.org:81")], scheme="https", raw_path="/a%20b"
    )

    assert message.url_parts.geturl() == "https://example.org:81/a%20b?q=1"
    assert message.is_secure


def test_the_host_without_a_header_is_the_servers():
    assert Request("GET", "/", server=("127.0.0.1", 6767)).host == "127.0.0.1:6767"


def test_too_many_arguments_are_the_clients_fault():
    message = Request("GET", "/", "&".join(f"a{number}=1" for number in range(2000)))

    with pytest.raises(HTTPError, match="400"):
        message.get_argument("a1")


def test_a_disconnect_says_so():
    assert Request("GET", "/", disconnect=True).is_disconnect()
    assert not Request("GET", "/").is_disconnect()
