"""Clients of Redis, made from a URL when there is no other way."""

from __future__ import annotations

from typing import Any

from brubeck.core.errors import ConfigurationError

__all__ = ["MAX_CONNECTIONS", "connect_redis"]

TIMEOUT_S = 5
"""A login that cannot be answered is refused, not waited for."""

MAX_CONNECTIONS = 32
"""Of one store in one process: greenlets take turns at them, up to `TIMEOUT_S` each. Redis takes 10,000 by default."""


def connect_redis(redis: Any, max_connections: int = MAX_CONNECTIONS, **options: Any) -> Any:
    """Return *redis*, or a client for it where it is a URL. Nothing is sent yet.

    Greenlets take turns at its connections: one that gets none within `TIMEOUT_S` is refused.

    Args:
        redis: A URL (`redis://localhost:6379/0`), or a client of the `redis` package.
        max_connections: How many it opens at most.
        options: Of a connection of that package, such as `decode_responses`.

    Raises:
        ConfigurationError: The extra [redis] is not installed, or *redis* is no URL of Redis.
    """
    if not isinstance(redis, str):
        return redis
    try:
        from redis import BlockingConnectionPool, Redis
    except ImportError:
        raise ConfigurationError(
            f"{redis!r} needs the redis package. Install it with: pip install 'brubeck-auth[redis]'"
        ) from None
    options = {
        "socket_timeout": TIMEOUT_S,
        "socket_connect_timeout": TIMEOUT_S,
        "health_check_interval": 30,
        **options,
    }
    try:
        pool = BlockingConnectionPool.from_url(
            redis, max_connections=max_connections, timeout=TIMEOUT_S, **options
        )
    except ValueError as exc:
        raise ConfigurationError(f"{redis!r} is no URL of Redis: {exc}") from None
    return Redis(connection_pool=pool)
