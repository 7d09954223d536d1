"""What the balancer knows of its workers, what it puts up with, and what it counts."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Any

from brubeck.mongrel2.wire import unpack_numbers

__all__ = ["Limits", "Totals", "Worker"]


@dataclass(frozen=True)
class Limits:
    """What the balancer puts up with.

    Args:
        max_waiting: Messages held while no worker has credit; more are left in Mongrel2.
        wait_s: A message that waited so long is answered with 503.
        dead_after_s: A worker that has been silent so long is taken for dead.
        max_backlog: Messages of held connections queued for one worker; more end the connection they came on.
        max_repeats: How often a safe message is done over because its worker died; then it is answered with 502, for it
            may be what they die of.
    """

    max_waiting: int = 10_000
    wait_s: float = 10.0
    dead_after_s: float = 5.0
    max_backlog: int = 10_000
    max_repeats: int = 1


@dataclass
class Totals:
    """What has happened so far."""

    received: int = 0
    answered: int = 0
    retried: int = 0
    failed: int = 0
    expired: int = 0
    closed: int = 0
    disconnects: int = 0
    poisonous: int = 0
    deaths: int = 0
    departures: int = 0


class Worker:
    """A process that takes messages.

    Attributes:
        credit: How many more it takes.
        most_credit: What it said at first, and can never have more of.
        unanswered: By serial number: connection, message, whether the answer has begun.
        held: Connections whose messages are this worker's.
        backlog: Messages for it that wait for credit.
        sending: What it said last of answers that were leaving, as it came: it is read only when the worker dies.
        pipelined: Connections of clients that did not wait for an answer before they sent more.
    """

    def __init__(self, identity: bytes, credit: int, about: dict[str, Any], now: float) -> None:
        self.identity = identity
        self.credit = self.most_credit = credit
        self.about = about
        self.heard_at = now
        self.is_leaving = False
        self.unanswered: dict[int, tuple[bytes, bytes]] = {}
        self.begun: set[int] = set()
        self.held: set[bytes] = set()
        self.backlog: deque[tuple[bytes, bytes]] = deque()
        self.sending = b""
        self.pipelined: set[bytes] = set()
        self.serials: list[int] = []
        self.messages: list[bytes] = []

    def note_more(self, key: bytes) -> None:
        """Note that a connection with an unanswered message brings another.

        While the answer to the first is leaving, the client has just had it. Before that, it is pipelining.
        """
        if key not in self.leaving():
            self.pipelined.add(key)

    def leaving(self) -> set[bytes]:
        """Return the connections whose answers were leaving when the worker last spoke of it."""
        serials = unpack_numbers(self.sending)[1] if self.sending else ()
        return {self.unanswered[serial][0] for serial in serials if serial in self.unanswered}

    def describe(self, now: float) -> dict[str, Any]:
        """Return what there is to know of it."""
        return {
            **self.about,
            "credit": self.credit,
            "unanswered": len(self.unanswered),
            "held": len(self.held),
            "backlog": len(self.backlog),
            "silent_s": round(now - self.heard_at, 3),
            "leaving": self.is_leaving,
        }
