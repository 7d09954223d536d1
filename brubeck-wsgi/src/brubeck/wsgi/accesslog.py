"""The access log: a line for each answer to the logger `brubeck.access`, in one of two forms; off by default."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from brubeck.core.errors import ConfigurationError
from brubeck.wsgi.origins import address_reader

if TYPE_CHECKING:
    from brubeck.core.fronts import Fronts
    from brubeck.wsgi.exchange import Exchange

__all__ = ["access_note"]

log = logging.getLogger("brubeck.access")


def access_note(form: str | None, fronts: Fronts | None = None) -> Callable[[Exchange, int], None] | None:
    """Return what writes the line of an answer; None where no log is wanted.

    Where one of *fronts* is the peer, the line has the client's address.

    Raises:
        ConfigurationError: There is no such form.
    """
    if form is None:
        return None
    try:
        write = {"common": note_common, "json": note_json}[form]
    except KeyError:
        raise ConfigurationError(f"access_log must be 'common', 'json' or None, got {form!r}.") from None
    return partial(write, address_reader(fronts))


def note_common(address_of: Callable[[Exchange], str], exchange: Exchange, status_code: int) -> None:
    """Write the line in the Common Log Format; what a client sent is escaped."""
    head = exchange.head
    log.info(
        '%s - - [%s] "%s %s %s" %d %d',
        address_of(exchange) or "-",
        time.strftime("%d/%b/%Y:%H:%M:%S +0000", time.gmtime()),
        head.method,
        ascii(head.target.decode("latin-1"))[1:-1].replace('"', "%22"),
        head.fields.version,
        status_code,
        exchange.sent_bytes,
    )


def note_json(address_of: Callable[[Exchange], str], exchange: Exchange, status_code: int) -> None:
    """Write the line as JSON, with the request's id where a proxy gave one."""
    head = exchange.head
    request_id = next((value for name, value in head.fields.headers if name.lower() == b"x-request-id"), b"")
    line = {
        "time": time.time(),
        "remote_addr": address_of(exchange),
        "method": head.method,
        "target": head.target.decode("latin-1"),
        "version": head.fields.version,
        "status": status_code,
        "bytes": exchange.sent_bytes,
        "request_id": request_id.decode("latin-1"),
    }
    log.info(json.dumps(line))
