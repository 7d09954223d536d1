"""Paths to come back to: text that went through a client and may lead to this site only."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import quote, urlencode, urlsplit, urlunsplit

from brubeck.core.errors import HeaderError
from brubeck.core.headers import check_location

if TYPE_CHECKING:
    from brubeck.core.requests import Request

__all__ = ["login_location", "safe_next", "target_of"]

MAX_NEXT_CHARACTERS = 1024
"""A longer `next` is left out: it has to fit into a URL that holds it encoded."""

_SAFE_METHODS = ("GET", "HEAD")
_SAFE_IN_PATH = "/:@!$&'()*+,;=~-._%"
_MANY_SLASHES = re.compile(r"^[/\\]{2,}")


def safe_next(url: str | None) -> str | None:
    r"""Return *url* when it is an absolute path of this site as every browser reads it, else None.

    Refused are whole URLs, `//host`, `/\host`, control characters and what is longer than 1024 characters.
    """
    if not url or not url.startswith("/") or len(url) > MAX_NEXT_CHARACTERS:
        return None
    try:
        location = check_location(url, same_site=True)
    except HeaderError:
        return None
    return location if len(location) <= MAX_NEXT_CHARACTERS else None


def target_of(message: Request) -> str:
    """Return the path and query that *message* asked for, as a relative reference of this site."""
    path = message.raw_path or quote(message.path, safe=_SAFE_IN_PATH, errors="replace")
    path = _MANY_SLASHES.sub("/", path)
    return f"{path}?{message.query}" if message.query else path


def login_location(message: Request, login_url: str) -> str | None:
    """Return where to send a stranger: *login_url*, with a `next` where he can come back with GET.

    None where that would lead in a circle: the message already asked for *login_url*.
    """
    if message.method not in _SAFE_METHODS:
        return login_url
    scheme, netloc, path, query, fragment = urlsplit(login_url)
    if not netloc and path == message.path:
        return None
    target = safe_next(target_of(message))
    if target is not None:
        query = "&".join(part for part in (query, urlencode({"next": target}, safe="/")) if part)
    return urlunsplit((scheme, netloc, path, query, fragment))
