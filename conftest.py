"""Settings of every suite in this repository."""

import os

from hypothesis import settings

# A shared machine has pauses that are no fault of the code: no deadline. On CI Hypothesis has its own.
settings.register_profile("brubeck", deadline=None)
settings.register_profile("fuzz", deadline=None, max_examples=20_000)
if "CI" not in os.environ:
    settings.load_profile("brubeck")
