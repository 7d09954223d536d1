"""The rule is the plain loop; the tree must never be seen."""

import re

import pytest
from brubeck.core.errors import ConfigurationError
from brubeck.core.routing import Route, Router, build_path, literal_prefix
from hypothesis import given, settings
from hypothesis import strategies as st


def target(application, message):
    return None


def router_of(patterns):
    router = Router()
    for pattern in patterns:
        router.add(Route(pattern, target))
    return router


def plain_loop(patterns, path):
    for number, pattern in enumerate(patterns):
        if re.match(pattern, path):
            return number
    return None


PIECES = st.sampled_from(
    [
        "/", "a", "b", "ab", "/a", "/b", "/users", "/users/", "x?", "y*", "z+", "[ab]", "[^/]+", "(a|b)", "(?:ab)?",
        r"(?P<n>\w+)", r"\.", r"\d", "a{2}", "a{0,1}", "/a/b", "$", "|", "()", "(/)?", "b{,2}", r"\/", "[]a]", "[^]]",
        "[(]", r"[\]|]",
    ]
)  # fmt: skip
PATTERNS = st.builds(
    lambda anchor, flag, pieces: flag + anchor + "".join(pieces),
    st.sampled_from(["^", "", r"\A"]),
    st.sampled_from(["", "", "", "(?i)", "(?x)", "(?m)", "(?s)"]),
    st.lists(PIECES, max_size=6),
)
PATHS = st.lists(
    st.sampled_from(
        ["/", "a", "b", "A", "x", "y", "z", "ab", "/users", "/users/", ".", "1", "]", "(", "|", "\n"]
    ),
    max_size=7,
).map("".join)


def compiles(pattern):
    try:
        re.compile(pattern)
    except re.error:
        return False
    return pattern.count("(?P<n>") < 2


@settings(max_examples=150, deadline=None)
@given(st.lists(PATTERNS.filter(compiles), max_size=30), st.lists(PATHS, min_size=1, max_size=10))
def test_the_tree_finds_what_the_plain_loop_finds(patterns, paths):
    router = router_of(patterns)

    for path in paths:
        found = router.find(path)
        assert (found[0].index if found else None) == plain_loop(patterns, path)


@given(PATTERNS.filter(compiles), PATHS)
def test_every_match_begins_with_the_literal_prefix(pattern, path):
    if re.match(pattern, path):
        assert path.startswith(literal_prefix(re.compile(pattern)))


@pytest.mark.parametrize(
    ("pattern", "prefix"),
    [
        ("^/brubeck", "/brubeck"),
        (r"^/a\.b/(\w+)$", "/a.b/"),
        ("^/ab?", "/a"),
        ("^/ab*", "/a"),
        ("^/ab+c", "/ab"),
        ("^/ab{0,3}", "/a"),
        ("^/a|^/b", ""),
        ("^/(a|b)", "/"),
        ("(?i)^/a", ""),
        ("(?x) ^/a", ""),
        ("[|]a", ""),
        ("^/a[|]", "/a"),
        (r"^/a\|b", "/a|b"),
        (r"^/\d", "/"),
        ("", ""),
    ],
)
def test_literal_prefix(pattern, prefix):
    assert literal_prefix(re.compile(pattern)) == prefix


def test_routes_added_after_the_first_search_are_found():
    router = router_of(["^/a"])
    assert router.find("/b") is None

    router.add(Route("^/b", target))

    assert router.find("/b")[0].pattern == "^/b"


def test_first_match_wins_among_thousands():
    patterns = [rf"^/item-{number}/" for number in range(5000)] + ["^/", "^/item-4999/x"]
    router = router_of(patterns)

    assert router.find("/item-4999/x")[0].index == 4999
    assert router.find("/other")[0].index == 5000


def test_a_bad_expression_is_named():
    with pytest.raises(
        ConfigurationError, match=r"The route '\^/\(' is not a valid regular expression: missing \)"
    ):
        Route("^/(", target)


def test_a_pattern_that_is_no_text_is_refused():
    with pytest.raises(ConfigurationError, match=r"must be a regular expression, got 7\."):
        Route(7, target)


def test_an_unknown_method_is_refused_with_the_nearest():
    with pytest.raises(ConfigurationError, match=r"'GTE'\. Did you mean 'GET'"):
        Route("^/", target, "GTE")


def test_no_method_at_all_is_refused():
    with pytest.raises(ConfigurationError, match="names no method"):
        Route("^/", target, [])


def test_arguments_by_name_leave_out_what_took_no_part():
    route = Route(r"^/(?P<year>\d+)(?:/(?P<month>\d+))?$", target)

    assert route.arguments(route.match("/2026")) == ((), {"year": "2026"})


def test_arguments_by_position():
    route = Route(r"^/(\d+)/(\d+)$", target)

    assert route.arguments(route.match("/1/2")) == (("1", "2"), {})


def test_functions_of_one_pattern_share_its_place():
    router = Router()
    router.add(Route("^/a", target, "GET"))
    router.add(Route("^/a", len, "POST"))

    route = router.find("/a")[0]

    assert len(router) == 1
    assert (route.target_for("GET"), route.target_for("POST"), route.target_for("PUT")) == (target, len, None)
    assert route.allowed_methods == ["GET", "HEAD", "POST", "OPTIONS"]


def test_a_second_function_for_the_same_method_stays_behind():
    router = Router()
    router.add(Route("^/a", target, "GET"))
    router.add(Route("^/a", len, "GET"))

    assert router.find("/a")[0].target is target
    assert len(router) == 2


@pytest.mark.parametrize(
    ("pattern", "arguments", "path"),
    [
        ("^/items$", {}, "/items"),
        (r"^/items/(?P<item>\d+)/$", {"item": "7"}, "/items/7/"),
        (r"^/(?P<a>\w+)?x\.y$", {}, "/x.y"),
        (r"^/(?P<a>\w+)$", {}, None),
        (r"^/(\w+)$", {}, None),
        ("^/a?b", {}, "/b"),
        (r"^/(?P<y>\d+)(?:/(?P<m>\d+))?$", {"y": "1"}, "/1"),
        (r"^/(?P<y>\d+)(?:/(?P<m>\d+))?$", {"y": "1", "m": "2"}, "/1/2"),
        (r"^/(?:a|b)$", {}, None),
        (r"^/a{2}$", {}, None),
    ],
)
def test_build_path(pattern, arguments, path):
    assert build_path(pattern, arguments) == path
