"""Our server under Gunicorn: `gunicorn -k brubeck.wsgi.gunicorn.Worker app:app.wsgi`.

Gunicorn keeps the processes, the listeners and the signals; each worker answers with our parser, limits and greenlets.
"""

from __future__ import annotations

import ipaddress
import os
import socket
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import nullcontext
from datetime import timedelta
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import gevent
from brubeck.core import greenlets
from brubeck.core.loading import load_object
from brubeck.wsgi.callable import WSGIApplication
from brubeck.wsgi.connection import make_server
from brubeck.wsgi.environ import base_environ, make_environ
from brubeck.wsgi.gateways import BrubeckGateway
from brubeck.wsgi.limits import Limits
from brubeck.wsgi.wsgigateway import WSGIGateway
from gevent.event import Event
from gunicorn.sock import ssl_context  # type: ignore[import-untyped]
from gunicorn.workers.base import Worker as GunicornWorker  # type: ignore[import-untyped]

if TYPE_CHECKING:
    from brubeck.core.application import Brubeck
    from brubeck.wsgi.exchange import Exchange

__all__ = ["Worker"]

HEARTBEAT_S = 1.0
"""Between two signs of life; Gunicorn's `--timeout` is half a minute."""
LEAST_TIMEOUT_S = 0.5

Application = Callable[..., Iterable[bytes]]


class Worker(GunicornWorker):  # type: ignore[misc]
    """Serves Gunicorn's listeners until Gunicorn says otherwise.

    `--worker-connections` bounds the requests in work; idle connections cost too little to be counted. Of
    `--access-logformat`, response headers are `-`.
    """

    def init_process(self) -> None:
        """Make the process gevent's before the application is imported in it."""
        greenlets.patch()
        gevent.reinit()
        self._wake = Event()
        super().init_process()

    def load_wsgi(self) -> None:
        """Load the application; an attribute of one (`app:app.wsgi`) too, which Gunicorn does not read by itself."""
        target = getattr(self.app, "app_uri", None) or ""
        if self.app.callable is None and "." in target.partition(":")[2].partition("(")[0]:
            self.app.chdir()
            self.app.callable = load_object(target)
        super().load_wsgi()

    def run(self) -> None:
        """Serve, with a sign of life now and then; drain once `alive` is false.

        A Brubeck application has its hooks and tasks around this, as under `run()`.

        Blocks:
            As long as it serves.
        """
        sockets = [socket.socket(fileno=listener.sock.detach()) for listener in self.sockets]
        for listener in sockets:
            listener.setblocking(False)
        tls = ssl_context(self.cfg) if self.cfg.is_ssl else None
        gateway = Gateway(self, server_name(sockets[0]), "https" if tls else "http")
        server = make_server(
            gateway,
            sockets,
            read_limits(self.cfg),
            self.cfg.worker_connections,
            tls,
            shares_listeners=self.cfg.workers > 1,
        )
        application = self.wsgi.application if isinstance(self.wsgi, WSGIApplication) else None
        with application.started() if application else nullcontext():
            serving = gevent.spawn(server.serve)
            while self.alive and not serving.ready():
                self.notify()
                self._wake.wait(HEARTBEAT_S)
            if application:
                application.announce_stop()
            server.stop(self.cfg.graceful_timeout)
            while not serving.ready():
                self.notify()
                serving.join(HEARTBEAT_S)

    def notify(self) -> None:
        """Give a sign of life; drain when there is nobody left to see it."""
        super().notify()
        if self.ppid != os.getppid():
            self.log.info("Parent changed, shutting down: %s", self)
            self.alive = False

    def count_request(self) -> None:
        """Count an answer; at `--max-requests` the worker drains, and Gunicorn starts another."""
        self.nr += 1
        if self.nr >= self.max_requests and self.alive:
            self.log.info("Autorestarting worker after current request.")
            self.alive = False
            self._wake.set()

    def handle_exit(self, sig: int, frame: Any) -> None:
        """SIGTERM: drain."""
        super().handle_exit(sig, frame)
        self._wake.set()

    def handle_quit(self, sig: int, frame: Any) -> None:
        """SIGQUIT and SIGINT: leave; in a greenlet, since a hook of Gunicorn's may block."""
        gevent.spawn(super().handle_quit, sig, frame)

    def handle_usr1(self, sig: int, frame: Any) -> None:
        """SIGUSR1: open the logs anew; in a greenlet, since that may block."""
        gevent.spawn(super().handle_usr1, sig, frame)


class Gateway:
    """The application, seen by Gunicorn: what is counted, logged and taken from a proxy.

    A Brubeck application is answered the short way, without an environ.

    Args:
        worker: Whose application it is.
        server: Host and port it is reached at.
        scheme: `http` or `https`.
    """

    def __init__(self, worker: Worker, server: tuple[str, int], scheme: str) -> None:
        cfg, application = worker.cfg, worker.wsgi
        self._base = base_environ(server, scheme, multiprocess=cfg.workers > 1)
        self._worker = worker
        self._is_logging = (
            worker.log.access_log_enabled if hasattr(worker.log, "access_log_enabled") else True
        )
        self._begun: dict[Exchange, float] = {}
        if isinstance(application, WSGIApplication):
            self._answer = short_way(application.application, server, scheme, self.note, cfg)
        else:
            self._answer = WSGIGateway(
                behind_proxy(application, cfg), server, scheme, self.note, multiprocess=cfg.workers > 1
            )

    def __call__(self, exchange: Exchange) -> None:
        """Answer *exchange*."""
        if self._is_logging:
            self._begun[exchange] = time.monotonic()
        self._answer(exchange)

    def note(self, exchange: Exchange, status_code: int) -> None:
        """Count and log an answer."""
        self._worker.count_request()
        if self._is_logging:
            took = timedelta(seconds=time.monotonic() - self._begun.pop(exchange))
            response = SimpleNamespace(status=str(status_code), headers=[], sent=exchange.sent_bytes)
            environ = make_environ(exchange, self._base)
            names = [
                (name.decode("latin-1"), value.decode("latin-1"))
                for name, value in exchange.head.fields.headers
            ]
            self._worker.log.access(response, SimpleNamespace(headers=names), environ, took)


def read_limits(cfg: Any) -> Limits:
    """Return our limits with those that Gunicorn has a setting for; 0 is Gunicorn's word for ours."""
    given = {
        "max_target_bytes": cfg.limit_request_line,
        "max_headers": cfg.limit_request_fields,
        "keep_alive_timeout_s": max(cfg.keepalive, LEAST_TIMEOUT_S),
    }
    return Limits.from_options({name: value for name, value in given.items() if value})


def server_name(listener: socket.socket) -> tuple[str, int]:
    """Return host and port of *listener*, which may be a path."""
    name = listener.getsockname()
    return (name[0], name[1]) if isinstance(name, tuple) else ("localhost", 80)


def short_way(
    application: Brubeck,
    server: tuple[str, int],
    scheme: str,
    note: Callable[[Exchange, int], None],
    cfg: Any,
) -> Callable[[Exchange], None]:
    """Return what answers with *application*, believing a proxy as `behind_proxy` does."""
    plain = BrubeckGateway(application, server, scheme, note)
    secure = BrubeckGateway(application, server, "https", note)
    claims = {(name.lower().encode(), value.encode()) for name, value in cfg.secure_scheme_headers.items()}
    is_trusted = trust(cfg.forwarded_allow_ips)

    def answer(exchange: Exchange) -> None:
        for name, value in exchange.head.fields.headers:
            if (name.lower(), value) in claims and is_trusted(exchange.client.peer[0]):
                secure(exchange)
                return
        plain(exchange)

    return answer


def behind_proxy(application: Application, cfg: Any) -> Application:
    """Return *application* as one that believes what a proxy in `--forwarded-allow-ips` says of the scheme."""
    secure = {
        "HTTP_" + name.upper().replace("-", "_"): value for name, value in cfg.secure_scheme_headers.items()
    }
    is_trusted = trust(cfg.forwarded_allow_ips)

    def application_behind_proxy(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        if says_secure(environ, secure) and is_trusted(environ["REMOTE_ADDR"]):
            environ["wsgi.url_scheme"] = "https"
        return application(environ, start_response)

    return application_behind_proxy


def says_secure(environ: Mapping[str, Any], secure: Mapping[str, str]) -> bool:
    """Say whether a header claims that the client spoke TLS to the proxy."""
    return any(environ.get(name) == value for name, value in secure.items())


def trust(addresses: Iterable[str]) -> Callable[[str], bool]:
    """Return what says whether a peer is among *addresses* (networks too, `*` for all); one on a unix socket is."""
    if "*" in addresses:
        return lambda address: True
    networks = [ipaddress.ip_network(address, strict=False) for address in addresses]
    return lambda address: (
        not address or any(ipaddress.ip_address(address) in network for network in networks)
    )
