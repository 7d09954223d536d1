"""What becomes of the answer of a WSGI application that fails."""

from __future__ import annotations

import socket
import struct

import gevent
import pytest
from brubeck.wsgi.client import Client
from brubeck.wsgi.limits import Limits
from brubeck.wsgi.server import Server
from brubeck.wsgi.streams import PlainStream
from brubeck.wsgi.wsgigateway import WSGIGateway

RESET = struct.pack("ii", 1, 0)
PLAIN = [("Content-Type", "text/plain")]


@pytest.fixture
def connect(pair):
    """Have an application answer over one end of a pair, with no server that listens."""
    ours, theirs, clients = pair

    def open_client(application, version="HTTP/1.1"):
        server = Server(WSGIGateway(application, ("here", 80), "http"), [], Limits(), 1)
        client = Client(server, PlainStream(ours), ("", 0))
        server.clients.add(client)
        clients.append(client)
        theirs.sendall(f"GET / {version}\r\nHost: here\r\n\r\n".encode())
        return client, theirs

    return open_client


def is_reset(client):
    return client.stream.sock.getsockopt(socket.SOL_SOCKET, socket.SO_LINGER, len(RESET)) == RESET


def breaking_off(exception):
    def application(environ, start_response):
        start_response("200 OK", PLAIN)
        yield b"part"
        raise exception

    return application


def test_a_timeout_before_the_answer_is_a_500(connect, caplog):
    """The connection was reset: gevent's Timeout is no Exception."""

    def application(environ, start_response):
        with gevent.Timeout(0.001):
            gevent.sleep(1)

    client, theirs = connect(application)
    client.run()

    assert theirs.recv(1000).startswith(b"HTTP/1.1 500 ")
    assert len([record for record in caplog.records if record.exc_info]) == 1


def test_a_timeout_within_the_answer_leaves_a_gap_that_is_seen(connect, caplog):
    client, theirs = connect(breaking_off(gevent.Timeout(1)))
    client.run()

    assert theirs.recv(1000).endswith(b"4\r\npart\r\n")
    assert client.closing
    assert len([record for record in caplog.records if record.exc_info]) == 1


def test_an_answer_whose_end_is_the_connections_is_reset_where_its_worker_is_ended(connect):
    """The half of a body looked like the whole: the connection was closed in order."""
    client, theirs = connect(breaking_off(gevent.GreenletExit()), "HTTP/1.0")
    with pytest.raises(gevent.GreenletExit, match=r"^$"):
        client.run()

    assert theirs.recv(1000).endswith(b"\r\n\r\npart")
    assert is_reset(client)


@pytest.mark.parametrize("make", [list, iter])
def test_a_body_longer_than_its_length_is_a_500(connect, caplog, make):
    """The connection was closed without a byte: the head counted as sent before it was."""

    def application(environ, start_response):
        start_response("200 OK", [*PLAIN, ("Content-Length", "3")])
        return make([b"hello"])

    client, theirs = connect(application)
    client.run()

    assert theirs.recv(1000).startswith(b"HTTP/1.1 500 ")
    assert not client.closing


@pytest.mark.parametrize(
    ("lengths", "status"), [(("1", "2"), b"500"), (("2", "1"), b"500"), (("1", "1"), b"200")]
)
def test_two_lengths_that_differ_are_a_500(connect, caplog, lengths, status):
    """The first was believed where it was that of the body."""

    def application(environ, start_response):
        start_response("200 OK", [*PLAIN, *(("Content-Length", length) for length in lengths)])
        return [b"x"]

    client, theirs = connect(application)
    client.run()

    assert theirs.recv(1000).startswith(b"HTTP/1.1 " + status)
