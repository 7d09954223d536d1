"""`python examples/nojs` serves it on port 6767."""

import sys
from pathlib import Path

sys.path[0] = str(Path(__file__).resolve().parents[1])  # the package's parent, not the package itself

from nojs.app import app  # noqa: E402 - found by the path above

app.run()
