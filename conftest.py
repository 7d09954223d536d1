"""Settings of every suite in this repository."""

import os

from hypothesis import settings

# A shared machine has pauses that are no fault of the code: no deadline. Forty examples meet what is common, so
# that the suite stays quick; `nox -s fuzz` looks for what is rare.
settings.register_profile("brubeck", deadline=None, max_examples=40, derandomize="CI" in os.environ)
settings.register_profile("fuzz", deadline=None, max_examples=20_000)
settings.load_profile("brubeck")
