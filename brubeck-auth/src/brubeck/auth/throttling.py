"""Login throttling: so many attempts for an account and from an address, then a pause.

Attempts are counted before the password is looked at, so that a thousand at once are not a thousand guesses.
"""

from __future__ import annotations

import hashlib
import ipaddress
import time
from collections import OrderedDict
from typing import Any, Protocol

from brubeck.auth.redis_clients import MAX_CONNECTIONS, connect_redis

__all__ = ["AttemptCounters", "LoginThrottle", "MemoryCounters", "RedisCounters", "Throttle", "network_of"]


class AttemptCounters(Protocol):
    """Counts by key, each count in a window of time that begins with the first."""

    def add(self, key: str, window_s: int) -> tuple[int, int]:
        """Count one more for *key*; return how many there are, and after how many seconds they are forgotten."""

    def forget(self, key: str) -> None:
        """Begin again for *key*."""


class MemoryCounters:
    """Counts in this process: with several workers, each allows the limit.

    Args:
        max_keys: When there are more, the oldest goes.
    """

    def __init__(self, max_keys: int = 100_000) -> None:
        self.max_keys = max_keys
        self._counts: OrderedDict[str, tuple[int, float]] = OrderedDict()

    def get_time(self) -> float:
        """Return the time in seconds; the only place where it is read."""
        return time.monotonic()

    def add(self, key: str, window_s: int) -> tuple[int, int]:
        """See `AttemptCounters`."""
        now = self.get_time()
        count, ends_at = self._counts.get(key, (0, 0.0))
        if ends_at <= now:
            count, ends_at = 0, now + window_s
        self._counts[key] = (count + 1, ends_at)
        self._counts.move_to_end(key)
        while len(self._counts) > self.max_keys:
            self._counts.popitem(last=False)
        return count + 1, max(1, round(ends_at - now))

    def forget(self, key: str) -> None:
        """See `AttemptCounters`."""
        self._counts.pop(key, None)


class RedisCounters:
    """Counts in Redis, for any number of workers.

    Args:
        redis: A URL (`redis://localhost:6379/0`), or a client of the `redis` package.
        prefix: Before each key.
        max_connections: For a URL: more greenlets than that take turns.
    """

    def __init__(
        self, redis: Any, prefix: str = "brubeck:attempts:", *, max_connections: int = MAX_CONNECTIONS
    ) -> None:
        self.client = connect_redis(redis, max_connections)
        self.prefix = prefix

    def add(self, key: str, window_s: int) -> tuple[int, int]:
        """See `AttemptCounters`."""
        name = self.prefix + key
        with self.client.pipeline(transaction=True) as pipeline:
            pipeline.set(name, 0, ex=window_s, nx=True).incr(name).ttl(name)
            _, count, left_s = pipeline.execute()
        return int(count), max(1, int(left_s))

    def forget(self, key: str) -> None:
        """See `AttemptCounters`."""
        self.client.delete(self.prefix + key)


class Throttle:
    """Says how long somebody has to wait before he does something once more.

    Args:
        limit: How often he may.
        window_s: In how many seconds, counted from the first.
        counters: Where it is counted: `RedisCounters` for several workers.
        name: What tells this throttle from others with the same counters.
    """

    def __init__(
        self, limit: int, window_s: int, counters: AttemptCounters | None = None, *, name: str = "throttle"
    ) -> None:
        self.limit = limit
        self.window_s = window_s
        self.counters = counters if counters is not None else MemoryCounters()
        self.name = name

    def take(self, key: str) -> int:
        """Count once more for *key*; return how many seconds to wait, 0 where it is not too often."""
        count, left_s = self.counters.add(key_of(self.name, key), self.window_s)
        return left_s if count > self.limit else 0


class LoginThrottle:
    """Says how long a login has to wait.

    Args:
        counters: Where attempts are counted.
        account_limit: Attempts for one account, from wherever they come; a login that succeeds begins again.
        address_limit: Attempts from one address (of IPv6, one /64), for whichever accounts.
        window_s: The time they are counted in, and the pause.
    """

    def __init__(
        self,
        counters: AttemptCounters | None = None,
        *,
        account_limit: int = 10,
        address_limit: int = 100,
        window_s: int = 15 * 60,
    ) -> None:
        self.counters = counters if counters is not None else MemoryCounters()
        self.account_limit = account_limit
        self.address_limit = address_limit
        self.window_s = window_s

    def take(self, account: str, address: str) -> int:
        """Count an attempt; return how many seconds it has to wait, 0 where it may go on.

        What comes from an address that has to wait counts for no account: it could lock others out with it, and
        with invented names push their counts out of a memory that has a bound.
        """
        by_account = Throttle(self.account_limit, self.window_s, self.counters, name="account")
        by_address = Throttle(self.address_limit, self.window_s, self.counters, name="address")
        wait_s = by_address.take(network_of(address)) if address else 0
        return wait_s or by_account.take(account)

    def forgive(self, account: str) -> None:
        """Begin again for *account*, which has just proved who it is."""
        self.counters.forget(key_of("account", account))


def key_of(kind: str, value: str) -> str:
    """Return a key of fixed length: what clients type does not lie about in a database."""
    return f"{kind}:{hashlib.sha256(value.encode('utf-8', 'surrogatepass')).hexdigest()[:32]}"


def network_of(address: str) -> str:
    """Return what one client can hardly leave: an IPv4 address, or the /64 of an IPv6 one."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(parsed, ipaddress.IPv6Address):
        mapped = parsed.ipv4_mapped
        return str(mapped or ipaddress.ip_network((int(parsed) >> 64 << 64, 64)))
    return str(parsed)
