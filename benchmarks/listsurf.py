"""What SQLite costs Listsurf: its calls made directly, which hold the hub, beside the same in gevent's thread pool.

    python benchmarks/listsurf.py

A (directly) and B (`threadpool.apply`) run in turn, in one process, on a file with 100,000 links of a hundred accounts.
Quoted are the median time of a call, and the median of the ratios of CPU time.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from itertools import count
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "examples"))

import brubeck.request_handling  # noqa: F401 - patches first
import gevent
from brubeck.api import StreamPage
from listsurf.stores import SQLiteStore

ROUNDS = 21
CALLS = 200
LINKS = 100_000


def fill(store: SQLiteStore) -> None:
    """Make a hundred accounts with a thousand links each."""
    with store.transaction() as ask:
        for number in range(100):
            ask("INSERT INTO users (username, password, is_active) VALUES (?, ?, ?)", f"u{number}", "x", True)
        for number in range(LINKS):
            ask(
                "INSERT INTO links (owner, url, title, created_at, updated_at) VALUES (?, ?, ?, ?, ?)",
                *(
                    f"u{number % 100}",
                    f"https://example.com/{number}",
                    "A title of some words",
                    number,
                    number,
                ),
            )


def measure(call: Callable[[], object]) -> tuple[float, float]:
    """Return the wall time of one call in ms, and the CPU time of all in seconds."""
    wall, cpu = time.perf_counter(), time.process_time()
    for _ in range(CALLS):
        call()
    return (time.perf_counter() - wall) / CALLS * 1000, time.process_time() - cpu


def compare(name: str, call: Callable[[], object]) -> None:
    pool = gevent.get_hub().threadpool
    direct, pooled, ratios = [], [], []
    for _ in range(ROUNDS):
        (direct_ms, direct_s), (pooled_ms, pooled_s) = measure(call), measure(lambda: pool.apply(call))
        direct.append(direct_ms)
        pooled.append(pooled_ms)
        ratios.append(pooled_s / direct_s)
    print(
        f"{name:20} directly {statistics.median(direct):.3f} ms   in the thread pool "
        f"{statistics.median(pooled):.3f} ms   CPU {statistics.median(ratios):.2f} times"
    )


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        store = SQLiteStore(str(Path(folder) / "links.sqlite3"))
        store.start()
        fill(store)
        numbers = count()
        page = StreamPage(count=50)
        compare("a page of 50 links", lambda: store.links("u7", page))
        compare(
            "a link is saved", lambda: store.save_link("u8", f"https://example.org/{next(numbers)}", "", 1)
        )
        compare("who is asking", lambda: store.get_user("u9"))
        store.stop()


if __name__ == "__main__":
    main()
