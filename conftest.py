"""Settings of every suite in this repository."""

import gc
import os
import sys

import pytest
from hypothesis import settings

# Many tests start interpreters. Where bytecode is not to be written, each of them compiles everything again, and
# pytest rewrites every assertion at each run; that is half of the time of a run.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

pytest_plugins = ["halves"]

# A shared machine has pauses that are no fault of the code: no deadline. Forty examples meet what is common, so
# that the suite stays quick; `nox -s fuzz` looks for what is rare.
settings.register_profile("brubeck", deadline=None, max_examples=40, derandomize="CI" in os.environ)
settings.register_profile("fuzz", deadline=None, max_examples=20_000)
settings.load_profile("brubeck")


def pytest_collection_finish(session: pytest.Session) -> None:
    """Spare the garbage collector the thousands of tests, which stay until the end."""
    gc.freeze()
