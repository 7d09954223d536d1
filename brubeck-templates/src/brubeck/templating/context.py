"""What templates find without being given it: names that the handler answers, each only when it is asked for.

Reading the user may ask a database, and making a CSRF token sets a cookie; so a page that does not name them
must not cause them.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

__all__ = ["HANDLER_NAMES", "MISSING", "get_of_handler", "names_in"]

HANDLER_NAMES = frozenset(("csrf_field", "csrf_token", "current_user"))
MISSING = object()

_NAMED = re.compile(rf"\b(?:{'|'.join(sorted(HANDLER_NAMES))})\b")


def get_of_handler(handler: Any, name: str, default: Any = MISSING) -> Any:
    """Return what *handler* answers for one of `HANDLER_NAMES`, or *default*.

    What its class does not have may come from a plugin, by `application.template_helpers`. Without
    authentication the user is None, so that a layout may ask for it on every page.
    """
    # Not getattr with a default: an AttributeError in get_current_user would pass for an anonymous visitor.
    if handler is not None and (name in vars(handler) or hasattr(type(handler), name)):
        return getattr(handler, name)
    helper = getattr(getattr(handler, "application", None), "template_helpers", {}).get(name)
    if helper is not None:
        return helper(handler)
    return None if name == "current_user" else default


@lru_cache(maxsize=1024)
def names_in(text: str) -> tuple[str, ...]:
    """Return those of `HANDLER_NAMES` that *text* mentions; asked for each page, so remembered."""
    return tuple(sorted(set(_NAMED.findall(text))))
