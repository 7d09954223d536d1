"""The short way and the way through an environ give the same bytes for the same application."""

import re
from contextlib import ExitStack

import pytest
from mongrel2_server import raw_exchange
from serving import free_port, started

SITE = """
from brubeck.core.contracts import contract_application

app = contract_application()

def through_an_environ(environ, start_response):
    return app.wsgi(environ, start_response)
"""
WAYS = {
    "run": ("-m", "brubeck.core.command", "run", "shop.py"),
    "serve": ("-m", "brubeck.core.command", "serve", "shop:app.wsgi"),
    "environ": ("-m", "brubeck.core.command", "serve", "shop:through_an_environ"),
    "gunicorn": ("-m", "gunicorn", "-k", "brubeck.wsgi.gunicorn.Worker", "shop:app.wsgi"),
    "gunicorn, environ": ("-m", "gunicorn", "-k", "brubeck.wsgi.gunicorn.Worker", "shop:through_an_environ"),
}
LINES = [
    b"GET /echo?name=x",
    b"HEAD /echo?name=x",
    b"DELETE /echo",
    b"OPTIONS /echo",
    b"OPTIONS *",
    b"PATCH /echo",
    b"GET /stream",
    b"HEAD /stream",
    b"GET /empty",
    b"HEAD /empty",
    b"GET /nowhere",
    b"HEAD /nowhere",
    b"GET /cookies",
    b"GET /fail/raise",
    b"GET /fail/redirect",
    b"GET /data",
    b"GET /path/%C3%BC",
    b"GET /path/a%2Fb%00%25",
    b"GET /path//a/../b",
    b"GET /echo?%C3%BC=%00&a=b;c",
    b"GET http://elsewhere/echo?a=b",
    b"POST /echo",
]
BODIES = [
    b"\r\n",
    b"Connection: close\r\n\r\n",
    b"Content-Length: 4\r\n\r\nbody",
    b"Content-Length: 3\r\nContent-Type: application/x-www-form-urlencoded\r\n\r\na=b",
    b"Transfer-Encoding: chunked\r\n\r\n2\r\nbo\r\n2;x\r\ndy\r\n0\r\nX-Trailer: y\r\n\r\n",
    b"Transfer-Encoding: chunked\r\n\r\n2\r\nbo\r\nx\r\n",
]


@pytest.fixture(scope="module")
def ports(tmp_path_factory):
    with ExitStack() as stack:
        ports = {}
        for way, command in WAYS.items():
            folder, port = tmp_path_factory.mktemp("way"), free_port()
            (folder / "shop.py").write_text(SITE)
            address = ("--bind", f"127.0.0.1:{port}") if "gunicorn" in way else ("--port", str(port))
            stack.enter_context(started(*command, *address, cwd=folder, port=port))
            ports[way] = port
        yield ports


def answers(port, requests):
    """Return what comes for *requests*, each on a connection of its own, without what is different at each server."""
    received = [raw_exchange(("127.0.0.1", port), request, timeout_s=5) for request in requests]
    return [re.sub(rb"Date: [^\r]*|:%d\b" % port, b"", answer) for answer in received]


@pytest.mark.parametrize("version", [b"HTTP/1.1", b"HTTP/1.0"])
def test_all_ways_answer_the_same(ports, version):
    ending = b"GET /echo HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    requests = [
        b"%b %b\r\nHost: localhost\r\nUser-Agent: contract\r\n%b%b" % (line, version, body, ending)
        for line in LINES
        for body in BODIES
    ]
    expected = answers(ports["run"], requests)

    assert all(answer.startswith(b"HTTP/1.1 ") for answer in expected)
    for way, port in ports.items():
        for request, one, other in zip(requests, expected, answers(port, requests), strict=True):
            assert one == other, (way, request)
