"""Run a store of an example that listens to Redis, as its application does."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import gevent
from brubeck.connections import WSGIConnection
from brubeck.request_handling import Brubeck

END = "the end"


@contextmanager
def listening(store: Any, channel: str) -> Iterator[None]:
    """Have *store* hear what is told on *channel*, again where it was cut off; close its connections at the end."""
    app = Brubeck(msg_conn=WSGIConnection(port=0), plugins=[store.polls])
    app.add_task(store.hear, every_s=0.2)
    running = gevent.spawn(app.run)
    try:
        yield
        wait_until_heard(store, channel)
    finally:
        app.stop(1)
        running.join(5)
        store.redis.connection_pool.disconnect()


def wait_until_heard(store: Any, channel: str) -> None:
    """Wait until *store* has heard all that was told: ended while it connects, redis leaves its socket unclosed."""
    looks = iter([False, True])
    waiting = gevent.spawn(store.polls.wait, END, lambda: next(looks))
    gevent.sleep(0)
    store.redis.publish(channel, END)
    waiting.join(5)
    assert waiting.successful(), f"nothing heard on {channel}"
