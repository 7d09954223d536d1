"""The tutorial is typed in step by step, and each step is tried with the files that a reader has by then.

What it says about Mongrel2 is in tests/live/test_tutorial_served.py.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from nursery import Nursery, Order
from tutorial import PAGE, STEPS, Step, write_until

DEADLINE_S = 60
CHEAP_PASSWORDS = """
import brubeck.request_handling
from brubeck.auth import PasswordCost, set_password_cost

set_password_cost(PasswordCost(memory_kib=1024))
"""


def run(folder: Path, *command: str) -> str:
    done = subprocess.run(
        [sys.executable, *command],
        cwd=folder, capture_output=True, text=True, timeout=DEADLINE_S, check=False,
        env={**os.environ, "TMPDIR": str(folder)},  # a pytest in a test would tidy up what others left, or use
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def try_step(nursery: Nursery, step: Step, folder: Path) -> None:
    log = folder / "trial.log"
    code = nursery.start(Order(step.trial, "<trial>", str(folder), str(log))).wait(timeout=DEADLINE_S)
    assert code == 0, log.read_text()


@pytest.mark.parametrize("step", [step for step in STEPS if step.trial], ids=lambda step: step.title)
def test_a_step_does_what_it_says(nursery: Nursery, step: Step, tmp_path: Path) -> None:
    write_until(step, tmp_path)

    try_step(nursery, step, tmp_path)


def test_a_step_goes_on_with_the_database_of_the_one_before(nursery: Nursery, tmp_path: Path) -> None:
    """As a reader's does: the migrations of the tutorial bring it up to date."""
    third, fourth = STEPS[2], STEPS[3]
    write_until(third, tmp_path)
    try_step(nursery, third, tmp_path)
    write_until(fourth, tmp_path)
    try_step(nursery, fourth, tmp_path)

    program = "from store import *; print(len(find_links(open_database('listsurf.sqlite3'), 'me')))"
    assert run(tmp_path, "-c", program) == "2\n"


@pytest.mark.parametrize(
    "step", [step for step in STEPS if "python -m pytest" in step.commands], ids=lambda step: step.title
)
def test_the_tests_of_the_tutorial_pass(step: Step, tmp_path: Path) -> None:
    write_until(step, tmp_path)
    (tmp_path / "pytest.ini").touch()  # or pytest would look for its settings above
    (tmp_path / "conftest.py").write_text(CHEAP_PASSWORDS)

    assert re.search(r"\d\d passed", run(tmp_path, "-m", "pytest", "-q"))


def test_it_has_the_order_of_a_newcomer() -> None:
    titles = [step.title for step in STEPS]
    words = ["handler", "template", "store", "Accounts", "form", "feed", "Tests", "Mongrel2"]

    assert [word in title for word, title in zip(words, titles, strict=True)] == [True] * 8
    assert [title.partition(".")[0] for title in titles] == [str(number) for number in range(1, 9)]


def test_every_trial_is_one_of_this_test() -> None:
    """What tests/docs/test_blocks.py is told not to run is run here."""
    assert PAGE.read_text().count("<!-- no-run: run by tests/docs/test_tutorial.py") == sum(
        not block["file"] for step in STEPS for block in step.blocks("python")
    )
