from urllib.parse import parse_qs, urljoin, urlsplit

import pytest
from brubeck.auth.locations import login_location, safe_next
from brubeck.core.requests import Request
from hypothesis import example, given
from hypothesis import strategies as st

ELSEWHERE = [
    "//evil.example", "///evil.example", "/\\evil.example", "\\\\evil.example", "http://evil.example",
    "https:evil.example",
    "javascript:alert(1)", "/\t/evil.example", "\t//evil.example", "/\n/evil.example", "/\r\nSet-Cookie: a=b",
    "evil.example", " /", "", "/\x00", "/" + "a" * 2000, "/\ud800", None, "?", "#",
    "data:text/html,x", "//[::1]", "/\\/\\evil", "\x01//evil",
]  # fmt: skip


@pytest.mark.parametrize("url", ELSEWHERE, ids=ascii)
def test_what_could_lead_away_is_none(url):
    assert safe_next(url) is None


@pytest.mark.parametrize(
    "url", ["/", "/list?page=2&tag=a", "/a//b", "/?next=//evil.example", "/a:b", "/%2F/evil"]
)
def test_a_path_of_this_site_stays_as_it_is(url):
    assert safe_next(url) == url


@given(st.text(alphabet="/\\.:?#@%\t\n\r aeh2ü") | st.text())
@example("/\\//evil")
def test_what_is_let_through_stays_on_this_host_as_browsers_read_it(url):
    safe = safe_next(url)
    if safe is None:
        return
    as_browsers_read = safe.split("?")[0].split("#")[0].replace("\\", "/")
    for strip in ("\t", "\n", "\r"):
        assert strip not in safe

    assert urlsplit(urljoin("https://ours.example/in", as_browsers_read)).netloc == "ours.example"


@pytest.mark.parametrize(
    ("login_url", "start"),
    [
        ("/login", "/login?next=/a%3Fb%3D1"),
        ("/login?lang=de", "/login?lang=de&next=/a%3Fb%3D1"),
        ("/login#form", "/login?next=/a%3Fb%3D1#form"),
        ("https://sso.example/in", "https://sso.example/in?next=/a%3Fb%3D1"),
    ],
)
def test_next_is_added_to_any_login_url(login_url, start):
    assert login_location(Request("GET", "/a", "b=1"), login_url) == start


@given(path=st.text(min_size=1), query=st.text())
@example(path="a", query="\u0149" * 500)
def test_whatever_was_asked_for_next_is_safe_or_absent(path, query):
    location = login_location(Request("GET", "/" + path, query), "/login")
    if location is None:
        return

    wanted = parse_qs(urlsplit(location).query, keep_blank_values=True).get("next", [])
    assert all(safe_next(url) == url for url in wanted)
    assert location.isascii()
    assert location.isprintable()
