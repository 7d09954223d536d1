"""The plugin under examples/plugins passes its own tests, found as an installed one is."""

import importlib.util
import os
import sys
from pathlib import Path

import pytest

pytest.importorskip("chameleon")

PLUGIN = Path(__file__).parents[2] / "examples" / "plugins" / "brubeck-chameleon"
MOST_LINES = 60


def its_tests() -> type:
    sys.path.insert(0, str(PLUGIN))
    try:
        spec = importlib.util.spec_from_file_location(
            "test_brubeck_chameleon", PLUGIN / "tests" / "test_brubeck_chameleon.py"
        )
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
    finally:
        sys.path.remove(str(PLUGIN))
    return module.TestChameleon


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with what the plugin's wheel would leave there, an hour ago: what is settled is scanned once."""
    site = tmp_path_factory.mktemp("site")
    facts = site / "brubeck_chameleon-0.1.0.dist-info"
    facts.mkdir()
    (facts / "METADATA").write_text("Metadata-Version: 2.4\nName: brubeck-chameleon\nVersion: 0.1.0\n")
    (facts / "entry_points.txt").write_text("[brubeck]\nchameleon = brubeck_chameleon\n")
    an_hour_ago = site.stat().st_mtime - 3600
    os.utime(site, (an_hour_ago, an_hour_ago))
    return site


class TestChameleon(its_tests()):
    @pytest.fixture(autouse=True)
    def _installed(self, site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """Announce the plugin as its wheel would, to this process and to those that the tests start."""
        monkeypatch.syspath_prepend(str(PLUGIN))
        monkeypatch.syspath_prepend(str(site))
        monkeypatch.setenv("PYTHONPATH", f"{PLUGIN}:{site}")


def test_it_is_one_short_module() -> None:
    assert [path.name for path in PLUGIN.glob("*.py")] == ["brubeck_chameleon.py"]
    assert len((PLUGIN / "brubeck_chameleon.py").read_text().splitlines()) < MOST_LINES
