"""The corpus over sockets, against a WSGI application and against a Brubeck one: whole, in pieces, with a tail."""

import importlib.util
import re
import socket
import sys
from contextlib import suppress
from pathlib import Path

import pytest
from serving import free_port, started

FILE = Path(__file__).parents[1] / "http_corpus" / "corpus.py"
TAIL = b"GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n"
SITE = """
from brubeck.request_handling import Brubeck, WebMessageHandler

def echo(environ, start_response):
    body = environ['wsgi.input'].read()
    start_response('200 OK', [('Content-Type', 'text/plain')])
    return [environ['PATH_INFO'].encode('latin-1'), b' %d' % len(body)]

class Echo(WebMessageHandler):
    def say(self):
        return f'{self.message.path} {len(self.message.body)}'

    get = post = put = delete = patch = options = head = say

app = Brubeck(handler_tuples=[(r'', Echo)])
"""
COMMANDS = {"wsgi": ("serve", "shop:echo"), "brubeck": ("run", "shop.py")}


def load():
    spec = importlib.util.spec_from_file_location("http_corpus", FILE)
    module = importlib.util.module_from_spec(spec)
    sys.modules["http_corpus"] = module
    spec.loader.exec_module(module)
    return module.CASES


CASES = load()


@pytest.fixture(scope="module", params=COMMANDS)
def port(request, tmp_path_factory):
    folder, port = tmp_path_factory.mktemp("corpus"), free_port()
    (folder / "shop.py").write_text(SITE)
    command = ["-m", "brubeck.core.command", *COMMANDS[request.param], "--port", str(port)]
    with started(*command, cwd=folder, port=port) as program:
        yield port
    assert "Traceback" not in program.output


def exchange(port, pieces, count):
    """Send *pieces*; return the statuses that come, what came, and whether the server closed.

    Where it stays open, a moment of silence behind as many answers as *count* is the end.
    """
    received, is_closed = b"", False
    with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
        with suppress(ConnectionError, TimeoutError):
            for piece in pieces:
                connection.sendall(piece)
        with suppress(TimeoutError):
            while not is_closed:
                connection.settimeout(5 if len(statuses(received)) < count else 0.02)
                piece = receive(connection)
                received += piece
                is_closed = not piece
    return statuses(received), received, is_closed


def receive(connection):
    """Return what comes; nothing behind a reset too, which says that we sent more than was read."""
    try:
        return connection.recv(65536)
    except ConnectionError:
        return b""


def statuses(received):
    codes = re.findall(rb"HTTP/1\.1 ([0-9]{3}) ", received)
    return tuple(int(code) for code in codes if code != b"100")


def difference(port, case, pieces):
    """Return what is wrong with the answer to *pieces* of *case*, None where nothing is."""
    found, received, is_closed = exchange(port, pieces, len(case.statuses))
    if found[: len(case.statuses)] != case.statuses:
        return case.name, found
    if case.is_refused and (not is_closed or b"/smuggled" in received or len(found) > len(case.statuses)):
        return case.name, found, is_closed, received
    return None


def test_whole(port):
    found = [difference(port, case, [case.data]) for case in CASES]

    assert [fault for fault in found if fault] == []


def test_in_pieces(port):
    found = [
        difference(port, case, [case.data[place : place + 7] for place in range(0, len(case.data), 7)])
        for case in CASES
        if len(case.data) < 3000
    ]

    assert [fault for fault in found if fault] == []


def test_with_a_tail(port):
    found = [difference(port, case, [case.data + TAIL]) for case in CASES]

    assert [fault for fault in found if fault] == []
