"""The contract of every transport, over a real Mongrel2: with typed netstrings and with JSON."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from brubeck.core.client import SocketClient
from brubeck.core.contracts import ConnectionContract
from brubeck.mongrel2 import Mongrel2Connection
from mongrel2_server import Mongrel2, in_thread, wait_until

pytestmark = pytest.mark.live("mongrel2")


@contextmanager
def served(application: Any, server: Mongrel2) -> Iterator[SocketClient]:
    """Run *application* behind *server* in a thread, which has a hub of its own."""
    connection = application.msg_conn = Mongrel2Connection(*server.pair, upload_folder=server.upload_folder)
    with in_thread(application):
        wait_until(lambda: connection.is_taking, what="the connection")
        yield SocketClient(server.url)


class Mongrel2Contract(ConnectionContract):
    server: Mongrel2

    def serve(self, application: Any) -> Any:
        return served(application, self.server)


class TestTnetstrings(Mongrel2Contract):
    @pytest.fixture(autouse=True, scope="class")
    @classmethod
    def _server(cls) -> Iterator[None]:
        with Mongrel2() as cls.server:
            yield


class TestJSON(Mongrel2Contract):
    @pytest.fixture(autouse=True, scope="class")
    @classmethod
    def _server(cls) -> Iterator[None]:
        with Mongrel2(protocol="json") as cls.server:
            yield
