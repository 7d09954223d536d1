"""The embedded server as a connection: `WSGIConnection(host, port)`."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING, Any

from brubeck.core.connections import Connection
from brubeck.core.errors import ConfigurationError
from brubeck.wsgi.callable import WSGIApplication
from gevent.pywsgi import WSGIServer

if TYPE_CHECKING:
    from collections.abc import Callable

    from brubeck.core.application import Brubeck

__all__ = ["WSGIConnection"]


BACKLOG = 2048
"""Connections the kernel holds while we are busy; a burst of a thousand is not turned away."""


class QuickServer(WSGIServer):  # type: ignore[misc]
    """gevent's server without its 40 ms pause: it sends head and body apart and leaves TCP_NODELAY off."""

    def handle(self, sock: Any, address: Any) -> None:
        """Turn the delay off, then go on."""
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        super().handle(sock, address)


class WSGIConnection(Connection):
    """Serves HTTP from within the process.

    Args:
        host: The address to listen on.
        port: The port; 0 takes a free one.
    """

    def __init__(self, host: str = "127.0.0.1", port: int = 6767) -> None:
        self.host = host
        self.port = port
        self._server: QuickServer | None = None
        self._stop_timeout_s = 30.0

    def open(self, application: Brubeck) -> None:
        """Listen on the address."""
        server = QuickServer(
            (self.host, self.port),
            WSGIApplication(application),
            backlog=BACKLOG,
            spawn=application.pool,
            log=None,
        )
        try:
            server.init_socket()
        except OSError as exc:
            raise ConfigurationError(
                f"Cannot listen on {self.host} port {self.port}: {exc.strerror}. Is another server running there?"
            ) from exc
        self.port = server.server_port
        self._server = server

    def serve(self) -> None:
        """Answer until `stop` is called."""
        if self._server is None:
            raise ConfigurationError("WSGIConnection.serve was called before open.")
        self._server.serve_forever(stop_timeout=self._stop_timeout_s)

    def stop(self, timeout_s: float = 30.0) -> None:
        """Stop accepting; `serve` returns when all is answered."""
        if self._server is not None:
            self._stop_timeout_s = timeout_s
            if timeout_s <= 0 and self._server.pool is not None:
                self._server.pool.kill(block=False)
            self._server.stop(timeout_s)

    def close(self) -> None:
        """Let go of the socket."""
        if self._server is not None:
            self._server.close()
            self._server = None

    @property
    def address(self) -> str:
        """The URL."""
        return f"http://{self.host}:{self.port}"

    @classmethod
    def as_wsgi(cls, application: Brubeck) -> Callable[..., Any]:
        """Return *application* as a WSGI callable."""
        return WSGIApplication(application)
