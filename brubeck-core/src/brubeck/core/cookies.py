"""Cookies: reading what a client sent, writing what it shall keep (RFC 6265 and its revision, "6265bis").

A value may be any text. What a cookie cannot hold as it is goes between double quotes as the octal escapes of
its UTF-8 bytes, the form of `http.cookies`; browsers store and return it unread, `parse_cookies` undoes it.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime

from brubeck.core.errors import HeaderError
from brubeck.core.headers import wire_bytes

__all__ = ["MAX_COOKIES", "MAX_COOKIE_BYTES", "dump_cookie", "dump_cookie_removal", "parse_cookies"]

MAX_COOKIES = 200
"""Cookies read from one message; further ones are ignored. Browsers keep some 180 for a site."""

MAX_COOKIE_BYTES = 4096
"""The longest `Set-Cookie` value; what every browser must at least keep (RFC 6265 section 6.1)."""

_is_name = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+").fullmatch
_is_plain_value = re.compile(r"[!#-+\--:<-\[\]-~]*").fullmatch
_NOT_COOKIE_OCTET = re.compile(r"[^!#-+\--:<-\[\]-~]")
_ESCAPE = re.compile(r"\\(?:([0-3][0-7][0-7])|(.))", re.DOTALL)
_is_attribute = re.compile(r"[\x20-:<-~]*").fullmatch
_is_domain = re.compile(r"\.?[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*").fullmatch

_SAME_SITE = {"lax": "Lax", "strict": "Strict", "none": "None"}
# Not strftime: its names follow the locale.
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def parse_cookies(header: str) -> dict[str, str]:
    """Return the cookies of a `Cookie` header by name.

    Takes linear time and refuses nothing. Where a name is repeated the first counts, the one with the longest
    path (RFC 6265 section 5.4). What has no name is dropped: a browser sends `=__Host-a=b` for a cookie that
    only looks as if it had a prefix. Values are UTF-8, and latin-1 where they are not.

    Args:
        header: As received; bytes decoded as latin-1.
    """
    cookies: dict[str, str] = {}
    if not header.isascii():
        header = wire_bytes(header).decode("latin-1")
    for pair in header.split(";", MAX_COOKIES)[:MAX_COOKIES]:
        name, equals, value = pair.partition("=")
        # Only these two: str.strip() takes U+00A0 and U+0085 too and forges a prefix from "\xa0__Host-a".
        name = _decode(name.strip(" \t"))
        if equals and name and name not in cookies:
            cookies[name] = _decode(_unquote(value.strip(" \t")))
    return cookies


def _decode(text: str) -> str:
    if text.isascii():
        return text
    try:
        return text.encode("latin-1").decode("utf-8")
    except UnicodeDecodeError:
        return text


def _unquote(value: str) -> str:
    if len(value) < 2 or value[0] != '"' or value[-1] != '"':
        return value
    value = value[1:-1]
    return _ESCAPE.sub(_unescape, value) if "\\" in value else value


def _unescape(match: re.Match[str]) -> str:
    octal: str | None = match[1]
    return chr(int(octal, 8)) if octal else match[2]


def dump_cookie(
    name: str,
    value: str,
    *,
    path: str | None = "/",
    domain: str | None = None,
    expires: datetime | float | str | None = None,
    max_age: int | None = None,
    secure: bool = False,
    httponly: bool = False,
    samesite: str | None = None,
    partitioned: bool = False,
) -> str:
    """Return the value of a `Set-Cookie` header.

    Args:
        name: A token. `__Secure-`, `__Host-`, `__Http-` and `__Host-Http-` bring the rules of their prefix.
        value: Any text.
        path: Starts with a slash; None leaves it out.
        domain: A host name in ASCII, which then counts for the hosts below it too.
        expires: A datetime (a naive one is in UTC), seconds since the epoch, or a date as text.
        max_age: Seconds from now; 0 removes the cookie.
        secure: Sent over https only.
        httponly: Kept from scripts.
        samesite: `Lax`, `Strict`, or `None`, which needs *secure*.
        partitioned: Kept apart for each top-level site; needs *secure*.

    Raises:
        HeaderError: Something would not be a cookie, would add an attribute that was not asked for, or is
            refused by browsers: the application's fault.
    """
    if not isinstance(name, str) or not _is_name(name):
        raise HeaderError(f"A cookie's name is letters, digits and !#$%&'*+-.^_`|~, got {name!r}.")
    parts = [f"{name}={_quote(name, value)}"]
    if domain is not None:
        parts.append(f"Domain={_check_domain(name, domain)}")
    if expires is not None:
        parts.append(f"Expires={_format_date(name, expires)}")
    if max_age is not None:
        parts.append(f"Max-Age={_check_max_age(name, max_age)}")
    if path is not None:
        parts.append(f"Path={_check_path(name, path)}")
    if samesite is not None:
        samesite = _check_samesite(name, samesite, secure)
        parts.append(f"SameSite={samesite}")
    if partitioned and not secure:
        raise HeaderError(f"The cookie {name!r} is partitioned, which needs secure=True.")
    _check_prefix(name, secure=secure, httponly=httponly, is_host_only=path == "/" and domain is None)
    flags = (("Secure", secure), ("HttpOnly", httponly), ("Partitioned", partitioned))
    parts += [flag for flag, is_set in flags if is_set]
    line = "; ".join(parts)
    if len(line) > MAX_COOKIE_BYTES:
        raise HeaderError(
            f"The cookie {name!r} takes {len(line)} bytes, browsers keep at most {MAX_COOKIE_BYTES}. "
            "Keep the data on the server and a key in the cookie."
        )
    return line


def dump_cookie_removal(name: str, *, path: str | None = "/", domain: str | None = None) -> str:
    """Return the `Set-Cookie` value that makes a browser forget a cookie set with this *path* and *domain*.

    Raises:
        HeaderError: As for `dump_cookie`. A name that a client sent may be no token.
    """
    lowered = name.lower()
    return dump_cookie(
        name,
        "",
        path=path,
        domain=domain,
        expires=0,
        max_age=0,
        secure=lowered.startswith(tuple(_PREFIXES)),
        httponly=lowered.startswith(("__http-", "__host-http-")),
    )


def _quote(name: str, value: str) -> str:
    if not isinstance(value, str):
        raise HeaderError(f"The value of the cookie {name!r} must be text, got {value!r}.")
    if _is_plain_value(value):
        return value
    try:
        octets = value.encode("utf-8").decode("latin-1")
    except UnicodeEncodeError:
        raise HeaderError(f"The value of the cookie {name!r} holds half of a surrogate pair.") from None
    return '"' + _NOT_COOKIE_OCTET.sub(lambda match: f"\\{ord(match[0]):03o}", octets) + '"'


def _check_domain(name: str, domain: str) -> str:
    if not isinstance(domain, str) or not _is_domain(domain):
        raise HeaderError(
            f"The domain of the cookie {name!r} is a host name without a port, in punycode where needed, "
            f"got {domain!r}."
        )
    return domain


def _check_path(name: str, path: str) -> str:
    if not isinstance(path, str) or not path.startswith("/") or not _is_attribute(path):
        raise HeaderError(
            f"The path of the cookie {name!r} starts with '/' and is ASCII without ';', got {path!r}. "
            "Percent-encode what else it holds."
        )
    return path


def _check_max_age(name: str, max_age: int) -> int:
    if not isinstance(max_age, int):
        raise HeaderError(
            f"The max_age of the cookie {name!r} is a whole number of seconds, got {max_age!r}."
        )
    return int(max_age)


def _check_samesite(name: str, samesite: str, secure: bool) -> str:
    spelled = _SAME_SITE.get(str(samesite).lower())
    if spelled is None:
        raise HeaderError(f"The samesite of the cookie {name!r} is Lax, Strict or None, got {samesite!r}.")
    if spelled == "None" and not secure:
        raise HeaderError(
            f"The cookie {name!r} has samesite='None', which browsers drop without secure=True."
        )
    return spelled


def _format_date(name: str, expires: datetime | float | str) -> str:
    if isinstance(expires, str):
        if not expires or not _is_attribute(expires):
            raise HeaderError(f"The expires of the cookie {name!r} is the text of a date, got {expires!r}.")
        return expires
    try:
        when = expires if isinstance(expires, datetime) else datetime.fromtimestamp(expires, UTC)
        when = when.replace(tzinfo=UTC) if when.tzinfo is None else when.astimezone(UTC)
    except (TypeError, ValueError, OverflowError, OSError) as exc:
        raise HeaderError(
            f"The expires of the cookie {name!r} is a datetime, seconds since the epoch or text, "
            f"got {expires!r}."
        ) from exc
    day, month = _DAYS[when.weekday()], _MONTHS[when.month - 1]
    return f"{day}, {when.day:02} {month} {when.year:04} {when:%H:%M:%S} GMT"


_PREFIXES = {
    "__host-http-": ("secure", "httponly", "is_host_only"),
    "__host-": ("secure", "is_host_only"),
    "__http-": ("secure", "httponly"),
    "__secure-": ("secure",),
}
"""What a browser asks of each prefix, the longest first; compared without case, as 6265bis does."""

_REQUIREMENTS = {
    "secure": "secure=True",
    "httponly": "httponly=True",
    "is_host_only": "path='/' and no domain",
}


def _check_prefix(name: str, **facts: bool) -> None:
    lowered = name.lower()
    if not lowered.startswith("__"):
        return
    for prefix, required in _PREFIXES.items():
        if lowered.startswith(prefix):
            for fact in required:
                if not facts[fact]:
                    raise HeaderError(f"The cookie {name!r} has a prefix that needs {_REQUIREMENTS[fact]}.")
            return
