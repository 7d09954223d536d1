"""What a WebSocket's client has not taken yet. Exists only while there is something: most clients read at once."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from gevent.event import Event

if TYPE_CHECKING:
    from brubeck.wsgi.limits import Limits
    from brubeck.wsgi.streams import PlainStream

__all__ = ["Outbox"]

_SEND_BYTES = 65536
_SMALL_BYTES = 2048
"""Frames shorter than this are put together, up to 64 KiB: objects of their own would be many times as large."""


class Outbox:
    """Frames that wait for a client, in their order. Long ones of a room are shared, not copied.

    Args:
        now: When the client began not to take them.
    """

    __slots__ = ("_begun_at", "_moved_at", "_pieces", "_small", "_taken", "roomy", "size")

    def __init__(self, now: float) -> None:
        self._pieces: deque[bytes | memoryview] = deque()
        self._small = bytearray()
        """Short frames behind the pieces."""
        self._begun_at = self._moved_at = now
        self._taken = 0
        self.size = 0
        """In bytes."""
        self.roomy: Event | None = None
        """Set when a greenlet that waits for room may look again."""

    def add(self, data: bytes | memoryview) -> None:
        """Put *data* behind what waits."""
        self.size += len(data)
        if len(data) < _SMALL_BYTES:
            self._small += data
            if len(self._small) >= _SEND_BYTES:
                self._end_small()
        else:
            self._end_small()
            self._pieces.append(data)

    def _end_small(self) -> None:
        if self._small:
            self._pieces.append(bytes(self._small))
            self._small.clear()

    def flush(self, stream: PlainStream, now: float) -> bool:
        """Send what the client takes now; say whether nothing is left.

        Raises:
            OSError: The connection is broken.
        """
        self._moved_at = now  # the socket was writable again: the client has taken something
        try:
            while self.size:
                if not self._pieces:
                    self._end_small()
                self._note_taken(stream.send(self._pieces[0]))
            stream.flush()
        except BlockingIOError:
            return False
        return not stream.wants_write

    def _note_taken(self, count: int) -> None:
        first = self._pieces.popleft()
        if count < len(first):
            self._pieces.appendleft(memoryview(first)[count:])
        self.size -= count
        self._taken += count

    def is_slow(self, now: float, limits: Limits) -> bool:
        """Say whether the client takes less than it must."""
        waited = now - self._begun_at
        if now - self._moved_at >= limits.write_timeout_s:
            return True
        return waited > limits.rate_grace_s and self._taken < limits.min_rate_bytes * waited

    def wait(self) -> None:
        """Block the greenlet until there is more room, or nobody to send to."""
        if self.roomy is None:
            self.roomy = Event()
        self.roomy.clear()
        self.roomy.wait()

    def wake(self) -> None:
        """Have those that wait look again."""
        if self.roomy is not None:
            self.roomy.set()
