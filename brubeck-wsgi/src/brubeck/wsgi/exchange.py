"""One request and its answer on a connection."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from brubeck.core.encoding import LAST_CHUNK, Framing, encode_chunk, encode_head, encode_whole, measured
from brubeck.core.errors import ClientDisconnected

if TYPE_CHECKING:
    from brubeck.core.responses import Response
    from brubeck.wsgi.bodystream import BodyStream
    from brubeck.wsgi.client import Client
    from brubeck.wsgi.heads import Head

__all__ = ["Exchange"]


class Exchange:
    """A request whose turn has come, and the way its answer goes.

    Args:
        client: The connection.
        head: What the request said.
        body: The whole body where it was short, else the stream of it.
    """

    __slots__ = ("_settled", "body", "client", "head", "keeps_alive", "sent_bytes")

    def __init__(self, client: Client, head: Head, body: bytes | BodyStream) -> None:
        self.client = client
        self.head = head
        self.body = body
        self.keeps_alive = head.fields.keep_alive
        """Whether the connection stays open behind the answer; settled when its head is sent."""
        self.sent_bytes = 0
        """Of the body, where it is streamed or somebody wants to know."""

    @property
    def is_settled(self) -> bool:
        """Whether the head of an answer that comes in pieces has been decided on, and may be out."""
        return hasattr(self, "_settled")  # not set beforehand, for the sake of answers that go at once

    def settle(self) -> bool:
        """Decide whether the connection stays open: not where a part of the body was never read.

        Raises:
            Refusal: What was not read is no body.
        """
        keeps = self.keeps_alive and not self.client.closing
        if not isinstance(self.body, bytes) and not self.body.is_complete:
            self.body.check(unread=True)
            keeps = False
        self.keeps_alive = keeps
        self._settled = True
        return keeps

    def send_response(self, response: Response) -> None:
        """Send *response*, streamed and then closed where its body is no bytes.

        Raises:
            ClientDisconnected: Nobody takes it.
        """
        body = response.body
        if not isinstance(body, bytes):
            try:
                self._send_stream(response, body)
            finally:
                response.close()
            return
        client, headers = self.client, response.headers
        server = client.server
        is_plain = len(headers) == 1 and headers[0][0] == "Content-Type"
        extra = server.extra if is_plain else server.extra_for(headers)
        keeps = self.keeps_alive if type(self.body) is bytes and not client.closing else self.settle()
        client.send(encode_whole(response, self.head.fields.version, keeps, extra))

    def _send_stream(self, response: Response, body: Iterable[bytes]) -> None:
        extra = self.client.server.extra_for(response.headers)
        head, framing = encode_head(
            response, version=self.head.fields.version, keep_alive=self.settle(), extra=extra
        )
        if framing is Framing.CLOSE:
            self.keeps_alive = False
        try:
            self.send_pieces(head, framing, body, response.get_header("Content-Length"))
        except ClientDisconnected:
            raise
        except Exception:
            self.client.abort()  # the head is out: only a broken connection can tell the client
            raise

    def send_pieces(self, head: bytes, framing: Framing, body: Iterable[bytes], length: str | None) -> None:
        """Send *head* with the first piece of *body*, then the rest.

        Raises:
            IncompleteBody: The pieces are not as long together as the announced *length*.
        """
        send = self.client.send
        if framing is Framing.LENGTH and length is not None:
            body = measured(body, int(length))
        waiting = head
        for piece in body:
            self.sent_bytes += len(piece)
            send(waiting + (encode_chunk(piece) if framing is Framing.CHUNKED else piece))
            waiting = b""
        ending = waiting + (LAST_CHUNK if framing is Framing.CHUNKED else b"")
        if ending:
            send(ending)
