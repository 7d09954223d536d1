"""Guards of a whole handler class: asked for every message, whatever its subclasses define.

`prepare` is the one gate each message passes before its method. A guard wraps it, and wraps it again on
each subclass that brings another `prepare`, so that overriding a method, or `prepare` itself, never opens a
class that was closed.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

__all__ = ["Check", "Guard", "check_guarded", "close_class", "guard_class", "guard_subclasses"]

Guard = Callable[[Any], Any]
"""Takes a handler; returns the answer that refuses its message, or None to let it pass."""

Check = Callable[[Any, Any], None]
"""Takes a handler class and the application; raises where the one cannot be guarded in the other."""

_CLASS_GUARDS = "__class_guards__"
"""What stands on a class and its subclasses. Two underscores: `users=Mixin` copies other names to the class."""


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
    """Have *guard* stand on every subclass of *handler_class* that will be made, whatever its other bases."""
    own = vars(handler_class).get("__init_subclass__")
    standing = vars(handler_class).get(_CLASS_GUARDS, ())
    setattr(handler_class, _CLASS_GUARDS, (*standing, (guard, after_prepare)))

    def init_subclass(cls: Any, /, **choices: Any) -> None:
        following: Any = super(handler_class, cls)
        tell = following.__init_subclass__ if own is None else own.__get__(None, cls)
        tell(**choices)
        close_class(cls)

    handler_class.__init_subclass__ = classmethod(init_subclass)  # type: ignore[assignment]


def close_class(handler_class: type) -> None:
    """Put each guard of *handler_class* and of its bases before its `prepare`; those that stand there stay."""
    for base in reversed(handler_class.__mro__):
        for guard, after_prepare in vars(base).get(_CLASS_GUARDS, ()):
            guard_class(handler_class, guard, after_prepare=after_prepare)


def check_guarded(handler_class: type, check: Check) -> None:
    """Have *check* asked when a route to *handler_class* or a subclass is added, and its guards looked after.

    A class takes the `prepare` of a mixin after the mixins to the right of the handler were told of it, so that
    it may have lost their guard again. Hence the second look.
    """
    own = vars(handler_class).get("check_application")

    def check_application(cls: Any, application: Any) -> None:
        close_class(cls)
        inherited = getattr(super(handler_class, cls), "check_application", None)
        ask = inherited if own is None else own.__get__(None, cls)
        if ask is not None:
            ask(application)
        check(cls, application)

    handler_class.check_application = classmethod(check_application)  # type: ignore[attr-defined]
