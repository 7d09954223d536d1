"""Load with a memory: every request carries a number, every answer must bring it back, and none may stay away.

    python mongrel2_load.py HOST PORT [--seconds 5] [--connections 64] [--rate 0] [--post-every 0] [--path /echo]

With --rate requests are sent at that rate, however slowly they are answered (an open loop); without it each
connection sends when it has its answer (a closed loop). Prints one line of JSON.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import resource
import time
from collections import Counter
from typing import Any


class Load:
    """Sends requests and keeps the books."""

    def __init__(self, options: argparse.Namespace) -> None:
        self.options = options
        self.number = 0
        self.statuses: Counter[str] = Counter()
        self.wrong = 0
        self.unanswered = 0
        self.broken = 0
        self.refused = 0
        self.slowest_s = 0.0
        self.idle: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []
        self.ends_at = time.monotonic() + options.seconds

    async def ask(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Send one request and read its answer; say whether the connection can be used again."""
        self.number += 1
        number = self.number
        every = self.options.post_every
        method = "POST" if every and number % every == 0 else "GET"
        length = "Content-Length: 0\r\n" if method == "POST" else ""
        began = time.monotonic()
        try:
            writer.write(
                f"{method} {self.options.path}?id={number} HTTP/1.1\r\nHost: x\r\n{length}\r\n".encode()
            )
            head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), self.options.timeout)
            lower = head.lower()
            size = int(lower.partition(b"content-length:")[2].partition(b"\r\n")[0])
            body = await asyncio.wait_for(reader.readexactly(size), self.options.timeout)
        except TimeoutError:
            self.unanswered += 1
            return False
        except (OSError, asyncio.IncompleteReadError):
            self.broken += 1
            return False
        self.slowest_s = max(self.slowest_s, time.monotonic() - began)
        status = head[9:12].decode()
        self.statuses[f"{method} {status}"] += 1
        if status == "200" and body != str(number).encode():
            self.wrong += 1
            return False
        return b"connection: close" not in lower

    async def connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.open_connection(self.options.host, self.options.port)

    async def closed_loop(self) -> None:
        pair = await self.connect()
        while time.monotonic() < self.ends_at:
            if not await self.ask(*pair):
                pair[1].close()
                pair = await self.connect()
        pair[1].close()

    async def one(self) -> None:
        try:
            pair = self.idle.pop() if self.idle else await self.connect()
        except OSError:
            self.refused += 1
            return
        if await self.ask(*pair):
            self.idle.append(pair)
        else:
            pair[1].close()

    async def open_loop(self) -> None:
        tasks = set()
        began = time.monotonic()
        sent = 0
        while (now := time.monotonic()) < self.ends_at:
            due = int((now - began) * self.options.rate)
            while sent < due:
                sent += 1
                task = asyncio.create_task(self.one())
                tasks.add(task)
                task.add_done_callback(tasks.discard)
            await asyncio.sleep(0.001)
        await asyncio.gather(*tasks)

    async def run(self) -> dict[str, Any]:
        if self.options.rate:
            await self.open_loop()
        else:
            await asyncio.gather(*(self.closed_loop() for _ in range(self.options.connections)))
        return {
            "sent": self.number,
            "statuses": dict(self.statuses),
            "wrong": self.wrong,
            "unanswered": self.unanswered,
            "broken": self.broken + self.refused,
            "slowest_s": round(self.slowest_s, 3),
        }


if __name__ == "__main__":
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(most, 65_536), most))
    parser = argparse.ArgumentParser()
    parser.add_argument("host")
    parser.add_argument("port", type=int)
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument("--connections", type=int, default=64)
    parser.add_argument("--rate", type=float, default=0)
    parser.add_argument("--post-every", type=int, default=0)
    parser.add_argument("--timeout", type=float, default=10)
    parser.add_argument("--path", default="/echo")
    print(json.dumps(asyncio.run(Load(parser.parse_args()).run())))
