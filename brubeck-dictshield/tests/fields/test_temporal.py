"""Moments, days, times of day and timestamps."""

import datetime as dt
import time

import pytest
from brubeck.dictshield import (
    DateField,
    DateTimeField,
    Document,
    InvalidShield,
    MillisecondField,
    ShieldException,
    TimeField,
    TimeStampField,
    curtime,
)

MOMENT = dt.datetime.fromisoformat("2012-01-02T03:04:05")


class Times(Document):
    moment = DateTimeField()
    day = DateField()
    time = TimeField()
    stamp = TimeStampField()
    ms = MillisecondField()


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("moment", "2012-01-02T03:04:05", MOMENT),
        ("moment", "2012-01-02T03:04:05.000123", MOMENT.replace(microsecond=123)),
        ("moment", "2012-01-02T03:04:05Z", MOMENT.replace(tzinfo=dt.UTC)),
        ("day", "2012-01-02", MOMENT.date()),
        ("time", "03:04:05", MOMENT.time()),
        ("stamp", 86400, dt.datetime(1970, 1, 2, tzinfo=dt.UTC)),
        ("stamp", 0, dt.datetime(1970, 1, 1, tzinfo=dt.UTC)),
        ("stamp", "2012-01-02T03:04:05", MOMENT),
        ("ms", "1970-01-01T00:00:01", 1000),
        ("ms", dt.datetime(1970, 1, 1, 1, tzinfo=dt.timezone(dt.timedelta(hours=1))), 0),
        ("ms", "1500", 1500),
    ],
)
def test_text_becomes_a_moment_when_it_is_set(name, text, value):
    document = Times(**{name: text})

    assert document[name] == value
    assert document.validate()
    assert Times(**document.to_python()) == document


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("moment", "2012", "Not a datetime"),
        ("moment", 3, "Not a datetime"),
        ("moment", MOMENT.date(), "Not a datetime"),
        ("day", MOMENT, "Not a date"),
        ("day", "x", "Not a date"),
        ("time", "25:00", "Not a time"),
        ("stamp", 1e300, "Not a datetime"),
        ("stamp", True, "Not a datetime"),
        ("ms", "soon", "Not Millisecond"),
    ],
)
def test_other_values_are_refused(name, value, reason):
    with pytest.raises(ShieldException, match=reason):
        Times(**{name: value}).validate()


def test_json_shows_iso_8601_and_seconds():
    document = Times(moment=MOMENT, day="2012-01-02", time="03:04", stamp=1.5, ms=5)

    assert document.to_json(encode=False) == {
        "moment": "2012-01-02T03:04:05",
        "day": "2012-01-02",
        "time": "03:04:00",
        "stamp": 1,
        "ms": 5,
    }
    assert Times(**document.to_json(encode=False)).moment == MOMENT


@pytest.mark.parametrize(("format_", "shown"), [("%Y", "2012"), (lambda moment: moment.month, 1)])
def test_a_format_of_ones_own(format_, shown):
    field = DateTimeField(format=format_)

    assert field.for_json(MOMENT) == shown
    assert DateTimeField.date_to_iso8601(MOMENT, format_) == shown


def test_a_format_that_is_none_is_its_authors_fault():
    with pytest.raises(InvalidShield, match="format must be a pattern for strftime or a callable, got 3"):
        DateTimeField.date_to_iso8601(MOMENT, 3)


def test_the_conversions_of_0_4_4():
    assert DateTimeField.iso8601_to_date("2012-01-02T03:04:05") == MOMENT
    assert TimeStampField.timestamp_to_date(0).year == 1970
    assert TimeStampField.date_to_timestamp(dt.datetime(1970, 1, 2, tzinfo=dt.UTC)) == 86400


def test_curtime_counts_milliseconds():
    assert abs(curtime() - time.time() * 1000) < 60_000
