"""Where a request was made: what a browser says about it, and no page can change."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from brubeck.core.requests import Request

__all__ = ["is_cross_site", "is_safe_method"]

SAFE_METHODS = frozenset(("GET", "HEAD", "OPTIONS", "TRACE"))
"""Methods that change nothing (RFC 9110 section 9.2.1)."""

_OWN_PAGES = frozenset(("same-origin", "none"))
_PORTS = {"http": 80, "https": 443}


def is_safe_method(message: Request) -> bool:
    """Say whether *message* asks to change nothing."""
    return message.method in SAFE_METHODS


def is_cross_site(message: Request, trusted_origins: Collection[str] = ()) -> bool:
    """Say whether a page of another origin sent *message*.

    `Sec-Fetch-Site` decides, which browsers send over https and to localhost; then `Origin`, then `Referer`. A
    client that says none of them is no browser of these days, and only the token can tell. Behind a proxy that
    ends TLS a message looks like http: an https origin of the same host counts as ours, while an http origin
    never does for an https message.

    Args:
        message: As it arrived.
        trusted_origins: Others that may send, such as `https://admin.example.com`.
    """
    origin = message.headers.get("Origin")
    if origin is not None and origin in trusted_origins:
        return False
    site = message.headers.get("Sec-Fetch-Site")
    if site is not None:
        return site not in _OWN_PAGES
    if origin is not None:
        return not is_same_origin(origin, message)
    referer = message.headers.get("Referer")
    if not referer:
        return False
    return origin_of(referer) not in trusted_origins and not is_same_origin(referer, message)


def is_same_origin(url: str, message: Request) -> bool:
    """Say whether *url* lies on the host and port that *message* was sent to."""
    try:
        there = urlsplit(url)
        here = urlsplit(f"{there.scheme}://{message.host}")
        same_host = bool(there.hostname) and there.hostname == here.hostname
        default = _PORTS.get(there.scheme, 0)
        same_port = (there.port or default) == (here.port or default)
    except ValueError:
        return False
    return same_host and same_port and there.scheme in (message.scheme, "https")


def origin_of(url: str) -> str:
    """Return the origin of *url* as browsers write it."""
    try:
        scheme, netloc, *_ = urlsplit(url)
    except ValueError:
        return ""
    return f"{scheme}://{netloc}"
