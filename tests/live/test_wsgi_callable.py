"""`app.wsgi` under other people's servers, and under the validator of PEP 3333."""

import sys
from io import BytesIO
from wsgiref.util import setup_testing_defaults
from wsgiref.validate import validator

import pytest
from brubeck.core.application import Brubeck
from brubeck.core.client import SocketClient
from brubeck.core.contracts import contract_application
from brubeck.core.handlers import WebMessageHandler
from serving import ask_at_once, free_port, started

PROGRAM = """
import time
from brubeck.request_handling import Brubeck, WebMessageHandler

class SleepingHandler(WebMessageHandler):
    def get(self):
        time.sleep(1)
        return f"awake, {self.get_argument('name', 'dude')}"

    def post(self):
        return self.message.body

app = Brubeck(handler_tuples=[(r'^/', SleepingHandler)]).wsgi
"""


def test_under_gunicorn_with_gevent(tmp_path):
    (tmp_path / "shop.py").write_text(PROGRAM)
    port = free_port()
    command = ["-m", "gunicorn", "-k", "gevent", "--bind", f"127.0.0.1:{port}", "shop:app"]
    with started(*command, cwd=tmp_path, port=port) as program:
        client = SocketClient(program.url)
        answers, took = ask_at_once(port, "/?name=ann", 50)
        posted = client.post("/", data=b"x" * 100_000)
        head = client.head("/")
        refused = client.delete("/")

    assert all(answer.endswith(b"awake, ann") for answer in answers)
    assert took < 2.5
    assert posted.body == b"x" * 100_000
    assert (head.status_code, head.body, refused.status_code) == (200, b"", 405)


REQUESTS = [
    ("GET", "/echo", "name=x", b""),
    ("HEAD", "/echo", "", b""),
    ("POST", "/echo", "", b"body"),
    ("DELETE", "/echo", "", b""),
    ("OPTIONS", "/echo", "", b""),
    ("GET", "/stream", "", b""),
    ("HEAD", "/stream", "", b""),
    ("GET", "/empty", "", b""),
    ("GET", "/nowhere", "", b""),
    ("GET", "/cookies", "", b""),
    ("GET", "/fail/raise", "", b""),
    ("GET", "/fail/redirect", "", b""),
    ("GET", "/data", "", b""),
    ("GET", "/path/\xc3\xbc", "", b""),
]


@pytest.mark.parametrize(("method", "path", "query", "body"), REQUESTS)
def test_the_validator_has_no_complaint(method, path, query, body, caplog):
    environ = {
        "REQUEST_METHOD": method,
        "PATH_INFO": path,
        "SCRIPT_NAME": "",
        "QUERY_STRING": query,
        "wsgi.input": BytesIO(body),
    }
    if body:
        environ["CONTENT_LENGTH"] = str(len(body))
    setup_testing_defaults(environ)
    environ["wsgi.errors"] = sys.stderr
    seen = []

    result = validator(contract_application().wsgi)(environ, lambda *arguments: seen.append(arguments))
    try:
        content = b"".join(result)
    finally:
        result.close()

    assert len(seen) == 1
    assert method != "HEAD" or content == b""


def test_a_body_is_read_no_further_than_it_was_announced():
    class Echo(WebMessageHandler):
        def post(self):
            return self.message.body

    environ = {
        "REQUEST_METHOD": "POST",
        "PATH_INFO": "/",
        "SCRIPT_NAME": "",
        "wsgi.input": BytesIO(b"bodyGET /next"),
        "CONTENT_LENGTH": "4",
    }
    setup_testing_defaults(environ)

    assert b"".join(Brubeck(handler_tuples=[("^/", Echo)]).wsgi(environ, lambda *a: None)) == b"body"
