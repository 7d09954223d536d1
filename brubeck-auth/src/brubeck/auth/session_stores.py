"""Where sessions lie on the server: one small contract, in memory and in Redis."""

from __future__ import annotations

import time
from collections import OrderedDict
from typing import Any, Protocol

from brubeck.auth.redis_clients import MAX_CONNECTIONS, connect_redis
from brubeck.auth.session_mixins import USER_KEY

__all__ = ["MemorySessionStore", "RedisSessionStore", "SessionStore"]

_UPDATE_UNCHANGED = """
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[2], 'EX', ARGV[3])
return 1
"""
"""For Redis, which runs nothing else meanwhile."""

_USER = f'"{USER_KEY}":'.encode()
"""In the record of a session with a user. Never inside of a text, where JSON has a backslash before the quotes."""


class SessionStore(Protocol):
    """Keeps records for a time. Keys are digests of session ids: whoever reads the store can use none.

    A store may have `update_unchanged(key, former, record, ttl_s)` besides: an `update` only where the record is
    still *former*, in one step. Where it has none, noting that a session is in use is a `load` and an `update`, and
    what another message writes between the two is lost.

    Blocks: the calling greenlet, as its database does; never the hub.
    """

    def load(self, key: str) -> bytes | None:
        """Return the record of *key*, or None where there is none any more."""

    def create(self, key: str, record: bytes, ttl_s: int) -> None:
        """Keep *record* under *key* for *ttl_s* seconds."""

    def update(self, key: str, record: bytes, ttl_s: int) -> bool:
        """Do the same only where *key* is still there, so that no slow request brings an ended session back."""

    def delete(self, key: str) -> None:
        """Forget *key*."""


class MemorySessionStore:
    """Keeps sessions in this process: for one worker, and until it ends.

    Args:
        max_sessions: When there are more, one that has ended goes, else the one without a user that was not used
            for the longest time, else the one with a user. So no number of strangers logs anybody out.
    """

    def __init__(self, max_sessions: int = 100_000) -> None:
        self.max_sessions = max_sessions
        self._records: OrderedDict[str, tuple[bytes, float]] = OrderedDict()
        self._strangers: OrderedDict[str, None] = OrderedDict()

    def get_time(self) -> float:
        """Return the time in seconds; the only place where it is read."""
        return time.monotonic()

    def load(self, key: str) -> bytes | None:
        """See `SessionStore`."""
        record, ends_at = self._records.get(key, (b"", 0.0))
        if ends_at > self.get_time():
            return record
        self.delete(key)
        return None

    def create(self, key: str, record: bytes, ttl_s: int) -> None:
        """See `SessionStore`."""
        self.delete(key)
        self._records[key] = (record, self.get_time() + ttl_s)
        if _USER not in record:
            self._strangers[key] = None
        while len(self._records) > self.max_sessions:
            self.delete(self._find_leaving(key))

    def _find_leaving(self, newest: str) -> str:
        oldest = next(iter(self._records))
        stranger = next(iter(self._strangers), newest)
        # The newest stays: who is about to log in needs the session of the form. The oldest is the first to end.
        is_oldest = stranger == newest or self._records[oldest][1] <= self.get_time()
        return oldest if is_oldest else stranger

    def update(self, key: str, record: bytes, ttl_s: int) -> bool:
        """See `SessionStore`."""
        if self.load(key) is None:
            return False
        self.create(key, record, ttl_s)
        return True

    def update_unchanged(self, key: str, former: bytes, record: bytes, ttl_s: int) -> bool:
        """See `SessionStore`."""
        return self.load(key) == former and self.update(key, record, ttl_s)

    def delete(self, key: str) -> None:
        """See `SessionStore`."""
        self._records.pop(key, None)
        self._strangers.pop(key, None)

    def __len__(self) -> int:
        return len(self._records)


class RedisSessionStore:
    """Keeps sessions in Redis, for any number of workers.

    Args:
        redis: A URL (`redis://localhost:6379/0`), or a client of the `redis` package.
        prefix: Before each key.
        max_connections: For a URL: more greenlets than that take turns.

    Raises:
        ConfigurationError: *redis* is a URL, and the extra [redis] is not installed.
    """

    def __init__(
        self, redis: Any, prefix: str = "brubeck:session:", *, max_connections: int = MAX_CONNECTIONS
    ) -> None:
        self.client = connect_redis(redis, max_connections)
        self.prefix = prefix

    def load(self, key: str) -> bytes | None:
        """See `SessionStore`."""
        record: bytes | str | None = self.client.get(self.prefix + key)
        return record.encode() if isinstance(record, str) else record

    def create(self, key: str, record: bytes, ttl_s: int) -> None:
        """See `SessionStore`."""
        self.client.set(self.prefix + key, record, ex=ttl_s)

    def update(self, key: str, record: bytes, ttl_s: int) -> bool:
        """See `SessionStore`."""
        return bool(self.client.set(self.prefix + key, record, ex=ttl_s, xx=True))

    def update_unchanged(self, key: str, former: bytes, record: bytes, ttl_s: int) -> bool:
        """See `SessionStore`."""
        return bool(self.client.eval(_UPDATE_UNCHANGED, 1, self.prefix + key, former, record, ttl_s))

    def delete(self, key: str) -> None:
        """See `SessionStore`."""
        self.client.delete(self.prefix + key)
