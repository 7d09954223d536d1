"""Proxies that are believed: what `X-Forwarded-For`, `X-Forwarded-Proto` and `Forwarded` say of a client.

Whoever speaks to a server can write these headers, so they count only where a trusted address sent them, and only from
the right: a proxy adds to the end of what its client wrote.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import TYPE_CHECKING

from brubeck.core.errors import ConfigurationError

if TYPE_CHECKING:
    from brubeck.core.headers import Headers
    from brubeck.core.requests import Request

__all__ = ["MAX_FRONTS", "UNIX", "Fronts"]

UNIX = "unix"
"""In the place of an address: whoever speaks through a unix socket."""

MAX_FRONTS = 16
"""Entries of a chain that are looked at, from the right; a client may have sent thousands."""

MAX_ADDRESS_CHARACTERS = 64
MAX_ELEMENT_CHARACTERS = 1024
MAX_KNOWN = 1024
"""Addresses whose trust is remembered; no more than some 100 KiB."""

_SCHEMES = ("http", "https")

# RFC 7239 section 6; an address without brackets has no port when it is IPv6, as many proxies write it.
_PORT = r"(?::(?:[0-9]{1,5}|_[A-Za-z0-9._\-]+))?"
_node = re.compile(rf"\[([0-9A-Fa-f:.]+)\]{_PORT}|([0-9.]+){_PORT}|([0-9A-Fa-f:.]+)").fullmatch

# RFC 7239 section 4, without the escapes that no value we read can need
_NAME = r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+"
_PAIR = rf'{_NAME}=(?:{_NAME}|"[^"\\]*")'
_element = re.compile(rf"[ \t]*{_PAIR}(?:[ \t]*;[ \t]*{_PAIR})*[ \t]*").fullmatch
_pairs = re.compile(rf'({_NAME})=(?:({_NAME})|"([^"\\]*)")').findall


class Fronts:
    """Proxies whose forwarded headers are believed; the setting `trusted_fronts` of a connection.

    Where `X-Forwarded-For` or `X-Forwarded-Proto` is there, `Forwarded` (RFC 7239) is not read. So a front that writes
    `Forwarded` must drop the other two from what its clients send, and no front but such a one has to drop anything.

    Args:
        networks: Addresses, networks (`10.0.0.0/8`), or `unix` for whoever speaks through a unix socket.

    Raises:
        ConfigurationError: One of them is none of these.
    """

    def __init__(self, networks: Iterable[str]) -> None:
        if isinstance(networks, str):
            raise ConfigurationError(
                f"trusted_fronts is a tuple of addresses and networks, got {networks!r}; write ({networks!r},)."
            )
        given = tuple(networks)
        self._trusts_unix = UNIX in given
        self._networks = [read_network(network) for network in given if network != UNIX]
        self._look_up = lru_cache(MAX_KNOWN)(self._read)

    def trusts(self, peer: str) -> bool:
        """Say whether *peer*, the address at the other end of a connection, is one of the fronts."""
        if not peer:
            return self._trusts_unix
        found = self._look_up(peer.partition("%")[0][:MAX_ADDRESS_CHARACTERS])
        return found is not None and found[1]

    def believe(self, message: Request) -> None:
        """Put the client's address and scheme into *message*, where a front sent it."""
        peer = message.remote_addr
        if self.trusts(peer):
            message.remote_addr, message.scheme = self.client_of(peer, message.scheme, message.headers)

    def client_of(self, peer: str, scheme: str, headers: Headers) -> tuple[str, str]:
        """Return the address and the scheme of the client, from what *peer*, a front, says of them.

        The address is the nearest one that is no front. What is no address ends the chain: the client then is the
        last one before it.
        """
        chain, told = headers.get("X-Forwarded-For"), headers.get("X-Forwarded-Proto")
        if chain is None and told is None:
            return self._follow(peer, scheme, map(read_element, from_right(headers.get("Forwarded", ""))))
        last = (told or "").rpartition(",")[2].strip()
        return self._follow(
            peer, scheme, ({"for": entry, "proto": last} for entry in from_right(chain or ""))
        )

    def _follow(self, peer: str, scheme: str, hops: Iterable[dict[str, str]]) -> tuple[str, str]:
        for hop in hops:
            told = hop.get("proto", "").lower()
            if told in _SCHEMES:
                scheme = told
            found = self._find(hop.get("for", ""))
            if found is None:
                break
            peer, is_front = found
            if not is_front:
                break
        return peer, scheme

    def _find(self, entry: str) -> tuple[str, bool] | None:
        entry = entry.strip(" \t")
        return self._look_up(entry) if len(entry) <= MAX_ADDRESS_CHARACTERS else None

    def _read(self, entry: str) -> tuple[str, bool] | None:
        """Return the address in *entry* and whether it is a front; None where there is no address."""
        address = read_address(entry)
        if address is None:
            return None
        return str(address), any(address in network for network in self._networks)


def read_network(text: str) -> IPv4Network | IPv6Network:
    """Return the network that *text* names.

    Raises:
        ConfigurationError: It names none.
    """
    try:
        return ip_network(text)
    except ValueError as exc:
        raise ConfigurationError(
            f"trusted_fronts holds addresses, networks and {UNIX!r}, got {text!r}: {exc}."
        ) from None


def read_address(entry: str) -> IPv4Address | IPv6Address | None:
    """Return the address in *entry*, which may have a port; an IPv4 address within an IPv6 one counts as IPv4."""
    match = _node(entry)
    if match is None:
        return None
    try:
        address = ip_address(match[1] or match[2] or match[3])
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


def read_element(element: str) -> dict[str, str]:
    """Return the parameters of one element of `Forwarded`; none where it is malformed.

    It was cut out at commas, quoted or not. What a client has smuggled into a quoted value is then no element, since
    the quotes do not match.
    """
    if len(element) > MAX_ELEMENT_CHARACTERS or _element(element) is None:
        return {}
    pairs = [(name.lower(), token or quoted) for name, token, quoted in _pairs(element)]
    told = dict(pairs)
    return told if len(told) == len(pairs) else {}


def from_right(text: str) -> list[str]:
    """Return the last entries of a list, the last one first."""
    return text.rsplit(",", MAX_FRONTS)[: -MAX_FRONTS - 1 : -1]
