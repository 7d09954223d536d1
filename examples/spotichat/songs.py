"""What people may type: the link of a song, a title, a line."""

import re
import unicodedata

MAX_TEXT_CHARACTERS = 1000
MAX_TITLE_CHARACTERS = 80

# Spotify's identifiers are 22 characters of base 62; what follows a link's `?` says who shared it.
_find_song = re.compile(
    r"(?:spotify:|https://open\.spotify\.com/(?:intl-\w+/)?)?(?:(track|episode)[:/])?([0-9A-Za-z]{22})(?:\?.*)?",
    re.ASCII,
).fullmatch


def clean_song(typed: str) -> str:
    """Return the URI of the song that *typed* is a link to: `spotify:track:…`.

    Raises:
        ValueError: It is none; the sentence is for whoever typed it.
    """
    found = _find_song(typed.strip()[:300])
    if not found:
        raise ValueError("That is no link to a song. In Spotify, choose Share and then Copy link.")
    return f"spotify:{found[1] or 'track'}:{found[2]}"


def clean_line(typed: object, limit: int = MAX_TEXT_CHARACTERS) -> str:
    """Return *typed* as one line, or raise ValueError with a sentence for whoever typed it."""
    typed = typed if isinstance(typed, str) else ""
    letters = (" " if unicodedata.category(letter) in ("Cc", "Cs") else letter for letter in typed)
    text = " ".join("".join(letters).split())
    if not text:
        raise ValueError("Type something to say.")
    if len(text) > limit:
        raise ValueError(f"Say it in at most {limit} characters; this has {len(text)}.")
    return text
