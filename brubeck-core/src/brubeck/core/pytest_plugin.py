"""The fixture `client_for`, for every project that has brubeck-core and pytest installed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from brubeck.core.client import Client

__all__ = ["client_for"]


@pytest.fixture
def client_for() -> Iterator[Callable[..., Client]]:
    """Give a function that makes a `Client` for an application, whose plugins run until the end of the test."""
    started: set[Any] = set()

    def make(application: Any, **options: Any) -> Client:
        from brubeck.core.client import Client

        client = Client(application, **options)
        if application not in started:
            lives.enter_context(client)
            started.add(application)
        return client

    with ExitStack() as lives:
        yield make
