"""Brubeck behind a real Mongrel2, beside loops that do nothing but receive and send.

    python benchmarks/mongrel2.py [--rounds 5] [--seconds 3] [--connections 64] [--arms blocking brubeck …]

Needs mongrel2 and wrk. Each arm has a server and a process of its own; they take turns, so that the machine's
mood is shared.
What counts is the ratio of the medians.
"""

import argparse
import re
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path
from statistics import median

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "tests" / "live"))

from mongrel2_server import Mongrel2, running

ARMS = ("blocking", "green", "spawn", "brubeck")


def load(url, seconds, connections):
    """Return requests a second as wrk counts them; anything but 200 is an error."""
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}", url]
    text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    if "Non-2xx" in text or "Socket errors" in text:
        raise SystemExit(text)
    return float(re.search(r"Requests/sec:\s+([\d.]+)", text).group(1))


def measure(arms, rounds, seconds, connections, path="/"):
    """Return requests a second by arm, a list with one figure for each round."""
    with ExitStack() as stack:
        urls = {}
        for arm in arms:
            server = stack.enter_context(Mongrel2())
            stack.enter_context(running(str(HERE / "mongrel2_arms.py"), arm, *server.pair))
            urls[arm] = server.url + path
        for url in urls.values():
            load(url, 1, connections)
        figures = {arm: [] for arm in arms}
        for _ in range(rounds):
            for arm, url in urls.items():
                figures[arm].append(load(url, seconds, connections))
        return figures


def report(figures):
    ours = figures.get("brubeck")
    for arm, values in figures.items():
        line = f"{arm:10} {median(values):9,.0f}/s"
        if ours and arm != "brubeck":
            ratios = [a / b for a, b in zip(ours, values, strict=True)]
            line += f"   brubeck is {median(ours) / median(values):.2f} of it ({min(ratios):.2f}-{max(ratios):.2f})"
        print(line, flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=3)
    parser.add_argument("--connections", type=int, default=64)
    parser.add_argument("--arms", nargs="+", default=ARMS)
    options = parser.parse_args()
    report(measure(options.arms, options.rounds, options.seconds, options.connections))
