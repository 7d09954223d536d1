"""The embedded server as a connection: `WSGIConnection(host, port)`."""

from __future__ import annotations

import os
import ssl
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from brubeck.core.connections import DRAIN_TIMEOUT_S, Connection
from brubeck.core.errors import ConfigurationError
from brubeck.core.fronts import Fronts
from brubeck.wsgi import listeners
from brubeck.wsgi.accesslog import access_note
from brubeck.wsgi.callable import WSGIApplication
from brubeck.wsgi.gateways import BrubeckGateway
from brubeck.wsgi.limits import Limits
from brubeck.wsgi.server import Server

if TYPE_CHECKING:
    import socket

    from brubeck.core.application import Brubeck
    from brubeck.wsgi.exchange import Exchange

__all__ = ["Endpoint", "WSGIConnection", "load_tls"]


class Endpoint:
    """Where a server listens: an address, a path, or a descriptor it inherited.

    Args:
        host: A name or address.
        port: 0 takes a free one.
        unix: A path, in the place of host and port.
        fd: An inherited listening socket, in the place of all.
        certfile: With *keyfile*, PEM files for TLS.
        keyfile: The private key of *certfile*.
        reuse_port: Let other processes listen on the same port (SO_REUSEPORT).
    """

    def __init__(
        self,
        host: str = "127.0.0.1",
        port: int = 6767,
        *,
        unix: str | Path | None = None,
        fd: int | None = None,
        certfile: str | Path | None = None,
        keyfile: str | Path | None = None,
        reuse_port: bool = False,
    ) -> None:
        self.host: str = host
        self.port: int = port
        self.unix = unix
        self._fd = fd
        self._owns_fd = False
        self._reuse_port = reuse_port
        self.tls = load_tls(certfile, keyfile)
        self.scheme = "https" if self.tls else "http"

    def inherit(self, fileno: int) -> None:
        """Listen with the socket behind *fileno*, in the place of a new one.

        The descriptor becomes ours: one that stayed open would let clients in that nobody answers any more.
        """
        self._fd = fileno
        self._owns_fd = True

    def listen(self) -> list[socket.socket]:
        """Return the sockets, listening; `port` becomes the one that was taken."""
        sockets = self.bind()
        for sock in sockets:
            listeners.listen(sock)
        return sockets

    def bind(self) -> list[socket.socket]:
        """Return the sockets, which listen only where somebody else has made them; `port` is set."""
        sockets = self._sockets()
        name = sockets[0].getsockname()
        if isinstance(name, tuple):
            self.host, self.port = (self.host or name[0]), name[1]
        return sockets

    def _sockets(self) -> list[socket.socket]:
        if self._fd is not None:
            adopted = listeners.adopt(self._fd)
            if self._owns_fd:
                os.close(self._fd)
            return [adopted]
        if self.unix is not None:
            return [listeners.bind_unix(self.unix)]
        return listeners.from_systemd() or [listeners.bind(self.host, self.port, reuse_port=self._reuse_port)]

    @property
    def is_shared(self) -> bool:
        """Whether other processes may accept from the same sockets."""
        return self._fd is not None

    @property
    def url(self) -> str:
        """The address as a person would type it."""
        if self.unix is not None:
            return f"unix:{self.unix}"
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}:{self.port}"


def load_tls(certfile: str | Path | None, keyfile: str | Path | None) -> ssl.SSLContext | None:
    """Return a context for the certificate, None where none is given.

    Raises:
        ConfigurationError: The files cannot be read, or do not belong together.
    """
    if certfile is None:
        if keyfile is not None:
            raise ConfigurationError("keyfile was given without certfile.")
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.set_alpn_protocols(["http/1.1"])
    try:
        context.load_cert_chain(certfile, keyfile)
    except (OSError, ssl.SSLError) as exc:
        raise ConfigurationError(f"The certificate {str(certfile)!r} cannot be used: {exc}.") from exc
    return context


class WSGIConnection(Connection):
    """Serves HTTP from within the process.

    Args:
        host: The address to listen on; `0.0.0.0` or `::` for all.
        port: The port; 0 takes a free one.
        unix: A path for a unix socket, in the place of host and port.
        fd: An inherited listening socket.
        certfile: With *keyfile*, PEM files for TLS.
        keyfile: The private key of *certfile*.
        reuse_port: Let other processes listen on the same port.
        access_log: `common` or `json` writes a line for each answer to the logger `brubeck.access`.
        trusted_fronts: Proxies whose `X-Forwarded-For`, `X-Forwarded-Proto` and `Forwarded` are believed: addresses,
            networks (`10.0.0.0/8`), or `unix` for whoever comes through the unix socket. See `Fronts`.
        limits: Any field of `Limits`, by name.

    Raises:
        ConfigurationError: A certificate, a network or a limit cannot be used.
    """

    carries_websockets: ClassVar[bool] = True

    def __init__(
        self,
        host: str = "127.0.0.1",
        port: int = 6767,
        *,
        unix: str | Path | None = None,
        fd: int | None = None,
        certfile: str | Path | None = None,
        keyfile: str | Path | None = None,
        reuse_port: bool = False,
        access_log: Literal["common", "json"] | None = None,
        trusted_fronts: Sequence[str] = (),
        **limits: Any,
    ) -> None:
        self.endpoint = Endpoint(
            host, port, unix=unix, fd=fd, certfile=certfile, keyfile=keyfile, reuse_port=reuse_port
        )
        self._settings = {
            "host": host,
            "port": port,
            "unix": unix,
            "fd": fd,
            "certfile": certfile,
            "keyfile": keyfile,
            "reuse_port": reuse_port,
            "access_log": access_log,
            "trusted_fronts": trusted_fronts,
            **limits,
        }
        self.limits = Limits.from_options(limits)
        self.fronts = Fronts(trusted_fronts) if trusted_fronts else None
        self._note = access_note(access_log, self.fronts)
        self._bound: list[socket.socket] = []
        self._server: Server | None = None

    def with_options(self, **options: Any) -> Connection:
        """Return a connection with the settings of this one, but for *options*."""
        settings = dict(self._settings)
        if "host" in options or "port" in options:
            settings["unix"] = settings["fd"] = None
        return self.from_options(**{**settings, **options})

    @property
    def host(self) -> str:
        """The address."""
        return self.endpoint.host

    @property
    def port(self) -> int:
        """The port; after `open` the one that was taken."""
        return self.endpoint.port

    def bind(self) -> None:
        """Take the address, without listening.

        Raises:
            ConfigurationError: It cannot be used.
        """
        self._bound = self.endpoint.bind()

    def open(self, application: Brubeck) -> None:
        """Listen on the address.

        Raises:
            ConfigurationError: It cannot be used.
        """
        if not self._bound:
            self.bind()
        for sock in self._bound:
            listeners.listen(sock)
        sockets, self._bound = self._bound, []
        address, scheme = (self.host, self.port), self.endpoint.scheme
        gateway = BrubeckGateway(application, address, scheme, self._note, self.fronts)
        self._server = make_server(
            gateway,
            sockets,
            self.limits,
            application.pool.size,
            self.endpoint.tls,
            shares_listeners=self.endpoint.is_shared,
        )

    def serve(self) -> None:
        """Answer until `stop` is called."""
        if self._server is None:
            raise ConfigurationError("WSGIConnection.serve was called before open.")
        self._server.serve()

    def stop(self, timeout_s: float = DRAIN_TIMEOUT_S) -> None:
        """Accept no more; `serve` returns when all is answered, or after *timeout_s* seconds."""
        if self._server is not None:
            self._server.stop(timeout_s)

    def close(self) -> None:
        """Let go of the sockets."""
        for sock in self._bound:
            sock.close()
        self._bound = []
        if self._server is not None:
            self._server.close()
            self._server = None

    def shared_address(self) -> dict[str, Any]:
        """Return where a parent of several workers has to listen."""
        unix = self.endpoint.unix
        return {"host": self.host, "port": self.port, "unix": None if unix is None else str(unix)}

    @classmethod
    def share(cls, **address: Any) -> int:
        """Take the address for several workers; the first that serves listens."""
        return Endpoint(**address).bind()[0].detach()

    def adopt(self, fileno: int) -> None:
        """Use the parent's socket."""
        self.endpoint.inherit(fileno)

    @property
    def address(self) -> str:
        """The URL."""
        return self.endpoint.url

    @classmethod
    def as_wsgi(cls, application: Brubeck) -> Callable[..., Any]:
        """Return *application* as a WSGI callable."""
        return WSGIApplication(application)


def make_server(
    gateway: Callable[[Exchange], None],
    sockets: list[socket.socket],
    limits: Limits,
    max_workers: int | None,
    tls: ssl.SSLContext | None,
    *,
    shares_listeners: bool = False,
) -> Server:
    """Return a server for *gateway*; without *max_workers* it has no bound but the connections."""
    return Server(
        gateway,
        sockets,
        limits,
        max_workers or limits.max_connections,
        tls,
        shares_listeners=shares_listeners,
    )
