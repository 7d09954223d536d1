"""brubeck.core.cookies: what a client sent, and what it is asked to keep."""

import json
import time
from datetime import UTC, datetime, timedelta, timezone
from http.cookies import SimpleCookie
from typing import Any

import pytest
from brubeck.core.cookies import (
    MAX_COOKIE_BYTES,
    MAX_COOKIES,
    dump_cookie,
    dump_cookie_removal,
    parse_cookies,
)
from brubeck.core.errors import HeaderError
from hypothesis import example, given
from hypothesis import strategies as st

NAMES = st.text("abcXYZ019!#$%&'*+-.^_`|~", min_size=1, max_size=8)
ASCII = "".join(map(chr, range(128)))
# Not all of Unicode: to gather that takes Hypothesis seconds in a fresh checkout.
TEXT = st.text(ASCII + "\x80\x85\xa0éÿž\u2028♫\ufffd\U0001f3b7", max_size=40)


def sent_back(line: str) -> str:
    """Return the `Cookie` header of a browser that got *line*."""
    return line.split(";", 1)[0]


# Reading


@pytest.mark.parametrize(
    ("header", "cookies"),
    [
        ("a=1; b=2", {"a": "1", "b": "2"}),
        ("a=1;b=2;", {"a": "1", "b": "2"}),
        ("  a  =\t1 ;; ; b=", {"a": "1", "b": ""}),
        ("a=1; a=2", {"a": "1"}),
        ("a=b=c==", {"a": "b=c=="}),
        ("A=1; a=2", {"A": "1", "a": "2"}),
        ("", {}),
        (";;;", {}),
        ('a="b c"', {"a": "b c"}),
        (r'a="\"b\\\054\073\""', {"a": '"b\\,;"'}),
        (r'a="\9\400"', {"a": "9400"}),
        ('a="', {"a": '"'}),
        ('a=""', {"a": ""}),
        ('a="b', {"a": '"b'}),
        (r"a=\054", {"a": r"\054"}),
        ("a=%20+", {"a": "%20+"}),
        ("foo[bar]=1", {"foo[bar]": "1"}),
    ],
)
def test_reading(header: str, cookies: dict[str, str]) -> None:
    assert parse_cookies(header) == cookies


@pytest.mark.parametrize("header", ["=__Host-a=b", "__Host-a", " = x", "=", "novalue"])
def test_a_cookie_without_a_name_is_dropped(header: str) -> None:
    """CVE-2023-23934: `=__Host-a=b` was read as the cookie `__Host-a`."""
    assert parse_cookies(header) == {}


@pytest.mark.parametrize("space", ["\xa0", "\x85", "\u2000", "\x1f", "\x0b"])
def test_only_blanks_are_taken_off_a_name(space: str) -> None:
    """A browser lets a page set `\\xa0__Host-a`; stripped it would pass for one with the prefix."""
    assert "__Host-a" not in parse_cookies(f"{space}__Host-a=b")
    assert "__Host-a" not in parse_cookies(f"{space}__Host-a=b".encode().decode("latin-1"))


def test_a_quote_does_not_swallow_the_next_cookie() -> None:
    """Else a cookie that a page may set, `a="x`, would hide or carry the session's in its value."""
    assert parse_cookies('a="x; session=s; b=y"') == {"a": '"x', "session": "s", "b": 'y"'}


@pytest.mark.parametrize("header", ["a=é", "a=é".encode().decode("latin-1"), r'a="\303\251"', r'a="\351"'])
def test_values_are_utf_8_else_latin_1(header: str) -> None:
    assert parse_cookies(header) == {"a": "é"}


def test_text_that_never_was_on_a_wire() -> None:
    assert parse_cookies("ž=ž; b=é") == {"ž": "ž", "b": "é"}


def test_more_cookies_than_the_limit_are_ignored() -> None:
    header = "; ".join(f"c{number}=x" for number in range(MAX_COOKIES + 50))

    cookies = parse_cookies(header)

    assert list(cookies) == [f"c{number}" for number in range(MAX_COOKIES)]


@pytest.mark.parametrize(
    "header",
    [
        'a="' + "\\" * 500_000 + '"',
        'a="' + '\\"' * 250_000 + '"',
        'a="' + r"\054" * 125_000 + '"',
        "a=1;" * 125_000,
        ";" * 500_000,
        "=" * 500_000,
        " " * 500_000 + "a=b",
        "\xe9" * 500_000,
    ],
    ids=lambda header: header[:8],
)
def test_hostile_headers_take_linear_time(header: str) -> None:
    """CVE-2024-7592 (http.cookies) and CVE-2024-52804 (Tornado): quadratic unquoting."""
    started = time.process_time()

    parse_cookies(header)

    assert time.process_time() - started < 2


@given(TEXT)
def test_any_text_can_be_read(header: str) -> None:
    assert all(parse_cookies(header))


def test_the_standard_library_is_understood() -> None:
    jar = SimpleCookie()
    jar["a"] = '{"é": "b; c, d"}'

    assert parse_cookies(jar.output(header="").strip()) == {"a": '{"é": "b; c, d"}'}


# Writing


def test_a_plain_cookie() -> None:
    assert dump_cookie("a", "1") == "a=1; Path=/"
    assert dump_cookie("a", "", path=None) == "a="


def test_every_attribute() -> None:
    line = dump_cookie(
        "a",
        "1",
        path="/x",
        domain="example.com",
        expires=0,
        max_age=60,
        secure=True,
        httponly=True,
        samesite="none",
        partitioned=True,
    )

    assert line == (
        "a=1; Domain=example.com; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=60; Path=/x; SameSite=None; "
        "Secure; HttpOnly; Partitioned"
    )


@given(NAMES, TEXT)
@example("a", '{"name": "Take; five, \\ \u266b"}')
@example("a", '"quoted"')
@example("a", " spaced ")
@example("a", "\x00\r\n\x7f")
def test_any_value_comes_back(name: str, value: str) -> None:
    line = dump_cookie(name, value)

    assert line.isascii()
    assert line.isprintable()
    assert parse_cookies(sent_back(line)) == {name: value}
    assert parse_cookies(f"x=y; {sent_back(line)}; z") == {"x": "y", name: value}


@given(NAMES, st.text(ASCII, max_size=40))
def test_the_standard_library_understands_ascii(name: str, value: str) -> None:
    if name.startswith("$") or value.endswith('"'):  # http.cookies drops what is older than RFC 6265
        return

    assert {
        key: morsel.value for key, morsel in SimpleCookie(sent_back(dump_cookie(name, value))).items()
    } == {name: value}


def test_json_is_readable_as_json_again() -> None:
    value = json.dumps({"id": [1, None, "x;y"]}, ensure_ascii=False)

    assert json.loads(parse_cookies(sent_back(dump_cookie("state", value)))["state"]) == {
        "id": [1, None, "x;y"]
    }


@pytest.mark.parametrize("name", ["", "a b", "a;b", "a=b", "a,b", "é", "a\r\nb", '"a"', "a\x00", None, b"a"])
def test_a_name_that_is_no_token(name: str) -> None:
    with pytest.raises(HeaderError, match="A cookie's name is letters"):
        dump_cookie(name, "1")


@pytest.mark.parametrize("value", [1, None, b"x", {}])
def test_a_value_that_is_not_text(value: str) -> None:
    with pytest.raises(HeaderError, match="value of the cookie 'a' must be text"):
        dump_cookie("a", value)


def test_half_of_a_surrogate_pair() -> None:
    with pytest.raises(HeaderError, match="surrogate"):
        dump_cookie("a", "\ud800")


@pytest.mark.parametrize(
    ("attribute", "value"),
    [
        ("domain", "a; Secure"),
        ("domain", "a\r\nX: y"),
        ("domain", ""),
        ("domain", "a:80"),
        ("domain", "é.example"),
        ("domain", "a..b"),
        ("domain", 5),
        ("path", "/; Domain=evil.example"),
        ("path", "relative"),
        ("path", ""),
        ("path", "/\r\n"),
        ("path", "/é"),
        ("path", 5),
        ("samesite", "Lax; Domain=evil.example"),
        ("samesite", "yes"),
        ("samesite", True),
        ("samesite", ""),
        ("expires", "never; Domain=evil.example"),
        ("expires", "a\r\nb"),
        ("expires", ""),
        ("expires", float("nan")),
        ("expires", float("inf")),
        ("expires", 1e300),
        ("expires", []),
        ("max_age", "1; Domain=evil.example"),
        ("max_age", 1.5),
    ],
)
def test_an_attribute_that_would_be_another(attribute: str, value: Any) -> None:
    """CVE-2026-35536 in Tornado: an attribute's value carried further attributes."""
    with pytest.raises(HeaderError, match=f"The {attribute} of the cookie 'a' "):
        dump_cookie("a", "1", **{attribute: value})


@pytest.mark.parametrize(
    "domain", ["example.com", ".example.com", "localhost", "127.0.0.1", "xn--caf-dma.example", "a_b.c"]
)
def test_domains(domain: str) -> None:
    assert f"; Domain={domain};" in dump_cookie("a", "1", domain=domain)


@pytest.mark.parametrize(
    ("expires", "sent"),
    [
        (datetime(2030, 1, 2, 3, 4, 5), "Wed, 02 Jan 2030 03:04:05 GMT"),
        (datetime(2030, 1, 2, 3, 4, 5, tzinfo=UTC), "Wed, 02 Jan 2030 03:04:05 GMT"),
        (datetime(2030, 1, 2, 3, 4, 5, tzinfo=timezone(timedelta(hours=2))), "Wed, 02 Jan 2030 01:04:05 GMT"),
        (1893553445.9, "Wed, 02 Jan 2030 03:04:05 GMT"),
        (0, "Thu, 01 Jan 1970 00:00:00 GMT"),
        ("Wed, 02-Jan-2030 03:04:05 UTC", "Wed, 02-Jan-2030 03:04:05 UTC"),
    ],
)
def test_expires(expires: Any, sent: str) -> None:
    """The text form is that of Readify: `strftime('%a, %d-%b-%Y %H:%M:%S UTC')`."""
    assert f"; Expires={sent};" in dump_cookie("a", "1", expires=expires)


@pytest.mark.parametrize(("samesite", "sent"), [("lax", "Lax"), ("STRICT", "Strict"), ("None", "None")])
def test_samesite(samesite: str, sent: str) -> None:
    assert dump_cookie("a", "1", samesite=samesite, secure=True).endswith(f"; SameSite={sent}; Secure")


@pytest.mark.parametrize("attributes", [{"samesite": "None"}, {"partitioned": True}])
def test_what_browsers_drop_without_secure(attributes: dict[str, Any]) -> None:
    with pytest.raises(HeaderError, match="secure=True"):
        dump_cookie("a", "1", **attributes)


@pytest.mark.parametrize(
    ("name", "attributes"),
    [
        ("__Secure-a", {"secure": True, "path": "/x", "domain": "example.com"}),
        ("__Host-a", {"secure": True}),
        ("__HOST-a", {"secure": True}),
        ("__Http-a", {"secure": True, "httponly": True, "path": "/x"}),
        ("__Host-Http-a", {"secure": True, "httponly": True}),
        ("__other", {}),
    ],
)
def test_prefixes_that_hold(name: str, attributes: dict[str, Any]) -> None:
    assert dump_cookie(name, "1", **attributes).startswith(f"{name}=1;")


@pytest.mark.parametrize(
    ("name", "attributes", "needs"),
    [
        ("__Secure-a", {}, "secure=True"),
        ("__secure-a", {}, "secure=True"),
        ("__Host-a", {}, "secure=True"),
        ("__Host-a", {"secure": True, "path": "/x"}, "path='/' and no domain"),
        ("__Host-a", {"secure": True, "path": None}, "path='/' and no domain"),
        ("__Host-a", {"secure": True, "domain": "example.com"}, "path='/' and no domain"),
        ("__Http-a", {"secure": True}, "httponly=True"),
        ("__Host-Http-a", {"secure": True}, "httponly=True"),
        ("__Host-Http-a", {"secure": True, "httponly": True, "path": "/x"}, "path='/' and no domain"),
    ],
)
def test_prefixes_that_do_not(name: str, attributes: dict[str, Any], needs: str) -> None:
    with pytest.raises(HeaderError, match=f"has a prefix that needs {needs}"):
        dump_cookie(name, "1", **attributes)


def test_too_long_for_a_browser() -> None:
    fits = MAX_COOKIE_BYTES - len("a=; Path=/")
    assert len(dump_cookie("a", "x" * fits)) == MAX_COOKIE_BYTES

    with pytest.raises(HeaderError, match="takes 4097 bytes, browsers keep at most 4096"):
        dump_cookie("a", "x" * (fits + 1))


@pytest.mark.parametrize("name", ["a", "__Host-a", "__Secure-a", "__Http-a", "__host-http-a"])
def test_removal(name: str) -> None:
    line = dump_cookie_removal(name)

    assert line.startswith(f"{name}=; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=0; Path=/")
    assert ("Secure" in line.split("; ")) == name.startswith("__")


def test_removal_of_a_cookie_of_a_domain() -> None:
    assert "; Domain=example.com; " in dump_cookie_removal("a", domain="example.com", path="/x")


TEXTS = st.text("aZ/.; =,\r\n\x00é", max_size=5)


@given(TEXTS, TEXTS, TEXTS, TEXTS, TEXTS, TEXTS)
def test_no_attribute_comes_from_another(
    name: str, value: str, path: str, domain: str, expires: str, samesite: str
) -> None:
    try:
        line = dump_cookie(name, value, path=path, domain=domain, expires=expires, samesite=samesite or None)
    except HeaderError:
        return

    keys = [part.partition("=")[0] for part in line.split("; ")]
    assert line.count(";") == len(keys) - 1
    assert keys == [name, "Domain", "Expires", "Path", *(["SameSite"] if samesite else [])]
