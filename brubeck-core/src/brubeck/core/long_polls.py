"""Long polls: handlers that sleep until there is something to tell."""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable
from typing import TYPE_CHECKING, TypeVar
from weakref import WeakValueDictionary

from brubeck.core.greenlets import Event
from brubeck.core.hookimpl import hookimpl

if TYPE_CHECKING:
    from brubeck.core.application import Brubeck

__all__ = ["LongPolls"]

Found = TypeVar("Found")


class LongPolls:
    """Lets greenlets wait for something to change, by a key that says what.

    As a plugin, `Brubeck(plugins=[polls])`, it lets everybody go when the application begins to stop.

    Args:
        timeout_s: How long one waits by default; below what proxies allow, which is often 30 s.
    """

    name = "long-polls"

    def __init__(self, timeout_s: float = 25.0) -> None:
        self.timeout_s = timeout_s
        self.is_closed = False
        # A bell is kept by those who wait for it, so that keys nobody waits for cost nothing.
        self._bells: WeakValueDictionary[Hashable, Event] = WeakValueDictionary()

    def wait(self, key: Hashable, look: Callable[[], Found], timeout_s: float | None = None) -> Found:
        """Return what *look* finds: at once where that is something, else when somebody wakes *key*.

        Args:
            key: What `wake` is called with.
            look: Called again after each waking; what is true ends the waiting.
            timeout_s: After so many seconds, in the place of the default, whatever was found last is returned.

        Blocks:
            The calling greenlet.
        """
        deadline = time.monotonic() + (self.timeout_s if timeout_s is None else timeout_s)
        while True:
            bell = self._bells.setdefault(key, Event())  # first listen, then look: nothing comes in between
            found = look()
            left_s = deadline - time.monotonic()
            if found or self.is_closed or left_s <= 0:
                return found
            bell.wait(left_s)

    def wake(self, *keys: Hashable) -> None:
        """Have those who wait for one of *keys* look again."""
        for key in keys:
            bell = self._bells.pop(key, None)
            if bell is not None:
                bell.set()

    def wake_all(self) -> None:
        """Have everybody look again: what was missed is not known, after a broken connection for example."""
        self.wake(*self._bells.keys())

    def close(self) -> None:
        """Let everybody go, and nobody wait again."""
        self.is_closed = True
        self.wake_all()

    @hookimpl
    def brubeck_stopping(self, application: Brubeck) -> None:
        """Let everybody go."""
        self.close()
