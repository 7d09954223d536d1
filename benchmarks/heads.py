"""What it costs to read the head of a request: one that came before, one whose headers did, and a new one.

python benchmarks/heads.py
"""

from __future__ import annotations

import statistics
import time
from itertools import count

from brubeck.wsgi.heads import HeadReader
from brubeck.wsgi.limits import Limits

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
    rounds = [
        (
            measure(lambda: reader.read(known)),
            measure(lambda: reader.read(b"GET /%d" % next(numbers) + known[15:])),
            measure(lambda: reader.read(known[:-2] + b"X-Number: %d\r\n\r\n" % next(numbers))),
        )
        for _ in range(ROUNDS)
    ]
    again, block, fresh = (statistics.median(times) for times in zip(*rounds, strict=True))
    print(f"the same head {again:.2f} us, the same headers {block:.2f} us, fresh ones {fresh:.2f} us")


if __name__ == "__main__":
    main()
