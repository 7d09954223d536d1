"""`authenticated`, `web_authenticated` and `requires`, on methods and on whole handler classes.

Each leaves a check behind, so that a handler without user handling is refused when its route is added.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, TypeVar, cast

from brubeck.auth import audit
from brubeck.auth.guards import check_guarded, guard_class, guard_subclasses
from brubeck.auth.locations import login_location
from brubeck.core.errors import ConfigurationError
from brubeck.core.responses import Response

__all__ = ["authenticated", "requires", "web_authenticated"]

Target = TypeVar("Target", bound=Callable[..., Any])
Refuse = Callable[[Any], Any]


def authenticated(target: Target) -> Target:
    """Answer strangers with 401.

    Args:
        target: A method of a handler, or a handler class, which protects every method of it and of its
            subclasses.
    """
    return cast("Target", protect(target, refuse_stranger))


def web_authenticated(target: Target) -> Target:
    """Send strangers to `login_url`, with the way back in `next`; answer 401 where no `login_url` is set.

    Args:
        target: A method of a handler, or a handler class, which protects every method of it and of its
            subclasses.
    """
    return cast("Target", protect(target, send_to_login))


def requires(*roles: str) -> Callable[[Target], Target]:
    """Return a decorator that answers users without one of *roles* with 403, and strangers with 401.

    Put `web_authenticated` above it to send strangers to the login.

    Args:
        roles: What `has_role` of the handler is asked; the user needs all of them.
    """
    if not roles or not all(isinstance(role, str) for role in roles):
        raise ConfigurationError(
            f"requires takes the names of roles, as in @requires('admin'), got {roles!r}."
        )

    def refuse(handler: Any) -> Any:
        refusal = refuse_stranger(handler)
        if refusal is not None or all(handler.has_role(role) for role in roles):
            return refusal
        audit.record("access.denied", handler.message, roles=",".join(roles))
        return handler.render_error(403)

    def decorate(target: Target) -> Target:
        return cast("Target", protect(target, refuse))

    return decorate


def refuse_stranger(handler: Any) -> Any:
    """Return the answer of `auth_error` for a stranger, None for a user."""
    if handler.current_user:
        return None
    refusal = handler.auth_error()
    return refusal if isinstance(refusal, Response) else handler.render_error(401)


def send_to_login(handler: Any) -> Any:
    """Return the redirect to the login for a stranger, None for a user."""
    if handler.current_user:
        return None
    login_url = handler.application.login_url
    location = login_location(handler.message, login_url) if login_url else None
    return refuse_stranger(handler) if location is None else handler.redirect(location)


def protect(target: Any, refuse: Refuse) -> Any:
    """Put *refuse* before a method or a class."""
    if isinstance(target, type):
        return protect_class(target, refuse)
    if not callable(target):
        raise ConfigurationError(f"Only methods and handler classes can be protected, got {target!r}.")

    name = getattr(target, "__name__", "")
    if name.startswith("on_") or name == "initialize":
        raise ConfigurationError(
            f"What {name} returns is no answer: protect the handler class, not this method."
        )

    @functools.wraps(target)
    def protected(self: Any, *args: Any, **kwargs: Any) -> Any:
        refusal = refuse(self)
        return target(self, *args, **kwargs) if refusal is None else refusal

    check = both(check_users, getattr(target, "check_handler", None))
    protected.check_handler = check  # type: ignore[attr-defined]
    return protected


def protect_class(handler_class: type, refuse: Refuse) -> type:
    """Put *refuse* before every method of *handler_class* and of its subclasses."""

    def guard(handler: Any) -> Any:
        return None if asks_only_for_methods(handler) else refuse(handler)

    guard_class(handler_class, guard, after_prepare=True)
    guard_subclasses(handler_class, guard, after_prepare=True)
    check_guarded(handler_class, check_users)
    return handler_class


def asks_only_for_methods(handler: Any) -> bool:
    """Say whether this is an OPTIONS that core answers: a CORS preflight, which never has credentials."""
    from brubeck.core.handlers import MessageHandler

    return handler.message.method == "OPTIONS" and type(handler).options is MessageHandler.options


def both(first: Callable[..., Any], second: Callable[..., Any] | None) -> Callable[..., Any]:
    """Return one check that makes two."""
    if second is None or second is first:
        return first

    def check(handler_class: Any, application: Any) -> None:
        first(handler_class, application)
        second(handler_class, application)

    return check


def check_users(handler_class: Any, application: Any) -> None:
    """Refuse a protected handler that has no way to know a user.

    Raises:
        ConfigurationError: It is a function, or a class without `current_user`.
    """
    name = getattr(handler_class, "__qualname__", repr(handler_class))
    if not isinstance(handler_class, type):
        raise ConfigurationError(
            f"{name} is a function, which has no current_user. Protect a handler class or a method of one."
        )
    if not hasattr(handler_class, "current_user"):
        raise ConfigurationError(
            f"{name} is protected, but has no user handling. Add a base: class {handler_class.__name__}"
            "(…, UserHandlingMixin), with a get_current_user."
        )
    missing = getattr(handler_class, "missing_user_source", None)
    complaint = missing() if missing is not None else None
    if complaint:
        raise ConfigurationError(f"{name} is protected, but {complaint}")
