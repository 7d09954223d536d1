"""Clients of Redis, made from a URL when there is no other way."""

from __future__ import annotations

from typing import Any

from brubeck.core.errors import ConfigurationError

__all__ = ["connect_redis"]

TIMEOUT_S = 5
"""A login that cannot be answered is refused, not waited for."""


def connect_redis(redis: Any) -> Any:
    """Return *redis*, or a client for it where it is a URL. Nothing is sent yet.

    Raises:
        ConfigurationError: The extra [redis] is not installed, or *redis* is no URL of Redis.
    """
    if not isinstance(redis, str):
        return redis
    try:
        from redis import Redis
    except ImportError:
        raise ConfigurationError(
            f"{redis!r} needs the redis package. Install it with: pip install 'brubeck-auth[redis]'"
        ) from None
    try:
        return Redis.from_url(redis, socket_timeout=TIMEOUT_S, socket_connect_timeout=TIMEOUT_S)
    except ValueError as exc:
        raise ConfigurationError(f"{redis!r} is no URL of Redis: {exc}") from None
