"""What a person and a room may be called, and how long ago something was."""

import re
import time
import unicodedata

from brubeck.auth import check_username

MAX_NAME_CHARACTERS = 20
MAX_ROOM_CHARACTERS = 30
MAX_TEXT_CHARACTERS = 500

_is_room = re.compile(r"[^\W_]+(?:[-_][^\W_]+)*").fullmatch


def clean_name(typed: str) -> str:
    """Return the name that *typed* asks for.

    Raises:
        ValueError: Why it cannot be one, in a sentence for whoever typed it.
    """
    name = typed.strip().removeprefix("@")
    if not name:
        raise ValueError("Type a name.")
    if len(name) > MAX_NAME_CHARACTERS:
        raise ValueError(f"A name has at most {MAX_NAME_CHARACTERS} characters.")
    return check_username(name)


def clean_room(typed: str) -> str:
    """Return the room that *typed* asks for: `#Late Night` is `late-night`.

    What comes out holds letters, digits, `-` and `_` only, so that it can stand in a path and in a key.

    Raises:
        ValueError: Why it cannot be one, in a sentence for whoever typed it.
    """
    room = unicodedata.normalize("NFKC", typed).casefold().strip().removeprefix("#")
    room = "-".join(room.split())
    if not room:
        raise ValueError("Type the name of a room.")
    if len(room) > MAX_ROOM_CHARACTERS:
        raise ValueError(f"The name of a room has at most {MAX_ROOM_CHARACTERS} characters.")
    if not _is_room(room):
        raise ValueError("The name of a room is letters and digits, with - or _ or a space between them.")
    return room


def clean_text(typed: str) -> str:
    """Return *typed* as one line to be said.

    Raises:
        ValueError: Why it cannot be, in a sentence for whoever typed it.
    """
    text = " ".join("".join(" " if unicodedata.category(one) == "Cc" else one for one in typed).split())
    if not text:
        raise ValueError("Type something to say.")
    if len(text) > MAX_TEXT_CHARACTERS:
        raise ValueError(f"Say it in at most {MAX_TEXT_CHARACTERS} characters; this has {len(text)}.")
    return text


def say_when(then_ms: int, now_ms: int) -> str:
    """Return how long ago *then_ms* was, as people say it."""
    seconds = max(0, now_ms - then_ms) // 1000
    for limit, size, unit in ((3600, 60, "minute"), (86400, 3600, "hour"), (7 * 86400, 86400, "day")):
        if seconds < 50:
            return "just now"
        if seconds < limit - size // 2:
            count = max(1, round(seconds / size))
            return f"{count} {unit}{'s' if count > 1 else ''} ago"
    return time.strftime("%d %B %Y", time.gmtime(then_ms / 1000)).removeprefix("0")


def iso_time(then_ms: int) -> str:
    """Return *then_ms* as machines read it."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(then_ms / 1000))
