"""The transport: a socket that pulls messages, a crew that answers them, a socket that publishes the answers."""

from __future__ import annotations

import logging
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import gevent
import zmq
from brubeck.core.connections import DRAIN_TIMEOUT_S, Connection
from brubeck.core.errors import ConfigurationError
from brubeck.core.fronts import Fronts
from brubeck.mongrel2.answering import Answerer
from brubeck.mongrel2.balanced import BalancedSource
from brubeck.mongrel2.crew import Crew
from brubeck.mongrel2.outlets import RETRY_S, Counters, GatheringOutlet
from brubeck.mongrel2.pacing import SLOWEST_BYTES_PER_S
from brubeck.mongrel2.publishing import Publisher
from brubeck.mongrel2.sources import DirectSource, Source
from brubeck.mongrel2.uploads import UploadFolder
from gevent.event import Event

if TYPE_CHECKING:
    from brubeck.core.application import Brubeck

__all__ = ["Mongrel2Connection"]

log = logging.getLogger("brubeck.mongrel2")

PULL_ADDRESS = "tcp://127.0.0.1:9999"
PUB_ADDRESS = "tcp://127.0.0.1:9998"

SWEEP_S = 5.0
"""How often WebSockets are asked whether they are there."""


class Mongrel2Connection(Connection):
    """Takes messages from a Mongrel2 server and publishes the answers to it.

    Args:
        pull_addr: Mongrel2's `send_spec`. Without it, `BRUBECK_MONGREL2_PULL`, else the port 9999 of this machine.
        pub_addr: Mongrel2's `recv_spec`. Without it, `BRUBECK_MONGREL2_PUB`, else the port 9998 of this machine.
        upload_folder: The folder of Mongrel2's `upload.temp_store`, on this machine; without it an upload above
            `limits.content_length` is refused.
        max_upload_bytes: Longer uploads are answered with 413.
        trusted_fronts: Addresses or networks of proxies before Mongrel2 whose forwarded headers are believed;
            see `Fronts`. Mongrel2 puts the peer's address into `X-Forwarded-For`, over what a front wrote, unless it
            has the setting `no_clobber_xff`.
        balancer: The address of `brubeck mongrel2 balance`, in the place of *pull_addr*. Without it,
            `BRUBECK_MONGREL2_BALANCER`.
        slowest_bytes_per_s: Streams beyond 140 MiB are paced for clients that read at least this fast.

    Raises:
        ConfigurationError: An address, a folder or a network cannot be used.
    """

    carries_websockets: ClassVar[bool] = True

    def __init__(
        self,
        pull_addr: str | None = None,
        pub_addr: str | None = None,
        *,
        upload_folder: str | Path | None = None,
        max_upload_bytes: int = 2**30,
        trusted_fronts: tuple[str, ...] = (),
        balancer: str | None = None,
        slowest_bytes_per_s: float = SLOWEST_BYTES_PER_S,
    ) -> None:
        self.pull_addr = check_address(pull_addr or os.environ.get("BRUBECK_MONGREL2_PULL") or PULL_ADDRESS)
        self.pub_addr = check_address(pub_addr or os.environ.get("BRUBECK_MONGREL2_PUB") or PUB_ADDRESS)
        balancer = balancer or os.environ.get("BRUBECK_MONGREL2_BALANCER")
        self.balancer = check_address(balancer) if balancer else None
        folder = upload_folder or os.environ.get("BRUBECK_MONGREL2_UPLOADS")
        self.uploads = UploadFolder(folder, max_upload_bytes) if folder else None
        self.fronts = Fronts(trusted_fronts) if trusted_fronts else None
        self.slowest_bytes_per_s = slowest_bytes_per_s
        self.counters = Counters()
        self._context: zmq.Context[zmq.Socket[bytes]] | None = None
        self._stopped = Event()
        self._is_stopping = False
        self._crew: Crew[Any] | None = None

    def with_options(self, **options: Any) -> Connection:
        """Return a connection with the settings of this one, but for *options*."""
        own: dict[str, Any] = {
            "pull_addr": self.pull_addr,
            "pub_addr": self.pub_addr,
            "balancer": self.balancer,
            "slowest_bytes_per_s": self.slowest_bytes_per_s,
        }
        if self.uploads is not None:
            own |= {"upload_folder": self.uploads.path, "max_upload_bytes": self.uploads.max_bytes}
        return self.from_options(**{**own, **options})

    @property
    def address(self) -> str:
        """The addresses of the pair."""
        if self.balancer:
            return f"the Mongrel2 at {self.pub_addr} by way of the balancer at {self.balancer}"
        return f"the Mongrel2 at {self.pull_addr} and {self.pub_addr}"

    @property
    def is_taking(self) -> bool:
        """Whether the server has been found and messages are taken."""
        return self._crew is not None

    def open(self, application: Brubeck) -> None:
        """Connect the sockets; the pulling one follows when the server has subscribed to the publishing one.

        Raises:
            ConfigurationError: An address cannot be used.
        """
        self._stopped.clear()
        self._is_stopping = False
        context = self._context = zmq.Context()
        publisher = self._publisher = Publisher(context, self.pub_addr)
        outlet = self._outlet = GatheringOutlet(publisher)
        settings = (self.fronts, self.uploads, self.slowest_bytes_per_s, self.counters)
        answerer = self._answerer = Answerer(application, outlet, *settings)
        if self.balancer:
            balanced = BalancedSource(context, self.balancer, answerer, application.pool)
            answerer.sockets.affinity = balanced
            self._source: Source = balanced
        else:
            self._source = DirectSource(context, self.pull_addr, answerer, application.pool, outlet)
        self._publisher.on_back = self._begin
        self._publisher.on_gone = self._server_gone

    def serve(self) -> None:
        """Answer until `stop`.

        Blocks:
            The greenlet.
        """
        self._publisher.start()
        self._publisher.check()
        clock = gevent.get_hub().loop.timer(0, 1, ref=False)
        clock.start(self._answerer.refresh_date)
        sweeper = gevent.spawn(self._sweep)
        try:
            self._stopped.wait()
        finally:
            sweeper.kill()
            clock.stop()
            clock.close()

    def _sweep(self) -> None:
        while True:
            gevent.sleep(SWEEP_S)
            self._answerer.sockets.sweep()

    def _begin(self) -> None:
        """Take messages from now on: an answer would find its way."""
        if self._is_stopping or (self._crew is not None and self.balancer):
            return
        self._crew = self._source.begin()
        self._crew.start()

    def _server_gone(self) -> None:
        """Forget the clients of a server that has stopped: its successor gives their numbers to others."""
        log.info("The Mongrel2 at %s has gone.", self.pub_addr)
        self._source.pause()
        self._outlet.clear()
        if not self.balancer:
            self._crew = None
        self._answerer.give_up()

    def stop(self, timeout_s: float = DRAIN_TIMEOUT_S) -> None:
        """Take what is on its way, answer it, and have `serve` return; see the manual for what cannot be saved."""
        if not self._is_stopping:
            self._is_stopping = True
            gevent.spawn(self._drain, timeout_s)
        elif timeout_s <= 0:
            self._stopped.set()

    def _drain(self, timeout_s: float) -> None:
        try:
            with gevent.Timeout(max(timeout_s, 0.001), False):
                if self._crew is not None:
                    self._source.leave()
                    goodbyes = self._answerer.sockets.close_all()
                    self._source.work_off()
                    while self._crew is not None and not self._crew.wait(0.1):
                        pass
                    self._source.finish()
                    gevent.joinall(goodbyes)  # last: one that blocks must not keep the rest from the balancer
                    while not self._outlet.flush():
                        gevent.sleep(RETRY_S)
        finally:
            self._stopped.set()

    def close(self) -> None:
        """Close the sockets."""
        context, self._context = self._context, None
        if context is None:
            return
        self._source.close()
        self._crew = None
        self._publisher.close()
        context.term()


def check_address(address: str) -> str:
    """Return *address* when ZeroMQ could connect to it."""
    if not isinstance(address, str) or not address.startswith(("tcp://", "ipc://", "inproc://")):
        raise ConfigurationError(f"A Mongrel2 address is tcp://host:port or ipc://path, got {address!r}.")
    return address
