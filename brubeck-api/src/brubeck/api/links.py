"""`Link` headers (RFC 8288): where a client finds the other pages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

__all__ = ["add_links", "change_query"]


def change_query(arguments: Mapping[str, list[str]], changes: Mapping[str, Any]) -> str:
    """Return a reference to the same path with another query.

    It is relative, so that it holds behind whatever proxy, and no `Host` of a client gets into it.

    Args:
        arguments: What the client asked with; every value of what is not changed stays.
        changes: Values by argument; None takes one out.
    """
    kept = [(name, value) for name, values in arguments.items() if name not in changes for value in values]
    new = [(name, value) for name, value in changes.items() if value is not None]
    return f"?{urlencode(kept + new)}"


def add_links(handler: Any, targets: Mapping[str, str]) -> None:
    """Put a link for each relation into the `Link` header of the answer, behind those that are there."""
    links = [f'<{target}>; rel="{rel}"' for rel, target in targets.items()]
    if links:
        others = handler.headers.get("Link")
        handler.headers["Link"] = ", ".join([others, *links] if others else links)
