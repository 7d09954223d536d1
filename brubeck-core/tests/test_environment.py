"""What was read about installed distributions is kept, and never longer than it is true."""

import os
import subprocess
import sys

import pytest
from brubeck.core import environment
from brubeck.core.discovery import installed_version, scan
from brubeck.core.environment import keep_while_installed, stamp_path
from brubeck.core.specifiers import is_plainly_met
from hypothesis import given
from hypothesis import strategies as st
from packaging.specifiers import SpecifierSet
from packaging.version import Version


@pytest.fixture
def settled(monkeypatch, tmp_path):
    """A `sys.path` of one folder that last changed an hour ago."""
    monkeypatch.setattr(sys, "path", [str(tmp_path)])
    settle(tmp_path, 3600)
    return tmp_path


def settle(folder, ago_s):
    then = folder.stat().st_mtime - ago_s
    os.utime(folder, (then, then))


@pytest.fixture
def counted():
    @keep_while_installed
    def ask(name=""):
        ask.calls += 1
        return f"{name}{ask.calls}"

    ask.calls = 0
    return ask


def test_an_answer_is_kept_for_each_argument(settled, counted):
    assert [counted("a"), counted("b"), counted("a")] == ["a1", "b2", "a1"]


def test_a_folder_that_changes_makes_it_be_asked_again(settled, counted):
    counted()
    (settled / "new").mkdir()
    settle(settled, 60)

    assert counted() == "2"


def test_another_path_makes_it_be_asked_again(settled, counted, tmp_path_factory):
    other = tmp_path_factory.mktemp("other")
    settle(other, 60)
    counted()
    sys.path.append(str(other))

    assert counted() == "2"


def test_what_changed_just_now_is_not_kept(settled, counted):
    """A second change within one tick of the clock leaves no trace."""
    settle(settled, -3600)

    assert stamp_path() is None
    assert [counted(), counted()] == ["1", "2"]


def test_folders_that_are_not_there_do_no_harm(settled, counted):
    sys.path += ["/no/such/folder", "nul\0"]

    assert [counted(), counted()] == ["1", "1"]


def test_a_distribution_installed_in_a_running_process_is_found(lab):
    assert lab.entries == []
    lab.install("lab-guard", version="1.5", requires=("brubeck-core>=0.1,<0.2",))
    lab.distributions.add("lab-guard")

    assert [entry.name for entry in lab.entries] == ["lab_guard"]
    assert installed_version("lab-guard") == "1.5"


def test_a_second_scan_reads_nothing(monkeypatch):
    monkeypatch.setattr(environment, "SETTLED_NS", -(10**18))
    scan()
    monkeypatch.setattr("importlib.metadata.entry_points", None)

    assert scan() is scan()


RELEASES = st.lists(st.integers(0, 12), min_size=1, max_size=4).map(lambda parts: ".".join(map(str, parts)))
CLAUSES = st.lists(st.tuples(st.sampled_from([">=", "<"]), RELEASES).map("".join), min_size=1, max_size=3)


@given(CLAUSES.map(",".join), RELEASES)
def test_plain_clauses_are_judged_as_packaging_does(clauses, version):
    assert is_plainly_met(f"brubeck-core{clauses}", version) == SpecifierSet(clauses).contains(
        Version(version)
    )


@pytest.mark.parametrize(
    ("requirement", "version"),
    [
        ("brubeck-core", "1.0"),
        ("brubeck-core~=1.0", "1.0"),
        ("brubeck-core>=1.0; python_version > '3'", "1.0"),
        ("brubeck-core[x]>=1.0", "1.0"),
        ("brubeck-core>=1.0", "1.1rc1"),
        ("brubeck-core>=1.0rc1", "1.0"),
        ("brubeck-core>=1.0", ""),
        ("brubeck-core @ file:///x", "1.0"),
    ],
)
def test_what_is_not_plain_is_left_to_packaging(requirement, version):
    assert not is_plainly_met(requirement, version)


def test_an_application_does_not_import_packaging():
    program = """
import sys
from brubeck.core.plugins import PluginManager
PluginManager().load()
print([name for name in sys.modules if name.startswith("packaging.req")])
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert done.stdout == "[]\n"
