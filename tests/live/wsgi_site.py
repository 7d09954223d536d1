"""The application that the tests of the embedded server start in a process of its own, and what they see of it.

    python wsgi_site.py PORT [LIMIT=VALUE …]

Run by path, so that what it prints, and what its handlers count, is one process's.
"""

import contextlib
import contextvars
import gc
import hashlib
import json
import resource
import sys
import time
from pathlib import Path

from brubeck.core.errors import ClientDisconnected
from brubeck.core.responses import Response
from brubeck.request_handling import Brubeck, WebMessageHandler
from brubeck.wsgi import WSGIConnection
from gevent.event import Event

MIB = 1024 * 1024
seen: dict[str, int] = {"disconnected": 0, "finished": 0}
news = Event()
real_time = time.time
user = contextvars.ContextVar("user", default="nobody")


class Hello(WebMessageHandler):
    def get(self):
        return "hello"

    def post(self):
        return str(len(self.message.body))


class Stats(WebMessageHandler):
    def get(self):
        gc.collect()
        usage = resource.getrusage(resource.RUSAGE_SELF)
        lines = Path("/proc/self/status").read_text().splitlines()
        status = dict(line.split(":\t", 1) for line in lines if ":\t" in line)
        return json.dumps(
            {
                "descriptors": len(list(Path("/proc/self/fd").iterdir())),
                "rss": int(status["VmRSS"].split()[0]) * 1024,
                "peak": int(status["VmHWM"].split()[0]) * 1024,
                "cpu": usage.ru_utime + usage.ru_stime,
                **seen,
            }
        )


class ResetPeak(WebMessageHandler):
    def post(self):
        Path("/proc/self/clear_refs").write_text("5")
        return "done"


class Slow(WebMessageHandler):
    """Sleeps; counts how it ended."""

    def get(self):
        try:
            time.sleep(float(self.get_argument("s", "1")))
        except ClientDisconnected:
            seen["disconnected"] += 1
            raise
        return "slept"

    def on_finish(self):
        seen["finished"] += 1


class Computing(WebMessageHandler):
    """Holds the hub."""

    def get(self):
        end = time.monotonic() + float(self.get_argument("s", "0.2"))
        while time.monotonic() < end:
            pass
        return "computed"


class Download(WebMessageHandler):
    """Streams as many MiB as it is asked for."""

    def get(self):
        piece = bytes(MIB // 16)
        pieces = (piece for _ in range(16 * int(self.get_argument("mib", "4"))))
        return Response(pieces, headers=[("Content-Type", "application/octet-stream")])


class Whole(WebMessageHandler):
    def get(self):
        return bytes(int(self.get_argument("mib", "4")) * MIB)


class Upload(WebMessageHandler):
    """Digests what comes, without holding it."""

    def post(self):
        digest, size = hashlib.md5(usedforsecurity=False), 0
        while piece := self.message.stream.read(65536):
            digest.update(piece)
            size += len(piece)
        return f"{size} {digest.hexdigest()}"


class Ignore(WebMessageHandler):
    def post(self):
        return "no, thanks"


class Failing(WebMessageHandler):
    def get(self):
        raise RuntimeError("secret")


class Poll(WebMessageHandler):
    """Waits until there is news."""

    def get(self):
        news.wait(60)
        return "news"


class Publish(WebMessageHandler):
    """Tells all that wait."""

    def post(self):
        news.set()
        news.clear()
        return "told"


class Clock(WebMessageHandler):
    """Steps the clock of this process, as an administrator or a time server does."""

    def post(self):
        step_s = float(self.get_argument("s"))
        time.time = lambda: real_time() + step_s
        return "stepped"


class Context(WebMessageHandler):
    def get(self):
        before = user.get()
        user.set("dave")
        return before


def main(port, *options):
    limits = {}
    for option in options:
        name, _, value = option.partition("=")
        with contextlib.suppress(ValueError):
            value = float(value) if "." in value else int(value)
        limits[name] = value
    pool = limits.pop("pool", None)
    if nofile := limits.pop("nofile", None):
        resource.setrlimit(resource.RLIMIT_NOFILE, (nofile, nofile))
    names = [Hello, Stats, ResetPeak, Slow, Computing, Download, Whole, Upload, Ignore, Failing, Context]
    names += [Poll, Publish, Clock]
    routes = [(f"^/{cls.__name__.lower()}$", cls) for cls in names]
    Brubeck(msg_conn=WSGIConnection(port=int(port), **limits), handler_tuples=routes, pool=pool).run()


if __name__ == "__main__":
    main(*sys.argv[1:])
