"""What happened to accounts, for whoever watches: records of the logger `brubeck.audit`.

The message of a record is one line, `login.failed account='jd' address='192.0.2.1'`; each value is also an
attribute of the record, below `audit`. Values come from clients: they are cut short and escaped, so that
none can forge a line. Passwords, tokens, cookies and session ids are never recorded.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from brubeck.core.requests import Request

__all__ = ["EVENTS", "record"]

log = logging.getLogger("brubeck.audit")

EVENTS = {
    "account.created": logging.INFO,
    "login.succeeded": logging.INFO,
    "login.failed": logging.WARNING,
    "login.throttled": logging.WARNING,
    "logout": logging.INFO,
    "access.denied": logging.WARNING,
    "csrf.refused": logging.WARNING,
    "password.rehashed": logging.INFO,
}
"""Every event, with its level."""

MAX_VALUE_CHARACTERS = 80


def record(event: str, message: Request | None = None, **values: Any) -> None:
    """Record *event*.

    Args:
        event: One of `EVENTS`.
        message: Gives the address, the method and the path.
        values: What else is known, for example `account`.
    """
    level = EVENTS[event]
    if not log.isEnabledFor(level):
        return
    fields = {name: cut(value) for name, value in values.items() if value is not None}
    if message is not None:
        fields |= {"address": message.remote_addr, "method": message.method, "path": cut(message.path)}
    line = " ".join(f"{name}={value!a}" for name, value in fields.items())
    log.log(level, "%s %s", event, line, extra={"audit": {"event": event, **fields}})


def cut(value: Any) -> str:
    """Return *value* as text that fits into a line."""
    text = str(value)
    return text if len(text) <= MAX_VALUE_CHARACTERS else text[:MAX_VALUE_CHARACTERS] + "…"
