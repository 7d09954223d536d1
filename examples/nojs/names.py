"""What a person and a room may be called, and what may be said."""

import re
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
