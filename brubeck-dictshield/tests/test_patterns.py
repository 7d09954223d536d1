"""Patterns of JSON Schema, which are searched for, and of fields, which match at the start."""

import re

import pytest
from brubeck.dictshield import Document, ShieldException, StringField
from brubeck.dictshield.patterns import dump_pattern, read_pattern
from hypothesis import given
from hypothesis import strategies as st

# What a pattern is made of, well or badly.
PIECES = [
    "a",
    "b",
    "^",
    "$",
    "|",
    "(",
    ")",
    "(?:",
    "[ab]",
    "[^a|]",
    "[]|]",
    "\\|",
    "\\(",
    "*",
    "+",
    "?",
    ".",
    "(?i)",
]

patterns = st.lists(st.sampled_from(PIECES), max_size=6).map("".join)
texts = st.text("abAB|(\n", max_size=5)


def is_valid(pattern):
    try:
        re.compile(pattern)
    except re.error:
        return False
    return True


def test_a_pattern_may_match_anywhere():
    """`match` was used as it is for the expressions of fields: 'b' refused 'abc'."""
    made = Document.from_jsonschema({"title": "New", "properties": {"a": {"type": "string", "pattern": "b"}}})

    assert made(a="abc").validate()
    assert made(a="x\nb").validate()
    with pytest.raises(ShieldException, match="did not match"):
        made(a="ac").validate()
    assert made.for_jsonschema()["properties"]["a"]["pattern"] == "b"


@pytest.mark.parametrize(
    ("regex", "pattern"),
    [
        ("a+", "^a+"),
        ("^a+$", "^a+$"),
        ("a|b", "^(?:a|b)"),
        ("^a|b", "^(?:^a|b)"),
        ("(a|b)[|]", "^(a|b)[|]"),
        ("(?i)a", "^(?i:a)"),
        ("(?i)(?s)a", "^(?is:a)"),
        (re.compile("^a.", re.DOTALL | re.MULTILINE), "^(?ms:^a.)"),
        (re.compile("a b", re.VERBOSE), None),
    ],
)
def test_an_expression_goes_out_anchored(regex, pattern):
    """It went out as it was, and let a schema find it anywhere."""
    assert StringField(regex=regex).for_jsonschema().get("pattern") == pattern


@given(patterns.filter(is_valid), texts)
def test_reading_keeps_the_meaning(pattern, text):
    regex = read_pattern(pattern)

    assert bool(regex.match(text)) == bool(re.search(pattern, text))


@given(patterns.filter(is_valid), texts)
def test_dumping_keeps_the_meaning(pattern, text):
    dumped = dump_pattern(re.compile(pattern))

    assert bool(re.search(dumped, text)) == bool(re.match(pattern, text))
    assert dump_pattern(read_pattern(dumped)) == dumped


def test_a_compiled_one_of_the_old_dialect_matches_at_the_start():
    regex = re.compile("b", re.IGNORECASE)

    assert read_pattern(regex) is regex
