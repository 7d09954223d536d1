"""A long run is shared by a few processes, which fork when everything is collected and take file after file.

Each process takes whole files, so that what is set up for a file is set up once. The parent shows the results of
all. Files with tests marked `greedy`, which need the machine for themselves, it runs when the others have ended.
`--alone` keeps to one process.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import traceback
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from itertools import chain, pairwise
from pathlib import Path
from typing import IO, Any

import pytest

MIN_TESTS = 1000
"""Fewer are done before it matters."""
MIN_LIVE_TESTS = 100
PROCESSES = 2
LIVE_PROCESSES = 3
"""Live tests wait more than they work."""
NUMBER_BYTES = 2
DONE = "done\n"


def system_close() -> Callable[[int], None]:
    """Return the system's `os.close`; gevent's closes pipes and folders only when its hub runs next."""
    monkey = sys.modules.get("gevent.monkey")
    return monkey.get_original("os", "close") if monkey else os.close


def close_now(descriptor: int) -> None:
    """Close a descriptor at once: who waits for the end of a pipe runs no hub."""
    system_close()(descriptor)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the switch."""
    parser.addoption("--alone", action="store_true", help="run all tests in one process")


@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop(session: pytest.Session) -> bool | None:
    """Share the run, if it is long."""
    count = count_of_processes(session)
    if count < 2:
        return None
    folder = session.config._tmp_path_factory.mktemp("halves")  # and makes the folder of all
    files = files_of(session.items)
    greedy = [file for file in files if any(item.get_closest_marker("greedy") for item in file)]
    queue, ended, alive = Queue([file for file in files if file not in greedy]), *os.pipe()
    others: dict[int, Path] = {}
    for number in range(1, count):
        reports = folder / f"reports-{number}"
        reports.touch()
        other = os.fork()
        if not other:
            run_silently(session, queue, reports)
        others[other] = reports
    close_now(alive)
    try:
        run_beside(session, queue, ended, list(others.values()))
        for _ in run(session, greedy):
            pass
    except BaseException:
        for other in others:
            with suppress(ProcessLookupError):
                os.kill(other, signal.SIGTERM)
        raise
    finally:
        close_now(ended)
        for other in others:
            with suppress(ChildProcessError):  # gevent may have been told of its end before
                os.waitpid(other, 0)
    return True


def run_beside(session: pytest.Session, queue: Queue, ended: int, reports: list[Path]) -> None:
    """Run what this process takes, and show what the others write into the files *reports* until they have *ended*."""
    with ExitStack() as stack:
        results = [Results(session, stack.enter_context(path.open())) for path in reports]
        for _ in run(session, queue):
            for result in results:
                result.show()
        os.read(ended, 1)  # returns when nobody is there any more to write
        for result in results:
            result.show()
    for result, path in zip(results, reports, strict=True):
        if not result.is_complete:
            raise RuntimeError(f"One of the processes ended before its tests did.\n{end_of(path)}")


def count_of_processes(session: pytest.Session) -> int:
    options = session.config.option
    if options.collectonly or options.usepdb or options.maxfail or len(os.sched_getaffinity(0)) < 2:
        return 1
    if getattr(options, "alone", False):  # not there where this checkout's settings came late
        return 1
    if any(item.get_closest_marker("live") for item in session.items):
        return LIVE_PROCESSES if len(session.items) >= MIN_LIVE_TESTS else 1
    return PROCESSES if len(session.items) >= MIN_TESTS else 1


def files_of(items: list[pytest.Item]) -> list[list[pytest.Item]]:
    files: dict[Path, list[pytest.Item]] = {}
    for item in items:
        files.setdefault(item.path, []).append(item)
    return list(files.values())


class Queue:
    """The files that nobody has taken yet: their numbers are in a pipe that both processes read."""

    def __init__(self, files: list[list[pytest.Item]]) -> None:
        self.files = files
        self._numbers, numbers = os.pipe()
        os.write(numbers, b"".join(number.to_bytes(NUMBER_BYTES) for number in range(len(files))))
        close_now(numbers)

    def __iter__(self) -> Iterator[list[pytest.Item]]:
        while number := os.read(self._numbers, NUMBER_BYTES):
            yield self.files[int.from_bytes(number)]


def run(session: pytest.Session, files: Iterable[list[pytest.Item]]) -> Iterator[None]:
    """Run what this process takes of *files*, and yield after each."""
    items = chain.from_iterable(files)
    for item, following in pairwise(chain(items, [None])):
        item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
        if session.shouldfail:
            raise session.Failed(session.shouldfail)
        if session.shouldstop:
            raise session.Interrupted(session.shouldstop)
        if following is None or following.path != item.path:
            yield


def run_silently(session: pytest.Session, queue: Queue, reports: Path) -> None:
    """Run what this process takes, write the reports into the file *reports*, and end the process."""
    try:
        with reports.open("a") as lines, Path(os.devnull).open("w") as nowhere:
            separate(session.config, nowhere)
            session.config.pluginmanager.register(Reporter(session.config, lines))
            for _ in run(session, queue):
                pass
            session.config._ensure_unconfigure()  # where pytest complains of what was left open
            lines.write(DONE)
    except BaseException:
        with end_file(reports).open("w") as end:
            traceback.print_exc(file=end)
    finally:
        os._exit(0)


def end_file(reports: Path) -> Path:
    return reports.with_name(f"end-of-{reports.name}")


def end_of(reports: Path) -> str:
    end = end_file(reports)
    return end.read_text() if end.exists() else "It may have crashed, or a test may have ended it."


def separate(config: pytest.Config, nowhere: IO[str]) -> None:
    """Give this process files of its own to capture in, and let the terminal to the other."""
    config.pluginmanager.get_plugin("terminalreporter")._tw._file = nowhere
    capture = config.pluginmanager.get_plugin("capturemanager")
    capture.stop_global_capturing()
    capture.start_global_capturing()


@dataclass(eq=False)  # pytest keeps plugins in sets
class Reporter:
    """Writes each report as a line."""

    config: pytest.Config
    lines: IO[str]

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        fields = self.config.hook.pytest_report_to_serializable(config=self.config, report=report)
        self.lines.write(json.dumps(fields) + "\n")
        self.lines.flush()


@dataclass
class Results:
    """What the other process has written of its tests."""

    session: pytest.Session
    lines: IO[str]
    is_complete: bool = False
    begun: str = ""  # of a line that was not yet written to its end

    def show(self) -> None:
        """Show the reports that have come since."""
        for piece in self.lines:
            line, self.begun = self.begun + piece, ""
            if not line.endswith("\n"):
                self.begun = line
            elif line == DONE:
                self.is_complete = True
            else:
                self._show_report(json.loads(line))

    def _show_report(self, fields: dict[str, Any]) -> None:
        hook, config = self.session.config.hook, self.session.config
        report = hook.pytest_report_from_serializable(config=config, data=fields)
        if report.when == "setup":
            hook.pytest_runtest_logstart(nodeid=report.nodeid, location=report.location)
        hook.pytest_runtest_logreport(report=report)
        if report.when == "teardown":
            hook.pytest_runtest_logfinish(nodeid=report.nodeid, location=report.location)
