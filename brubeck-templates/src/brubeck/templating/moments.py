"""Moments as people say them, and as machines read them beside it."""

from __future__ import annotations

import time
from html import escape

__all__ = ["Html", "dump_iso_time", "say_age", "time_tag"]

UNITS = ((86400, "day"), (3600, "hour"), (60, "minute"))
ALMOST = 0.95
"""From so much of a unit on one rounds up to it: 57 seconds are a minute ago."""
DATED_DAYS = 7.5
"""Longer ago than this, a date says more than a number of days."""


class Html(str):
    """HTML already, so that template engines leave it as it is."""

    __slots__ = ()

    def __html__(self) -> str:
        """Return it as it is."""
        return str(self)


def say_age(then_ms: int, now_ms: int | None = None) -> str:
    """Return how long ago *then_ms* was: `just now`, `3 minutes ago`; beyond a week the date.

    Args:
        then_ms: Milliseconds since 1970, as `current_time` of a handler has them.
        now_ms: In the place of the present.
    """
    seconds = ((time.time() * 1000 if now_ms is None else now_ms) - then_ms) / 1000
    if seconds >= DATED_DAYS * 86400:
        return time.strftime("%d %B %Y", time.gmtime(then_ms / 1000)).removeprefix("0")
    for size, unit in UNITS:
        if seconds >= size * ALMOST:
            count = max(1, round(seconds / size))
            return f"{count} {unit}{'s' if count > 1 else ''} ago"
    return "just now"


def dump_iso_time(then_ms: int) -> str:
    """Return *then_ms* in ISO 8601, in UTC."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(then_ms / 1000))


def time_tag(then_ms: int, now_ms: int | None = None) -> Html:
    """Return an HTML `time` element that says how long ago *then_ms* was, and has the moment itself beside it."""
    return Html(f'<time datetime="{dump_iso_time(then_ms)}">{escape(say_age(then_ms, now_ms))}</time>')
