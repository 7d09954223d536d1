"""What it costs to read the head of a request: one that came before, one whose headers did, and a new one.

And to make a message of it.

python benchmarks/heads.py
"""

from __future__ import annotations

import statistics
import time
from itertools import count
from types import SimpleNamespace
from typing import Any

from brubeck.core.requests import Request, decode_path
from brubeck.wsgi.heads import HeadReader
from brubeck.wsgi.limits import Limits
from brubeck.wsgi.messages import ReceivedRequest

HEADERS = b"Host: localhost\r\nUser-Agent: bench\r\nAccept: */*\r\nAccept-Language: en\r\n"
ROUNDS, CALLS = 50, 2000


def measure(call) -> float:
    begin = time.perf_counter()
    for _ in range(CALLS):
        call()
    return (time.perf_counter() - begin) / CALLS * 1e6


def main() -> None:
    reader, numbers = HeadReader(Limits()), count()
    known = b"GET /?name=dude HTTP/1.1\r\n" + HEADERS + b"\r\n"
    client = SimpleNamespace(peer=("127.0.0.1", 1))
    exchange: Any = SimpleNamespace(head=reader.read(known)[0], body=b"", client=client)
    address = ("127.0.0.1", 6767)
    rounds = [
        (
            measure(lambda: reader.read(known)),
            measure(lambda: reader.read(b"GET /%d" % next(numbers) + known[15:])),
            measure(lambda: reader.read(known[:-2] + b"X-Number: %d\r\n\r\n" % next(numbers))),
            measure(lambda: ReceivedRequest(exchange, "http", address)),
            measure(lambda: with_all_values(exchange, address)),
        )
        for _ in range(ROUNDS)
    ]
    again, block, fresh, received, whole = (statistics.median(times) for times in zip(*rounds, strict=True))
    print(f"the same head {again:.2f} us, the same headers {block:.2f} us, fresh ones {fresh:.2f} us")
    print(
        f"a message that leaves values with the exchange {received:.2f} us, one with all of them {whole:.2f} us"
    )


def with_all_values(exchange: Any, address: tuple[str, int]) -> Request:
    head = exchange.head
    fields, path = head.fields, head.path
    return Request(
        head.method,
        path if "%" not in path else decode_path(path.encode()),
        head.query,
        fields.version,
        fields.headers,
        exchange.body,
        "http",
        exchange.client.peer[0],
        address,
        path,
    )


if __name__ == "__main__":
    main()
