"""A client that counts what became of every request: answered, refused at the door, or lost behind it.

    python exact_load.py PORT CONNECTIONS SECONDS [PATH [REQUESTS_A_CONNECTION]]

Run by path, so that it has a processor of its own. It prints a line at the first answer, and one of JSON when it
ends. With a number of requests
a connection the client closes behind the last of them, and so connects often.
"""

from gevent import monkey

monkey.patch_all()

import json
import re
import socket
import sys
import time
from collections import Counter

import gevent

_length = re.compile(rb"\r\nContent-Length: ([0-9]+)\r\n", re.IGNORECASE).search


class Connection:
    """One connection after another, and the requests on them."""

    def __init__(self, port, path, most, counts):
        self.port, self.most, self.counts = port, most, counts
        self.request = f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()

    def run(self, deadline):
        while time.monotonic() < deadline:
            try:
                self.connection = socket.create_connection(("127.0.0.1", self.port), timeout=20)
            except OSError:
                self.counts["refused"] += 1  # it was never taken, so it is not lost
                gevent.sleep(0.02)
                continue
            with self.connection:
                self.use(deadline)

    def use(self, deadline):
        for _ in range(self.most):
            if time.monotonic() >= deadline:
                return
            begun = time.monotonic()
            fate, stays_open = self.ask()
            if fate == "answered" and not self.counts["answered"]:
                print("asking", flush=True)
            self.counts[fate] += 1
            self.counts["slowest_ms"] = max(self.counts["slowest_ms"], int(1000 * (time.monotonic() - begun)))
            if not stays_open:
                return

    def ask(self):
        """Return what became of a request, and whether another may follow."""
        answer = b""
        try:
            self.connection.sendall(self.request)
            while b"\r\n\r\n" not in answer:
                piece = self.connection.recv(65536)
                if not piece:
                    return ("short" if answer else "closed"), False
                answer += piece
            head, _, body = answer.partition(b"\r\n\r\n")
            missing = int(_length(head + b"\r\n")[1]) - len(body)
            while missing > 0:
                piece = self.connection.recv(65536)
                if not piece:
                    return "short", False
                missing -= len(piece)
        except OSError as exc:
            return ("timeout" if isinstance(exc, TimeoutError) else "reset"), False
        if not head.startswith(b"HTTP/1.1 200 "):
            return "not_200", False
        return "answered", b"\r\nConnection: close" not in head


def main(port, connections, seconds, path="/", most="1000000000"):
    counts = Counter(answered=0)
    deadline = time.monotonic() + float(seconds)
    jobs = [Connection(int(port), path, int(most), counts) for _ in range(int(connections))]
    gevent.joinall([gevent.spawn(job.run, deadline) for job in jobs])
    sys.stdout.write(json.dumps(counts) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
