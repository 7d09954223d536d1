"""Any WSGI application on our server: `serve(app)`, and the command `brubeck serve module:app`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from brubeck.core import greenlets
from brubeck.core.connections import DRAIN_TIMEOUT_S
from brubeck.core.fronts import Fronts
from brubeck.wsgi.accesslog import access_note
from brubeck.wsgi.callable import WSGIApplication
from brubeck.wsgi.connection import Endpoint, make_server
from brubeck.wsgi.gateways import BrubeckGateway
from brubeck.wsgi.limits import Limits
from brubeck.wsgi.origins import application_behind
from brubeck.wsgi.wsgigateway import WSGIGateway

if TYPE_CHECKING:
    from brubeck.wsgi.exchange import Exchange

__all__ = ["serve"]


def serve(
    wsgi_app: Callable[..., Iterable[bytes]],
    *,
    host: str = "127.0.0.1",
    port: int = 6767,
    unix: str | Path | None = None,
    fd: int | None = None,
    certfile: str | Path | None = None,
    keyfile: str | Path | None = None,
    reuse_port: bool = False,
    access_log: Literal["common", "json"] | None = None,
    trusted_fronts: Sequence[str] = (),
    pool_size: int = greenlets.DEFAULT_POOL_SIZE,
    on_serving: Callable[[str], object] | None = None,
    **limits: Any,
) -> None:
    """Serve *wsgi_app* until SIGINT or SIGTERM, then answer what was taken and return.

    The application's blocking calls switch greenlets only where the standard library was patched before it was
    imported (`gevent.monkey.patch_all()`); `brubeck serve` does that.

    Args:
        wsgi_app: Any WSGI callable. That of a Brubeck application has hooks and tasks around this, as under `run()`.
        host: The address to listen on.
        port: 0 takes a free one.
        unix: A path for a unix socket, in the place of host and port.
        fd: An inherited listening socket.
        certfile: With *keyfile*, PEM files for TLS.
        keyfile: The private key of *certfile*.
        reuse_port: Let other processes listen on the same port.
        access_log: `common` or `json`; None writes none.
        trusted_fronts: Addresses or networks of proxies whose forwarded headers are believed; see `WSGIConnection`.
        pool_size: Requests in work at once.
        on_serving: Called with the URL once the socket listens.
        limits: Any field of `Limits`, by name.

    Raises:
        ConfigurationError: The address, a network or a limit cannot be used.

    Blocks:
        As long as it serves.
    """
    endpoint = Endpoint(
        host, port, unix=unix, fd=fd, certfile=certfile, keyfile=keyfile, reuse_port=reuse_port
    )
    checked = Limits.from_options(limits)
    fronts = Fronts(trusted_fronts) if trusted_fronts else None
    note = access_note(access_log, fronts)
    sockets = endpoint.listen()
    gateway = gateway_for(wsgi_app, (endpoint.host, endpoint.port), endpoint.scheme, note, fronts)
    server = make_server(
        gateway, sockets, checked, pool_size, endpoint.tls, shares_listeners=endpoint.is_shared
    )
    application = wsgi_app.application if isinstance(wsgi_app, WSGIApplication) else None

    def stop() -> None:
        if application:
            application.announce_stop()
        server.stop(0 if server.is_stopping else DRAIN_TIMEOUT_S)

    undo = greenlets.on_signals(stop)
    try:
        with application.started() if application else nullcontext():
            if on_serving is not None:
                on_serving(endpoint.url)
            server.serve()
    finally:
        undo()


def gateway_for(
    wsgi_app: Callable[..., Iterable[bytes]],
    server: tuple[str, int],
    scheme: str,
    note: Callable[[Exchange, int], None] | None,
    fronts: Fronts | None = None,
) -> Callable[[Exchange], None]:
    """Return what answers with *wsgi_app*: a Brubeck application (`app.wsgi`) the short way, without an environ."""
    if isinstance(wsgi_app, WSGIApplication):
        return BrubeckGateway(wsgi_app.application, server, scheme, note, fronts)
    return WSGIGateway(
        wsgi_app if fronts is None else application_behind(wsgi_app, fronts), server, scheme, note
    )
