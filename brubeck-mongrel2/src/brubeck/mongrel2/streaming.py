"""Writes a streamed answer to Mongrel2: gathers pieces and sends them at the pace that `Pace` allows."""

from __future__ import annotations

from collections.abc import Callable

import gevent
from brubeck.core.errors import ClientDisconnected
from brubeck.mongrel2.pacing import MAX_MESSAGE_BYTES, Pace

__all__ = ["StreamWriter"]

RETRY_S = 0.005
"""Until a full publishing socket is tried again from the hub."""


class StreamWriter:
    """One stream. What was written leaves soon, also while the application makes nothing new.

    Args:
        try_send: Sends pieces as one message, or says that there is no room; never blocks. Joins them itself, with what
            a reply begins with, since each copy of a full message is 10 MiB.
        is_gone: Says whether the client has left.
        pace: The pace.
    """

    def __init__(
        self, try_send: Callable[[list[bytes]], bool], is_gone: Callable[[], bool], pace: Pace | None = None
    ) -> None:
        self._try_send = try_send
        self._is_gone = is_gone
        self._pace = pace or Pace()
        self._loop = gevent.get_hub().loop
        self._timer = self._loop.timer(0)
        self._pieces: list[bytes] = []
        self._size = 0
        self._is_armed = False

    def write(self, data: bytes) -> None:
        """Take *data*.

        Raises:
            ClientDisconnected: The client has left.

        Blocks:
            The greenlet, while more is gathered than one message may hold.
        """
        if self._is_gone():
            raise ClientDisconnected
        self._pieces.append(data)
        self._size += len(data)
        delay_s = self._pace.delay(self._now(), self._size)
        if not delay_s:
            self._flush()
        if self._size >= MAX_MESSAGE_BYTES:
            self.drain()
        elif self._size:
            self._arm(delay_s or RETRY_S)

    def drain(self) -> None:
        """Wait until all that was written has been sent.

        Raises:
            ClientDisconnected: The client has left.
        """
        while self._size:
            if self._is_gone():
                raise ClientDisconnected
            delay_s = self._pace.delay(self._now(), self._size)
            if delay_s:
                gevent.sleep(delay_s)
            elif not self._flush():
                gevent.sleep(RETRY_S)

    def close(self) -> None:
        """Stop the timer; what was not sent is dropped."""
        self._pieces.clear()
        self._size = 0
        self._timer.stop()
        self._timer.close()

    def _now(self) -> float:
        self._loop.update_now()
        return float(self._loop.now())

    def _arm(self, delay_s: float) -> None:
        if not self._is_armed:
            self._is_armed = True
            self._timer.stop()
            self._timer.close()
            self._timer = self._loop.timer(delay_s)
            self._timer.start(self._on_timer)

    def _on_timer(self) -> None:
        """Send what was gathered. Runs in the hub, so nothing may block."""
        self._is_armed = False
        if not self._size or self._is_gone():
            return
        delay_s = self._pace.delay(self._now(), self._size)
        if delay_s or not self._flush():
            self._arm(delay_s or RETRY_S)

    def _flush(self) -> bool:
        """Send what was gathered as one message, if there is room."""
        if self._size:
            if not self._try_send(self._pieces):
                return False
            self._pace.note_sent(self._loop.now(), self._size)
        self._pieces.clear()
        self._size = 0
        return True
