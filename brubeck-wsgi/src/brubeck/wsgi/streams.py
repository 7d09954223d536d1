"""Bytes to and from a client without blocking: a plain socket, or TLS on top of one.

`receive` and `send` do what the socket can do now and raise `BlockingIOError` when that is nothing.
"""

from __future__ import annotations

import contextlib
import os
import socket
import ssl
import struct
from collections.abc import Callable
from functools import partial
from typing import ClassVar

__all__ = ["RECEIVE_BYTES", "PlainStream", "TLSStream"]

RECEIVE_BYTES = 65536


class PlainStream:
    """A socket as it is."""

    __slots__ = ("is_sealed", "receive", "send", "sock")

    wants_write: ClassVar[bool] = False
    """Whether bytes are held that the socket did not take."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self.is_sealed = False
        raw = getattr(
            sock, "_sock", sock
        )  # gevent's wrapper would do in Python what is needed for blocking only
        self.receive: Callable[[], bytes] = partial(raw.recv, RECEIVE_BYTES)
        self.send: Callable[[bytes | memoryview], int] = raw.send

    def has_arrived(self) -> bool:
        """Say whether bytes wait to be received."""
        try:
            return bool(self.sock.recv(1, socket.MSG_PEEK))
        except OSError:
            return False

    def flush(self) -> None:
        """Send what is held."""

    def send_file(self, fileno: int, offset: int, count: int) -> int | None:
        """Have the kernel send from a file and return how many bytes it sent; None where it cannot."""
        return os.sendfile(self.sock.fileno(), fileno, offset, count)

    def end(self) -> None:
        """Say that nothing more will be sent."""
        with contextlib.suppress(OSError):
            self.sock.shutdown(socket.SHUT_WR)

    def break_off(self) -> None:
        """Have the closing of the socket send a reset."""
        with contextlib.suppress(OSError):
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    def close(self) -> None:
        """Close the socket."""
        self.sock.close()


class TLSStream(PlainStream):
    """TLS over a socket. The sealing is done in memory, so that every call here is as short as a plain one."""

    __slots__ = ("_incoming", "_outgoing", "_sealed", "_tls")

    def __init__(self, sock: socket.socket, context: ssl.SSLContext) -> None:
        super().__init__(sock)
        self.is_sealed = True
        self.receive = self.receive_sealed
        self.send = self.send_sealed
        self._incoming = ssl.MemoryBIO()
        self._outgoing = ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_side=True)
        self._sealed = b""

    @property
    def wants_write(self) -> bool:  # type: ignore[override]
        """Whether sealed bytes wait for the socket to take them."""
        return bool(self._sealed) or self._outgoing.pending > 0

    def receive_sealed(self) -> bytes:
        """Return what was unsealed of what has arrived; the handshake happens in here."""
        try:
            sealed = self.sock.recv(RECEIVE_BYTES)
        except BlockingIOError:
            return self._unseal()
        if sealed:
            self._incoming.write(sealed)
        else:
            self._incoming.write_eof()
        return self._unseal()

    def _unseal(self) -> bytes:
        pieces = []
        try:
            while piece := self._tls.read(RECEIVE_BYTES):
                pieces.append(piece)
        except ssl.SSLWantReadError:
            if not pieces:
                self._try_flush()
                raise BlockingIOError from None
        except (ssl.SSLZeroReturnError, ssl.SSLEOFError):
            pass
        except ssl.SSLError:
            self._try_flush()  # the alert that tells the client why
            raise
        self._try_flush()
        return b"".join(pieces)

    def send_sealed(self, data: bytes | memoryview) -> int:
        """Seal *data* and send what the socket takes; the rest is held, and the next call waits for it."""
        self.flush()
        piece = data[: RECEIVE_BYTES * 4]
        try:
            count = self._tls.write(piece)
        except ssl.SSLWantReadError:
            raise BlockingIOError from None
        self._try_flush()
        return count

    def flush(self) -> None:
        """Send what is held.

        Raises:
            BlockingIOError: The client takes nothing now.
        """
        while self.wants_write:
            if not self._sealed:
                self._sealed = self._outgoing.read()
            count = self.sock.send(self._sealed)
            self._sealed = self._sealed[count:]

    def _try_flush(self) -> None:
        with contextlib.suppress(BlockingIOError):
            self.flush()

    def send_file(self, fileno: int, offset: int, count: int) -> int | None:
        """Return None: the kernel cannot seal."""
        return None

    def end(self) -> None:
        """Say goodbye (RFC 8446 section 6.1), then end the socket."""
        with contextlib.suppress(OSError):
            self._tls.unwrap()
        with contextlib.suppress(OSError):
            self.flush()
        super().end()

    def close(self) -> None:
        """Close the socket, and part from the methods that hold this object."""
        super().close()
        del self.receive, self.send
