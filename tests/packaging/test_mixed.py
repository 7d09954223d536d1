"""Some distributions editable and the others as wheels: what a contributor to one of them has.

A stray `brubeck/__init__.py` is harmless between wheels and between nothing else.
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.packaging

ROOT = Path(__file__).parents[2]
DISTRIBUTIONS = sorted(path.parent.name for path in ROOT.glob("brubeck-*/pyproject.toml"))


@pytest.fixture(
    scope="module",
    params=[["brubeck-core"], ["brubeck-wsgi", "brubeck-templates"], DISTRIBUTIONS, []],
    ids=["core editable", "core as wheel", "all editable", "all wheels"],
)
def mixed(request: pytest.FixtureRequest, new_environment: Callable[[], Any]) -> Any:
    """An environment with every distribution, some of them editable."""
    environment = new_environment()
    editables = [part for name in request.param for part in ("-e", ROOT / name)]
    environment.install("brubeck[all]", *editables)
    return environment


def test_every_distribution_imports_and_works(mixed: Any) -> None:
    mixed.python(ROOT / "tests" / "packaging" / "programs" / "everything.py")


def test_every_plugin_is_found(mixed: Any) -> None:
    plugins = json.loads(mixed.brubeck("plugins", "--json"))
    listed = json.dumps(plugins)

    for distribution in (
        "brubeck-api",
        "brubeck-auth",
        "brubeck-mongrel2",
        "brubeck-templates",
        "brubeck-wsgi",
    ):
        assert distribution in listed
