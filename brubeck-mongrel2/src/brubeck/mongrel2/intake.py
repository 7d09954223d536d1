"""From a message of Mongrel2 to a request of Brubeck's. No I/O."""

from __future__ import annotations

from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

from brubeck.core.errors import ConfigurationError, HTTPError
from brubeck.core.requests import BodyStream, Request, decode_path
from brubeck.mongrel2.messages import Message

__all__ = ["Fronts", "check_framing", "keeps_alive", "make_request"]


class Fronts:
    """Proxies before Mongrel2 whose `X-Forwarded-For` and `X-Forwarded-Proto` are believed.

    Mongrel2 itself puts the peer's address into `X-Forwarded-For`, over what the client wrote; for a front to be heard
    it needs the setting `no_clobber_xff`.

    Args:
        networks: Addresses or networks, `10.0.0.0/8`.

    Raises:
        ConfigurationError: One of them is neither.
    """

    def __init__(self, networks: tuple[str, ...] = ()) -> None:
        self.networks: list[IPv4Network | IPv6Network] = []
        for network in networks:
            try:
                self.networks.append(ip_network(network))
            except ValueError as exc:
                raise ConfigurationError(
                    f"trusted_fronts holds addresses and networks, got {network!r}: {exc}."
                ) from None

    def trusts(self, address: str) -> bool:
        """Say whether *address* is one of the fronts."""
        try:
            parsed = ip_address(address)
        except ValueError:
            return False
        return any(parsed in network for network in self.networks)

    def client_of(self, message: Message, peer: str) -> str:
        """Return the nearest address of the chain that is no front."""
        chain = _joined(message, b"x-forwarded-for").split(",")
        for address in (part.strip() for part in reversed(chain)):
            if not self.trusts(peer):
                break
            if not address:
                break
            peer = address
        return peer

    def scheme_of(self, message: Message, scheme: str) -> str:
        """Return `https` where the front says so."""
        told = _joined(message, b"x-forwarded-proto").rpartition(",")[2].strip().lower()
        return told if told in ("http", "https") else scheme


def _joined(message: Message, name: bytes) -> str:
    value = message.headers.get(name, b"")
    values = value if type(value) is list else [value]
    return b",".join(item for item in values if type(item) is bytes).decode("latin-1")


def make_request(message: Message, fronts: Fronts | None = None, body: BodyStream | None = None) -> Request:
    """Return *message* as a request; *body* stands in for a body that is not in the message."""
    get = message.headers.get
    try:
        method = get(b"METHOD", b"GET").decode("latin-1")
        scheme = get(b"URL_SCHEME", b"http").decode("latin-1")
        peer = get(b"REMOTE_ADDR", b"").decode("latin-1")
        query = get(b"QUERY", b"").decode("latin-1")
        version = "HTTP/1.0" if get(b"VERSION") == b"HTTP/1.0" else "HTTP/1.1"
    except AttributeError:
        raise HTTPError(400, "The request is malformed.") from None
    if fronts is not None and fronts.networks and fronts.trusts(peer):
        scheme, peer = fronts.scheme_of(message, scheme), fronts.client_of(message, peer)
    path = message.path
    return Request(
        method,
        decode_path(path),
        query,
        version,
        message.client_headers(),
        message.body if body is None else body,
        scheme,
        peer,
        ("", 0),
        path.decode("latin-1"),
        message.key,
    )


def keeps_alive(message: Message, version: str) -> bool:
    """Say whether the client lets the connection stay open (RFC 9112 section 9.3). Mongrel2 itself never asks."""
    connection = message.headers.get(b"connection")
    if connection is None:
        return version != "HTTP/1.0"
    if version == "HTTP/1.1" and connection in (b"keep-alive", b"Keep-Alive"):
        return True
    options = [option.strip() for option in _joined(message, b"connection").lower().split(",")]
    if "close" in options:
        return False
    return version != "HTTP/1.0" or "keep-alive" in options


def check_framing(message: Message, is_parked: bool = False) -> None:
    """Refuse a request whose end two readers could see in two places (RFC 9112 section 6.3).

    Mongrel2 takes a `Content-Length` it cannot read for 0, the first of two, and either before `Transfer-Encoding`.

    Args:
        message: The request.
        is_parked: Its body lies in a file.

    Raises:
        HTTPError: 400, 501. The connection must be closed behind the answer.
    """
    length = message.headers.get(b"content-length")
    if length is None:
        if b"transfer-encoding" in message.headers and not is_parked:
            raise HTTPError(501, "This transfer coding is not understood.")
        return
    if type(length) is not bytes or not length.isdigit():
        raise HTTPError(400, "Content-Length must be one decimal number.")
    if b"transfer-encoding" in message.headers:
        raise HTTPError(400, "A request has either Content-Length or Transfer-Encoding.")
    if not is_parked and int(length) != len(message.body):
        raise HTTPError(400, "The body is not as long as Content-Length says.")
