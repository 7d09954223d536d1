"""Distributions that are installed for one test, as pip would leave them but without pip."""

import importlib
import sys
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from brubeck.core.discovery import PluginEntry, scan


@dataclass
class Lab:
    """A folder on `sys.path` to install plugins into."""

    folder: Path
    distributions: set[str] = field(default_factory=set)

    def install(
        self,
        distribution: str,
        code: str | None = "",
        *,
        name: str | None = None,
        value: str | None = None,
        version: str = "1.0",
        requires: tuple[str, ...] = (),
    ) -> None:
        """Install a plugin; its module's name is the distribution's, *code* None leaves the module out."""
        module = distribution.replace("-", "_")
        if code is not None:
            (self.folder / f"{module}.py").write_text(textwrap.dedent(code))
        info = self.folder / f"{module}-{version}.dist-info"
        info.mkdir()
        needs = "".join(f"Requires-Dist: {line}\n" for line in requires)
        (info / "METADATA").write_text(
            f"Metadata-Version: 2.4\nName: {distribution}\nVersion: {version}\n{needs}"
        )
        (info / "entry_points.txt").write_text(f"[brubeck]\n{name or module} = {value or module}\n")
        self.distributions.add(distribution)
        importlib.invalidate_caches()

    def write(self, file: str, code: str) -> None:
        """Write a module that no distribution announces."""
        (self.folder / file).write_text(textwrap.dedent(code))
        importlib.invalidate_caches()

    @property
    def entries(self) -> list[PluginEntry]:
        """What a scan finds of this lab, without what the environment has installed."""
        return [entry for entry in scan() if entry.distribution in self.distributions]


@pytest.fixture(scope="session")
def lab_class() -> type[Lab]:
    """For a lab that several tests only read."""
    return Lab


@pytest.fixture
def lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Lab]:
    """A folder to install plugins into; what is imported from it is forgotten after the test."""
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delenv("BRUBECK_STRICT", raising=False)
    monkeypatch.delenv("BRUBECK_DISABLE_PLUGINS", raising=False)
    before = set(sys.modules)
    yield Lab(tmp_path)
    for name in set(sys.modules) - before:
        if getattr(sys.modules[name], "__file__", None) and str(tmp_path) in str(sys.modules[name].__file__):
            del sys.modules[name]
