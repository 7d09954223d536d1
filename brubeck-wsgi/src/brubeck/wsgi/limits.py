"""How much a client may ask of the server, and for how long: every number has a name, a default and a reason."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Literal

from brubeck.core.errors import ConfigurationError

__all__ = ["Limits"]


@dataclass(frozen=True, slots=True)
class Limits:
    """What the server takes before it refuses. Pass any of these to `WSGIConnection` or `serve` by name.

    Seconds are kept to within half a second: one timer looks after all connections.

    Args:
        max_target_bytes: Of the request target; 414. RFC 9112 section 3 asks for at least 8000.
        max_head_bytes: Of request line and headers together; 431. Four times what nginx takes in one line.
        max_headers: Header lines in a request; 431. Browsers send about 20, proxies add 10.
        max_body_bytes: Of a request's content; 413. Bodies are streamed, so this only ends the endless ones.
        max_buffered_bytes: A body of known length up to this is awaited before the handler starts, and at most
            this much of a longer one is held while nobody reads it.
        max_chunk_line_bytes: Of a chunk's size and extensions; 400. Nobody sends extensions but attackers.
        max_trailer_bytes: Of the trailers behind a chunked body, which are dropped; 431.
        header_timeout_s: From the first byte of a head to its last, and for the first byte of a new connection;
            408. A head is one packet; ten seconds allow for two lost ones.
        body_timeout_s: For each next byte of a body that the handler waits for, and for a short body unless it
            comes at *min_rate_bytes*; 408.
        keep_alive_timeout_s: Between two requests; the connection is closed. Browsers reuse within seconds.
        write_timeout_s: For a client that takes nothing of its answer; the connection is reset.
        min_rate_bytes: A second, of a body sent or an answer taken, once *rate_grace_s* has been waited; 408 or
            a reset. The figure is that of Kestrel, about a modem of 1985.
        rate_grace_s: Waiting that is forgiven before *min_rate_bytes* counts.
        max_connections: Open at once. Each idle one costs some 2 KiB here and as much in the kernel.
        max_requests: On one connection, then it is closed; 0 is without end. Proxies keep theirs for long.
        when_full: What happens when all greenlets or connections are taken: `wait` leaves requests in the
            kernel's backlog, `refuse` answers 503 with `Retry-After`.
        retry_after_s: What a 503 tells the client to wait.
        linger_s: How long what a refused client still sends is read and dropped, so that it sees the answer.
        drain_s: While stopping, how long idle connections may still send a request that was on its way.
        ping_after_s: A WebSocket's client that was silent so long is asked whether it is there.
        lost_after_s: A WebSocket's client that was silent so long is not: the connection is reset.
        close_after_s: For a WebSocket's client to answer a close frame.
        max_unsent_bytes: Beyond what the kernel holds, of messages to a WebSocket's client that it does not take.
            More makes `send` wait, and ends the connection of one who is sent to by `broadcast`.
    """

    max_target_bytes: int = 8192
    max_head_bytes: int = 32768
    max_headers: int = 100
    max_body_bytes: int = 2**31
    max_buffered_bytes: int = 65536
    max_chunk_line_bytes: int = 512
    max_trailer_bytes: int = 8192
    header_timeout_s: float = 10.0
    body_timeout_s: float = 15.0
    keep_alive_timeout_s: float = 20.0
    write_timeout_s: float = 20.0
    min_rate_bytes: int = 240
    rate_grace_s: float = 5.0
    max_connections: int = 20000
    max_requests: int = 0
    when_full: Literal["wait", "refuse"] = "wait"
    retry_after_s: int = 1
    linger_s: float = 5.0
    drain_s: float = 0.5
    ping_after_s: float = 30.0
    lost_after_s: float = 75.0
    close_after_s: float = 10.0
    max_unsent_bytes: int = 1024 * 1024

    def __post_init__(self) -> None:
        """Refuse what cannot work.

        Raises:
            ConfigurationError: A limit is no number, negative, or zero where that would refuse everything.
        """
        for field in fields(self):
            value = getattr(self, field.name)
            if field.name == "when_full":
                if value not in ("wait", "refuse"):
                    raise ConfigurationError(f"when_full must be 'wait' or 'refuse', got {value!r}.")
            elif isinstance(value, bool) or not isinstance(value, int | float) or value < _least(field.name):
                raise ConfigurationError(
                    f"{field.name} must be a number not below {_least(field.name)}, got {value!r}."
                )

    @classmethod
    def from_options(cls, options: Mapping[str, Any]) -> Limits:
        """Return limits with *options* in the place of the defaults.

        Raises:
            ConfigurationError: An option is no limit; the message lists those that are.
        """
        names = [field.name for field in fields(cls)]
        for name in options:
            if name not in names:
                raise ConfigurationError(f"There is no limit {name!r}; there are {', '.join(names)}.")
        return cls(**options)


_MAY_BE_ZERO = ("max_requests", "min_rate_bytes", "rate_grace_s", "retry_after_s", "linger_s", "drain_s")


def _least(name: str) -> int | float:
    if name in _MAY_BE_ZERO or name.startswith(("max_b", "max_trailer")):
        return 0
    return 0.5 if name.endswith("_s") else 1
