"""Guards of a whole handler class: asked for every message, whatever its subclasses define.

`prepare` is the one gate each message passes before its method. A guard wraps it, and wraps it again on
each subclass that brings another `prepare`, so that overriding a method, or `prepare` itself, never opens a
class that was closed.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

__all__ = ["Guard", "guard_class", "guard_subclasses"]

Guard = Callable[[Any], Any]
"""Takes a handler; returns the answer that refuses its message, or None to let it pass."""


def guard_class(handler_class: type, guard: Guard, *, after_prepare: bool) -> None:
    """Have *guard* asked for each message of *handler_class*.

    Args:
        handler_class: Where to stand guard.
        guard: Asked with the handler.
        after_prepare: Ask when `prepare` has run, because it may say who the user is; its answer is then
            withheld from whom the guard refuses. Otherwise the guard comes first.
    """
    prepare = getattr(handler_class, "prepare", None)
    if prepare is None or guard in getattr(prepare, "guards", ()):
        return

    @functools.wraps(prepare)
    def guarded_prepare(self: Any) -> Any:
        if not after_prepare:
            refusal = guard(self)
            return prepare(self) if refusal is None else refusal
        result = prepare(self)
        refusal = guard(self)
        if refusal is None:
            return result
        close = getattr(result, "close", None)
        if close is not None:
            close()
        return refusal

    guarded_prepare.guards = (*getattr(prepare, "guards", ()), guard)  # type: ignore[attr-defined]
    handler_class.prepare = guarded_prepare  # type: ignore[attr-defined]
    # Handlers note when the class is made whether they have a `prepare`; a decorator comes after that.
    handler_class._has_prelude = True  # type: ignore[attr-defined]


def guard_subclasses(handler_class: type, guard: Guard, *, after_prepare: bool) -> None:
    """Have *guard* stand on every subclass of *handler_class* that will be made."""
    inherited = handler_class.__init_subclass__

    def init_subclass(cls: Any, /, **choices: Any) -> None:
        inherited.__func__(cls, **choices)  # type: ignore[attr-defined]
        guard_class(cls, guard, after_prepare=after_prepare)

    handler_class.__init_subclass__ = classmethod(init_subclass)  # type: ignore[assignment]
