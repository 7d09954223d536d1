"""The socket that messages arrive by."""

from __future__ import annotations

from collections.abc import Callable

import zmq
from brubeck.core.errors import ConfigurationError

__all__ = ["Puller"]


class Puller:
    """Pulls messages from one Mongrel2. Connected only while the server listens for answers.

    Args:
        context: Whose I/O thread moves the bytes.
        address: Mongrel2's `send_spec`.
    """

    def __init__(self, context: zmq.Context[zmq.Socket[bytes]], address: str) -> None:
        self.address = address
        self._context = context
        self._socket: zmq.Socket[bytes] | None = None
        self.take: Callable[[int], bytes]

    def connect(self) -> None:
        """Begin to receive.

        Raises:
            ConfigurationError: ZeroMQ cannot connect to the address.
        """
        self.close()
        socket = self._context.socket(zmq.PULL)
        socket.linger = 0
        try:
            socket.connect(self.address)
        except zmq.ZMQError as exc:
            socket.close()
            raise ConfigurationError(f"{self.address!r} cannot be connected to: {exc.strerror}.") from None
        self._socket = socket
        self.take = socket.recv

    def fileno(self) -> int:
        """Return the descriptor that is readable when a message may have come."""
        if self._socket is None:
            raise ConfigurationError("The pulling socket is not connected.")
        return self._socket.fileno()

    def disconnect(self) -> None:
        """Have the server send nothing more; what has arrived can still be taken."""
        if self._socket is not None:
            self._socket.disconnect(self.address)

    def close(self) -> None:
        """Close the socket; what was not taken is lost."""
        socket, self._socket = self._socket, None
        if socket is not None:
            socket.close(0)
