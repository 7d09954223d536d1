"""Replies sent one by one, beside replies sent as the parts of one message.

    python benchmarks/mongrel2_sending.py [--rounds 5] [--seconds 2]

Two loops that read what is there, up to 32 messages, spend some microseconds on each and answer; they differ in nothing
but how the replies of a batch leave. What counts is the processor time of a request, ZeroMQ's thread included.
"""

import argparse
from statistics import median

from mongrel2 import measure


def main(rounds, seconds):
    figures = measure(("singly", "together"), rounds, seconds, 64)
    for arm, values in figures.items():
        rate, cost = (median(column) for column in zip(*values, strict=True))
        print(f"{arm:10} {rate:9,.0f}/s {cost:6.1f} us")
    singly, together = (median(cost for _, cost in values) for values in figures.values())
    print(f"together takes {together / singly:.2f} of the time")


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=2)
    main(**vars(parser.parse_args()))
