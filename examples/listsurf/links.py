"""What a link may be."""

import re
from urllib.parse import urlsplit, urlunsplit

MAX_URL_CHARACTERS = 2000
MAX_TITLE_CHARACTERS = 200

_has_scheme = re.compile(r"[a-z][a-z0-9+.-]*://", re.IGNORECASE).match
_is_host = re.compile(r"\[[0-9a-f:.]+\]|\w[\w-]*(\.\w[\w-]*)*\.?", re.IGNORECASE).fullmatch

NO_ADDRESS = "This is no web address. One looks like https://example.com/page."


def clean_url(typed: str) -> str:
    """Return the link that *typed* asks for; `Example.com` is `https://example.com/`.

    Raises:
        ValueError: Why it cannot be one, in a sentence for whoever typed it.
    """
    typed = typed.strip().translate({34: "%22", 60: "%3C", 62: "%3E"})  # as browsers write " < >
    if not typed:
        raise ValueError("Type or paste a web address.")
    if len(typed) > MAX_URL_CHARACTERS:
        raise ValueError(f"A web address has at most {MAX_URL_CHARACTERS} characters; this has {len(typed)}.")
    try:
        parts = urlsplit(typed if _has_scheme(typed) else f"https://{typed}")
        parts.port  # noqa: B018 - raises where it is none
    except ValueError:
        raise ValueError(NO_ADDRESS) from None
    if parts.scheme not in ("http", "https"):
        raise ValueError("Only links that begin with http:// or https:// can be saved.")
    if "@" in parts.netloc:
        raise ValueError("A link that holds a name or a password is not saved.")
    if " " in typed or not typed.isprintable() or not _is_host(parts.netloc.removesuffix(f":{parts.port}")):
        raise ValueError(NO_ADDRESS)
    return urlunsplit(parts._replace(netloc=parts.netloc.lower(), path=parts.path or "/"))


def clean_title(typed: str) -> str:
    """Return *typed* as one line, cut where it is too long: pages choose their titles, not who saves them."""
    return " ".join("".join(one if one.isprintable() else " " for one in typed).split())[
        :MAX_TITLE_CHARACTERS
    ]
