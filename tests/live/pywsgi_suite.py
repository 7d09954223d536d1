"""gevent's own tests of `gevent.pywsgi`, as they are installed, run against our server; the results are JSON.

    python pywsgi_suite.py

Run by path, in a process of its own: the suite patches the standard library and watches gevent's hub. Nothing of
it is copied here. What is put in the place of pywsgi, and what is taken out of a test before it runs, is this file.
"""

from __future__ import annotations

import contextlib
import io
import json
import logging
import re
import sys
import unittest
import warnings

import gevent.tests.test__pywsgi as suite  # patches
from brubeck.wsgi.connection import Endpoint, make_server
from brubeck.wsgi.limits import Limits
from brubeck.wsgi.wsgigateway import WSGIGateway

OWN = "tests a class or a hook of pywsgi's own"
BOTH = "has Content-Length beside Transfer-Encoding, which we refuse (RFC 9112 section 6.1: a server may)"
LEFT_OUT = {
    "TestInputRaw": OWN + ": Input over a file",
    "TestHandlerSubclass": OWN + ": WSGIHandler.read_requestline",
    "TestLogging": OWN + ": LoggingLogAdapter and the form of its log line",
    "TestEnviron": OWN + ": Environ and SecureEnviron",
    "TestWrite304": OWN
    + ": an AssertionError at whoever writes content for 304; here it is dropped (RFC 9110 15.4.5)",
    "TestBody304": OWN
    + ": an AssertionError at whoever writes content for 304; here it is dropped (RFC 9110 15.4.5)",
    "TestContentLength304": "refuses a Content-Length in a 304, which a server may send (RFC 9110 section 8.6)",
    "TestMultiLineHeader": "sends a folded header, which a server may refuse (RFC 9112 section 5.2)",
    "TestConnectionUpgrades.test_connection_upgrade": "sets Connection, which an application must not (PEP 3333)",
    "TestConnectionUpgrades.test_upgrade_websocket": "sets Connection, which an application must not (PEP 3333)",
    "ChunkedInputTests.test_chunked_readline": BOTH,
    "ChunkedInputTests.test_short_read_with_content_length": BOTH,
    "ChunkedInputTests.test_short_read_with_zero_content_length": BOTH,
    "ChunkedInputTests.test_dirt": "has NUL in a chunk extension, which is no token (RFC 9112 section 7.1.1)",
}
"""Tests that are not run, by class or by class and method, each with the reason."""

_without_host = re.compile(rb"((?:GET|POST|PUT) \S+ HTTP/1\.1\r\n)(?!Host: )").match


class WSGIServer:
    """What the suite uses of `pywsgi.WSGIServer`, over our server."""

    def __init__(
        self, address, application, *, certfile=None, keyfile=None, ssl_context=None, handler_class=None,
        log=None, error_log=None,
    ):  # fmt: skip
        endpoint = Endpoint(*address, certfile=certfile, keyfile=keyfile)
        tls = ssl_context or endpoint.tls
        sockets = endpoint.listen()
        self.server_port = endpoint.port
        gateway = WSGIGateway(application, ("localhost", endpoint.port), "https" if tls else "http")
        self._server = make_server(gateway, sockets, Limits(), None, tls)

    def start(self):
        self._serving = suite.gevent.spawn(self._server.serve)

    def stop(self):
        self._server.stop(0)
        self._serving.join()


class ErrorsToHub(logging.Handler):
    """Tells gevent's hub of what our server logs, since that is where the suite looks for errors."""

    def emit(self, record):
        if record.exc_info:
            suite.gevent.get_hub().handle_error(None, *record.exc_info)


class HostAdding(suite.socket.socket):
    """A client that names a host where the suite does not: RFC 9112 section 3.2 has us refuse it without."""

    def send(self, data, flags=0):
        if found := _without_host(bytes(data)):
            line = found[1]
            super().sendall(line + b"Host: localhost\r\n" + bytes(data[len(line) :]))
            return len(data)
        return super().send(data, flags)

    def sendall(self, data, flags=0):
        self.send(data) if _without_host(bytes(data)) else super().sendall(data, flags)


def connect(address):
    client = HostAdding()
    client.connect(address)
    return client


def assert_error(self, kind=None, value=None, error=None, where_type=None):
    """Look for the class of an error; its words and the place it is told from are pywsgi's own."""
    assert issubclass((error or self.get_error())[1], kind or BaseException)


def assert_failure(self, message):
    """Look for a ValueError; its words are pywsgi's own."""
    self.expect_one_error()  # the application ignores it, and so never calls start_response
    with self.makefile() as connection:
        connection.write("GET / HTTP/1.0\r\nHost: localhost\r\n\r\n")
        assert connection.readline() == b"HTTP/1.1 500 Internal Server Error\r\n"
    assert isinstance(self.start_exc, ValueError)


def adapt():
    """Put ours in the place of pywsgi."""
    suite.pywsgi.WSGIServer = WSGIServer
    suite.TestCase.listen_addr = "127.0.0.1"
    suite.TestCase.connect_addr = "127.0.0.1"
    suite.socket.create_connection = connect
    logging.getLogger("brubeck.wsgi").addHandler(ErrorsToHub())
    logging.getLogger("brubeck.wsgi").setLevel(logging.INFO)
    logging.getLogger("brubeck.wsgi").propagate = False
    suite.UnicodeError = ValueError  # for a header that cannot be sent; PEP 3333 names no class
    suite.TestCase.assert_error = assert_error
    suite.TestHTTPResponseSplitting._assert_failure = assert_failure


def tests_of(tests):
    for test in tests:
        if isinstance(test, unittest.TestSuite):
            yield from tests_of(test)
        else:
            yield test


def main():
    warnings.simplefilter("ignore")
    adapt()
    chosen, omitted, unknown = unittest.TestSuite(), {}, set(LEFT_OUT)
    for test in tests_of(unittest.defaultTestLoader.loadTestsFromModule(suite)):
        name = test.id().split("test__pywsgi.")[-1]
        used = name if name in LEFT_OUT else name.partition(".")[0]
        unknown.discard(used)
        reason = LEFT_OUT.get(used)
        if reason:
            omitted[name] = reason
        else:
            chosen.addTest(test)
    output = io.StringIO()
    with contextlib.redirect_stdout(sys.stderr):
        result = unittest.TextTestRunner(output, verbosity=2).run(chosen)
    failed = {test.id().split("test__pywsgi.")[-1]: text for test, text in result.failures + result.errors}
    report = {"ran": result.testsRun, "failed": failed, "left_out": omitted, "unknown": sorted(unknown)}
    sys.stdout.write(json.dumps(report, indent=1))


if __name__ == "__main__":
    main()
