"""The body of a request as it arrives: read on demand, so that a client is never ahead of its reader."""

from __future__ import annotations

from typing import TYPE_CHECKING

from brubeck.wsgi.refusals import BodyFailure, Refusal

if TYPE_CHECKING:
    from brubeck.wsgi.bodies import BodyDecoder
    from brubeck.wsgi.client import Client

__all__ = ["BodyStream"]


class BodyStream:
    """Content that is taken from the connection when it is asked for.

    Args:
        client: Whose body it is.
        decoder: What knows where the body ends.
        expects_continue: Whether the client waits for `100 Continue` before it sends.
    """

    __slots__ = ("_client", "_decoder", "_expects_continue", "_pieces", "_start", "is_complete", "size")

    def __init__(self, client: Client, decoder: BodyDecoder, expects_continue: bool) -> None:
        self._client = client
        self._decoder = decoder
        self._expects_continue = expects_continue
        self._pieces: list[bytes] = []
        self._start = 0
        """How much of the first piece was read."""
        self.size = 0
        """Bytes that are here and were not read."""
        self.is_complete = decoder.is_complete

    def feed(self, data: bytes) -> None:
        """Take *data*; what lies behind the body is held for the next request."""
        if not data:
            return
        content, rest = self._decoder.decode(data)
        if content:
            self._pieces.append(content)
            self.size += len(content)
        if self._decoder.is_complete:
            self.is_complete = True
            self._client.held = rest

    def take(self) -> bytes:
        """Return all that is here."""
        pieces, self._pieces, self.size = self._pieces, [], 0
        if self._start:
            pieces[0], self._start = pieces[0][self._start :], 0
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def read(self, size: int = -1, /) -> bytes:
        """Return up to *size* bytes, as soon as there are any; all of the body without a size, `b""` at its end.

        Raises:
            BodyFailure: The body breaks off, is malformed, too long or too slow: the client's fault.

        Blocks:
            The greenlet, until bytes arrive; not the hub.
        """
        if size == 0:
            return b""
        if self._expects_continue:
            self._expects_continue = False
            self._client.send_continue()
        while not self.is_complete and (size < 0 or not self.size):
            self._more()
        return self._take_part(size) if 0 <= size < self.size else self.take()

    def _take_part(self, size: int) -> bytes:
        """Return *size* bytes of more that are here. The rest is not copied, so that reading by bytes is no attack."""
        if len(self._pieces) > 1:
            left = self.size
            self._pieces, self.size = [self.take()], left
        begin = self._start
        self._start = end = begin + size
        self.size -= size
        return self._pieces[0][begin:end]

    def check(self, *, unread: bool = False) -> None:
        """Refuse a body that is malformed behind what is here; with *unread*, only where something of it is.

        Raises:
            Refusal: It is.
        """
        failure = self._decoder.failure
        if failure is not None and (self.size or not unread):
            raise failure

    def _more(self) -> None:
        client = self._client
        try:
            self.check()
            self.feed(client.receive_body())
        except Refusal as refusal:
            client.closing = True
            self.take()  # the reader was told; what it answers now is the answer
            raise BodyFailure(refusal.status_code, refusal.reason) from refusal
