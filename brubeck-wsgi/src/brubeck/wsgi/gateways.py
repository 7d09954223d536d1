"""The short way: from a parsed request to a message, through dispatch, to bytes. No environ in between."""

from __future__ import annotations

from typing import TYPE_CHECKING

from brubeck.wsgi.handshakes import SWITCHING, answer_switching
from brubeck.wsgi.messages import ReceivedRequest
from brubeck.wsgi.origins import dispatch_behind

if TYPE_CHECKING:
    from collections.abc import Callable

    from brubeck.core.application import Brubeck
    from brubeck.core.fronts import Fronts
    from brubeck.core.responses import Response
    from brubeck.wsgi.exchange import Exchange

__all__ = ["BrubeckGateway"]


class BrubeckGateway:
    """Has an application answer.

    Args:
        application: The one that answers.
        server: Host and port it is reached at.
        scheme: `http` or `https`.
        note: Called behind each answer as (exchange, status code), where given: the access log.
        fronts: Whose forwarded headers are believed.
    """

    def __init__(
        self,
        application: Brubeck,
        server: tuple[str, int],
        scheme: str,
        note: Callable[[Exchange, int], None] | None = None,
        fronts: Fronts | None = None,
    ) -> None:
        dispatch = application.dispatch
        self._dispatch = dispatch if fronts is None else dispatch_behind(dispatch, fronts)
        self._server = server
        self._scheme = scheme
        self._note = note

    def __call__(self, exchange: Exchange) -> None:
        """Answer *exchange*."""
        response = self._dispatch(ReceivedRequest(exchange, self._scheme, self._server))
        if response.closers is None and self._note is None and response.status_code != SWITCHING:
            exchange.send_response(response)
        else:
            self._finish(exchange, response)

    def _finish(self, exchange: Exchange, response: Response) -> None:
        """Send *response* and do what is to be done behind it, also where nobody takes it."""
        try:
            if response.status_code == SWITCHING:
                answer_switching(exchange, response)
            else:
                if isinstance(response.body, bytes):
                    exchange.sent_bytes = len(response.body)
                exchange.send_response(response)
        finally:
            response.close()
            if self._note is not None:
                self._note(exchange, response.status_code)
