"""Dates of HTTP (RFC 9110 section 5.6.7): one form is written, three are read."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from email.utils import formatdate

__all__ = ["dump_http_date", "parse_http_date"]

MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec"

_CLOCK = r"(?P<hour>[0-9]{2}):(?P<minute>[0-9]{2}):(?P<second>[0-9]{2})"
_FORMS = (
    # Sun, 06 Nov 1994 08:49:37 GMT
    re.compile(
        rf"[A-Z][a-z]{{2}}, (?P<day>[0-9]{{2}}) (?P<month>[A-Z][a-z]{{2}}) (?P<year>[0-9]{{4}}) {_CLOCK} GMT"
    ),
    # Sunday, 06-Nov-94 08:49:37 GMT
    re.compile(
        rf"[A-Z][a-z]{{5,8}}, (?P<day>[0-9]{{2}})-(?P<month>[A-Z][a-z]{{2}})-(?P<year>[0-9]{{2}}) {_CLOCK} GMT"
    ),
    # Sun Nov  6 08:49:37 1994
    re.compile(
        rf"[A-Z][a-z]{{2}} (?P<month>[A-Z][a-z]{{2}}) (?P<day>[0-9 ][0-9]) {_CLOCK} (?P<year>[0-9]{{4}})"
    ),
)


def dump_http_date(timestamp_ms: int) -> str:
    """Return milliseconds since 1970 as a date of HTTP, which has whole seconds."""
    return formatdate(timestamp_ms // 1000, usegmt=True)


def parse_http_date(text: str) -> int | None:
    """Return the seconds since 1970 that *text* says; None where it is no date, which HTTP has recipients ignore."""
    match = next(filter(None, (form.fullmatch(text) for form in _FORMS)), None)
    if match is None or match["month"] not in MONTHS:
        return None
    month = MONTHS.index(match["month"]) // 4 + 1
    day, hour, minute, second = (int(match[name]) for name in ("day", "hour", "minute", "second"))
    second -= second == 60  # a leap second, which datetime does not know
    try:
        moment = datetime(read_year(match["year"]), month, day, hour, minute, second, tzinfo=UTC)
    except ValueError:
        return None
    return int(moment.timestamp())


def read_year(digits: str) -> int:
    """Return a year; of two digits it is the last one that ends so and is at most 50 years ahead."""
    year = int(digits)
    if len(digits) > 2:
        return year
    this_year = datetime.now(UTC).year
    widened = this_year - this_year % 100 + year
    return widened - 100 if widened > this_year + 50 else widened
