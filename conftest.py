"""Settings of every suite in this repository."""

import gc
import os
import sys
from pathlib import Path

import pytest
from hypothesis import settings

# Many tests start interpreters. Where bytecode is not to be written, each of them compiles everything again, and
# pytest rewrites every assertion at each run; that is half of the time of a run.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

sys.path.insert(0, str(Path(__file__).parent / "tests" / "processes"))  # also where another ini file is used
from halves import pytest_addoption, pytest_runtestloop, system_close  # noqa: E402, F401 - shares a long run

# A shared machine has pauses that are no fault of the code: no deadline. Forty examples meet what is common, so
# that the suite stays quick; `nox -s fuzz` looks for what is rare.
settings.register_profile("brubeck", deadline=None, max_examples=40, derandomize="CI" in os.environ)
settings.register_profile("fuzz", deadline=None, max_examples=20_000)
settings.load_profile("brubeck")


SET_APART = {Path(__file__).parent / "tests" / name: f"not {name}" for name in ("live", "packaging", "fuzz")}

gc.disable()  # what is collected stays until the end


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Import nothing of a folder of which `-m` chooses nothing, unless it was asked for."""
    if SET_APART.get(collection_path, "nothing") not in config.option.markexpr:
        return None
    is_asked_for = any(f"tests/{collection_path.name}" in argument for argument in config.args)
    return None if is_asked_for else True


def pytest_collection_finish(session: pytest.Session) -> None:
    """Spare the garbage collector the thousands of tests."""
    gc.freeze()
    gc.enable()


@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish() -> None:
    """Let pytest remove what earlier runs left: gevent closes a folder when its hub runs, but removing runs no hub.

    A tree of a thousand folders would need as many descriptors.
    """
    os.close = system_close()
