"""The tables of docs/security.md name tests that are there."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
NAMED = sorted(set(re.findall(r"`(test_\w+\.py)::(test_\w+)`", (ROOT / "docs" / "security.md").read_text())))


@pytest.mark.parametrize(("file", "test"), NAMED)
def test_a_named_test_is_there(file: str, test: str) -> None:
    found = [*ROOT.glob(f"brubeck-auth/tests/{file}"), *ROOT.glob(f"tests/*/{file}")]

    assert [path for path in found if f"def {test}(" in path.read_text()]
