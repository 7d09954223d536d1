"""brubeck.core.headers: the case-blind map, the checks of outgoing headers and of redirects."""

import re
import time

import pytest
from brubeck.core.errors import HeaderError
from brubeck.core.headers import Headers, check_header, check_location, wire_bytes
from hypothesis import given
from hypothesis import strategies as st

TOKENS = st.text("abcAB-X", min_size=1, max_size=3)
PAIRS = st.lists(st.tuples(TOKENS, st.text("xy, ;", max_size=4)), max_size=8)


# The map


def test_names_are_found_in_any_case() -> None:
    headers = Headers([("Content-Type", "text/html")])

    assert headers["content-type"] == headers.get("CONTENT-TYPE") == "text/html"
    assert "cOnTeNt-TyPe" in headers
    assert 1 not in headers


def test_bytes_are_latin_1() -> None:
    headers = Headers([(b"X-Name", b"caf\xe9"), ("x-name", b"two")])

    assert list(headers.items()) == [("X-Name", "café"), ("x-name", "two")]
    assert headers.get_all("X-NAME") == ["café", "two"]


def test_missing_names() -> None:
    headers = Headers()

    assert headers.get("X") is None
    assert headers.get("X", "y") == "y"
    assert headers.get_all("X") == []
    with pytest.raises(KeyError, match="X"):
        headers["X"]
    with pytest.raises(KeyError, match="X"):
        del headers["X"]


@pytest.mark.parametrize(
    ("name", "joined"), [("Accept", "a, b"), ("Cookie", "a; b"), ("Set-Cookie", "a"), ("cookie", "a; b")]
)
def test_repeated_values_are_joined(name: str, joined: str) -> None:
    headers = Headers([(name, "a"), (name.upper(), "b")])

    assert headers[name] == joined
    assert headers.get_all(name) == ["a", "b"]


def test_setting_replaces_every_pair_where_the_first_stood() -> None:
    headers = Headers([("A", "1"), ("B", "2"), ("a", "3"), ("C", "4")])

    headers["a"] = "5"

    assert list(headers.items()) == [("a", "5"), ("B", "2"), ("C", "4")]


def test_adding_after_a_look_is_seen() -> None:
    headers = Headers([("A", "1")])
    assert headers["a"] == "1"

    headers.add("a", "2")
    headers.add("B", "3")

    assert (headers["A"], headers["b"]) == ("1, 2", "3")


def test_a_copy_changes_on_its_own() -> None:
    headers = Headers([("A", "1")])
    copy = headers.copy()

    copy["A"] = "2"
    copy.add("B", "3")

    assert list(headers.items()) == [("A", "1")]


def test_equal_when_each_name_has_the_same_values() -> None:
    assert Headers([("A", "1"), ("B", "2")]) == Headers([("b", "2"), ("a", "1")])
    assert Headers([("A", "1"), ("A", "2")]) != Headers([("A", "2"), ("A", "1")])
    assert Headers([("A", "1")]) != {"A": "1"}


def test_it_is_a_mutable_mapping() -> None:
    headers = Headers([("A", "1"), ("a", "2")])

    headers.update({"B": "3"})

    assert dict(headers) == {"A": "1, 2", "B": "3"}
    assert headers.setdefault("b", "4") == "3"
    assert headers.pop("a") == "1, 2"
    assert repr(headers) == "Headers([('B', '3')])"
    assert len(Headers([("A", "1"), ("a", "2")]).items()) == 2


@given(PAIRS)
def test_pairs_come_back_as_given(pairs: list[tuple[str, str]]) -> None:
    headers = Headers((name.encode(), value) for name, value in pairs)

    assert list(headers.items()) == pairs
    assert len(headers) == len(list(headers)) == len({name.lower() for name, _ in pairs})


@given(PAIRS, TOKENS, st.sampled_from(["set", "delete", "add"]))
def test_a_change_touches_one_name(pairs: list[tuple[str, str]], name: str, change: str) -> None:
    headers = Headers(pairs)
    kept = [pair for pair in pairs if pair[0].lower() != name.lower()]
    before = headers.get_all(name)

    if change == "set":
        headers[name] = "new"
    elif change == "add":
        headers.add(name, "new")
    elif name in headers:
        del headers[name]

    assert [pair for pair in headers.items() if pair[0].lower() != name.lower()] == kept
    assert headers.get_all(name) == {"set": ["new"], "add": [*before, "new"], "delete": []}[change]


def test_many_repeated_headers_take_linear_time() -> None:
    """CVE-2025-67725: each repetition copied the value joined so far."""
    started = time.process_time()

    headers = Headers()
    for _ in range(100_000):
        headers.add("X-Many", "v" * 10)
    value = headers["x-many"]

    assert len(value) == 100_000 * 12 - 2
    assert time.process_time() - started < 1


# What is sent


@pytest.mark.parametrize(
    ("name", "value"),
    [("Content-Type", "text/html"), ("X_a!#$%&'*+-.^`|~9", "tab\tinside"), ("X", ""), ("X", "caf\xe9 \xff")],
)
def test_a_header_that_may_be_sent(name: str, value: str) -> None:
    check_header(name, value)


@pytest.mark.parametrize("name", ["", "a b", "a:", "a\r\nb", "é", "a\x00", "(a)", "a\n", b"a", None, 5])
def test_a_name_that_is_no_token(name: str) -> None:
    with pytest.raises(HeaderError, match="A header's name is letters"):
        check_header(name, "x")


@pytest.mark.parametrize(
    "value", ["a\r\nSet-Cookie: b=c", "a\n", "a\r", "\x00", "\x7f", "\x1b[0m", "ž", "\ud800"]
)
def test_a_value_that_must_not_be_sent(value: str) -> None:
    """CVE-2018-1000164 and many others: one header that becomes two."""
    with pytest.raises(HeaderError, match="'X-Name' cannot hold line breaks"):
        check_header("X-Name", value)


@pytest.mark.parametrize("value", [5, b"x", None, ["x"]])
def test_a_value_that_is_not_text(value: str) -> None:
    with pytest.raises(HeaderError, match=r"'X-Name' must be given as text, got .*str\(\)"):
        check_header("X-Name", value)


@given(st.text("aZ-: \t\r\n\x00é", max_size=4), st.text("a \t\r\n\x00\x7f\x85\xffĀ", max_size=4))
def test_what_is_accepted_is_one_line(name: str, value: str) -> None:
    is_good = re.fullmatch(r"[aZ-]+", name) and re.fullmatch(r"[a \t\x85\xff]*", value)
    try:
        check_header(name, value)
    except HeaderError:
        assert not is_good
    else:
        assert is_good


def test_wire_bytes_of_what_a_transport_decoded() -> None:
    raw = bytes(range(256))

    assert wire_bytes(raw.decode("latin-1")) == raw
    assert wire_bytes("\xe9 ž \ud800") == "é ž ?".encode()


# Redirects


@pytest.mark.parametrize(
    "url",
    [
        "/",
        "/a/b?c=d#e",
        "?",
        "?#bottom",
        "#top",
        "a/b",
        "./a:b",
        "../x",
        "/a//b",
        "/a?u=//evil.example",
        "/a;b=\\",
        "/%0d%0a",
    ],
)
@pytest.mark.parametrize("same_site", [False, True])
def test_a_path_is_kept_as_given(url: str, same_site: bool) -> None:
    assert check_location(url, same_site=same_site) == url


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com",
        "https://example.com/a?b#c",
        "HTTPS://Example.COM:8443?x",
        "http://[::1]:6767/",
        "http://127.0.0.1#x",
        "https://xn--caf-dma.example/",
    ],
)
def test_a_whole_url_is_kept_as_given(url: str) -> None:
    assert check_location(url) == url
    with pytest.raises(HeaderError, match="leaves this site"):
        check_location(url, same_site=True)


@pytest.mark.parametrize(
    ("url", "sent"),
    [
        ("/é", "/%C3%A9"),
        ("/a b", "/a%20b"),
        ("/?q=ž%20", "/?q=%C5%BE%20"),
        ("/\uff0fevil", "/%EF%BC%8Fevil"),
    ],
)
def test_what_is_not_ascii_is_percent_encoded(url: str, sent: str) -> None:
    assert check_location(url, same_site=True) == sent


OTHER_HOSTS = [
    "//evil.example",
    "///evil.example",
    "////evil.example/%2f..",
    "/\\evil.example",
    "\\/evil.example",
    "\\\\evil.example",
    "/\\/evil.example",
    "//\\evil.example",
    "//evil.example@here.example",
    "//here.example@evil.example/",
    "//[::1]/",
    "//?",
    "//",
    " //evil.example",
    "/\t/evil.example",
    "/\n/evil.example",
    "\t//evil.example",
    "\x00//evil.example",
    "\x01//evil.example",
    "\x1f/\\evil.example",
    "java\tscript:alert(1)",
    "javascript:alert(1)",
    "JavaScript://here.example/%0aalert(1)",
    "data:text/html,<script>alert(1)</script>",
    "vbscript:x",
    "file:///etc/passwd",
    "mailto:a@evil.example",
    "ftp://evil.example/",
    "http:evil.example",
    "http:/evil.example",
    "https:evil.example",
    "https:/\\evil.example",
    "http:\\\\evil.example",
    "http:///evil.example",
    "http://here.example@evil.example/",
    "http://here.example:80@evil.example/",
    "http://here.example\\@evil.example/",
    "http://evil.example\\.here.example/",
    "http://evil%2eexample/",
    "http://exämple.example/",
    "http://",
    "https://?x",
    "/\r\nLocation: http://evil.example",
    "/a\r\nSet-Cookie: a=b",
    "/\x7f",
    "/\ud800",
    "",
]


@pytest.mark.parametrize("url", OTHER_HOSTS)
@pytest.mark.parametrize("same_site", [False, True])
def test_what_a_browser_may_read_as_another_host_is_refused(url: str, same_site: bool) -> None:
    """CVE-2023-28370 in Tornado; in the first Brubeck `redirect('/%s/' % room)` went to any host."""
    with pytest.raises(HeaderError, match="Cannot redirect to "):
        check_location(url, same_site=same_site)


@pytest.mark.parametrize("url", [None, b"/", 5])
def test_a_redirect_to_what_is_not_text(url: str) -> None:
    with pytest.raises(HeaderError, match="must be a path or a URL"):
        check_location(url)


def host_in_a_browser(url: str, base_scheme: str, base_host: str) -> str:
    """Follow the WHATWG URL parser up to the host; a scheme that has none stands for itself."""
    url = re.sub("[\t\n\r]", "", url.strip("".join(map(chr, range(0x21)))))
    match = re.match(r"([A-Za-z][A-Za-z0-9+.\-]*):", url)
    rest = url[match.end() :] if match else url
    scheme = match[1].lower() if match else base_scheme
    if scheme not in ("http", "https"):
        return f"{scheme}:"
    if scheme == base_scheme and not (rest.startswith("//") if match else re.match(r"[/\\]{2}", rest)):
        return (
            host_in_a_browser(rest, base_scheme, base_host)
            if match and re.match(r"[/\\]{2}", rest)
            else base_host
        )
    authority = re.split(r"[/\\?#]", rest.lstrip("/\\"), maxsplit=1)[0]
    return authority.rpartition("@")[2]


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("/\\e/x", "e"),
        ("http:e", "here"),
        ("https:e", "e"),
        ("\x00 //a@e?", "e"),
        ("/a", "here"),
        ("data:x", "data:"),
    ],
)
def test_the_browser_of_these_tests(url: str, host: str) -> None:
    assert host_in_a_browser(url, "http", "here") == host


PIECES = ["/", "\\", ":", "@", "?", "#", ".", "%", "\t", "\n", " ", "\x00", "\xa0", "\uff0f", "é", "[", "]"]
URLS = st.lists(
    st.sampled_from([*PIECES, "http", "HTTPS", "javascript", "evil.example", "here.example", "%2f", "%09"]),
    max_size=8,
).map("".join)


@given(URLS, st.sampled_from(["http", "https"]))
def test_no_url_leaves_the_site_unseen(url: str, scheme: str) -> None:
    try:
        location = check_location(url, same_site=True)
    except HeaderError:
        return

    assert host_in_a_browser(location, scheme, "here.example") == "here.example"
    assert host_in_a_browser(url, scheme, "here.example") == "here.example"


@given(URLS, st.sampled_from(["http", "https"]))
def test_only_a_whole_url_leaves_the_site(url: str, scheme: str) -> None:
    try:
        location = check_location(url)
    except HeaderError:
        return

    check_header("Location", location)
    assert re.fullmatch("[!-~]+", location)
    assert check_location(location) == location
    host = re.match(r"https?://([^/?#@\\]+)", location, re.IGNORECASE)
    assert host_in_a_browser(location, scheme, "here.example") == (host[1] if host else "here.example")
