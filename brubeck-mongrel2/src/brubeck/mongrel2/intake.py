"""From a message of Mongrel2 to a request of Brubeck's. No I/O."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any

from brubeck.core.encoding import MAX_LENGTH_DIGITS
from brubeck.core.errors import HTTPError
from brubeck.core.forms import Form
from brubeck.core.fronts import Fronts
from brubeck.core.headers import Headers
from brubeck.core.requests import BodyStream, Request
from brubeck.core.websockets import accept_value
from brubeck.mongrel2.heads import Head, Target, read_content, repeated
from brubeck.mongrel2.messages import UNREADABLE, check_address, client_headers, known_senders, refuse

__all__ = ["Mongrel2Request", "check_framing", "read_request"]

new_request = Request.__new__


class Mongrel2Request(Request):
    """A message as a request, made by `read_request`. What few handlers ask for is worked out when one does.

    Attributes:
        sender: The server's ident.
        number: The connection's number, as Mongrel2 writes it.
        head: What the headers say.
        target: What the URL says.
    """

    sender: bytes
    number: bytes
    head: Head
    target: Target
    server = ("", 0)
    disconnect = False
    is_websocket = False
    accept_value = b""
    has_files = False
    """Whether there is anything to close: a parked body, or a form that may have brought files."""

    def take_handshake(self, head: Head) -> None:
        """Take what the client has to hear, which stands in for a body; a client may write that method itself."""
        key = head.headers.get(b"sec-websocket-key")
        if type(key) is bytes and self._body == accept_value(key):
            self.is_websocket = True
            self.accept_value, self._body = self._body, b""
        else:
            self.method = "WEBSOCKET_HANDSHAKE"

    @property
    def key(self) -> tuple[bytes, bytes]:
        """What names the client's connection."""
        return self.sender, self.number

    @property
    def headers(self) -> Headers:
        """The client's headers, found by name in any case."""
        if self._header_map is None:
            self._header_map = Headers(client_headers(self.head.headers))
        return self._header_map

    @cached_property
    def remote_addr(self) -> str:  # type: ignore[override]
        """The address Mongrel2 was spoken to from, or what a trusted front says."""
        address = self.head.headers.get(b"REMOTE_ADDR", b"")
        return address.decode("latin-1") if isinstance(address, bytes) else ""

    @cached_property
    def scheme(self) -> str:  # type: ignore[override]
        """`http` or `https`: Mongrel2's, or what a trusted front says."""
        return self.head.scheme

    @cached_property
    def version(self) -> str:  # type: ignore[override]
        """`HTTP/1.1` or `HTTP/1.0`."""
        return self.head.version

    @cached_property
    def raw_path(self) -> str:  # type: ignore[override]
        """The path as sent."""
        return self.target.wire_path.decode("latin-1")

    @cached_property
    def connection_id(self) -> tuple[bytes, bytes]:
        """What names the client's connection."""
        return self.key

    def replace_body(self, body: BodyStream) -> None:
        """Have *body* stand in for the one that came with the message."""
        self._body = body
        self.has_files = True

    @property
    def form(self) -> Form:
        """The fields and files of a form in the body."""
        self.has_files = True
        return super().form

    def close(self) -> None:
        """Let go of the files that the body or a form in it left."""
        super().close()
        if not isinstance(self._body, bytes):
            closer = getattr(self._body, "close", None)
            if closer is not None:
                closer()


def read_request(data: bytes, fronts: Fronts | None = None) -> Mongrel2Request:
    """Return the message in *data* as a request; a notice of the server's own is one too.

    Args:
        data: As it came.
        fronts: Whose forwarded headers are believed.

    Raises:
        MessageError: *data* holds no message.
    """
    try:
        sender, number, path, rest = data.split(b" ", 3)
        if sender not in known_senders or not number.isdigit():
            check_address(sender, number)
        content = repeated.get(rest)
        if content is None or content[1].wire_path != path:
            content = read_content(path, rest)
    except UNREADABLE as exc:
        raise refuse(exc, data) from None
    head, target, body = content
    # Not by way of `Request.__init__`: a third of what a small message costs would go to values nobody asks for.
    # Nor by an `__init__` of its own, which costs 800 of 35,000 instructions (callgrind, `all of it`).
    message = new_request(Mongrel2Request)
    message.sender = sender
    message.number = number
    message.head = head
    message.target = target
    message._body = body
    message.opened_form = None
    message.method = head.method
    message.path = target.path
    message.query = target.query
    if head.is_handshake:
        message.take_handshake(head)
    if fronts is not None:
        fronts.believe(message)
    return message


def check_framing(headers: Mapping[bytes, Any], body: bytes, is_parked: bool = False) -> None:
    """Refuse a request whose end two readers could see in two places (RFC 9112 section 6.3).

    Mongrel2 takes a `Content-Length` it cannot read for 0, the first of two, and either before `Transfer-Encoding`.

    Args:
        headers: Of the request.
        body: What came with it.
        is_parked: Its body lies in a file.

    Raises:
        HTTPError: 400, 501. The connection must be closed behind the answer.
    """
    length = headers.get(b"content-length")
    if length is None:
        if b"transfer-encoding" in headers and not is_parked:
            raise HTTPError(501, "This transfer coding is not understood.")
        return
    if type(length) is not bytes or not length.isdigit() or len(length) > MAX_LENGTH_DIGITS:
        raise HTTPError(400, "Content-Length must be one decimal number.")
    if b"transfer-encoding" in headers:
        raise HTTPError(400, "A request has either Content-Length or Transfer-Encoding.")
    if not is_parked and int(length) != len(body):
        raise HTTPError(400, "The body is not as long as Content-Length says.")
