from datetime import UTC, datetime

import pytest
from brubeck.api.dates import dump_http_date, parse_http_date
from hypothesis import given
from hypothesis import strategies as st

YEAR_9999 = 253_402_300_799


@given(st.integers(0, YEAR_9999))
def test_a_date_comes_back_as_it_went(seconds):
    assert parse_http_date(dump_http_date(seconds * 1000 + 999)) == seconds


@given(st.text())
def test_no_text_fails(text):
    assert parse_http_date(text) is None


@pytest.mark.parametrize(
    "text", ["Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994"]
)
def test_three_forms_are_read(text):
    """The examples of RFC 9110 section 5.6.7."""
    assert parse_http_date(text) == 784_111_777


def test_two_digits_of_a_year_are_at_most_fifty_ahead():
    assert parse_http_date("Monday, 01-Jan-01 00:00:00 GMT") == 978_307_200

    this_year = datetime.now(UTC).year
    for ahead, meant in ((50, this_year + 50), (51, this_year - 49)):
        seconds = parse_http_date(f"Monday, 01-Jan-{(this_year + ahead) % 100:02} 00:00:00 GMT")
        assert datetime.fromtimestamp(seconds, UTC).year == meant


@pytest.mark.parametrize(
    "text",
    [
        "",
        "0",
        "Sun, 06 Nov 1994 08:49:37",
        "Sun, 06 Nov 1994 08:49:37 CET",
        "Sun, 06 Nov 1994 08:49:37 +0000",
        "Sun, 6 Nov 1994 08:49:37 GMT",
        "Sun, 31 Feb 1994 08:49:37 GMT",
        "Sun, 00 Nov 1994 08:49:37 GMT",
        "Sun, 06 Nov 0000 08:49:37 GMT",
        "Sun, 06 Nov 1994 24:00:00 GMT",
        "Sun, 06 Nov 1994 08:49:61 GMT",
        "Sun, 06 Nom 1994 08:49:37 GMT",
        "Sun, \u0660\u0666 Nov 1994 08:49:37 GMT",
        "Sun, 06 Nov 1994 08:49:37 GMT\n",
        "Sun, 06 Nov 1994 08:49:37 GMT, Sun, 06 Nov 1994 08:49:37 GMT",
    ],
    ids=ascii,
)
def test_what_is_no_date_is_none(text):
    assert parse_http_date(text) is None


def test_a_leap_second_is_the_end_of_its_minute():
    assert parse_http_date("Sat, 31 Dec 2016 23:59:60 GMT") == 1_483_228_799
