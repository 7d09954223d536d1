"""The embedded server beside others: the same answer, one process each, taking turns.

    python benchmarks/servers.py [--rounds 5] [--seconds 3] [--connections 64] [--arms brubeck uvicorn …]
                                 [--plot servers.svg]

Needs wrk, and `pip install --group benchmarks`; a server that is not installed is left out. What counts is the ratio of
the medians, ours to the other's; beside it the least and the greatest ratio of a round. `bare` is our server with a
WSGI function that does nothing, `probe` what gevent and llhttp allow in Python, without a server around them.
"""

import argparse
import re
import socket
import subprocess
import sys
import time
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import median

from servers_arms import ARMS

PROGRAM = Path(__file__).with_name("servers_arms.py")
OURS = "brubeck"
UNITS = {"us": 1e-3, "ms": 1.0, "s": 1e3}


def free_port():
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()[1]


@contextmanager
def running(arm):
    """Start *arm*; give its URL once it answers, None where it cannot start."""
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, str(PROGRAM), arm, str(port)],
        stderr=subprocess.PIPE,
        start_new_session=True,
        cwd=PROGRAM.parent,
    )
    try:
        yield f"http://127.0.0.1:{port}/?name=dude" if wait_for(port, process) else None
    finally:
        process.terminate()
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()


def wait_for(port, process, timeout_s=15):
    deadline = time.monotonic() + timeout_s
    while process.poll() is None and time.monotonic() < deadline:
        with socket.socket() as sock:
            if not sock.connect_ex(("127.0.0.1", port)):
                return True
        time.sleep(0.05)
    return False


def load(url, seconds, connections):
    """Return requests a second, the median and the 99th percentile in milliseconds, and whether anything failed."""
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}", "--latency", url]
    text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    rate = float(re.search(r"Requests/sec:\s+([\d.]+)", text)[1])
    half, most = (milliseconds(re.search(rf"{part}%\s+([\d.]+)(us|ms|s)", text)) for part in (50, 99))
    return rate, half, most, "Non-2xx" in text or "Socket errors" in text


def milliseconds(match):
    return float(match[1]) * UNITS[match[2]]


def measure(arms, rounds, seconds, connections):
    """Return what `load` says, by arm, once for each round."""
    with ExitStack() as stack:
        urls = {arm: stack.enter_context(running(arm)) for arm in arms}
        urls = {arm: url for arm, url in urls.items() if url}
        for url in urls.values():
            load(url, 1, connections)
        figures = {arm: [] for arm in urls}
        for _ in range(rounds):
            for arm, url in urls.items():
                figures[arm].append(load(url, seconds, connections))
        return figures


def rates(rounds):
    return [figures[0] for figures in rounds]


def table(figures):
    """Yield the lines of a table in Markdown."""
    ours = rates(figures[OURS])
    yield "| server | requests/s | ours to it | rounds | p50 ms | p99 ms | errors |"
    yield "|---|---|---|---|---|---|---|"
    for arm, rounds in sorted(figures.items(), key=lambda item: -median(rates(item[1]))):
        theirs = rates(rounds)
        each = [mine / max(other, 1) for mine, other in zip(ours, theirs, strict=True)]
        half, most = (median(figures[column] for figures in rounds) for column in (1, 2))
        failed = "yes" if any(figures[3] for figures in rounds) else "no"
        yield (
            f"| {arm} | {median(theirs):,.0f} | {median(ours) / max(median(theirs), 1):.2f} "
            f"| {min(each):.2f}-{max(each):.2f} | {half:.2f} | {most:.2f} | {failed} |"
        )


def plot(figures):
    """Return bars of the medians as SVG."""
    medians = sorted(((median(rates(rounds)), arm) for arm, rounds in figures.items()), reverse=True)
    bars = [
        f'<text x="90" y="{24 * row + 22}" text-anchor="end">{arm}</text>'
        f'<rect x="100" y="{24 * row + 8}" width="{400 * rate / medians[0][0]:.0f}" height="18" '
        f'fill="{"#c33" if arm == OURS else "#999"}"/>'
        f'<text x="{106 + 400 * rate / medians[0][0]:.0f}" y="{24 * row + 22}">{rate:,.0f}/s</text>'
        for row, (rate, arm) in enumerate(medians)
    ]
    size = f'width="600" height="{24 * len(bars) + 12}" font-family="sans-serif" font-size="13"'
    return f'<svg xmlns="http://www.w3.org/2000/svg" {size}>{"".join(bars)}</svg>\n'


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=3)
    parser.add_argument("--connections", type=int, default=64)
    parser.add_argument("--arms", nargs="+", choices=list(ARMS), default=list(ARMS))
    parser.add_argument("--plot", type=Path)
    options = parser.parse_args()
    arms = dict.fromkeys([OURS, *options.arms])
    measured = measure(arms, options.rounds, options.seconds, options.connections)
    print("\n".join(table(measured)))
    if left_out := [arm for arm in arms if arm not in measured]:
        print(f"\nLeft out, since they did not start: {', '.join(left_out)}")
    if options.plot:
        options.plot.write_text(plot(measured))
