"""What a type checker says of plugins: nothing of right ones, and of wrong ones exactly where they are wrong."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.typing
pytest.importorskip("mypy", reason="nox -s typing has it")

CODE = Path(__file__).parent / "typing"
CONFIG = """
[mypy]
strict = True
namespace_packages = True
explicit_package_bases = True
ignore_missing_imports = True
disable_error_code = empty-body
"""


@pytest.fixture(scope="module")
def complaints(tmp_path_factory):
    """The lines and codes of what mypy says, by file."""
    folder = tmp_path_factory.mktemp("mypy")
    (folder / "mypy.ini").write_text(CONFIG)
    files = sorted(CODE.glob("*.py"))
    command = [sys.executable, "-m", "mypy", "--config-file", folder / "mypy.ini", "--cache-dir", folder]
    done = subprocess.run(
        [*command, "--no-error-summary", *files],
        capture_output=True, text=True, check=False, cwd=CODE, timeout=300,
    )  # fmt: skip
    found = re.findall(r"^(\w+\.py):(\d+): error: .*\[([\w-]+)\]$", done.stdout, re.MULTILINE)
    assert done.returncode == bool(found), done.stdout + done.stderr
    return {
        path.name: {(int(line), code) for name, line, code in found if name == path.name} for path in files
    }


def test_right_plugins_are_accepted(complaints):
    assert complaints["accepted.py"] == set()


def test_each_mistake_is_found_and_nothing_else(complaints):
    lines = (CODE / "refused.py").read_text().splitlines()
    marked = {
        (number, code)
        for number, line in enumerate(lines, 1)
        for code in line.partition("  # error: ")[2].split(", ")
        if code
    }

    assert complaints["refused.py"] == marked
