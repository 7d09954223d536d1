"""The cost of a request in process: Brubeck against falcon, and ten thousand routes against ten.

    python benchmarks/dispatch.py

Both frameworks do the same work: one route, one query argument, one text body. Falcon is called as WSGI calls it;
Brubeck both ways, through its own dispatch (what its transports do) and as WSGI. Rounds are interleaved, and the
median of the rounds' ratios is what counts.
"""

from __future__ import annotations

import io
import statistics
import sys
import time
from collections.abc import Callable
from itertools import count

import falcon
from brubeck.core.application import Brubeck
from brubeck.core.handlers import WebMessageHandler
from brubeck.core.requests import Request
from brubeck.core.routing import Route, Router

ROUNDS = 200
CALLS = 500
HEADERS = [(b"Host", b"localhost"), (b"User-Agent", b"bench"), (b"Accept", b"*/*")]


class DemoHandler(WebMessageHandler):
    def get(self):
        name = self.get_argument("name", "dude")
        self.set_body(f"Take five, {name}!")
        return self.render()


class DemoResource:
    def on_get(self, request, response):
        name = request.get_param("name", default="dude")
        response.content_type = "text/html; charset=utf-8"
        response.text = f"Take five, {name}!"


def environ() -> dict[str, object]:
    return {
        "REQUEST_METHOD": "GET",
        "SCRIPT_NAME": "",
        "PATH_INFO": "/brubeck",
        "QUERY_STRING": "name=paul",
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "6767",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "HTTP_HOST": "localhost",
        "HTTP_USER_AGENT": "bench",
        "HTTP_ACCEPT": "*/*",
        "REMOTE_ADDR": "127.0.0.1",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": False,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }


def start_response(status, headers, exc_info=None):
    return None


def wsgi_call(application: Callable[..., object]) -> Callable[[], bytes]:
    template = environ()

    def call() -> bytes:
        return b"".join(application(dict(template), start_response))

    return call


def brubeck_call(application: Brubeck) -> Callable[[], bytes]:
    def call() -> bytes:
        message = Request("GET", "/brubeck", "name=paul", "HTTP/1.1", HEADERS)
        response = application.dispatch(message)
        body = response.body
        response.close()
        return body

    return call


def measure(call: Callable[[], object], calls: int = CALLS) -> float:
    """Return microseconds a call."""
    begin = time.perf_counter()
    for _ in range(calls):
        call()
    return (time.perf_counter() - begin) / calls * 1e6


def compare(contenders: dict[str, Callable[[], object]], calls: int = CALLS) -> dict[str, list[float]]:
    for call in contenders.values():
        measure(call, calls // 4)
    rounds: dict[str, list[float]] = {name: [] for name in contenders}
    for _ in range(ROUNDS):
        for name, call in contenders.items():
            rounds[name].append(measure(call, calls))
    return rounds


def report(rounds: dict[str, list[float]], base: str) -> None:
    for name, times in rounds.items():
        ratios = [mine / other for mine, other in zip(times, rounds[base], strict=True)]
        print(
            f"{name:<28} {statistics.median(times):7.2f} us (min {min(times):.2f})   "
            f"{statistics.median(ratios):.2f} of {base} (min {min(ratios):.2f}, max {max(ratios):.2f})"
        )


def frameworks() -> dict[str, Callable[[], object]]:
    application = Brubeck(handler_tuples=[(r"^/brubeck", DemoHandler)])
    other = falcon.App()
    other.add_route("/brubeck", DemoResource())
    contenders: dict[str, Callable[[], object]] = {"falcon": wsgi_call(other)}
    contenders["brubeck dispatch"] = brubeck_call(application)
    contenders["brubeck as WSGI"] = wsgi_call(application.wsgi)
    answers = {call() for call in contenders.values()}
    if answers != {b"Take five, paul!"}:
        raise SystemExit(f"The contenders do not agree: {answers!r}")
    return contenders


def router_of(count: int) -> Router:
    router = Router()
    for number in range(count):
        router.add(Route(rf"^/section-{number}/(?P<item>\d+)$", DemoHandler))
    return router


def routings() -> dict[str, Callable[[], object]]:
    """Searching, for paths that never came before, and finding one that did."""
    small, large = router_of(10), router_of(10_000)
    items = count()
    return {
        "10 routes, the last": lambda: small.find(f"/section-9/{next(items)}"),
        "10,000 routes, the last": lambda: large.find(f"/section-9999/{next(items)}"),
        "10,000 routes, none": lambda: large.find(f"/nowhere/{next(items)}"),
        "10,000 routes, a path again": lambda: large.find("/section-9999/42"),
    }


if __name__ == "__main__":
    report(compare(frameworks()), "falcon")
    print()
    report(compare(routings()), "10 routes, the last")
