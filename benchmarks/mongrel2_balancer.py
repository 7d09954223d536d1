"""The balancer beside the bare pair: one worker, and one beside it that is slow in three ways.

python benchmarks/mongrel2_balancer.py [--rounds 3] [--seconds 3]

The slow one takes 20 ms a message: asleep, so that it takes others meanwhile; stalled, holding its process; or busy,
holding a processor as well, which on two of them is half of what all have together.
"""

import argparse
import sys
from contextlib import ExitStack
from pathlib import Path
from statistics import median

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent / "tests" / "live")]

from mongrel2 import load
from mongrel2_server import Mongrel2, balanced, running

ARMS = str(HERE / "mongrel2_arms.py")


def bare(stack, *workers):
    """Start a server and *workers* straight behind it."""
    server = stack.enter_context(Mongrel2())
    for worker in workers:
        stack.enter_context(running(ARMS, worker, *server.pair))
    return server.url + "/"


def behind_balancer(stack, *workers):
    """Start a server, a balancer and *workers* behind that."""
    server = stack.enter_context(Mongrel2())
    environment = stack.enter_context(balanced(server))
    for worker in workers:
        stack.enter_context(running(ARMS, worker, *server.pair, env=environment))
    return server.url + "/"


def main(rounds, seconds):
    with ExitStack() as stack:
        urls = {
            "direct, one": bare(stack, "brubeck"),
            "balancer, one": behind_balancer(stack, "brubeck"),
            "balancer, two": behind_balancer(stack, "brubeck", "brubeck"),
            "bare, asleep + fast": bare(stack, "brubeck", "slow"),
            "bare, stalled + fast": bare(stack, "brubeck", "stall"),
            "balancer, asleep + fast": behind_balancer(stack, "brubeck", "slow"),
            "balancer, stalled + fast": behind_balancer(stack, "brubeck", "stall"),
            "balancer, busy + fast": behind_balancer(stack, "brubeck", "hog"),
        }
        for url in urls.values():
            load(url, 1, 64)
        figures = {name: [] for name in urls}
        for _ in range(rounds):
            for name, url in urls.items():
                figures[name].append(load(url, seconds, 64))
    for name, values in figures.items():
        of_direct = median(values) / median(figures["direct, one"])
        of_one = median(values) / median(figures["balancer, one"])
        print(
            f"{name:26}{median(values):9,.0f}/s   {of_direct:.2f} of direct, {of_one:.2f} of balancer with one"
        )


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=3)
    main(**vars(parser.parse_args()))
