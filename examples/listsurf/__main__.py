"""`python examples/listsurf` serves it on port 6767; `--help` tells what else."""

import argparse
import os
import sys
from pathlib import Path

sys.path[0] = str(Path(__file__).resolve().parents[1])  # the package's parent, not the package itself

parser = argparse.ArgumentParser("listsurf", description="Save links, list them, read them as JSON.")
parser.add_argument("--database", help="a file, or postgresql://…; by default listsurf.sqlite3, here")
parser.add_argument("--seed", action="store_true", help="make the account `dave` with some links")
options = parser.parse_args()
for name, value in (("DATABASE", options.database), ("SEED", options.seed and "1")):
    if value:
        os.environ[f"LISTSURF_{name}"] = value

from listsurf.app import app  # noqa: E402 - found by the path above, and reads what was set

app.run()
