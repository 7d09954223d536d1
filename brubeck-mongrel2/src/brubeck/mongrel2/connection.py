"""The transport: a socket that pulls messages, a crew that answers them, a socket that publishes the answers."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

import gevent
import zmq
from brubeck.core.connections import Connection
from brubeck.core.errors import ConfigurationError
from brubeck.mongrel2.answering import Answerer, Counters
from brubeck.mongrel2.crew import Crew
from brubeck.mongrel2.intake import Fronts
from brubeck.mongrel2.pacing import SLOWEST_BYTES_PER_S
from brubeck.mongrel2.publishing import Publisher
from brubeck.mongrel2.pulling import Puller
from brubeck.mongrel2.uploads import UploadFolder
from gevent.event import Event

if TYPE_CHECKING:
    from brubeck.core.application import Brubeck

__all__ = ["Mongrel2Connection"]

log = logging.getLogger("brubeck.mongrel2")

PULL_ADDRESS = "tcp://127.0.0.1:9999"
PUB_ADDRESS = "tcp://127.0.0.1:9998"

QUIET_S = 0.01
"""Nothing pulled for so long: what was on its way has arrived."""

LONGEST_WAIT_FOR_QUIET_S = 0.5

LAST_LOOKS = 20
"""How often, a millisecond apart, a disconnected socket is still read: its link closes only while it is used."""


class Mongrel2Connection(Connection):
    """Takes messages from a Mongrel2 server and publishes the answers to it.

    Args:
        pull_addr: Mongrel2's `send_spec`. Without it, `BRUBECK_MONGREL2_PULL`, else the port 9999 of this machine.
        pub_addr: Mongrel2's `recv_spec`. Without it, `BRUBECK_MONGREL2_PUB`, else the port 9998 of this machine.
        upload_folder: The folder of Mongrel2's `upload.temp_store`, on this machine; without it an upload above
            `limits.content_length` is refused.
        max_upload_bytes: Longer uploads are answered with 413.
        trusted_fronts: Addresses or networks of proxies before Mongrel2 whose forwarded headers are believed.
        slowest_bytes_per_s: Streams beyond 140 MiB are paced for clients that read at least this fast.

    Raises:
        ConfigurationError: An address, a folder or a network cannot be used.
    """

    carries_websockets: ClassVar[bool] = False

    def __init__(
        self,
        pull_addr: str | None = None,
        pub_addr: str | None = None,
        *,
        upload_folder: str | Path | None = None,
        max_upload_bytes: int = 2**30,
        trusted_fronts: tuple[str, ...] = (),
        slowest_bytes_per_s: float = SLOWEST_BYTES_PER_S,
    ) -> None:
        self.pull_addr = check_address(pull_addr or os.environ.get("BRUBECK_MONGREL2_PULL") or PULL_ADDRESS)
        self.pub_addr = check_address(pub_addr or os.environ.get("BRUBECK_MONGREL2_PUB") or PUB_ADDRESS)
        folder = upload_folder or os.environ.get("BRUBECK_MONGREL2_UPLOADS")
        self.uploads = UploadFolder(folder, max_upload_bytes) if folder else None
        self.fronts = Fronts(trusted_fronts) if trusted_fronts else None
        self.slowest_bytes_per_s = slowest_bytes_per_s
        self.counters = Counters()
        self._context: zmq.Context[zmq.Socket[bytes]] | None = None
        self._stopped = Event()
        self._is_stopping = False
        self._crew: Crew[bytes] | None = None

    @property
    def address(self) -> str:
        """The addresses of the pair."""
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
        self._context = zmq.Context()
        self._publisher = Publisher(self._context, self.pub_addr)
        self._puller = Puller(self._context, self.pull_addr)
        self._answerer = Answerer(
            application,
            self._publisher,
            self.fronts,
            self.uploads,
            self.slowest_bytes_per_s,
            self.counters,
        )
        self._pool = application.pool
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
        try:
            self._stopped.wait()
        finally:
            clock.stop()
            clock.close()

    def _begin(self) -> None:
        """Take messages from now on: an answer would find its way."""
        if self._is_stopping:
            return
        self._puller.connect()
        self._crew = Crew(
            self._pool,
            self._puller.take,
            self._answerer.handle,
            self._puller.fileno(),
            self._answerer.note_blocked,
        )
        self._crew.start()

    def _server_gone(self) -> None:
        """Forget the clients of a server that has stopped: its successor gives their numbers to others."""
        log.info("The Mongrel2 at %s has gone.", self.pub_addr)
        self._end_taking()
        self._answerer.register.note_all_gone()

    def _end_taking(self) -> None:
        crew, self._crew = self._crew, None
        if crew is not None:
            crew.close()
        self._puller.close()

    def stop(self, timeout_s: float = 30.0) -> None:
        """Take what is on its way, answer it, and have `serve` return; see the manual for what cannot be saved."""
        if not self._is_stopping:
            self._is_stopping = True
            gevent.spawn(self._drain, timeout_s)
        elif timeout_s <= 0:
            self._stopped.set()

    def _drain(self, timeout_s: float) -> None:
        try:
            with gevent.Timeout(max(timeout_s, 0.001), False):
                self._leave()
                while len(self._answerer.register):
                    gevent.sleep(0.005)
        finally:
            self._stopped.set()

    def _leave(self) -> None:
        """Stop taking in the order that was seen to lose the least (read until quiet, disconnect, read again)."""
        if self._crew is None:
            return
        crew = self._crew
        await_quiet(lambda: crew.taken)
        self._puller.disconnect()
        for _ in range(LAST_LOOKS):
            if self._crew is not None:
                self._crew.wake()
            gevent.sleep(0.001)

    def close(self) -> None:
        """Close the sockets."""
        context, self._context = self._context, None
        if context is None:
            return
        self._end_taking()
        self._publisher.close()
        context.term()


def await_quiet(count: Callable[[], int]) -> None:
    """Wait until *count* has stood still for `QUIET_S`; under steady load that may never be."""
    for _ in range(int(LONGEST_WAIT_FOR_QUIET_S / QUIET_S)):
        before = count()
        gevent.sleep(QUIET_S)
        if count() == before:
            return


def check_address(address: str) -> str:
    """Return *address* when ZeroMQ could connect to it."""
    if not isinstance(address, str) or not address.startswith(("tcp://", "ipc://", "inproc://")):
        raise ConfigurationError(f"A Mongrel2 address is tcp://host:port or ipc://path, got {address!r}.")
    return address
