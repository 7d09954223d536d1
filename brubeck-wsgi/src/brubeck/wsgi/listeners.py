"""Sockets that listen: bound here, inherited, or handed over by systemd."""

from __future__ import annotations

import contextlib
import os
import socket
import stat
from pathlib import Path

from brubeck.core.errors import ConfigurationError

__all__ = ["BACKLOG", "adopt", "bind", "bind_unix", "from_systemd", "listen"]

BACKLOG = 2048
"""Connections the kernel holds while we are busy; a burst of a thousand is not turned away."""
FIRST_SYSTEMD_FD = 3


def bind(host: str, port: int, *, reuse_port: bool = False) -> socket.socket:
    """Return a socket on *host* (a name, an IPv4 or IPv6 address) and *port*; 0 takes a free one. See `listen`.

    Raises:
        ConfigurationError: The address cannot be used; the sentence says why.
    """
    try:
        family, kind, proto, _, address = socket.getaddrinfo(
            host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        sock = socket.socket(family, kind, proto)
    except OSError as exc:
        raise ConfigurationError(f"Cannot listen on {host!r}: {exc.strerror or exc}.") from exc
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if reuse_port:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        sock.bind(address)
    except OSError as exc:
        sock.close()
        hint = " Is another server running there?" if "in use" in (exc.strerror or "") else ""
        raise ConfigurationError(f"Cannot listen on {host} port {port}: {exc.strerror}.{hint}") from exc
    return sock


def bind_unix(path: str | Path) -> socket.socket:
    """Return a socket at *path*; one that nobody listens at any more is replaced. See `listen`.

    Raises:
        ConfigurationError: The path cannot be used, or somebody listens there.
    """
    place = Path(path)
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        if place.exists():
            remove_stale(place)
        sock.bind(str(place))
    except OSError as exc:
        sock.close()
        raise ConfigurationError(f"Cannot listen at {str(place)!r}: {exc.strerror or exc}.") from exc
    return sock


def remove_stale(place: Path) -> None:
    """Remove the socket at *place* when nobody answers there."""
    if not stat.S_ISSOCK(place.stat().st_mode):
        raise ConfigurationError(f"{str(place)!r} exists and is no socket.")
    with (
        socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe,
        contextlib.suppress(ConnectionRefusedError),
    ):
        probe.settimeout(1)
        probe.connect(str(place))
        raise ConfigurationError(f"Another server listens at {str(place)!r}.")
    place.unlink()


def adopt(fileno: int) -> socket.socket:
    """Return the socket behind the inherited descriptor *fileno*, which others may listen on already.

    Raises:
        ConfigurationError: It is no socket that could listen.
    """
    try:
        sock = socket.socket(fileno=os.dup(fileno))
    except OSError as exc:
        raise ConfigurationError(
            f"Descriptor {fileno} is no listening socket: {exc.strerror or exc}."
        ) from exc
    if sock.type != socket.SOCK_STREAM:
        sock.close()
        raise ConfigurationError(f"Descriptor {fileno} is no listening socket: it is none of a stream.")
    return sock


def from_systemd() -> list[socket.socket]:
    """Return the sockets systemd handed over (sd_listen_fds(3)), none where it did not start us."""
    if os.environ.get("LISTEN_PID") != str(os.getpid()):
        return []
    count = int(os.environ.get("LISTEN_FDS", "0"))
    return [adopt(FIRST_SYSTEMD_FD + number) for number in range(count)]


def listen(sock: socket.socket) -> None:
    """Have *sock* listen without blocking.

    Raises:
        ConfigurationError: Somebody else has begun to, at the same address.
    """
    sock.setblocking(False)
    try:
        if not sock.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
            sock.listen(BACKLOG)
    except OSError as exc:
        address = sock.getsockname()
        sock.close()
        raise ConfigurationError(f"Cannot listen on {address!r}: {exc.strerror or exc}.") from exc
