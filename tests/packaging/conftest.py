"""Wheels of every distribution, a directory of all they need, and new environments to install them in."""

import re
import subprocess
import sys
import venv
import zipfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DISTRIBUTIONS = ("brubeck", *sorted(path.parent.name for path in ROOT.glob("brubeck-*/pyproject.toml")))


def source_of(distribution: str) -> Path:
    """Return the folder of *distribution*; the one without code lies at the root."""
    return ROOT if distribution == "brubeck" else ROOT / distribution


def call(*command: str | Path, cwd: Path | None = None) -> str:
    """Return what *command* prints; on failure the test shows all of it."""
    done = subprocess.run(
        command, cwd=cwd, capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=300
    )
    assert done.returncode == 0, f"{' '.join(map(str, command))}\n{done.stdout}\n{done.stderr}"
    return done.stdout


@dataclass(frozen=True)
class Environment:
    """A new virtual environment that finds packages in the wheel house and nowhere else."""

    path: Path
    house: Path

    def install(self, *requirements: str | Path) -> None:
        """Install from the wheel house; uv does in a tenth of a second what takes pip four."""
        uv = (
            sys.executable,
            "-m",
            "uv",
            "pip",
            "install",
            "--quiet",
            "--no-config",
            "--cache-dir",
            self.house / "cache",
        )
        call(*uv, "--python", self.path, "--no-index", "--find-links", self.house, *requirements)

    def python(self, *arguments: str | Path) -> str:
        """Return what Python prints, warnings being errors."""
        return call(self.path / "bin" / "python", "-I", "-W", "error", *arguments, cwd=self.path)

    def brubeck(self, *arguments: str) -> str:
        """Return what the command prints."""
        return call(self.path / "bin" / "brubeck", *arguments, cwd=self.path)

    @property
    def installed(self) -> set[str]:
        """The normalized names of the distributions in here."""
        program = (
            "import importlib.metadata as m; print(*(each.name for each in m.distributions()), sep='\\n')"
        )
        return {re.sub(r"[-_.]+", "-", name).lower() for name in self.python("-c", program).split()}


@pytest.fixture(scope="session")
def build(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Path, str], Path]:
    """Return the path of the "wheel" or "sdist" built from a folder."""

    def build_into_new_directory(source: Path, target: str) -> Path:
        directory = tmp_path_factory.mktemp(target)
        call(
            sys.executable,
            "-m",
            "hatchling",
            "build",
            "--target",
            target,
            "--directory",
            directory,
            cwd=source,
        )
        (built,) = directory.iterdir()
        return built

    return build_into_new_directory


@pytest.fixture(scope="session")
def wheels(build: Callable[[Path, str], Path]) -> dict[str, Path]:
    """The wheel of each distribution."""
    return {name: build(source_of(name), "wheel") for name in DISTRIBUTIONS}


@pytest.fixture(scope="session")
def wheel_files(wheels: dict[str, Path]) -> dict[str, set[str]]:
    """The names of the files in each wheel, without its dist-info."""
    return {name: set(code_files(zipfile.ZipFile(path).namelist())) for name, path in wheels.items()}


def code_files(names: Iterable[str]) -> Iterable[str]:
    """Yield those of *names* that are no metadata."""
    return (name for name in names if ".dist-info/" not in name)


@pytest.fixture(scope="session")
def house(tmp_path_factory: pytest.TempPathFactory, wheels: dict[str, Path]) -> Path:
    """A directory with our wheels and all that they, their tests and their builds need, fetched once."""
    directory = tmp_path_factory.mktemp("house")
    constraints = directory / "constraints.txt"
    # Ours by file: nothing of the same name on an index may stand in for it.
    constraints.write_text("".join(f"{name} @ {path.as_uri()}\n" for name, path in wheels.items()))
    wanted = [f"brubeck[all] @ {wheels['brubeck'].as_uri()}"]
    call(
        *(
            sys.executable,
            "-m",
            "pip",
            "--disable-pip-version-check",
            "wheel",
            "--quiet",
            "--wheel-dir",
            directory,
        ),
        *("--constraint", constraints, "--group", f"{ROOT / 'pyproject.toml'}:packaging", *wanted),
    )
    return directory


@pytest.fixture(scope="session")
def new_environment(tmp_path_factory: pytest.TempPathFactory, house: Path) -> Callable[[], Environment]:
    """Make an empty environment at each call."""

    def make() -> Environment:
        path = tmp_path_factory.mktemp("environment")
        venv.create(path, symlinks=True)
        return Environment(path, house)

    return make
