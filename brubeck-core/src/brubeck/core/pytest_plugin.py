"""The fixture `client_for`, for every project that has brubeck-core and pytest installed."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from brubeck.core.client import Client

__all__ = ["client_for"]


@pytest.fixture
def client_for() -> Callable[..., Client]:
    """Return a function that makes a `Client` for an application."""

    def make(application: Any, **options: Any) -> Client:
        from brubeck.core.client import Client

        return Client(application, **options)

    return make
