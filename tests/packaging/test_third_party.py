"""A third party's distribution, installed with pip beside brubeck-core and nothing else: all that it brings works."""

import json
import re
import signal
import subprocess
import venv
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.packaging

ROOT = Path(__file__).parents[2]
LAGOON = ROOT / "tests" / "plugins" / "brubeck-lagoon"
DEADLINE_S = 30

APPLICATION = """
from brubeck.request_handling import Brubeck, WebMessageHandler

class Page(WebMessageHandler):
    def get(self):
        return f"Take {self.get_argument('count', 'five')}"

app = Brubeck(handler_tuples=[("^/$", Page)])
"""


@pytest.fixture(scope="module")
def wheel(build: Callable[[Path, str], Path]) -> Path:
    return build(LAGOON, "wheel")


@pytest.fixture(scope="module")
def lagoon(wheel: Path, house: Path, new_environment: Callable[[], Any]) -> Any:
    """An environment in which `pip install` was given the one wheel."""
    environment = new_environment()
    venv.create(environment.path, symlinks=True, with_pip=True)
    pip(environment, "install", "--no-index", "--find-links", house, wheel)
    return environment


def pip(environment: Any, *arguments: str | Path) -> None:
    command = [environment.path / "bin" / "pip", "--quiet", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr


def test_its_wheel_holds_a_package_of_its_own_and_nothing_else(wheel: Path) -> None:
    folders = {name.partition("/")[0] for name in zipfile.ZipFile(wheel).namelist()}

    assert folders == {"brubeck_lagoon", "brubeck_lagoon-2.1.0.dist-info"}


def test_it_is_listed_with_all_that_it_brings(lagoon: Any) -> None:
    (record,) = json.loads(lagoon.brubeck("plugins", "--json"))

    assert (record["name"], record["distribution"], record["version"]) == (
        "lagoon",
        "brubeck-lagoon",
        "2.1.0",
    )
    assert (record["status"], record["conflicts"]) == ("ok", [])
    brought = [record[kind] for kind in ("connections", "renderers", "mixins", "commands")]
    assert brought == [["lagoon"], ["lagoon"], ["tide"], ["lagoon"]]
    assert "brubeck_response" in record["hooks"]


def test_renderer_mixin_connection_and_hook_work(lagoon: Any) -> None:
    lagoon.python(ROOT / "tests" / "packaging" / "programs" / "brubeck-lagoon.py")


def test_its_command_is_a_command_of_brubeck(lagoon: Any) -> None:
    assert re.search(
        r"^  lagoon +from 'lagoon' \(brubeck-lagoon 2\.1\.0\)$", lagoon.brubeck("--help"), re.MULTILINE
    )
    assert "Ask a lagoon at PORT for PATH." in lagoon.brubeck("lagoon", "--help")


def test_run_serves_over_its_connection_and_its_command_asks(lagoon: Any) -> None:
    (lagoon.path / "site_app.py").write_text(APPLICATION)
    command = [
        lagoon.path / "bin" / "brubeck",
        "run",
        "site_app:app",
        "--connection",
        "lagoon",
        "--port",
        "0",
    ]

    with subprocess.Popen(command, cwd=lagoon.path, stderr=subprocess.PIPE, text=True) as server:
        try:
            announced = server.stderr.readline()
            port = re.search(r"serves lagoon://127\.0\.0\.1:(\d+)", announced)
            assert port, announced + server.stderr.read()
            answers = [lagoon.brubeck("lagoon", port[1], path) for path in ("/", "/?count=six", "/nowhere")]
        finally:
            server.send_signal(signal.SIGTERM)
            code = server.wait(timeout=DEADLINE_S)

    assert answers[:2] == ["200 9\nTake five", "200 8\nTake six"]
    assert answers[2].startswith("404 ")
    assert code == 0


def test_switched_off_it_brings_nothing_and_is_not_imported(lagoon: Any) -> None:
    program = """
import os, sys
os.environ["BRUBECK_DISABLE_PLUGINS"] = "brubeck-lagoon"
from brubeck.request_handling import Brubeck
from brubeck.testing import Client
assert "x-lagoon" not in Client(Brubeck()).get("/").headers
try:
    from brubeck.connections import LagoonConnection
except ImportError as exc:
    assert "'lagoon' (brubeck-lagoon 2.1.0): it is disabled." in str(exc), exc
else:
    raise AssertionError("a connection of a plugin that is switched off")
assert "brubeck_lagoon" not in sys.modules
"""
    lagoon.python("-c", program)


def test_uninstalled_it_is_gone(lagoon: Any) -> None:
    """Runs last: it changes the environment that the others share."""
    pip(lagoon, "uninstall", "--yes", "brubeck-lagoon")

    assert json.loads(lagoon.brubeck("plugins", "--json")) == []
    assert "lagoon" not in lagoon.brubeck("--help")
