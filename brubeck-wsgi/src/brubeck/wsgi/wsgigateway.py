"""Any WSGI application behind the server (PEP 3333), its answers framed as Brubeck's own are."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from brubeck.core.encoding import Framing, encode_chunk, encode_head, encode_whole
from brubeck.core.errors import ClientDisconnected
from brubeck.core.responses import BODILESS_STATUSES, Response, reason_phrase
from brubeck.wsgi.environ import base_environ, make_environ
from brubeck.wsgi.exchange import IncompleteBody
from brubeck.wsgi.files import FileWrapper, send_file
from brubeck.wsgi.handshakes import UpgradeResult, answer_switching
from brubeck.wsgi.refusals import BodyFailure, Refusal

if TYPE_CHECKING:
    from brubeck.wsgi.exchange import Exchange

__all__ = ["WSGIGateway"]

log = logging.getLogger("brubeck.wsgi")
ExcInfo = Any


class WSGIGateway:
    """Has a WSGI application answer.

    Args:
        application: The callable.
        server: Host and port it is reached at.
        scheme: `http` or `https`.
        note: Called behind each answer: the access log.
    """

    def __init__(
        self,
        application: Callable[..., Iterable[bytes]],
        server: tuple[str, int],
        scheme: str,
        note: Callable[[Exchange, int], None] | None = None,
    ) -> None:
        self._application = application
        self._base = base_environ(server, scheme)
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
        except Exception:
            log.exception("The application failed: %s %r", exchange.head.method, exchange.head.target)
            reply.fail(500)
        finally:
            if self._note is not None:
                self._note(exchange, reply.status_code)


class Reply:
    """The answer of a WSGI application, as it comes."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange
        self._response: Response | None = None
        self._framing = Framing.NONE
        self._expected: int | None = None
        self.head_sent = False

    @property
    def status_code(self) -> int:
        """The status so far; 500 while there is none."""
        return self._response.status_code if self._response else 500

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
        elif self._response is not None:
            raise AssertionError("start_response was called a second time without exc_info.")
        self._response = read_start(status, headers)
        return self.write

    def write(self, data: bytes) -> None:
        """Send *data* now; the head goes before the first byte."""
        if not isinstance(data, bytes):
            data = read_piece(data)
        if not data and self.head_sent:
            return
        if self.head_sent:
            self._send(data)
        else:
            self._send_first(data, is_all=False)

    def run(self, result: Iterable[bytes]) -> None:
        """Send what the application returned, and close it in every case."""
        try:
            if isinstance(result, FileWrapper) and self._run_file(result):
                return
            self._run_pieces(result)
        finally:
            close = getattr(result, "close", None)
            if close is not None:
                close()

    def _run_pieces(self, result: Iterable[bytes]) -> None:
        is_all = isinstance(result, list | tuple)  # PEP 3333: what is all there may be given its length
        if is_all and len(result) > 1:  # type: ignore[arg-type]
            result = (b"".join(result),)
        for piece in result:
            data = piece if isinstance(piece, bytes) else read_piece(piece)
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
        self._response = response
        self.head_sent = True
        answer_switching(self._exchange, response)

    def _run_file(self, wrapper: FileWrapper) -> bool:
        """Send a file by the kernel; False where that cannot be, with nothing sent."""
        size = wrapper.size_left()
        if size is None or self.head_sent or self._response is None or self._has_no_body():
            return False
        declared = self._response.get_header("Content-Length")
        if declared is None:
            self._response.set_header("Content-Length", str(size))
        elif not declared.isdigit() or int(declared) > size:
            return False
        self._send_first(b"", is_all=False)
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

    def _send_first(self, piece: bytes, *, is_all: bool) -> None:
        """Send the head, with the first *piece* in the same packet."""
        response = self._response
        if response is None:
            raise AssertionError("The application sent content before it called start_response.")
        exchange = self._exchange
        if is_all and self._send_whole(response, piece):
            return
        if self._has_no_body():
            if (
                is_all
                and exchange.head.method == "HEAD"
                and response.get_header("Content-Length") is None
                and piece
            ):
                response.set_header("Content-Length", str(len(piece)))
            response.bodiless = True
        elif is_all:
            response.body = piece
        else:
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
        self.head_sent = True
        exchange.client.send(head + self._framed(piece))

    def _send_whole(self, response: Response, piece: bytes) -> bool:
        """Send an answer that is all there, the short way; False, with nothing sent, where there is more to decide."""
        exchange = self._exchange
        declared = response.get_header("Content-Length")
        if (declared is not None and declared != str(len(piece))) or self._has_no_body():
            return False
        response.body = piece
        data = encode_whole(
            response,
            version=exchange.head.fields.version,
            keep_alive=exchange.settle(),
            extra=exchange.client.server.extra_for(response.headers),
        )
        self.head_sent = True
        self._framing = Framing.LENGTH
        exchange.sent_bytes = len(piece)
        exchange.client.send(data)
        return True

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
            self._break_off()
            return
        body = f"{status_code} {reason_phrase(status_code)}\n".encode()
        headers = [("Content-Type", "text/plain; charset=utf-8")]
        self._response = Response(body, status_code, headers=headers)
        self._exchange.send_response(self._response)

    def _break_off(self) -> None:
        """Close in order where the length or a last chunk is missed (RFC 9112 section 8), else by a reset."""
        if self._framing is Framing.CLOSE:
            self._exchange.client.abort()
        self._exchange.keeps_alive = False


def read_piece(piece: object) -> bytes:
    """Return as bytes what an application yielded instead of them.

    Raises:
        TypeError: It is no bytes: the application's fault.
    """
    if isinstance(piece, bytearray | memoryview):
        return bytes(piece)
    raise TypeError(f"A WSGI application yields bytes, got {piece!r}.")


_checked: dict[tuple[str, tuple[tuple[str, str], ...]], tuple[int, str, list[tuple[str, str]]]] = {}
"""Starts of answers that were checked before: most applications have few that differ."""
_MAX_CHECKED = 256
_MAX_CHECKED_HEADERS = 8


def read_start(status: str, headers: list[tuple[str, str]]) -> Response:
    """Return a response with *status* and *headers*, and no body yet.

    Raises:
        ValueError: The status is no `200 OK`: the application's fault.
        HeaderError: A header cannot be sent: the application's fault.
    """
    key = (status, tuple(headers))
    try:
        known = _checked.get(key)
    except TypeError:  # pairs that are lists
        known = None
    if known is not None:
        return Response.of_checked(b"", known[0], known[1], known[2].copy())
    code, _, reason = status.partition(" ")
    if len(code) != 3 or not code.isdigit():
        raise ValueError(f"A WSGI status is three digits, a space and a reason, got {status!r}.")
    response = Response(b"", int(code), reason, headers)
    remember_start(key, response)
    return response


def remember_start(key: tuple[str, tuple[tuple[str, str], ...]], response: Response) -> None:
    """Keep what was checked, if it is short; headers that always differ push each other out."""
    if len(key[1]) > _MAX_CHECKED_HEADERS or sum(len(name) + len(value) for name, value in key[1]) > 1024:
        return
    if len(_checked) >= _MAX_CHECKED:
        _checked.clear()
    try:
        _checked[key] = (response.status_code, response.reason, response.headers.copy())
    except TypeError:
        return
