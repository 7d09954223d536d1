"""What the programs of the manual are run by."""

from collections.abc import Iterator

import pytest
from nursery import Nursery


@pytest.fixture(scope="session")
def nursery() -> Iterator[Nursery]:
    """Starts the programs of all pages."""
    nursery = Nursery()
    yield nursery
    nursery.close()
