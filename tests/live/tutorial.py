"""docs/tutorial.md as steps, each with the files that a reader has typed when it is done.

A heading `## 1. …` begins a step. A block whose first line is ```python file=app.py is that file from then on; with
`add` behind it, it is put at the file's end. Other ```python blocks are what a reader tries, as one program.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

__all__ = ["PAGE", "STEPS", "Step", "write_until"]

PAGE = Path(__file__).parents[2] / "docs" / "tutorial.md"
BLOCK = re.compile(
    r"^```(?P<language>\w+)(?: file=(?P<file>\S+)(?P<adds> add)?)?\n(?P<code>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)


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
