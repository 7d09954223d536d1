"""Sockets that listen: bound here, inherited, or handed over by systemd."""

from __future__ import annotations

import contextlib
import os
import socket
import stat
from pathlib import Path

from brubeck.core.errors import ConfigurationError

__all__ = ["BACKLOG", "adopt", "bind", "bind_unix", "from_systemd"]

BACKLOG = 2048
"""Connections the kernel holds while we are busy; a burst of a thousand is not turned away."""
FIRST_SYSTEMD_FD = 3


def bind(host: str, port: int, *, reuse_port: bool = False) -> socket.socket:
    """Return a socket that listens on *host* (a name, an IPv4 or IPv6 address) and *port*; 0 takes a free one.

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
        return listen(sock)
    except OSError as exc:
        sock.close()
        hint = " Is another server running there?" if "in use" in (exc.strerror or "") else ""
        raise ConfigurationError(f"Cannot listen on {host} port {port}: {exc.strerror}.{hint}") from exc


def bind_unix(path: str | Path) -> socket.socket:
    """Return a socket that listens at *path*; one that nobody listens at any more is replaced.

    Raises:
        ConfigurationError: The path cannot be used, or somebody listens there.
    """
    place = Path(path)
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        if place.exists():
            remove_stale(place)
        sock.bind(str(place))
        return listen(sock)
    except OSError as exc:
        sock.close()
        raise ConfigurationError(f"Cannot listen at {str(place)!r}: {exc.strerror or exc}.") from exc


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
    """Return the listening socket behind the inherited descriptor *fileno*.

    Raises:
        ConfigurationError: It is none.
    """
    try:
        sock = socket.socket(fileno=os.dup(fileno))
        if not sock.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
            listen(sock)
    except OSError as exc:
        raise ConfigurationError(
            f"Descriptor {fileno} is no listening socket: {exc.strerror or exc}."
        ) from exc
    sock.setblocking(False)
    return sock


def from_systemd() -> list[socket.socket]:
    """Return the sockets systemd handed over (sd_listen_fds(3)), none where it did not start us."""
    if os.environ.get("LISTEN_PID") != str(os.getpid()):
        return []
    count = int(os.environ.get("LISTEN_FDS", "0"))
    return [adopt(FIRST_SYSTEMD_FD + number) for number in range(count)]


def listen(sock: socket.socket) -> socket.socket:
    """Have *sock* listen without blocking."""
    sock.listen(BACKLOG)
    sock.setblocking(False)
    return sock
