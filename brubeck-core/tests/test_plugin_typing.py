"""What a type checker says to plugin authors."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("mypy")

PROGRAMS = Path(__file__).parent / "typing"
REFUSED = re.compile(r"# refused: ([\w-]+)")


@pytest.fixture(scope="module")
def found(tmp_path_factory) -> dict[str, list[tuple[int, str]]]:
    """The lines and codes of the errors that mypy finds, by the name of the file."""
    cache = Path(__file__).parents[2] / ".mypy_cache" / "plugin-typing"
    done = subprocess.run(
        [
            *(sys.executable, "-m", "mypy", "--strict", "--config-file", "/dev/null"),
            *("--hide-error-context", "--cache-dir", cache, *sorted(PROGRAMS.glob("*.py"))),
        ],
        capture_output=True,
        text=True,
        cwd=tmp_path_factory.mktemp("mypy"),
    )
    assert done.returncode in (0, 1), done.stdout + done.stderr
    errors = re.findall(r"^(?:.*/)?(\w+)\.py:(\d+): error: .*\[([\w-]+)\]$", done.stdout, re.MULTILINE)
    return {
        program.stem: [(int(line), code) for name, line, code in errors if name == program.stem]
        for program in PROGRAMS.glob("*.py")
    }


def test_right_plugins_are_accepted(found):
    assert found["accepted"] == []


def test_wrong_signatures_are_refused(found):
    lines = enumerate((PROGRAMS / "refused.py").read_text().splitlines(), 1)
    expected = [(number, match[1]) for number, line in lines if (match := REFUSED.search(line))]

    assert found["refused"] == expected
