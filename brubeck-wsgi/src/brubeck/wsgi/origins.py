"""Where a request comes from when a front is trusted: for messages, environs and the access log.

Chosen when a gateway is made. Where nobody is trusted, nothing here is called.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from brubeck.core.headers import Headers
from brubeck.wsgi.callable import EnvironHeaders

if TYPE_CHECKING:
    from brubeck.core.fronts import Fronts
    from brubeck.core.requests import Request
    from brubeck.core.responses import Response
    from brubeck.wsgi.exchange import Exchange

__all__ = ["address_reader", "application_behind", "dispatch_behind", "peer_address"]

Application = Callable[..., Iterable[bytes]]


def dispatch_behind(dispatch: Callable[[Request], Response], fronts: Fronts) -> Callable[[Request], Response]:
    """Return *dispatch* for messages that *fronts* may have passed on."""

    def dispatch_message(message: Request) -> Response:
        fronts.believe(message)
        return dispatch(message)

    return dispatch_message


def application_behind(application: Application, fronts: Fronts) -> Application:
    """Return the WSGI *application* for requests that *fronts* may have passed on.

    The port of a client behind a front is not known: `REMOTE_PORT` is left out.
    """

    def call_application(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        peer = environ["REMOTE_ADDR"]
        if fronts.trusts(peer):
            headers = Headers(EnvironHeaders(environ))
            address, scheme = fronts.client_of(peer, environ["wsgi.url_scheme"], headers)
            environ["wsgi.url_scheme"] = scheme
            if address != peer:
                environ["REMOTE_ADDR"] = address
                environ.pop("REMOTE_PORT", None)
        return application(environ, start_response)

    return call_application


def address_reader(fronts: Fronts | None) -> Callable[[Exchange], str]:
    """Return what tells the client's address."""
    if fronts is None:
        return peer_address

    def client_address(exchange: Exchange) -> str:
        peer = peer_address(exchange)
        if not fronts.trusts(peer):
            return peer
        return fronts.client_of(peer, "", Headers(exchange.head.fields.headers))[0]

    return client_address


def peer_address(exchange: Exchange) -> str:
    """Return the address at the other end of the connection; empty for a unix socket."""
    return exchange.client.peer[0]
