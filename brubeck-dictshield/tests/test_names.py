"""The table of docs/dictshield-table.md: every name of 0.4.4 is in it, and it tells the truth about ours."""

import importlib
import inspect
import re
from pathlib import Path

import pytest
from names_0_4_4 import NAMES

TABLE = Path(__file__).parents[2] / "docs" / "dictshield-table.md"
pytestmark = pytest.mark.skipif(not TABLE.exists(), reason="the manual is not part of the sdist")

ALL = [
    (module, owner, member)
    for module, owners in NAMES.items()
    for owner, members in owners.items()
    for member in ["", *members.split()]
    if (owner, member) not in [("-", ""), ("_meta", "")]
]
# Owners that are no classes here: settings, keys of a dictionary, hooks of any field.
NOT_CLASSES = ("_meta", "_cls", "_types", "_from_jsonschema_types", "_from_jsonschema_formats")


def read_table():
    """Return (module, owner, member) -> (verdict, note)."""
    rows, module = {}, None
    for line in TABLE.read_text().splitlines():
        if heading := re.match(r"## `dictshield\.([\w.]+)`", line):
            module = heading[1]
        cells = [cell.strip() for cell in line.strip("|").split(" | ")] if line.startswith("| ") else []
        if len(cells) == 4 and module and cells[2] != "verdict":
            owners, members, verdict, note = cells
            for owner in re.findall(r"`([^`]+)`", owners) or ["-"]:
                for member in re.findall(r"`([^`]+)`", members) or [""]:
                    rows[module, owner, member] = verdict, note
    return rows


ROWS = read_table() if TABLE.exists() else {}


def test_nothing_is_missing_and_nothing_made_up():
    assert [name for name in ALL if name not in ROWS] == []
    assert [name for name in ROWS if name not in ALL] == []


def test_every_verdict_is_one_of_three_and_has_its_reason():
    assert {verdict for verdict, note in ROWS.values()} <= {"same", "changed", "dropped"}
    assert [name for name, (verdict, note) in ROWS.items() if verdict != "same" and not note] == []


@pytest.mark.parametrize(("module", "owner", "member"), ALL, ids=map(".".join, ALL))
def test_the_verdict_is_true(module, owner, member):
    verdict = ROWS[module, owner, member][0]

    assert find(module, owner, member) is (verdict != "dropped")


def find(module, owner, member):
    """Return whether brubeck.dictshield has the name at its old place."""
    if owner in NOT_CLASSES:
        return True  # the test of their module tells
    namespace = importlib.import_module(f"brubeck.dictshield.{module}")
    found = namespace if owner == "-" else getattr(namespace, owner, None)
    if found is None or not member:
        return found is not None
    if member.endswith("="):
        return member[:-1] in takes(found)
    if not isinstance(found, type):
        return hasattr(found, member)
    ours = [cls for cls in found.__mro__ if cls.__module__.startswith("brubeck")]
    assigned = re.compile(rf"^\s+(self\.)?{re.escape(member)}(:| = )", re.MULTILINE)
    return any(member in vars(cls) or assigned.search(inspect.getsource(cls)) is not None for cls in ours)


def takes(kind):
    """Return the arguments of a constructor and of those that it hands **options to."""
    ours = [cls for cls in kind.__mro__ if cls.__module__.startswith("brubeck") and "__init__" in vars(cls)]
    return {name for cls in ours for name in inspect.signature(cls).parameters}
