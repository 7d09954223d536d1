"""Programs that share an interpreter's start: each a process of its own, forked where its first import is done.

To import `brubeck.request_handling` takes longer than most programs of the manual. One that begins with it is forked
from an interpreter that has done that and nothing else, so it finds what a fresh one would have at that
line. Any other program gets an interpreter from its first byte on.
"""

from __future__ import annotations

import ast
import json
import os
import select
import subprocess
import sys
from dataclasses import asdict, dataclass
from pathlib import Path

from halves import close_now

__all__ = ["Forked", "Nursery", "Order", "first_import"]

BEGINNING = "brubeck.request_handling"
BEFORE_OR_AFTER = {"re", "sqlite3", "sys"}
"""Modules that gevent changes as little as what they import, so that the beginning may as well come first."""

MOTHER = f"""
import {BEGINNING}
import json, os, sys
from gevent._hub_local import get_hub_if_exists
from gevent.monkey import get_original
fork, waitpid = (get_original("os", name) for name in ("fork", "waitpid"))
orders, answers = (int(number) for number in sys.argv[1:])
orders = open(orders)
for line in orders:
    assert get_hub_if_exists() is None
    pid = fork()
    if not pid:
        break
    os.write(answers, pid.to_bytes(8, "big"))
    os.write(answers, waitpid(pid, 0)[1].to_bytes(8, "big"))
else:
    os._exit(0)
orders.close()
os.close(answers)
"""
CHILD = """
import json, os, sys
order = json.loads(line)
os.chdir(order["folder"])
log, nothing = os.open(order["log"], os.O_WRONLY | os.O_CREAT), os.open(os.devnull, os.O_RDONLY)
for old, new in ((nothing, 0), (log, 1), (log, 2)):
    os.dup2(old, new)
sys.argv[:] = ["-c"]
exec(compile(order["program"], order["name"], "exec"), {"__name__": "__main__"})
"""


@dataclass(frozen=True)
class Order:
    """A program, the file that its tracebacks name, the folder where it runs, and the file that it writes to."""

    program: str
    name: str
    folder: str
    log: str

    @property
    def line(self) -> str:
        return json.dumps(asdict(self))


def first_import(program: str, folder: Path) -> str:
    """Return the module that *program* imports first, or one of its own modules in *folder* does."""
    nodes = (node for node in ast.walk(ast.parse(program)) if isinstance(node, ast.Import | ast.ImportFrom))
    for node in sorted(nodes, key=lambda node: node.lineno):
        name = (node.module or "") if isinstance(node, ast.ImportFrom) else node.names[0].name
        own = folder / f"{name}.py"
        if own.exists():
            return first_import(own.read_text(), folder)
        if name not in BEFORE_OR_AFTER:
            return name
    return ""


class Forked:
    """A program that was forked, with the methods of `subprocess.Popen` that are needed."""

    def __init__(self, answers: int) -> None:
        self._answers = answers
        self.pid = self._read()
        self.returncode: int | None = None

    def _read(self) -> int:
        return int.from_bytes(os.read(self._answers, 8), "big")

    def poll(self) -> int | None:
        if self.returncode is None and select.select([self._answers], [], [], 0)[0]:
            self.returncode = os.waitstatus_to_exitcode(self._read())
        return self.returncode

    def wait(self, timeout: float) -> int:
        if self.poll() is None:
            select.select([self._answers], [], [], timeout)
        if self.poll() is None:
            raise subprocess.TimeoutExpired("a forked program", timeout)
        return self.poll()

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)


class Nursery:
    """Starts programs, one at a time; with warnings as errors."""

    def __init__(self) -> None:
        orders, self._orders = os.pipe()
        self._answers, answers = os.pipe()
        self._mother = subprocess.Popen(
            [sys.executable, "-W", "error", "-c", MOTHER + CHILD, str(orders), str(answers)],
            pass_fds=[orders, answers],
        )
        close_now(orders)
        close_now(answers)

    def start(self, order: Order) -> Forked | subprocess.Popen[bytes]:
        """Start the program of *order*; fork it if its first import is the beginning."""
        if first_import(order.program, Path(order.folder)) == BEGINNING:
            os.write(self._orders, f"{order.line}\n".encode())
            return Forked(self._answers)
        code = f"line = {order.line!r}\n{CHILD}"
        return subprocess.Popen([sys.executable, "-W", "error", "-c", code])

    def close(self) -> None:
        """End the interpreter that is forked from."""
        close_now(self._orders)
        self._mother.terminate()
        self._mother.wait(10)
        close_now(self._answers)
