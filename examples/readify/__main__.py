"""`python examples/readify` serves it on port 6767."""

import sys
from pathlib import Path

sys.path[0] = str(Path(__file__).resolve().parents[1])  # the package's parent, not the package itself

from readify.app import app  # noqa: E402 - found by the path above

app.run()
