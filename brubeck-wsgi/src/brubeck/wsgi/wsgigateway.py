"""Any WSGI application behind the server (PEP 3333), its answers framed as Brubeck's own are."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from brubeck.core.encoding import Framing, encode_chunk, encode_head
from brubeck.core.errors import ClientDisconnected, IncompleteBody
from brubeck.core.responses import BODILESS_STATUSES, Response, reason_phrase
from brubeck.wsgi.environ import base_environ, make_environ
from brubeck.wsgi.files import FileWrapper, send_file
from brubeck.wsgi.handshakes import UpgradeResult, answer_switching
from brubeck.wsgi.refusals import BodyFailure, Refusal
from brubeck.wsgi.starts import Start, read_start
from gevent import Timeout

if TYPE_CHECKING:
    from brubeck.wsgi.exchange import Exchange

__all__ = ["WSGIGateway"]

log = logging.getLogger("brubeck.wsgi")
ExcInfo = Any
_LENGTH_OF_LENGTH = len("content-length")


class WSGIGateway:
    """Has a WSGI application answer.

    Args:
        application: The callable.
        server: Host and port it is reached at.
        scheme: `http` or `https`.
        note: Called behind each answer: the access log.
        multiprocess: Whether other processes serve the same application.
    """

    def __init__(
        self,
        application: Callable[..., Iterable[bytes]],
        server: tuple[str, int],
        scheme: str,
        note: Callable[[Exchange, int], None] | None = None,
        *,
        multiprocess: bool = False,
    ) -> None:
        self._application = application
        self._base = base_environ(server, scheme, multiprocess=multiprocess)
        self._note = note

    def __call__(self, exchange: Exchange) -> None:
        """Answer *exchange*; what the application raises before its head is sent is a 500."""
        reply = Reply(exchange)
        try:
            reply.run(self._application(make_environ(exchange, self._base), reply.start_response))
        except (ClientDisconnected, Refusal):
            raise
        except BodyFailure as failure:
            log.info("A body was refused: %s", failure, exc_info=True)
            reply.fail(failure.status_code)
        except (Exception, Timeout):
            log.exception("The application failed: %s %r", exchange.head.method, exchange.head.target)
            reply.fail(500)
        except BaseException:  # GreenletExit: the worker is ended, and closes in order
            reply.break_off()
            raise
        finally:
            if self._note is not None:
                self._note(exchange, reply.status_code)


class Reply:
    """The answer of a WSGI application, as it comes."""

    __slots__ = ("_exchange", "_expected", "_framing", "_start", "head_sent", "status_code")

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange
        self._start: Start | None = None
        self._framing = Framing.NONE
        self._expected: int | None = None
        self.head_sent = False
        self.status_code = 500
        """The status so far; 500 while there is none."""

    def start_response(
        self, status: str, headers: list[tuple[str, str]], exc_info: ExcInfo = None
    ) -> Callable[[bytes], None]:
        """Take status and headers; again only with *exc_info*, which is raised once the head is out.

        Raises:
            ValueError: The status is no `200 OK`: the application's fault.
            HeaderError: A header cannot be sent: the application's fault.
        """
        if exc_info:
            try:
                if self.head_sent:
                    raise exc_info[1].with_traceback(exc_info[2])
            finally:
                exc_info = None
        elif self._start is not None:
            raise AssertionError("start_response was called a second time without exc_info.")
        start = self._start = read_start(status, headers)
        self.status_code = start.status_code
        return self.write

    def write(self, data: bytes) -> None:
        """Send *data* now; the head goes before the first byte."""
        data = read_piece(data)
        if not data and self.head_sent:
            return
        if self.head_sent:
            self._send(data)
        else:
            self._send_first(data, is_all=False)

    def run(self, result: Iterable[bytes]) -> None:
        """Send what the application returned, and close it in every case."""
        if type(result) is list and self._run_list(result):
            return
        try:
            if isinstance(result, FileWrapper) and self._run_file(result):
                return
            self._run_pieces(result)
        finally:
            close = getattr(result, "close", None)
            if close is not None:
                close()

    def _run_list(self, pieces: list[bytes]) -> bool:
        """Send an answer that is all there, the short way; False, with nothing sent, where there is more to decide."""
        start, exchange = self._start, self._exchange
        if start is None or self.head_sent or not start.has_body or exchange.head.method == "HEAD":
            return False
        body = pieces[0] if len(pieces) == 1 else b"".join(map(read_piece, pieces))
        if type(body) is not bytes or (start.declared is not None and not declares(start, len(body))):
            return False
        client = exchange.client
        server, version = client.server, exchange.head.fields.version
        keeps = exchange.keeps_alive
        if client.closing or type(exchange.body) is not bytes:
            keeps = exchange.settle()
        self.head_sent = True
        exchange.sent_bytes = len(body)
        client.send(
            b"%b%bContent-Length: %d\r\n\r\n%b"
            % (
                start.usual if keeps and version == "HTTP/1.1" else start.encode(version, keep_alive=keeps),
                server.extra_for(start.headers) if start.sets_own else server.extra,
                len(body),
                body,
            )
        )
        return True

    def _run_pieces(self, result: Iterable[bytes]) -> None:
        is_all = isinstance(result, list | tuple)  # PEP 3333: what is all there may be given its length
        if is_all and len(result) > 1:  # type: ignore[arg-type]
            result = (b"".join(result),)
        for piece in result:
            data = read_piece(piece)
            if not data:
                continue
            if self.head_sent:
                self._send(data)
            else:
                self._send_first(data, is_all=is_all)
        if not self.head_sent:
            if isinstance(result, UpgradeResult):
                self._switch(result.response)
                return
            self._send_first(b"", is_all=is_all)
        self._end()

    def _switch(self, response: Response) -> None:
        """Make the connection a WebSocket."""
        self.status_code = response.status_code
        self.head_sent = True
        answer_switching(self._exchange, response)

    def _run_file(self, wrapper: FileWrapper) -> bool:
        """Send a file by the kernel; False where that cannot be, with nothing sent."""
        size, start = wrapper.size_left(), self._start
        if size is None or start is None or self.head_sent or self._has_no_body():
            return False
        if start.declared is not None and (not start.declared.isdigit() or int(start.declared) > size):
            return False
        self._send_first(b"", is_all=False, length=size)
        count = self._expected or 0
        if not send_file(self._exchange.client, wrapper, count):
            return self._run_declared(wrapper)
        self._exchange.sent_bytes = count
        return True

    def _run_declared(self, wrapper: FileWrapper) -> bool:
        for piece in wrapper:
            self._send(piece)
        self._end()
        return True

    def _has_no_body(self) -> bool:
        return self._exchange.head.method == "HEAD" or self.status_code in BODILESS_STATUSES

    def _send_first(self, piece: bytes, *, is_all: bool, length: int | None = None) -> None:
        """Send the head, with the first *piece* in the same packet.

        Args:
            piece: The first of the body, where the answer has one.
            is_all: Whether no other follows.
            length: Of the whole body, where the application does not say it.
        """
        start, exchange = self._start, self._exchange
        if start is None:
            raise AssertionError("The application sent content before it called start_response.")
        response = start.make_response(piece)
        if is_all and piece and exchange.head.method == "HEAD":
            length = len(piece)
        if start.declared is None and length is not None:
            response.set_header("Content-Length", str(length))
        if self._has_no_body():
            response.bodiless = True
        elif not is_all:
            response.body = iter(())
        head, self._framing = encode_head(
            response,
            version=exchange.head.fields.version,
            keep_alive=exchange.settle(),
            extra=exchange.client.server.extra_for(response.headers),
        )
        if self._framing is Framing.CLOSE:
            exchange.keeps_alive = False
        declared = response.get_header("Content-Length")
        if self._framing is Framing.LENGTH and declared is not None:
            self._expected = int(declared)
        body = self._framed(piece)  # too long a one is refused while a 500 can still be sent
        self.head_sent = True
        exchange.client.send(head + body)

    def _framed(self, piece: bytes) -> bytes:
        """Return *piece* as the framing has it; nothing where there is no body."""
        if self._framing is Framing.NONE:
            return b""
        sent = self._exchange.sent_bytes = self._exchange.sent_bytes + len(piece)
        if self._expected is not None and sent > self._expected:
            raise IncompleteBody(f"The body is longer than the {self._expected} bytes announced.")
        return encode_chunk(piece) if self._framing is Framing.CHUNKED else piece

    def _send(self, piece: bytes) -> None:
        data = self._framed(piece)
        if data:
            self._exchange.client.send(data)

    def _end(self) -> None:
        if self._framing is Framing.CHUNKED:
            self._exchange.client.send(b"0\r\n\r\n")
        if self._expected is not None and self._exchange.sent_bytes < self._expected:
            raise IncompleteBody(
                f"The body has {self._exchange.sent_bytes} bytes of the {self._expected} announced."
            )

    def fail(self, status_code: int) -> None:
        """Answer *status_code* in the place of what failed; once the head is out, have the client see a gap."""
        if self.head_sent:
            self.break_off()
            return
        body = f"{status_code} {reason_phrase(status_code)}\n".encode()
        headers = [("Content-Type", "text/plain; charset=utf-8")]
        self.status_code = status_code
        self._exchange.sent_bytes = len(body)
        self._exchange.send_response(Response(body, status_code, headers=headers))

    def break_off(self) -> None:
        """Close in order where the length or a last chunk is missed (RFC 9112 section 8), else by a reset."""
        if self._framing is Framing.CLOSE:
            self._exchange.client.abort()
        self._exchange.keeps_alive = False


def declares(start: Start, length: int) -> bool:
    """Say whether *length* is what *start* says, once; `encode_head` reads and refuses what is said twice."""
    if start.declared != str(length):
        return False
    names = [name for name, _ in start.headers if len(name) == _LENGTH_OF_LENGTH]
    return len(names) == 1 or [name.lower() for name in names].count("content-length") == 1


def read_piece(piece: object) -> bytes:
    """Return what an application yielded as bytes.

    Raises:
        TypeError: It is no bytes: the application's fault.
    """
    if isinstance(piece, bytes):
        return piece
    if isinstance(piece, bytearray | memoryview):
        return bytes(piece)
    raise TypeError(f"A WSGI application yields bytes, got {piece!r}.")
