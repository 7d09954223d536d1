"""Strings, URLs, e-mail and IPv4 addresses, digests."""

import re
import time

import pytest
from brubeck.dictshield import (
    Document,
    EmailField,
    IPv4Field,
    MD5Field,
    SHA1Field,
    ShieldException,
    StringField,
    URLField,
)
from hypothesis import given
from hypothesis import strategies as st


def refusal(field, value):
    with pytest.raises(ShieldException) as caught:
        field.judge(value)
    return caught.value.reason


def test_a_string_keeps_to_its_length_and_regex():
    field = StringField(min_length=2, max_length=3, regex="a+$")

    assert field.judge("aa") == "aa"
    assert refusal(field, "a") == "String value is too short"
    assert refusal(field, "aaaa") == "String value is too long"
    assert refusal(field, "abb") == "String value did not match validation regex"
    assert refusal(field, 3) == refusal(field, b"aa") == "Invalid value"


def test_a_regex_matches_at_the_start_as_it_always_did():
    assert StringField(regex="a").judge("ab") == "ab"
    assert StringField(regex=re.compile("A", re.IGNORECASE)).judge("ab") == "ab"


def test_length_counts_characters():
    assert StringField(max_length=2).judge("é𝄞") == "é𝄞"


def test_a_lone_surrogate_is_no_text():
    assert refusal(StringField(), "\ud800") == "Invalid value"


@pytest.mark.parametrize(
    "field", [StringField(choices=["a", "b"]), StringField(validation=lambda v: v in "ab")]
)
def test_choices_and_validation_narrow_any_field(field):
    assert field.judge("a") == "a"
    assert refusal(field, "c") in (
        "Value must be one of ['a', 'b'].",
        "Value does not match custom validation method.",
    )


URLS = {
    "http://foo.com/x": True,
    "https://localhost:80": True,
    "http://1.2.3.4/": True,
    "HTTP://A.CO/#x": True,
    "http://a.co?x=1": True,
    "http://a.co.": True,
    "http://a.museum": True,
    "http://a.technology": True,
    "http://xn--bcher-kva.example/": True,
    "foo": False,
    "ftp://a.co": False,
    "http://a.co/a b": False,
    "http://a.co\n": False,
    "http://user@a.co": False,
    "javascript:alert(1)": False,
    "http://é.fr/": False,
}
EMAILS = {
    "a@b.co": True,
    "a.b+c@d.e.museum": True,
    '"qq"@b.co': True,
    '"q q"@b.co': False,
    "A@B.CO": True,
    "a@b.technology": True,
    "foo": False,
    "a@b": False,
    "a@localhost": False,
    ".a@b.co": False,
    "a..b@c.co": False,
    "a@b.co\n": False,
    "a@b.co\r\nBcc: c@d.co": False,
}
ADDRESSES = {"1.2.3.4": True, "255.255.255.255": True, "256.1.1.1": False, "1.2.3": False, "01.2.3.4": False}


@pytest.mark.parametrize(
    ("field", "value", "good"),
    [
        (field, value, good)
        for field, values in ((URLField(), URLS), (EmailField(), EMAILS), (IPv4Field(), ADDRESSES))
        for value, good in values.items()
    ],
)
def test_patterns_and_their_engine_agree(field, value, good):
    kind = type(field)

    class Holder(Document):
        it = kind(required=True)

    document = Holder(it=value)
    if good:
        assert field.judge(value) == value
        assert document.validate()
    else:
        assert refusal(field, value) == kind.mismatch
        with pytest.raises(ShieldException, match=kind.mismatch):
            document.validate()


@pytest.mark.parametrize("value", ["http://" + "a." * 50_000, "http://a.co/" + "a" * 100_000 + " "])
def test_a_long_url_takes_linear_time(value):
    started = time.perf_counter()

    assert refusal(URLField(), value) == "Invalid URL"
    assert time.perf_counter() - started < 1


def test_the_patterns_are_there_for_re():
    assert URLField.URL_REGEX.match("http://a.co")
    assert not EmailField.EMAIL_REGEX.match("a@b.co\n")


def test_a_url_that_must_exist_is_fetched():
    """A port where nobody listens."""
    assert refusal(URLField(verify_exists=True), "http://127.0.0.1:9/") == "URL does not exist"


@pytest.mark.parametrize(("field", "size"), [(MD5Field(), 32), (SHA1Field(), 40)])
def test_digests(field, size):
    name = field.hash_name

    assert field.judge("aF" * (size // 2)) == "aF" * (size // 2)
    assert refusal(field, "a") == f"{name} value is wrong length"
    assert refusal(field, "g" * size) == f"{name} value is not hex"
    assert refusal(field, "0x" + "a" * (size - 2)) == f"{name} value is not hex"
    assert refusal(field, 3) == "Invalid value"


@given(st.text(), st.integers(0, 5), st.integers(0, 5))
def test_the_engine_takes_what_validate_takes(value, least, most):
    class Holder(Document):
        text = StringField(min_length=least, max_length=most)

    try:
        expected = Holder.text.validate(value) is not None or True
    except ShieldException:
        expected = value == ""  # nothing was given

    assert Holder.check_class_fields({"text": value}) == (expected or not value.strip())
