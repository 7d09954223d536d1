"""Greenlets that take turns at a source of messages, so that nothing is spawned for a handler that does not block.

One member leads: it takes messages and handles them one after the other. When handling blocks, control comes back to
the hub, which lets the next member lead, while the blocked one finishes its message and then rests until it is needed
again. A member counts against the application's pool only while it is blocked: one that never was costs no more than
a plain loop.
"""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic
from typing import Any, Generic, TypeVar

import gevent
from brubeck.mongrel2.plain_zmq import NOBLOCK
from gevent.event import Event
from gevent.pool import Pool, PoolFull
from greenlet import GreenletExit, getcurrent, greenlet
from zmq import Again

__all__ = ["Crew", "Member"]

Taken = TypeVar("Taken")

BATCH = 64
"""Messages taken before timers and other sockets have their turn: about a millisecond."""

LONGEST_HOLD_S = 0.001
"""How long the first reply of a batch waits for the others."""

LOOKS = 3
"""Up to here in a batch the socket is asked whether it has a message. Asking takes 3 us where `zmq.Again`, which says
that there is none, takes 8 (and `sum(range(100))` 1.3): short batches end by being asked, long ones are not held up."""

POOL_CHECK_S = 0.01
"""How often a full pool is asked for room: what handlers spawn is in it too, and says nothing when it ends."""

MAX_IDLE = 1000
"""Members kept for the next burst; a greenlet at rest holds a few KiB."""


class Member(greenlet):  # type: ignore[misc]
    """A greenlet of the crew. What a pool does with it, it does with the message that the member is blocked in.

    Attributes:
        links: Called, in the hub, when that is done.
        is_blocked: Whether it waits inside a message, and counts against the pool.
        message: What it handles; set by whoever handles.
        work: Set while it is blocked, by whoever is told of that.
        must_close: Close the connection behind the answer, whatever the client asked for.
        serial: Of the message, where a balancer gave it.
        was_credited: Whether the balancer has got this message's credit back before its answer.
    """

    # Slots: what every message reads and writes here costs half of what it does in a dictionary.
    __slots__ = ("is_blocked", "links", "message", "must_close", "serial", "was_credited", "work")

    def __init__(self, run: Callable[..., Any] | None = None, parent: Any = None) -> None:
        super().__init__(run, parent)
        self.is_blocked = self.must_close = self.was_credited = False
        self.links: list[Callable[[Member], object]] = []
        self.message: Any = None
        self.work: Any = None
        self.serial = 0

    @property
    def rawlink(self) -> Callable[[Callable[[Member], object]], object]:
        """What has a callback called. A pool asks for it; that there were none cost it 2 us a message.

        Raises:
            AttributeError: The member itself asks. gevent's locals and threads do, and would take the end of a message
                for the end of the thread; they find another way.
        """
        if getcurrent() is self:
            raise AttributeError("A member does not wait for its own message.")
        return self.links.append

    def unlink(self, callback: Callable[[Member], object]) -> None:
        """Do not call *callback*."""
        if callback in self.links:
            self.links.remove(callback)


class Crew(Generic[Taken]):
    """Members that take messages from one source.

    Args:
        pool: Bounds how many messages are blocked at once; when it is full nothing more is taken.
        take: Returns the next message, called with `zmq.NOBLOCK`; raises `zmq.Again` when there is none.
        has_more: Says whether there is one.
        handle: Handles one message; may block. It catches what it can: what escapes ends the member.
        fd: Readable when *take* may have something.
        blocked: Told of a member that has blocked in the message it handles. Called in the hub.
        flush: Sends what *handle* gathered. Called when the leader stops leading, at the end of a batch or blocked, and
            before that when handling takes long.
        flush_early: Called after every *held* messages of a batch; may send what was gathered.
        held: See *flush_early*.
    """

    def __init__(
        self,
        pool: Pool,
        take: Callable[[int], Taken],
        has_more: Callable[[], bool],
        handle: Callable[[Taken, Member], None],
        fd: int,
        blocked: Callable[[Member], object],
        flush: Callable[[], object],
        flush_early: Callable[[], object] = lambda: None,
        held: int = BATCH,
    ) -> None:
        self._pool = pool
        self._take = take
        self._has_more = has_more
        self._handle = handle
        self._blocked = blocked
        self._flush = flush
        self._flush_early = flush_early
        self._held = held
        self._hub = gevent.get_hub()
        self._watcher = self._hub.loop.io(fd, 1)
        self._idle: list[Member] = []
        self._leader: Member | None = None
        self._is_taking = False
        self._is_waiting_for_pool = False
        self._pool_timer = self._hub.loop.timer(POOL_CHECK_S, POOL_CHECK_S, ref=False)
        self._wakes = False
        self._busy = 0
        self._at_rest = Event()
        self._at_rest.set()

    @property
    def busy(self) -> int:
        """How many members are blocked in a message."""
        return self._busy

    def start(self) -> None:
        """Begin to take."""
        self._is_taking = True
        self._watcher.start(self._wake)
        self.wake()

    def take_from(self, take: Callable[[int], Taken], has_more: Callable[[], bool]) -> None:
        """Take by *take* and *has_more* from now on."""
        self._take, self._has_more = take, has_more
        self.wake()

    def pause(self) -> None:
        """Take nothing more; what was taken is finished."""
        self._is_taking = False
        self._watcher.stop()

    def wake(self) -> None:
        """Look at the source soon, whether or not its descriptor says so."""
        if self._is_taking and not self._wakes:
            self._wakes = True
            self._hub.loop.run_callback(self._wake)

    def wait(self, timeout_s: float | None = None) -> bool:
        """Wait until no member is blocked in a message; say whether that came true in time.

        Blocks:
            The greenlet.
        """
        return bool(self._at_rest.wait(timeout_s))

    def close(self) -> None:
        """End the members that rest. Those that are blocked end with their message."""
        self.pause()
        self._watcher.close()
        self._is_waiting_for_pool = False
        self._pool_timer.stop()
        self._pool_timer.close()
        idle, self._idle = self._idle, []
        for member in idle:
            self._hub.loop.run_callback(member.throw, GreenletExit)

    def _wake(self) -> None:
        """Have members lead until the source is empty, the batch is done or the pool is full. Runs in the hub."""
        self._wakes = False
        pool = self._pool
        # `Pool.full` asks four functions; a class of the application's own may know better.
        greenlets, size = pool.greenlets, pool.size if type(pool) is Pool else -1
        while self._is_taking:
            if size is not None and len(greenlets) >= size and pool.full():
                # The descriptor stays readable; a watcher left on would spin.
                if not self._is_waiting_for_pool:
                    self._is_waiting_for_pool = True
                    self._watcher.stop()
                    self._pool_timer.start(self._look_at_pool)
                return
            member = self._idle.pop() if self._idle else Member(self._work, self._hub)
            self._leader = member
            try:
                member.switch()
            finally:
                blocked, self._leader = self._leader is member, None
                if blocked and not member.dead:
                    self._count_in(member)
                self._flush()
            if not blocked:
                return

    def _count_in(self, member: Member) -> None:
        try:  # noqa: SIM105 - `suppress` takes 1 us
            self._pool.add(member, blocking=False)
        except PoolFull:  # what handlers spawn is in the same pool, and may just have filled it
            pass
        member.is_blocked = True
        if not self._busy:
            self._at_rest.clear()
        self._busy += 1
        self._blocked(member)

    def _count_out(self, member: Member) -> None:
        member.is_blocked = False
        if member in self._pool.greenlets:
            self._pool.discard(member)
        if member.links:
            for link in member.links:
                self._hub.loop.run_callback(link, member)
            member.links.clear()
        self._busy -= 1
        if not self._busy:
            self._at_rest.set()
        if self._is_waiting_for_pool:
            self._look_at_pool()

    def _look_at_pool(self) -> None:
        """Take again, where that waits for room in the pool and there is some."""
        if self._is_waiting_for_pool and not self._pool.full():
            self._is_waiting_for_pool = False
            self._pool_timer.stop()
            if self._is_taking:
                self._watcher.start(self._wake)
                self.wake()

    def _work(self, *_: Any) -> None:
        """Live as a member: lead, rest, lead again."""
        member: Member = gevent.getcurrent()
        try:
            while True:
                self._lead(member)
                if member.is_blocked:
                    self._count_out(member)
                if len(self._idle) >= MAX_IDLE or not self._is_taking:
                    return
                self._idle.append(member)
                self._hub.switch()
        except GreenletExit:
            return
        finally:
            if member.is_blocked:
                self._count_out(member)

    def _lead(self, member: Member) -> None:
        take, handle, held = self._take, self._handle, self._held
        looks, early = LOOKS, held - 1
        hold_until = monotonic() + LONGEST_HOLD_S
        for turn in range(BATCH):
            if turn < looks and turn and not self._has_more():
                self._leader = None
                return
            try:
                taken = take(NOBLOCK)
            except Again:
                self._leader = None
                return
            member.gr_context = None  # what one message puts into a context variable is not the next one's
            handle(taken, member)
            if self._leader is not member:
                return
            if monotonic() > hold_until:
                self._flush()
                early = turn + held
                hold_until = monotonic() + LONGEST_HOLD_S
            elif turn >= early:
                early = turn + held
                self._flush_early()
        self._leader = None
        self.wake()
