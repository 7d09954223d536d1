"""Every application stays small, and uses of Brubeck what its manual documents."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from importlib import import_module
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
APPLICATIONS = sorted(path.parent for path in (ROOT / "examples").glob("*/__init__.py"))
SURFACES = ("request_handling", "connections", "plugins", "auth", "templating", "dictshield", "api")
MAX_LINES = 599
OF_NAMED_TUPLES = {"_asdict", "_replace"}


@cache
def manual() -> str:
    """The text of docs/."""
    return " ".join(page.read_text() for page in (ROOT / "docs").glob("*.md"))


@cache
def words() -> frozenset[str]:
    """The words of docs/."""
    return frozenset(re.findall(r"\w+", manual()))


def is_documented(name: str) -> bool:
    if name.isidentifier():
        return name in words()
    return re.search(rf"\b{re.escape(name)}\b", manual()) is not None


@cache
def framework() -> frozenset[str]:
    """The names that the public classes of Brubeck have, but those that everybody knows from Python's own."""
    values = [
        getattr(module, name)
        for module in (import_module(f"brubeck.{surface}") for surface in SURFACES)
        for name in module.__all__
    ]
    bases = {base for value in values if isinstance(value, type) for base in value.__mro__}
    names = {
        name
        for base in bases
        if base.__module__.startswith("brubeck.")
        for name in vars(base)
        if name[0] != "_"
    }
    return frozenset(names).difference(*(dir(kind) for kind in (str, dict, list, Path)))


def trees(application: Path) -> Iterator[tuple[Path, ast.Module]]:
    for file in sorted(application.rglob("*.py")):
        yield file, ast.parse(file.read_text())


def imported(tree: ast.Module) -> Iterator[tuple[str, str]]:
    """Yield the names that are imported out of Brubeck, and those read off its modules."""
    modules = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, "") for alias in node.names if alias.name.split(".")[0] == "brubeck")
        elif isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "brubeck":
            for alias in node.names:
                if node.module == "brubeck":
                    modules[alias.asname or alias.name] = f"brubeck.{alias.name}"
                else:
                    yield node.module, alias.name
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in modules:
            yield modules[node.value.id], node.attr


def defined(tree: ast.Module) -> set[str]:
    """Return the names that the application itself gives to functions, classes and attributes."""
    names = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.ClassDef)}
    names |= {
        node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
    }
    return names | {
        node.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store)
    }


def used(tree: ast.Module) -> set[str]:
    """Return the attributes that are read, and the names that classes define: what they override is among them."""
    names = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef):
            names |= {part.name for part in node.body if isinstance(part, ast.FunctionDef)}
            targets = [part.targets for part in node.body if isinstance(part, ast.Assign)]
            names |= {target.id for parts in targets for target in parts if isinstance(target, ast.Name)}
    return names


def is_public(module, name):
    """Whether *module* exports *name*, or finds it among what plugins bring (`brubeck.connections`)."""
    return name in module.__all__ or (name not in vars(module) and hasattr(module, name))


def test_there_are_applications():
    assert {path.name for path in APPLICATIONS} >= {"listsurf", "nojs", "readify", "spotichat"}


@pytest.mark.parametrize("application", APPLICATIONS, ids=lambda path: path.name)
def test_it_has_fewer_than_600_lines(application):
    """Counted as `wc -l examples/APP/**/*.py` does: blank lines, comments and docstrings too."""
    lines = {file.name: file.read_text().count("\n") for file in application.rglob("*.py")}

    assert sum(lines.values()) <= MAX_LINES, lines


@pytest.mark.parametrize("application", APPLICATIONS, ids=lambda path: path.name)
def test_it_imports_what_the_manual_documents(application):
    for file, tree in trees(application):
        for module, name in imported(tree):
            assert is_documented(module), f"{file.name}: no page of docs/ has {module}"
            assert is_public(import_module(module), name), f"{file.name}: {module}.{name} is not public"
            assert is_documented(name), f"{file.name}: no page of docs/ has {module}.{name}"


@pytest.mark.parametrize("application", APPLICATIONS, ids=lambda path: path.name)
def test_it_uses_and_overrides_what_the_manual_documents(application):
    for file, tree in trees(application):
        unknown = [name for name in sorted(used(tree) & framework()) if not is_documented(name)]

        assert unknown == [], f"{file.name} uses names that no page of docs/ has"


@pytest.mark.parametrize("application", APPLICATIONS, ids=lambda path: path.name)
def test_it_reads_nothing_private(application):
    own = set().union(*(defined(tree) for _, tree in trees(application)))
    for file, tree in trees(application):
        private = {name for name in used(tree) if name.startswith("_") and not name.startswith("__")}

        assert private - own - OF_NAMED_TUPLES == set(), f"{file.name} reads what is private elsewhere"
