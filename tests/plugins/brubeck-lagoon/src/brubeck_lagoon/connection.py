"""A transport of its own kind: one line of JSON a message, over TCP."""

import socket
import time
from contextlib import suppress

from brubeck.connections import Connection
from brubeck.request_handling import Brubeck, ConfigurationError

from brubeck_lagoon.protocol import decode_message, encode_response

POLL_S = 0.1
"""How often `serve` looks whether it was stopped."""


class LagoonConnection(Connection):
    """Takes lines of JSON at *host* and *port*."""

    def __init__(self, host: str = "127.0.0.1", port: int = 6767) -> None:
        self.host = host
        self.port = port
        self._listener: socket.socket | None = None
        self._deadline: float | None = None

    @property
    def address(self) -> str:
        return f"lagoon://{self.host}:{self.port}"

    def open(self, application: Brubeck) -> None:
        self._application = application
        self._deadline = None
        try:
            self._listener = socket.create_server((self.host, self.port))
        except OSError as exc:
            raise ConfigurationError(f"{self.address} cannot be used: {exc.strerror}.") from exc
        self._listener.settimeout(POLL_S)
        self.port = self._listener.getsockname()[1]

    def serve(self) -> None:
        assert self._listener is not None
        while self._deadline is None:
            with suppress(TimeoutError):
                client, _ = self._listener.accept()
                self._application.pool.spawn(self._talk, client)
        self._application.pool.join(max(0.0, self._deadline - time.monotonic()))

    def stop(self, timeout_s: float = 30.0) -> None:
        self._deadline = time.monotonic() + timeout_s

    def close(self) -> None:
        if self._listener is not None:
            self._listener.close()
            self._listener = None

    def _talk(self, client: socket.socket) -> None:
        with client, client.makefile("rwb") as stream, suppress(ConnectionError):
            for line in stream:
                stream.write(encode_response(self._application.dispatch(decode_message(line))))
                stream.flush()
