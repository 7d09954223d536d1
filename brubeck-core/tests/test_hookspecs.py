"""A hook without an entry in the manual, or without a test, is not finished."""

import ast
import inspect
import re
from pathlib import Path

import pytest
from brubeck.core import hookspecs
from brubeck.core.registry import HookRegistry

HERE = Path(__file__).parent
MANUAL = HERE.parents[1] / "docs" / "hooks.md"
HOOKS = {name: getattr(hookspecs, name) for name in hookspecs.__all__}


def signature_of(name: str) -> str:
    return f"{name}({', '.join(inspect.signature(HOOKS[name]).parameters)})"


def implemented_in(path: Path) -> set[str]:
    """Return the functions and the names of methods that the tests in *path* define, as code or in a string."""
    tree = ast.parse(path.read_text())
    defined = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
    strings = (node.value for node in ast.walk(tree) if isinstance(node, ast.Constant))
    written = {name for text in strings if isinstance(text, str) for name in re.findall(r"def (\w+)\(", text)}
    return defined | written


@pytest.mark.skipif(not MANUAL.exists(), reason="the manual is not part of the distribution")
def test_the_manual_has_every_hook_with_its_arguments_and_no_other():
    entries = re.findall(r"^### `(brubeck_\w+\(.*?\))`$", MANUAL.read_text(), re.MULTILINE)

    assert sorted(entries) == sorted(signature_of(name) for name in HOOKS)


def test_every_hook_is_implemented_in_a_test():
    implemented = set().union(
        *(implemented_in(path) for path in HERE.glob("test_*.py") if path != Path(__file__))
    )

    assert [name for name in HOOKS if name not in implemented] == []


def test_the_list_of_hooks_is_what_pluggy_knows():
    marked = {name for name, value in vars(hookspecs).items() if hasattr(value, "brubeck_spec")}

    assert marked == set(hookspecs.__all__)
    assert hookspecs.__all__ == sorted(hookspecs.__all__)
    assert all(HookRegistry().freeze(name) == () for name in HOOKS)


@pytest.mark.parametrize("name", HOOKS)
def test_every_contract_says_when_it_is_called_and_what_may_block(name):
    contract = inspect.getdoc(HOOKS[name])

    assert "\n\nCalled " in contract
    assert "\nBlocks:\n" in contract
    for argument in inspect.signature(HOOKS[name]).parameters:
        assert f"\n    {argument}: " in contract
