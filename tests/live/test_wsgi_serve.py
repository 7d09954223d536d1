"""WSGI applications that others wrote, on our server, watched by the validator of PEP 3333."""

import hashlib
import signal
import socket
import ssl
import subprocess
import time
from contextlib import suppress

import pytest
from brubeck.core.client import SocketClient
from mongrel2_server import raw_exchange
from serving import free_port, started, wait_until

SITE = """
import time
from wsgiref.validate import validator

def flask_app():
    import flask
    app = flask.Flask(__name__)
    app.config['MAX_CONTENT_LENGTH'] = 2**20  # else Werkzeug reads without a size, which the validator refuses

    @app.route('/', methods=['GET', 'POST'])
    def home():
        return f"flask {flask.request.args.get('name')} {len(flask.request.get_data())}"
    return app

def django_app():
    from django.conf import settings
    from django.http import HttpResponse
    from django.urls import path
    settings.configure(ROOT_URLCONF=__name__, ALLOWED_HOSTS=['*'], SECRET_KEY='x' * 50)
    global urlpatterns
    urlpatterns = [path('', lambda request: HttpResponse(f"django {request.GET.get('name')} {len(request.body)}"))]
    from django.core.wsgi import get_wsgi_application
    return get_wsgi_application()

class Lazy:
    def __init__(self, make):
        self.make, self.app = make, None

    def __call__(self, environ, start_response):
        self.app = self.app or validator(self.make())
        return self.app(environ, start_response)

flask_site = Lazy(flask_app)
django_site = Lazy(django_app)

def stubborn():
    yield b'row'
    try:
        time.sleep(60)
    finally:
        time.sleep(60)

def plain(environ, start_response):
    path = environ['PATH_INFO']
    if path == '/file':
        file = open('big.bin', 'rb')
        start_response('200 OK', [('Content-Type', 'application/octet-stream')])
        return environ['wsgi.file_wrapper'](file)
    if path == '/write':
        write = start_response('200 OK', [('Content-Type', 'text/plain')])
        write(b'one ')
        return [b'two']
    if path == '/short':
        start_response('200 OK', [('Content-Type', 'text/plain'), ('Content-Length', '10')])
        return [b'short']
    if path == '/fail':
        raise RuntimeError('secret')
    if path == '/late':
        def pieces():
            yield b'begun'
            raise RuntimeError('secret')
        start_response('200 OK', [('Content-Type', 'text/plain')])
        return pieces()
    if path == '/split':
        start_response('200 OK', [('Content-Type', 'text/plain'), ('X', 'a\\r\\nSet-Cookie: b')])
        return [b'x']
    if path == '/lines':
        start_response('200 OK', [('Content-Type', 'text/plain')])
        return [b'%d' % len(line) + b' ' for line in environ['wsgi.input']]
    if path == '/sleep':
        time.sleep(60)
    start_response('200 OK', [('Content-Type', 'text/plain')])
    if path == '/endless':
        return (time.sleep(0.02) or b'row' for _ in range(10_000))
    if path == '/stubborn':
        return stubborn()
    if path == '/large':
        return [bytes(50_000_000)]
    if path == '/pieces':
        return (b'x' for _ in range(int(environ['QUERY_STRING'])))
    if path in ('/two', '/three'):
        return [environ['wsgi.input'].read({'/two': 2, '/three': 3}[path])]
    return [b'a', b'b', b'']
"""


@pytest.fixture
def site(tmp_path, request):
    (tmp_path / "site_under_test.py").write_text(SITE)
    (tmp_path / "big.bin").write_bytes(bytes(range(256)) * 20_000)
    port = free_port()
    target = f"site_under_test:{request.param}"
    command = ["-m", "brubeck.core.command", "serve", target, "--port", str(port)]
    with started(*command, cwd=tmp_path, port=port) as program:
        yield program


@pytest.mark.parametrize("site", ["flask_site", "django_site"], indirect=True)
def test_frameworks_behave_and_the_validator_has_no_complaint(site):
    name = "flask" if "flask" in site.process.args[4] else "django"
    client = SocketClient(site.url)

    assert client.get("/?name=ann").text == f"{name} ann 0"
    assert client.head("/").body == b""
    if name == "flask":
        assert client.post("/", data=b"x" * 200_000).text == "flask None 200000"
        assert client.put("/").status_code == 405
    assert client.get("/missing").status_code == 404
    assert "AssertionError" not in site.output


@pytest.mark.parametrize("site", ["plain"], indirect=True)
def test_what_pep_3333_asks(site):
    client = SocketClient(site.url)

    whole = client.get("/")
    file = client.get("/file")
    written = client.get("/write")

    assert (whole.text, whole.headers.get("content-length")) == ("ab", "2")
    assert file.headers["content-length"] == str(256 * 20_000)
    assert hashlib.sha256(file.body).digest() == hashlib.sha256(bytes(range(256)) * 20_000).digest()
    assert written.text == "one two"
    assert client.post("/lines", data=b"one\ntwo\nthree").text == "4 4 5 "
    assert (client.get("/fail").status_code, client.get("/fail").text) == (500, "500 Internal Server Error\n")
    assert client.get("/split").status_code == 500
    for path in ("/short", "/late"):
        answer = until_it_breaks(site.port, f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        assert answer.startswith(b"HTTP/1.1 200")
        assert not answer.endswith(b"0\r\n\r\n")
        assert b"secret" not in answer


def until_it_breaks(port, request):
    """Return what came before the server broke the connection off."""
    answer = b""
    with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
        connection.sendall(request)
        with suppress(ConnectionResetError):
            while piece := connection.recv(4096):
                answer += piece
    return answer


def test_a_file_that_is_taken_too_slowly_is_cut(tmp_path):
    """The least rate was never asked for where the kernel sends: the clock began again at each wait."""
    (tmp_path / "site_under_test.py").write_text(SITE)
    with (tmp_path / "big.bin").open("wb") as file:
        file.truncate(100_000_000)
    port = free_port()
    program = (
        "from gevent.monkey import patch_all; patch_all()\n"
        "from brubeck.wsgi import serve\n"
        "from site_under_test import plain\n"
        f"serve(plain, port={port}, min_rate_bytes=20_000_000, rate_grace_s=1)\n"
    )
    with started("-c", program, cwd=tmp_path, port=port), socket.socket() as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
        connection.settimeout(5)
        connection.connect(("127.0.0.1", port))
        connection.sendall(b"GET /file HTTP/1.1\r\nHost: x\r\n\r\n")
        with pytest.raises(ConnectionResetError):
            take_slowly(connection, 10)


@pytest.mark.parametrize("version", [b"1.0", b"1.1"])
@pytest.mark.parametrize("path", [b"/endless", b"/stubborn", b"/large"])
@pytest.mark.parametrize("site", ["plain"], indirect=True)
def test_an_answer_that_a_stop_cuts_short_does_not_pass_for_whole(site, path, version):
    """Its connection was closed in order, which in HTTP/1.0 is how an answer ends."""
    with socket.create_connection(("127.0.0.1", site.port), timeout=5) as connection:
        connection.sendall(b"GET %b HTTP/%b\r\nHost: x\r\n\r\n" % (path, version))
        assert connection.recv(12) == b"HTTP/1.1 200"
        stop_twice(site)

        with pytest.raises(ConnectionResetError):
            take_all(connection)


@pytest.mark.parametrize("site", ["plain"], indirect=True)
def test_a_stop_closes_in_order_where_no_answer_was_begun(site):
    with socket.create_connection(("127.0.0.1", site.port), timeout=5) as connection:
        connection.sendall(b"GET /sleep HTTP/1.0\r\n\r\n")
        time.sleep(0.2)
        stop_twice(site)

        assert connection.recv(100) == b""


@pytest.mark.parametrize("site", ["plain"], indirect=True)
def test_a_second_stop_ends_all_that_are_at_work(site):
    """It ended one, and waited for ever."""
    address = ("127.0.0.1", site.port)
    with (
        socket.create_connection(address, timeout=5) as one,
        socket.create_connection(address, timeout=5) as other,
    ):
        for connection in (one, other):
            connection.sendall(b"GET /endless HTTP/1.0\r\n\r\n")
            connection.recv(12)
        stop_twice(site)

        for connection in (one, other):
            with pytest.raises(ConnectionResetError):
                take_all(connection)
        assert site.process.wait(5) == 0


def take_all(connection):
    while connection.recv(1 << 20):
        pass


def stop_twice(program):
    """The second time is for those who wait no longer."""
    for _ in range(2):
        program.process.send_signal(signal.SIGTERM)
        time.sleep(0.3)


def take_slowly(connection, seconds):
    """Take some 2 MB a second."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if not connection.recv(40_000):
            return
        time.sleep(0.02)


@pytest.mark.parametrize("site", ["plain"], indirect=True)
def test_pieces_of_unknown_number_are_chunks_even_when_there_are_none(site):
    answers = [
        raw_exchange(
            ("127.0.0.1", site.port),
            b"GET /pieces?%d HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n" % count,
        )
        for count in (2, 0)
    ]

    assert all(b"Transfer-Encoding: chunked\r\n" in answer for answer in answers)
    assert answers[0].endswith(b"\r\n\r\n1\r\nx\r\n1\r\nx\r\n0\r\n\r\n")
    assert answers[1].endswith(b"\r\n\r\n0\r\n\r\n")


@pytest.mark.parametrize("site", ["plain"], indirect=True)
def test_a_body_that_is_none_is_a_400_and_no_traceback(site):
    """What the application does not catch of a broken body was a 500 with a traceback."""
    head = b"POST /lines HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
    with socket.create_connection(("127.0.0.1", site.port), timeout=5) as connection:
        connection.sendall(head)
        time.sleep(0.1)
        connection.sendall(b"3\r\nabc\r\nx\r\n")
        answer = connection.recv(4096)

    assert answer.startswith(b"HTTP/1.1 400 ")
    assert b"Connection: close\r\n" in answer
    assert "Traceback" not in site.output


@pytest.mark.parametrize("site", ["plain"], indirect=True)
def test_what_is_malformed_behind_the_content_that_was_read_ends_the_connection(site):
    """How the answer goes depends on what the client sent and the application read, not on packets."""
    head = b"POST %b HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n"
    answers = {
        path: raw_exchange(("127.0.0.1", site.port), head % path + b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        for path in (b"/three", b"/two", b"/write")
    }

    assert answers[b"/three"].startswith(b"HTTP/1.1 200 ")
    assert answers[b"/three"].count(b"HTTP/1.1") == 1
    assert answers[b"/two"].startswith(b"HTTP/1.1 400 ")
    assert answers[b"/write"].startswith(b"HTTP/1.1 400 ")


@pytest.mark.parametrize("site", ["plain"], indirect=True)
def test_http_1_0_gets_no_chunks(site):
    answer = raw_exchange(("127.0.0.1", site.port), b"GET / HTTP/1.0\r\n\r\n")

    assert b"chunked" not in answer.lower()
    assert answer.endswith(b"\r\n\r\nab")


@pytest.mark.parametrize("site", ["plain"], indirect=True)
def test_pipelined_requests_are_answered_in_order(site):
    address = ("127.0.0.1", site.port)
    requests = b"GET /write HTTP/1.1\r\nHost: x\r\n\r\nPOST /lines HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\na\nb"
    answer = raw_exchange(address, requests + b"GET /fail HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")

    assert answer.count(b"HTTP/1.1 200") == 2
    assert answer.index(b"two") < answer.index(b"\r\n\r\n2 1 ") < answer.index(b"HTTP/1.1 500")


@pytest.mark.parametrize("site", ["plain"], indirect=True)
def test_a_chunked_body_and_continue(site):
    with socket.create_connection(("127.0.0.1", site.port), timeout=5) as connection:
        connection.sendall(
            b"POST /lines HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nExpect: 100-continue\r\n"
            b"Connection: close\r\n\r\n"
        )
        assert connection.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.sendall(b"4\r\none\n\r\n3;x=y\r\ntwo\r\n0\r\nX-Trailer: a\r\n\r\n")
        answer = b""
        while piece := connection.recv(4096):
            answer += piece

    assert answer.endswith(b"Content-Length: 4\r\n\r\n4 3 ")


def test_tls_and_unix_sockets(tmp_path):
    (tmp_path / "site_under_test.py").write_text(SITE)
    command = "openssl req -x509 -newkey rsa:2048 -nodes -keyout k.pem -out c.pem -days 2 -subj /CN=localhost"
    subprocess.run(command.split(), cwd=tmp_path, check=True, capture_output=True)
    port = free_port()
    base = ["-m", "brubeck.core.command", "serve", "site_under_test:plain"]
    tls = [*base, "--port", str(port), "--certfile", "c.pem", "--keyfile", "k.pem"]
    with started(*tls, cwd=tmp_path, port=port):
        context = ssl.create_default_context(cafile=str(tmp_path / "c.pem"))
        with (
            socket.create_connection(("127.0.0.1", port), timeout=5) as plain,
            context.wrap_socket(plain, server_hostname="localhost") as connection,
        ):
            connection.sendall(b"GET /write HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            answer = b""
            while piece := connection.recv(4096):
                answer += piece
    assert b"one " in answer
    path = tmp_path / "s"
    with started(*base, "--unix", str(path), cwd=tmp_path, port=port, wait=False):
        wait_until(path.exists, what="the socket")
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(5)
            connection.connect(str(path))
            connection.sendall(b"GET /write HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            time.sleep(0.2)
            assert connection.recv(4096).startswith(b"HTTP/1.1 200")
