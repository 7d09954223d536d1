"""What lies in the wheels, read without installing any."""

import tarfile
import zipfile
from collections.abc import Callable
from email.message import Message
from email.parser import Parser
from itertools import combinations
from pathlib import Path, PurePosixPath

import pytest
from packaging.requirements import Requirement

pytestmark = pytest.mark.packaging

ROOT = Path(__file__).parents[2]
WITH_CODE = sorted(path.parent.name for path in ROOT.glob("brubeck-*/pyproject.toml"))

Files = dict[str, set[str]]
Build = Callable[[Path, str], Path]


def metadata_of(wheel: Path) -> Message:
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        return Parser().parsestr(archive.read(name).decode())


def requirements_of(wheel: Path) -> list[Requirement]:
    return [Requirement(line) for line in metadata_of(wheel).get_all("Requires-Dist", [])]


def contents_of(wheel: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(wheel) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def test_every_module_lies_in_a_package_of_the_namespace(wheel_files: Files) -> None:
    """`brubeck/__init__.py` would hide the siblings, and `brubeck/x.py` could not be typed."""
    shallow = {name for files in wheel_files.values() for name in files if name.count("/") < 2}
    outside = {name for files in wheel_files.values() for name in files if not name.startswith("brubeck/")}

    assert not shallow
    assert not outside


def test_no_two_wheels_share_a_file(wheel_files: Files) -> None:
    shared = {(a, b): wheel_files[a] & wheel_files[b] for a, b in combinations(wheel_files, 2)}

    assert {pair: files for pair, files in shared.items() if files} == {}


@pytest.mark.parametrize("distribution", WITH_CODE)
def test_every_package_is_marked_as_typed(wheel_files: Files, distribution: str) -> None:
    files = wheel_files[distribution]
    packages = {PurePosixPath(*PurePosixPath(name).parts[:2]) for name in files}

    assert packages
    for package in packages:
        assert f"{package}/__init__.py" in files
        assert f"{package}/py.typed" in files


def test_the_distribution_that_gathers_the_others_has_no_files(wheel_files: Files) -> None:
    assert wheel_files["brubeck"] == set()


def test_the_extra_all_is_every_other_extra(wheels: dict[str, Path]) -> None:
    extras: dict[str, set[str]] = {
        name: set() for name in metadata_of(wheels["brubeck"]).get_all("Provides-Extra", [])
    }
    for need in requirements_of(wheels["brubeck"]):
        for extra in extras:
            if need.marker and need.marker.evaluate({"extra": extra}):
                extras[extra] |= {f"{need.name} {engine}" for engine in need.extras or {""}}

    everything = extras.pop("all")
    assert everything == set().union(*extras.values())


@pytest.mark.parametrize("distribution", ["brubeck", *WITH_CODE])
def test_every_wheel_carries_the_license(wheels: dict[str, Path], distribution: str) -> None:
    (text,) = (
        text for name, text in contents_of(wheels[distribution]).items() if name.endswith("/licenses/LICENSE")
    )

    assert text == (ROOT / "LICENSE").read_bytes()


@pytest.mark.parametrize("distribution", ["brubeck", *WITH_CODE])
def test_siblings_are_pinned_from_both_sides(wheels: dict[str, Path], distribution: str) -> None:
    for need in requirements_of(wheels[distribution]):
        if need.name.startswith("brubeck-"):
            assert {clause.operator for clause in need.specifier} == {">=", "<"}, str(need)
            version = metadata_of(wheels[need.name])["Version"]
            assert need.specifier.contains(version), f"{need} refuses {version}, the one beside it"


@pytest.mark.parametrize("distribution", ["brubeck", *WITH_CODE])
def test_an_sdist_builds_the_same_wheel(
    build: Build, wheels: dict[str, Path], tmp_path: Path, distribution: str
) -> None:
    sdist = build(ROOT if distribution == "brubeck" else ROOT / distribution, "sdist")
    with tarfile.open(sdist) as archive:
        archive.extractall(tmp_path, filter="data")
    (unpacked,) = tmp_path.iterdir()

    again = build(unpacked, "wheel")

    assert contents_of(again) == contents_of(wheels[distribution])


@pytest.mark.parametrize("distribution", ["brubeck", *WITH_CODE])
def test_metadata_says_what_an_index_shows(wheels: dict[str, Path], distribution: str) -> None:
    metadata = metadata_of(wheels[distribution])

    assert metadata["Summary"]
    assert metadata["Requires-Python"] == ">=3.11"
    assert metadata["License-Expression"] == "BSD-3-Clause"
    assert len(str(metadata.get_payload()).splitlines()) >= 3, "the README is the page on the index"
