"""A transport of its own: `GET /path` in a line, and back a line with status and length, and the body."""

from typing import Any

from brubeck.connections import Connection, Request, decode_path
from gevent.event import Event
from gevent.server import StreamServer


class LagoonConnection(Connection):
    """Answers a line at *host* and *port*."""

    def __init__(self, host: str = "127.0.0.1", port: int = 0) -> None:
        self._address = (host, port)
        self._stopped = Event()

    def open(self, application: Any) -> None:
        self._application = application
        self._server = StreamServer(self._address, self._answer, spawn=application.pool)
        self._server.start()

    def serve(self) -> None:
        self._stopped.wait()

    def stop(self, timeout_s: float = 30.0) -> None:
        self._server.stop(timeout_s)
        self._stopped.set()

    @property
    def address(self) -> str:
        return f"lagoon://{self._server.server_host}:{self._server.server_port}"

    def _answer(self, client: Any, peer: tuple[str, int]) -> None:
        with client.makefile("rwb") as stream:
            method, target = stream.readline().decode("ascii").split()
            path, _, query = target.partition("?")
            message = Request(method, decode_path(path.encode()), query=query, remote_addr=peer[0])
            response = self._application.dispatch(message)
            body = response.body if isinstance(response.body, bytes) else b"".join(response.body)
            response.close()
            stream.write(b"%d %d\n%b" % (response.status_code, len(body), body))
