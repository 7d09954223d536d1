"""The embedded server behind a proxy that ends TLS: who asked, and over what, in messages, environs and the log."""

import json
import socket
from pathlib import Path

import pytest
from mongrel2_server import raw_exchange
from serving import free_port, started, wait_until

SITE = """
from brubeck.request_handling import Brubeck, WebMessageHandler
from brubeck.connections import WSGIConnection

class Who(WebMessageHandler):
    def get(self):
        self.set_cookie('who', 'x', secret='s' * 32)
        return f'{self.message.remote_addr} {self.message.scheme} {self.message.url_parts.geturl()}'

def make(**settings):
    return Brubeck(msg_conn=WSGIConnection(**settings), handler_tuples=[(r'^/', Who)])

behind = make(trusted_fronts=['127.0.0.1', '10.0.0.0/8'])
alone = make()
callable = alone.wsgi

def plain(environ, start_response):
    start_response('200 OK', [('Content-Type', 'text/plain')])
    return [f"{environ['REMOTE_ADDR']} {environ['wsgi.url_scheme']}".encode()]
"""

TOLD = b"X-Forwarded-For: 6.6.6.6, 9.9.9.9\r\nX-Forwarded-For: 10.1.1.1\r\nX-Forwarded-Proto: https\r\n"
ASKED = b"GET / HTTP/1.1\r\nHost: site.example\r\n%bConnection: close\r\n\r\n"


def command(target, *options):
    verb = "run" if target in ("alone", "behind") else "serve"
    return ["-m", "brubeck.core.command", verb, f"site.py:{target}", *options]


def answer_of(folder: Path, target: str, *options: str, told: bytes = TOLD) -> tuple[bytes, str]:
    """Return the answer of *target* to one request, and what the server wrote."""
    (folder / "site.py").write_text(SITE)
    port = free_port()
    with started(*command(target, "--port", str(port), *options), cwd=folder, port=port) as program:
        answer = raw_exchange(("127.0.0.1", port), ASKED % told)
        return answer, program.output


@pytest.mark.parametrize(
    ("target", "options"),
    [("behind", ()), ("alone", ("--trusted-front", "127.0.0.1", "--trusted-front", "10.0.0.0/8"))],
)
def test_cookies_behind_a_front_that_ends_tls_are_secure(tmp_path, target, options):
    answer, _ = answer_of(tmp_path, target, *options)

    assert answer.endswith(b"\r\n\r\n9.9.9.9 https https://site.example/")
    assert b"Secure" in answer


def test_a_stranger_is_not_believed(tmp_path):
    answer, _ = answer_of(tmp_path, "alone")

    assert answer.endswith(b"\r\n\r\n127.0.0.1 http http://site.example/")
    assert b"Secure" not in answer


@pytest.mark.parametrize("target", ["callable", "plain"])
def test_any_application_and_the_log_are_told_who_asked(tmp_path, target):
    options = ("--trusted-front", "127.0.0.0/8", "--trusted-front", "10.0.0.0/8", "--access-log", "json")
    answer, output = answer_of(tmp_path, target, *options)

    line = json.loads(next(line for line in output.splitlines() if line.startswith("{")))
    assert b"\r\n\r\n9.9.9.9 https" in answer
    assert line["remote_addr"] == "9.9.9.9"


def test_each_request_of_a_connection_has_its_own_client(tmp_path):
    """A front sends the requests of many clients over one connection."""
    (tmp_path / "site.py").write_text(SITE)
    port = free_port()
    head = b"GET / HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: %b\r\n\r\n"
    with started(*command("behind", "--port", str(port)), cwd=tmp_path, port=port):
        told = b"9.9.9.9", b"<script>", b"[2001:db8::9]:80", b"10.0.0.1," * 3000 + b"10.0.0.2"
        requests = [head % address for address in told] + [ASKED % b""]
        answer = raw_exchange(("127.0.0.1", port), b"".join(requests))

    addresses = [part.split(b"\r\n\r\n")[1].split(b" ")[0] for part in answer.split(b"HTTP/1.1 200 ")[1:]]
    assert addresses == [b"9.9.9.9", b"127.0.0.1", b"2001:db8::9", b"10.0.0.1", b"127.0.0.1"]


def test_whoever_comes_through_the_unix_socket(tmp_path):
    (tmp_path / "site.py").write_text(SITE)
    path = tmp_path / "socket"
    serve = command("plain", "--unix", str(path), "--trusted-front", "unix")
    with started(*serve, cwd=tmp_path, port=0, wait=False) as program:
        wait_until(lambda: "Brubeck serves" in program.output, what="the line")
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(5)
            connection.connect(str(path))
            connection.sendall(ASKED % b"Forwarded: for=9.9.9.9;proto=https\r\n")
            answer = b""
            while piece := connection.recv(4096):
                answer += piece

    assert b"9.9.9.9 https" in answer
