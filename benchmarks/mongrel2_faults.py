"""What clients notice when a worker leaves or dies, straight at Mongrel2 and with the balancer.

    python benchmarks/mongrel2_faults.py [--rounds 6] [--rate 1000]

Two workers answer requests at a fixed rate for 3 s; after 1 s one of them is stopped (SIGTERM) or killed (SIGKILL).
What has no answer after 2 s is lost, and so is what ends with a broken connection.
"""

import argparse
import json
import subprocess
import sys
import time
from contextlib import ExitStack
from pathlib import Path

LIVE = Path(__file__).parent.parent / "tests" / "live"
sys.path.insert(0, str(LIVE))

from mongrel2_server import Mongrel2, balanced, raw_exchange, running

WORKER = ("-m", "brubeck.core.command", "run", str(LIVE / "mongrel2_app.py"), "--connection", "mongrel2")
SECONDS = 3


def lost(is_balanced, is_killed, rate):
    """Return how many requests were lost, and the seconds that the slowest answer took."""
    with ExitStack() as stack:
        server = stack.enter_context(Mongrel2())
        pull, pub = server.pair
        environment = {"BRUBECK_MONGREL2_PULL": pull, "BRUBECK_MONGREL2_PUB": pub, "ECHO_SLEEP_S": "0.002"}
        if is_balanced:
            environment |= stack.enter_context(balanced(server))
        workers = [
            stack.enter_context(running(*WORKER, env=environment, log=Path("/dev/null"))) for _ in range(2)
        ]
        time.sleep(2.5)
        raw_exchange(server.address, b"GET /echo?id=1 HTTP/1.0\r\n\r\n", timeout_s=20)
        command = (sys.executable, str(LIVE / "mongrel2_load.py"), *map(str, server.address))
        options = (f"--seconds={SECONDS}", f"--rate={rate}", "--timeout=2")
        load = subprocess.Popen([*command, *options], stdout=subprocess.PIPE)
        time.sleep(1)
        (workers[0].kill if is_killed else workers[0].terminate)()
        found = json.loads(load.communicate(timeout=60)[0])
    return found["unanswered"] + found["broken"], found["slowest_s"]


def main(rounds, rate):
    for name, is_killed in (("stopped", False), ("killed", True)):
        for way, is_balanced in (("straight", False), ("balancer", True)):
            results = [lost(is_balanced, is_killed, rate) for _ in range(rounds)]
            counts = ", ".join(str(count) for count, _ in results)
            slowest = max(seconds for _, seconds in results)
            print(
                f"a worker is {name:8} {way:9} lost of {SECONDS * rate:.0f}: {counts}; slowest answer {slowest} s"
            )


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=6)
    parser.add_argument("--rate", type=float, default=1000)
    main(**vars(parser.parse_args()))
