"""Headers: a map that is blind to case, and the checks of what we send.

What arrives is kept as it came; the transport has refused what is not HTTP. What leaves is checked here: a
CR or LF that a handler took from its input would let a client write headers, or a whole answer, of its own.
"""

from __future__ import annotations

import re
from collections.abc import ItemsView, Iterable, Iterator, MutableMapping
from typing import NoReturn, TypeVar, overload
from urllib.parse import quote

from brubeck.core.errors import HeaderError

__all__ = ["Headers", "check_header", "check_location", "wire_bytes"]

_Default = TypeVar("_Default")

_is_token = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+").fullmatch
_is_field_value = re.compile(r"[\t\x20-\x7e\x80-\xff]*").fullmatch

_COMMON_NAMES = frozenset(
    ("Content-Type", "Content-Length", "Set-Cookie", "Location", "Allow", "Cache-Control", "Vary", "ETag")
)
"""Known to be tokens, which is quicker than to look at each character again."""

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*:")
_ABSOLUTE_URL = re.compile(
    r"https?://(?:[A-Za-z0-9._\-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]*)?(?:[/?#].*)?", re.IGNORECASE | re.DOTALL
)
_PRINTABLE_ASCII = "".join(map(chr, range(0x21, 0x7F)))


class Headers(MutableMapping[str, str]):
    """A multimap of header names to values: blind to case, in order, with the spelling that was given.

    As a mapping it holds each name once and joins repeated values (RFC 9110 section 5.3). `items()` gives
    every pair as it is on the wire, `get_all` every value of one name.

    Args:
        pairs: Names and values; bytes are decoded as latin-1.
    """

    __slots__ = ("_index", "_pairs")

    def __init__(self, pairs: Iterable[tuple[str | bytes, str | bytes]] = ()) -> None:
        self._pairs: list[tuple[str | bytes, str | bytes]] = list(pairs)
        self._index: dict[str, list[str]] | None = None

    def _build(self) -> dict[str, list[str]]:
        index: dict[str, list[str]] = {}
        for name, value in self._pairs:
            lowered = name.lower() if isinstance(name, str) else name.decode("latin-1").lower()
            text = value if isinstance(value, str) else value.decode("latin-1")
            if lowered in index:
                index[lowered].append(text)
            else:
                index[lowered] = [text]
        self._index = index
        return index

    @overload
    def get(self, key: str, /) -> str | None: ...
    @overload
    def get(self, key: str, /, default: str | _Default) -> str | _Default: ...

    def get(self, key: str, /, default: str | _Default | None = None) -> str | _Default | None:
        """Return the value of *key*, or *default*.

        Repeated values are joined: by a comma, those of `Cookie` by a semicolon; of `Set-Cookie` it is the first.
        """
        name = key.lower()
        values = (self._index or self._build()).get(name)
        if values is None:
            return default
        return values[0] if len(values) == 1 else _join(name, values)

    def get_all(self, name: str) -> list[str]:
        """Return every value of *name* in order; none gives an empty list."""
        return list((self._index or self._build()).get(name.lower(), ()))

    def add(self, name: str, value: str) -> None:
        """Append a pair and leave others of that name where they are."""
        self._pairs.append((name, value))
        if self._index is not None:
            self._index.setdefault(name.lower(), []).append(value)

    def items(self) -> ItemsView[str, str]:
        """Return every pair, in order, as spelled."""
        return _Pairs(self)

    def copy(self) -> Headers:
        """Return headers that change on their own."""
        return Headers(self._pairs)

    def __getitem__(self, name: str) -> str:
        value = self.get(name)
        if value is None:
            raise KeyError(name)
        return value

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and name.lower() in (self._index or self._build())

    def __setitem__(self, name: str, value: str) -> None:
        """Put the pair where the first of that name stood, and drop the others."""
        if name not in self:
            self.add(name, value)
            return
        pairs = list(self.items())
        place = next(place for place, pair in enumerate(pairs) if pair[0].lower() == name.lower())
        self._keep_others(name)
        self._pairs.insert(place, (name, value))

    def __delitem__(self, name: str) -> None:
        if name not in self:
            raise KeyError(name)
        self._keep_others(name)

    def _keep_others(self, name: str) -> None:
        lowered = name.lower()
        self._pairs = [pair for pair in self.items() if pair[0].lower() != lowered]
        self._index = None

    def __iter__(self) -> Iterator[str]:
        """Yield each name once, as it was first spelled."""
        seen = set()
        for name, _ in _Pairs(self):
            if (lowered := name.lower()) not in seen:
                seen.add(lowered)
                yield name

    def __len__(self) -> int:
        return len(self._index or self._build())

    def __eq__(self, other: object) -> bool:
        """Compare the values of each name; the order among different names has no meaning."""
        if not isinstance(other, Headers):
            return NotImplemented
        return (self._index or self._build()) == (other._index or other._build())

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"Headers({list(self.items())!r})"


class _Pairs(ItemsView[str, str]):
    """Every pair of a `Headers`, where a plain view would hold each name once."""

    _mapping: Headers

    def __iter__(self) -> Iterator[tuple[str, str]]:
        for name, value in self._mapping._pairs:
            yield (
                name if isinstance(name, str) else name.decode("latin-1"),
                value if isinstance(value, str) else value.decode("latin-1"),
            )

    def __len__(self) -> int:
        return len(self._mapping._pairs)


def _join(name: str, values: list[str]) -> str:
    if name == "set-cookie":
        return values[0]
    return ("; " if name == "cookie" else ", ").join(values)


def check_header(name: str, value: str) -> None:
    """Accept a header that may be sent, refuse any other.

    Raises:
        HeaderError: The name is no token (RFC 9110 section 5.1), or the value holds CR, LF, NUL or another
            control character but TAB, or a character beyond latin-1: the application's fault.
    """
    try:
        if value.isascii() and value.isprintable() and (name in _COMMON_NAMES or _is_token(name)):
            return
    except (AttributeError, TypeError):
        pass
    _check_slowly(name, value)


def _check_slowly(name: object, value: object) -> None:
    if not isinstance(name, str) or not _is_token(name):
        raise HeaderError(f"A header's name is letters, digits and !#$%&'*+-.^_`|~, got {name!r}.")
    if not isinstance(value, str):
        raise HeaderError(f"The header {name!r} must be given as text, got {value!r}. Convert it with str().")
    if not _is_field_value(value):
        raise HeaderError(
            f"The header {name!r} cannot hold line breaks, control characters or what latin-1 has not, "
            f"got {value!r}."
        )


def check_location(url: str, *, same_site: bool = False) -> str:
    r"""Return *url* as the value of a `Location` header.

    An absolute path, a relative reference and an absolute http or https URL are kept as given, except that
    spaces and what is not ASCII are percent-encoded as UTF-8. The only way to another host is a whole URL:
    `//host` and `/\host`, which browsers read as one, are nearly always a path put together from input, and
    are refused.

    Args:
        url: Where to send the client.
        same_site: Refuse whole URLs too. For a *url* that the client had a hand in.

    Raises:
        HeaderError: *url* is none of these, holds a control character or a user name, or leaves this site.
    """
    if not isinstance(url, str) or not url:
        _refuse(url, "It must be a path or a URL, and not empty")
    if url != url.strip(" ") or _CONTROL.search(url):
        _refuse(url, "It must hold no control characters, and no spaces around it")
    try:
        url = quote(url, safe=_PRINTABLE_ASCII)
    except UnicodeEncodeError:
        _refuse(url, "It holds half of a surrogate pair, which UTF-8 cannot encode")
    # Browsers read a backslash as a slash (WHATWG URL, special schemes).
    path = re.split("[?#]", url, maxsplit=1)[0].replace("\\", "/")
    if path.startswith("//"):
        _refuse(url, "A browser reads it as another host. Write the scheme where that is meant")
    if not _SCHEME.match(path):
        return url
    if same_site:
        _refuse(url, "It leaves this site. Give an absolute path")
    if not _ABSOLUTE_URL.fullmatch(url):
        _refuse(
            url,
            "A whole URL is http or https, '//', an ASCII host, and no user name. Write './a:b' for a path",
        )
    return url


def _refuse(url: object, reason: str) -> NoReturn:
    raise HeaderError(f"Cannot redirect to {url!r}. {reason}.")


def wire_bytes(text: str) -> bytes:
    """Return the bytes behind *text*, which a transport decoded as latin-1.

    Text with characters that latin-1 has not never was on a wire (a test wrote it); it is encoded as UTF-8.
    """
    try:
        return text.encode("latin-1")
    except UnicodeEncodeError:
        return text.encode("utf-8", "replace")
