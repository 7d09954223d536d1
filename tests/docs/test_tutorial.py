"""The tutorial is typed in step by step, and each step is tried with the files that a reader has by then.

A heading `## 1. …` begins a step. A block whose first line is ```python file=app.py is that file from then on; with
`add` behind it, it is put at the file's end. Other ```python blocks are what a reader tries: each step's run as
one program. Of the ```console blocks, `python -m pytest` and `brubeck run` are run.
"""

import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[2] / "docs" / "tutorial.md"
BLOCK = re.compile(
    r"^```(?P<language>\w+)(?: file=(?P<file>\S+)(?P<adds> add)?)?\n(?P<code>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)
DEADLINE_S = 60


@dataclass(frozen=True)
class Step:
    """One heading with what stands under it."""

    title: str
    text: str

    def blocks(self, language: str) -> Iterator[re.Match[str]]:
        return (block for block in BLOCK.finditer(self.text) if block["language"] == language)

    @property
    def trial(self) -> str:
        return "".join(block["code"] for block in self.blocks("python") if not block["file"])

    @property
    def commands(self) -> list[str]:
        lines = "".join(block["code"] for block in self.blocks("console")).splitlines()
        return [line.removeprefix("$ ") for line in lines if line.startswith("$ ")]

    def write_files(self, folder: Path) -> None:
        for block in BLOCK.finditer(self.text):
            if block["file"]:
                path = folder / block["file"]
                path.parent.mkdir(parents=True, exist_ok=True)
                before = path.read_text() if block["adds"] else ""
                path.write_text(before + block["code"])


def read_steps() -> list[Step]:
    _, *parts = re.split(r"^## (?=\d+\. )", PAGE.read_text(), flags=re.MULTILINE)
    return [Step(*part.split("\n", 1)) for part in parts]


STEPS = read_steps()


def write_until(last: Step, folder: Path) -> None:
    """Write what a reader has typed when *last* is done."""
    for step in STEPS[: STEPS.index(last) + 1]:
        step.write_files(folder)


def run(folder: Path, *command: str) -> str:
    done = subprocess.run(
        [sys.executable, *command],
        cwd=folder, capture_output=True, text=True, timeout=DEADLINE_S, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.parametrize("step", [step for step in STEPS if step.trial], ids=lambda step: step.title)
def test_a_step_does_what_it_says(step: Step, tmp_path: Path) -> None:
    write_until(step, tmp_path)

    run(tmp_path, "-W", "error", "-c", step.trial)


def test_a_step_goes_on_with_the_database_of_the_one_before(tmp_path: Path) -> None:
    """As a reader's does: the migrations of the tutorial bring it up to date."""
    third, fourth = STEPS[2], STEPS[3]
    write_until(third, tmp_path)
    run(tmp_path, "-W", "error", "-c", third.trial)
    write_until(fourth, tmp_path)
    run(tmp_path, "-W", "error", "-c", fourth.trial)

    program = "from store import *; print(len(find_links(open_database('listsurf.sqlite3'), 'me')))"
    assert run(tmp_path, "-c", program) == "2\n"


@pytest.mark.parametrize(
    "step", [step for step in STEPS if "python -m pytest" in step.commands], ids=lambda step: step.title
)
def test_the_tests_of_the_tutorial_pass(step: Step, tmp_path: Path) -> None:
    write_until(step, tmp_path)
    (tmp_path / "pytest.ini").touch()  # or pytest would look for its settings above

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
