"""`brubeck mongrel2 up` when something is wrong: a stale file, a kill, a missing module, a port in use."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from mongrel2_server import free_port

pytestmark = pytest.mark.live("mongrel2")

COMMAND = [sys.executable, "-m", "brubeck.core.command", "mongrel2"]


class Site:
    """A folder with an application and settings."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        self.config = folder / "mongrel2.toml"
        self.config.write_text(f"port = {self.port}\n")
        (folder / "run").mkdir()

    def ask(self, *command: str, timeout_s: float = 20) -> subprocess.CompletedProcess[str]:
        """Run one command to its end."""
        line = [*COMMAND, *command, "--config", str(self.config)]
        return subprocess.run(line, capture_output=True, text=True, timeout=timeout_s, check=False)


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path)


@pytest.fixture
def stranger() -> Iterator[subprocess.Popen[bytes]]:
    """A process that has nothing to do with us."""
    process = subprocess.Popen(["sleep", "60"])
    yield process
    process.kill()
    process.wait(10)


@pytest.mark.parametrize("word", ["stop", "reload"])
def test_a_stale_file_hits_no_stranger(site: Site, stranger: subprocess.Popen[bytes], word: str) -> None:
    """The process that had got the number of a killed `up` was sent the signal."""
    (site.folder / "run/up.pid").write_text(f"{stranger.pid}\n")
    answer = site.ask(word)

    assert answer.returncode == 2
    assert "does not run here" in answer.stderr
    with pytest.raises(subprocess.TimeoutExpired):
        stranger.wait(0.2)
