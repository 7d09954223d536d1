"""Load with a memory: every request carries a number, every answer must bring it back, and none may stay away.

    python mongrel2_load.py HOST PORT [--seconds 5] [--connections 64] [--rate 0] [--post-every 0] [--path /echo]

With --rate requests are due at that rate, however slowly they are answered (an open loop); without it each
connection sends when it has its answer (a closed loop). Connections are kept, as browsers and proxies keep theirs,
and bounded by --connections in both: a request that finds none free waits here, and its time counts from when it was
due. Without the bound a stall of the machine would be answered by thousands of connections, and the run would say how
many of those Mongrel2 bears. Prints one line of JSON.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import resource
import time
from collections import Counter, deque
from typing import Any

LINGER_S = 30.0
"""How long after the last request was due the last answers are waited for."""


class Client(asyncio.Protocol):
    """One connection, with at most one request on it."""

    transport: asyncio.Transport

    def __init__(self, load: Load) -> None:
        self.load = load
        self.number = 0
        self.method = ""
        self.due_at = self.sent_at = 0.0
        self.received = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def ask(self, number: int, due_at: float) -> None:
        """Send a request."""
        every = self.load.options.post_every
        self.number, self.due_at, self.sent_at = number, due_at, time.monotonic()
        self.method = "POST" if every and number % every == 0 else "GET"
        length = "Content-Length: 0\r\n" if self.method == "POST" else ""
        line = f"{self.method} {self.load.options.path}?id={number} HTTP/1.1"
        self.transport.write(f"{line}\r\nHost: x\r\n{length}\r\n".encode())

    def data_received(self, data: bytes) -> None:
        self.received += data
        head, found, body = self.received.partition(b"\r\n\r\n")
        if not found:
            return
        lower = head.lower()
        if len(body) < int(lower.partition(b"content-length:")[2].partition(b"\r\n")[0]):
            return
        self.received = b""
        is_right = self.load.note_answer(self, head[9:12].decode(), body)
        self.number = 0
        if b"connection: close" in lower or not is_right:
            self.transport.close()
        else:
            self.load.use(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self.load.note_lost(self)


class Load:
    """Sends requests and keeps the books."""

    def __init__(self, options: argparse.Namespace) -> None:
        self.options = options
        self.number = 0
        self.statuses: Counter[str] = Counter()
        self.wrong = self.unanswered = self.broken = 0
        self.slowest: tuple[float, float] = (0.0, 0.0)
        self.most = 0
        self.clients: set[Client] = set()
        self.connecting = 0
        self.idle: list[Client] = []
        self.due: deque[float] = deque()
        self.began_at = time.monotonic()
        self.ends_at = self.began_at + options.seconds

    def note_answer(self, client: Client, status: str, body: bytes) -> bool:
        """Take an answer; say whether it is one to what was asked."""
        took = time.monotonic() - client.due_at
        self.slowest = max(self.slowest, (took, client.due_at - self.began_at))
        self.statuses[f"{client.method} {status}"] += 1
        is_right = status != "200" or body == str(client.number).encode()
        self.wrong += not is_right
        return is_right

    def note_lost(self, client: Client) -> None:
        """Note that a connection has ended."""
        self.clients.discard(client)
        if client in self.idle:
            self.idle.remove(client)
        self.broken += client.number > 0
        self.pump()

    def use(self, client: Client) -> None:
        """Give a free connection the next request."""
        if self.due:
            self.number += 1
            client.ask(self.number, self.due.popleft())
            return
        self.idle.append(client)

    def pump(self) -> None:
        """Send what is due, over free connections or new ones."""
        while self.due and self.idle:
            self.use(self.idle.pop())
        wanted = min(len(self.due), self.options.connections - len(self.clients)) - self.connecting
        for _ in range(wanted):
            self.connecting += 1
            task = asyncio.create_task(self.connect())
            task.add_done_callback(lambda task: task.exception())

    async def connect(self) -> None:
        try:
            loop = asyncio.get_running_loop()
            _, client = await loop.create_connection(
                lambda: Client(self), self.options.host, self.options.port
            )
        except OSError:
            self.broken += 1
            return
        finally:
            self.connecting -= 1
        self.clients.add(client)
        self.most = max(self.most, len(self.clients))
        self.use(client)

    def give_up(self, now: float) -> None:
        """End the connections whose answer stays away."""
        for client in list(self.clients):
            if client.number and now - client.sent_at > self.options.timeout:
                self.unanswered += 1
                client.number = 0
                client.transport.abort()

    def add_due(self, now: float) -> None:
        """Note what has become due by the clock."""
        total = int(min(now - self.began_at, self.options.seconds) * self.options.rate)
        count = self.number + len(self.due)
        self.due.extend(self.began_at + (count + i) / self.options.rate for i in range(total - count))

    @property
    def is_busy(self) -> bool:
        return bool(self.due or self.connecting or any(client.number for client in self.clients))

    async def run(self) -> dict[str, Any]:
        swept_at = 0.0
        while True:
            now = time.monotonic()
            self.add_due(now)  # also once after the end: the last requests fell due since the look before
            self.pump()
            if now >= self.ends_at and (not self.is_busy or now >= self.ends_at + LINGER_S):
                return self.report()
            if now - swept_at > 0.1:
                swept_at = now
                self.give_up(now)
            await asyncio.sleep(0.001)

    def report(self) -> dict[str, Any]:
        return {
            "sent": self.number,
            "statuses": dict(self.statuses),
            "wrong": self.wrong,
            "unanswered": self.unanswered + len(self.due),
            "broken": self.broken,
            "slowest_s": round(self.slowest[0], 3),
            "slowest_was_due_at_s": round(self.slowest[1], 3),
            "most_connections": self.most,
        }


class ClosedLoad(Load):
    """Each connection sends when it has its answer."""

    def pump(self) -> None:
        super().pump()
        self.due.clear()

    def use(self, client: Client) -> None:
        now = time.monotonic()
        if now < self.ends_at:
            self.number += 1
            client.ask(self.number, now)
        else:
            self.idle.append(client)

    def add_due(self, now: float) -> None:
        """Have the connections that ended replaced; nothing waits here."""
        self.due.clear()
        if now < self.ends_at:
            self.due.extend([now] * (self.options.connections - len(self.clients)))


if __name__ == "__main__":
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(most, 65_536), most))
    parser = argparse.ArgumentParser()
    parser.add_argument("host")
    parser.add_argument("port", type=int)
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument("--connections", type=int, default=0, help="64 in a closed loop, 1000 in an open one")
    parser.add_argument("--rate", type=float, default=0)
    parser.add_argument("--post-every", type=int, default=0)
    parser.add_argument("--timeout", type=float, default=10)
    parser.add_argument("--path", default="/echo")
    options = parser.parse_args()
    options.connections = options.connections or (1000 if options.rate else 64)
    print(json.dumps(asyncio.run((Load if options.rate else ClosedLoad)(options).run())))
