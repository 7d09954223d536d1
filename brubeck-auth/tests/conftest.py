"""What the tests of users share: cheap hashes, and a clock that stands still."""

import time
from collections.abc import Iterator

import pytest
from brubeck.auth import PasswordCost, set_password_cost
from brubeck.auth.passwords import DEFAULT_COST

SECRET = "ein Geheimnis nur für diese Tests"


@pytest.fixture(scope="session", autouse=True)
def cheap_passwords() -> Iterator[None]:
    """Real argon2id, with the least memory that it takes."""
    set_password_cost(PasswordCost(memory_kib=8, passes=1, lanes=1))
    yield
    set_password_cost(DEFAULT_COST)


class Clock:
    """What `time.time` and `time.monotonic` say, until it is set on."""

    def __init__(self, now: float) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now

    def go(self, seconds: float) -> None:
        """Let *seconds* pass."""
        self.now += seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """A clock that stands still."""
    frozen = Clock(1_800_000_000.0)
    monkeypatch.setattr(time, "time", frozen)
    monkeypatch.setattr(time, "monotonic", frozen)
    return frozen


@pytest.fixture
def secret() -> str:
    """A secret that signs."""
    return SECRET
