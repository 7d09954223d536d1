"""A hundred thousand random dictionaries into a document with every field.

Each is refused with a `ShieldException`, or makes a document that survives its ways out and in.
"""

import sys
import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, seed, settings

sys.path.insert(0, str(Path(__file__).parents[2] / "brubeck-dictshield" / "tests"))
from everything import Everything, check_everything
from strategies import dictionaries

pytestmark = pytest.mark.fuzz


@pytest.mark.parametrize("round_", range(20))
def test_a_hundred_thousand_dictionaries(round_):
    """In rounds of 5,000, since a single test has five minutes."""

    @seed(int(time.time()) + round_)
    @settings(max_examples=5_000, deadline=None, suppress_health_check=list(HealthCheck))
    @given(dictionaries(Everything))
    def check(values):
        check_everything(values)

    check()
