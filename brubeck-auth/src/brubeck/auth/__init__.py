"""Users, decorators, signed cookies, sessions, CSRF protection: who is asking, and whether it is really them.

Names are imported when they are used, so that importing this package costs next to nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from brubeck.auth.csrf import CSRFProtection, csrf_exempt, get_csrf_field, get_csrf_token
    from brubeck.auth.csrf_mixin import CSRFMixin
    from brubeck.auth.decorators import authenticated, requires, web_authenticated
    from brubeck.auth.keys import load_secret
    from brubeck.auth.locations import safe_next
    from brubeck.auth.login import LoginHandler, LogoutHandler
    from brubeck.auth.names import check_username, normalize_username
    from brubeck.auth.new_passwords import check_new_password
    from brubeck.auth.passwords import (
        PasswordCost,
        hash_password,
        needs_rehash,
        set_password_cost,
        verify_nobody,
        verify_password,
    )
    from brubeck.auth.redis_clients import connect_redis
    from brubeck.auth.schemes import BasicAuthMixin, BearerAuthMixin, CookieUserMixin
    from brubeck.auth.security_headers import SecurityHeaders
    from brubeck.auth.session_mixins import SessionMixin, SessionUserMixin
    from brubeck.auth.session_stores import MemorySessionStore, RedisSessionStore, SessionStore
    from brubeck.auth.sessions import Session, Sessions
    from brubeck.auth.signing import Signer
    from brubeck.auth.signup import SignupHandler
    from brubeck.auth.throttling import (
        AttemptCounters,
        LoginThrottle,
        MemoryCounters,
        RedisCounters,
        Throttle,
    )
    from brubeck.auth.user_handling import UserHandlingMixin
    from brubeck.auth.users import User, check_login

__all__ = [
    "AttemptCounters",
    "BasicAuthMixin",
    "BearerAuthMixin",
    "CSRFMixin",
    "CSRFProtection",
    "CookieUserMixin",
    "LoginHandler",
    "LoginThrottle",
    "LogoutHandler",
    "MemoryCounters",
    "MemorySessionStore",
    "PasswordCost",
    "RedisCounters",
    "RedisSessionStore",
    "SecurityHeaders",
    "Session",
    "SessionMixin",
    "SessionStore",
    "SessionUserMixin",
    "Sessions",
    "Signer",
    "SignupHandler",
    "Throttle",
    "User",
    "UserHandlingMixin",
    "authenticated",
    "check_login",
    "check_new_password",
    "check_username",
    "connect_redis",
    "csrf_exempt",
    "get_csrf_field",
    "get_csrf_token",
    "hash_password",
    "load_secret",
    "needs_rehash",
    "normalize_username",
    "requires",
    "safe_next",
    "set_password_cost",
    "verify_nobody",
    "verify_password",
    "web_authenticated",
]

_ROOMS = {
    "csrf": ("CSRFProtection", "csrf_exempt", "get_csrf_field", "get_csrf_token"),
    "csrf_mixin": ("CSRFMixin",),
    "decorators": ("authenticated", "requires", "web_authenticated"),
    "keys": ("load_secret",),
    "locations": ("safe_next",),
    "login": ("LoginHandler", "LogoutHandler"),
    "names": ("check_username", "normalize_username"),
    "new_passwords": ("check_new_password",),
    "passwords": (
        "PasswordCost",
        "hash_password",
        "needs_rehash",
        "set_password_cost",
        "verify_nobody",
        "verify_password",
    ),
    "redis_clients": ("connect_redis",),
    "schemes": ("BasicAuthMixin", "BearerAuthMixin", "CookieUserMixin"),
    "security_headers": ("SecurityHeaders",),
    "session_mixins": ("SessionMixin", "SessionUserMixin"),
    "session_stores": ("MemorySessionStore", "RedisSessionStore", "SessionStore"),
    "sessions": ("Session", "Sessions"),
    "signing": ("Signer",),
    "signup": ("SignupHandler",),
    "throttling": ("AttemptCounters", "LoginThrottle", "MemoryCounters", "RedisCounters", "Throttle"),
    "user_handling": ("UserHandlingMixin",),
    "users": ("User", "check_login"),
}
_HOMES = {name: f"brubeck.auth.{room}" for room, names in _ROOMS.items() for name in names}


def __getattr__(name: str) -> Any:
    """Import *name* from the module that has it."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = globals()[name] = getattr(import_module(_HOMES[name]), name)
    return value


def __dir__() -> list[str]:
    """Return what can be imported from here."""
    return sorted({*globals(), *__all__})
