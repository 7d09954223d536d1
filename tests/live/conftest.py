"""Live tests run where their servers are, and are skipped with one line that says so where they are not.

A test says what it needs with `@pytest.mark.live("mongrel2", "wrk")`: commands out of `[tool.brubeck.live-
services]` in the root pyproject.toml, the one list, from which `dev.py test` installs. All in this folder
is marked `live`.

On CI (`CI=true`) and with `BRUBECK_LIVE=require` nothing is skipped: a missing server stops the run.
"""

import brubeck.request_handling  # noqa: F401, I001 - patches, before a test imports what is patched

import os
import resource
import shutil
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

_, MOST_FILES = resource.getrlimit(resource.RLIMIT_NOFILE)
resource.setrlimit(
    resource.RLIMIT_NOFILE, (65_536 if MOST_FILES < 0 else min(MOST_FILES, 65_536), MOST_FILES)
)
"""Thousands of clients, and Mongrel2, which keeps a quarter for each of its ends, need more than the usual 1,024."""

HERE = Path(__file__).parent
SERVICES: dict[str, str] = tomllib.loads((HERE.parents[1] / "pyproject.toml").read_text())["tool"]["brubeck"][
    "live-services"
]
MISSING = {command for command in SERVICES if not shutil.which(command)}

GREEDY = frozenset((
    "listsurf_stores", "mongrel2_balancer", "mongrel2_sleepers", "nojs_stores", "programs", "readify_stores",
    "spotichat_load", "workers_under_load", "wsgi_floods", "wsgi_slow",
))  # fmt: skip
"""The files whose tests measure, or load the machine: they run when the others have ended (`tests/processes`)."""

skipped_commands = pytest.StashKey[set[str]]()


def needed_commands(item: pytest.Item) -> Iterator[str]:
    """Yield the commands that *item* names in its `live` markers."""
    for marker in item.iter_markers("live"):
        for command in marker.args:
            if command not in SERVICES:
                message = (
                    f"{item.nodeid} needs {command!r}, which [tool.brubeck.live-services] does not list."
                )
                raise pytest.UsageError(message)
            yield command


def install_hint(commands: set[str]) -> str:
    """Return the line that brings *commands*."""
    return "sudo apt-get install " + " ".join(sorted({SERVICES[command] for command in commands}))


def pytest_itemcollected(item: pytest.Item) -> None:
    """Mark everything in this folder, before -m chooses."""
    if HERE in item.path.parents:
        item.add_marker(pytest.mark.live)
        if item.path.stem.removeprefix("test_") in GREEDY:
            item.add_marker(pytest.mark.greedy)


@pytest.hookimpl(trylast=True)  # after -m and -k have chosen
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Skip what cannot run here, or refuse to start where nothing may be skipped."""
    lacking = {item: missing for item in items if (missing := MISSING.intersection(needed_commands(item)))}
    commands = config.stash[skipped_commands] = set().union(*lacking.values())
    if commands and (os.environ.get("CI") == "true" or os.environ.get("BRUBECK_LIVE") == "require"):
        names = ", ".join(sorted(commands))
        raise pytest.UsageError(
            f"No live test may be skipped here, and {names} is missing: {install_hint(commands)}"
        )
    for item, missing in lacking.items():
        item.add_marker(pytest.mark.skip(reason=f"live: {', '.join(sorted(missing))} is not installed"))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Say once what was skipped and how to get it."""
    if commands := config.stash.get(skipped_commands, set()):
        reports = terminalreporter.stats.get("skipped", [])
        count = sum("live: " in str(report.longrepr) for report in reports)
        names = ", ".join(sorted(commands))
        terminalreporter.write_line(
            f"{count} live tests skipped without {names}. To run them: {install_hint(commands)}"
        )
