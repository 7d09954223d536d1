"""Settings of every suite in this repository."""

import os

from hypothesis import settings

# A shared machine has pauses that are no fault of the code, so no deadline; on CI Hypothesis' own profile stays.
settings.register_profile("brubeck", deadline=None)
settings.register_profile("fuzz", deadline=None, max_examples=20_000)
if "CI" not in os.environ:
    settings.load_profile("brubeck")
