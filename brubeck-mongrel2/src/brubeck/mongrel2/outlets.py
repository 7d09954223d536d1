"""Where replies go, and what is counted on the way."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

__all__ = ["Counters", "Outlet"]


class Outlet(Protocol):
    """Where replies go."""

    @property
    def generation(self) -> int:
        """Counts the servers that have gone."""

    def send(self, data: bytes) -> None:
        """Send a reply; may block the greenlet."""

    def try_send(self, data: bytes) -> bool:
        """Send a reply, or say that there is no room."""


@dataclass
class Counters:
    """What a person who looks after the server asks for."""

    poisonous: int = 0
    disconnects: int = 0
    stale: int = 0
    overrun: int = 0
