"""How fast a streamed answer may be handed to Mongrel2. No I/O, no clock of its own.

Mongrel2 1.12 kills a connection for which more than sixteen messages wait to be written, and tells nobody how many do.
So the pieces of a stream are gathered: a message at most every few milliseconds, and larger ones the more are thought
to wait, by a client that reads as slowly as is still to be served.
"""

from __future__ import annotations

from collections import deque

__all__ = ["MAX_MESSAGE_BYTES", "Pace"]

SPACING_S = 0.005
"""Between two messages for one connection; 0.5 ms was seen to be enough on a fast client, 0.2 ms was not."""

FASTEST_BYTES_PER_S = 100 * 1024 * 1024
"""How fast one stream is handed over at most: what Mongrel2 has not read yet is in this process's memory."""

MAX_MESSAGE_BYTES = 10 * 1024 * 1024
"""The most one message gathers, and so what a stream may take of the handler's memory, some copies aside."""

EAGER = 6
"""Messages that may wait before pieces are gathered for longer than `SPACING_S`."""

MOST = 14
"""Messages that may wait; two less than Mongrel2 allows, for an end and a close."""

SLOWEST_BYTES_PER_S = 2 * 1024 * 1024
"""Beyond the first `MOST` full messages (140 MiB), a client that reads more slowly than this loses its stream."""


class Pace:
    """Guesses how many messages of one connection Mongrel2 has not written yet.

    Args:
        slowest_bytes_per_s: How fast the client is thought to read.
    """

    def __init__(self, slowest_bytes_per_s: float = SLOWEST_BYTES_PER_S) -> None:
        self._rate = slowest_bytes_per_s
        self._written_at: deque[float] = deque()
        self._next_at = float("-inf")

    def delay(self, now: float, size: int) -> float:
        """Return how many seconds from *now* the *size* bytes gathered so far should wait, 0 to send them."""
        written_at = self._written_at
        while written_at and written_at[0] <= now:
            written_at.popleft()
        delay = self._next_at - now
        allowed = MOST if size >= MAX_MESSAGE_BYTES else EAGER
        if len(written_at) >= allowed:
            delay = max(delay, written_at[len(written_at) - allowed] - now)
        return max(delay, 0.0)

    def note_sent(self, now: float, size: int) -> None:
        """Note that a message of *size* bytes was sent at *now*."""
        begins = max(now, self._written_at[-1] if self._written_at else now)
        self._written_at.append(begins + size / self._rate)
        self._next_at = now + max(SPACING_S, size / FASTEST_BYTES_PER_S)
