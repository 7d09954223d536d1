"""The balancer over real sockets, turn by turn in this process; a pair of sockets stands where Mongrel2 would."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import zmq
from brubeck.mongrel2.balancer import BalancerProcess
from brubeck.mongrel2.dealing import FEW
from brubeck.mongrel2.wire import Verb, pack_numbers, unpack_work


class Bench:
    """A balancer between two ends of a server and one worker."""

    def __init__(self, folder: Path) -> None:
        self.context = zmq.Context()
        self.requests = self.context.socket(zmq.PUSH)
        self.requests.bind(f"ipc://{folder}/requests")
        self.replies = self.context.socket(zmq.SUB)
        self.replies.subscribe(b"")
        self.replies.bind(f"ipc://{folder}/replies")
        self.balancer = BalancerProcess(
            f"ipc://{folder}/requests", f"ipc://{folder}/replies", f"ipc://{folder}/balancer"
        )
        self.worker = self.context.socket(zmq.DEALER)
        self.worker.connect(f"ipc://{folder}/balancer")
        self.worker.send(Verb.READY + (64).to_bytes(2, "little") + b"{}")
        self.given: list[int] = []

    def turn_until(self, condition) -> None:
        deadline = time.monotonic() + 5
        while not condition():
            assert time.monotonic() < deadline, "it did not come true"
            self.balancer.turn()
            self.replies.poll(0)  # has the socket subscribe
            while self.worker.poll(0):
                frame = self.worker.recv()
                if frame[:1] == Verb.WORK:
                    self.given += [serial for serial, _ in unpack_work(frame)]

    def ask(self, *numbers: int) -> None:
        for number in numbers:
            self.requests.send(b"m2 %d / 16:6:METHOD,3:GET,}0:," % number)

    def close(self) -> None:
        self.balancer.close()
        for each in (self.requests, self.replies, self.worker):
            each.close(0)
        self.context.term()


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    bench = Bench(tmp_path)
    try:
        bench.turn_until(lambda: bench.balancer.balance.workers and bench.requests.poll(0, zmq.POLLOUT))
        yield bench
    finally:
        bench.close()


def test_what_came_before_the_stop_is_answered(bench):
    """It may lie unread, because the worker has enough to do."""
    bench.ask(*range(2 * FEW))
    bench.turn_until(lambda: len(bench.given) == 2 * FEW)
    bench.ask(100)
    time.sleep(0.05)  # it arrives in the balancer's socket
    bench.balancer.is_stopping = True
    bench.turn_until(lambda: len(bench.given) == 2 * FEW + 1)
    bench.worker.send(pack_numbers(Verb.DONE, bench.given, len(bench.given)))

    bench.balancer.run()
    assert bench.balancer.balance.totals.answered == 2 * FEW + 1


def test_a_message_is_not_left_for_long_while_the_worker_has_enough(bench):
    bench.ask(*range(2 * FEW))
    bench.turn_until(lambda: len(bench.given) == 2 * FEW)
    bench.ask(100)
    asked_at = time.monotonic()
    bench.turn_until(lambda: len(bench.given) == 2 * FEW + 1)

    assert time.monotonic() - asked_at < 1
