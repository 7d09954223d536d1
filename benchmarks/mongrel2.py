"""Brubeck behind a real Mongrel2, beside loops that do nothing but receive and send.

    python benchmarks/mongrel2.py [--rounds 5] [--seconds 3] [--connections 64] [--arms blocking brubeck …]

Needs mongrel2 and wrk. Each arm has a server and a process of its own; they take turns, so that the machine's
mood is shared.
What counts is the ratio of the medians.
"""

import argparse
import os
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


def cpu_us(pid):
    """Return the processor time a process has taken, its threads and the kernel's work for it with it."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) * 1_000_000 / os.sysconf("SC_CLK_TCK")


def measure(arms, rounds, seconds, connections, path="/"):
    """Return a list of (requests a second, microseconds of the handler's processor time a request) by arm."""
    with ExitStack() as stack:
        places = {}
        for arm in arms:
            server = stack.enter_context(Mongrel2())
            process = stack.enter_context(running(str(HERE / "mongrel2_arms.py"), arm, *server.pair))
            places[arm] = server.url + path, process.pid
        for url, _ in places.values():
            load(url, 1, connections)
        figures = {arm: [] for arm in arms}
        for _ in range(rounds):
            for arm, (url, pid) in places.items():
                before = cpu_us(pid)
                rate = load(url, seconds, connections)
                figures[arm].append((rate, (cpu_us(pid) - before) / rate / seconds))
        return figures


def report(figures):
    ours = [rate for rate, _ in figures.get("brubeck", ())]
    for arm, values in figures.items():
        rates = [rate for rate, _ in values]
        line = f"{arm:10} {median(rates):9,.0f}/s {median(cost for _, cost in values):6.1f} us"
        if ours and arm != "brubeck":
            ratios = [a / b for a, b in zip(ours, rates, strict=True)]
            line += f"   brubeck is {median(ours) / median(rates):.2f} of it ({min(ratios):.2f}-{max(ratios):.2f})"
        print(line, flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=3)
    parser.add_argument("--connections", type=int, default=64)
    parser.add_argument("--arms", nargs="+", default=ARMS)
    options = parser.parse_args()
    report(measure(options.arms, options.rounds, options.seconds, options.connections))
