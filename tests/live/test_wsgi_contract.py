"""The contract of every transport, over the embedded server: Brubeck's own way, and as a WSGI application."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from brubeck.core.client import SocketClient
from brubeck.core.contracts import ConnectionContract
from brubeck.wsgi import WSGIConnection
from mongrel2_server import in_thread, wait_until


@contextmanager
def served(application: Any) -> Iterator[SocketClient]:
    connection = application.msg_conn = WSGIConnection(port=0)
    with in_thread(application):
        wait_until(lambda: connection.port != 0, what="the port")
        yield SocketClient(f"http://127.0.0.1:{connection.port}")


class TestEmbeddedServer(ConnectionContract):
    def serve(self, application: Any) -> Any:
        return served(application)
