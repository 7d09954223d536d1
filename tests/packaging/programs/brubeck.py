"""`pip install brubeck` is the core and the command."""

import subprocess
import sys
from pathlib import Path

import brubeck.core

assert not hasattr(sys.modules["brubeck"], "__file__") or sys.modules["brubeck"].__file__ is None
assert "run" in subprocess.check_output([Path(sys.executable).parent / "brubeck", "--help"], text=True)
assert brubeck.core
