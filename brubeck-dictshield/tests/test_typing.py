"""User code type-checks, and what is wrong in it is found."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.typing
pytest.importorskip("mypy", reason="nox -s typing has it")
FOLDER = Path(__file__).parent


def test_documents_are_typed(request):
    sources = FOLDER.parent / "src"
    cache = request.config.cache.mkdir("mypy-dictshield")  # the first run takes seconds, the others one
    command = [sys.executable, "-m", "mypy", "--strict", "--warn-unused-ignores", f"--cache-dir={cache}"]
    checked = subprocess.run(
        [*command, "--explicit-package-bases", str(FOLDER / "typing" / "documents.py")],
        env=os.environ | {"MYPYPATH": str(sources)},
        cwd=cache,
        capture_output=True,
        text=True,
        check=False,
    )

    assert checked.stdout.startswith("Success: no issues found"), checked.stdout + checked.stderr
