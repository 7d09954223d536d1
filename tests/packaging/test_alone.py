"""Each distribution in a new environment with nothing but what it asks for, doing its work there."""

import os
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.packaging

ROOT = Path(__file__).parents[2]

GEVENT = {"gevent", "greenlet", "zope-event", "zope-interface"}
CORE = {"brubeck-core", "click", "multipart", "packaging", "pluggy"} | GEVENT
DICTSHIELD = {"brubeck-dictshield", "pydantic-core", "typing-extensions"}
ARGON2 = {"argon2-cffi", "argon2-cffi-bindings", "cffi", "pycparser"}

# The most that each may bring. Who adds a dependency adds it here, for everybody to see.
ALLOWED = {
    "brubeck-core": CORE,
    "brubeck-dictshield": DICTSHIELD,
    "brubeck-auth": CORE | DICTSHIELD | ARGON2 | {"brubeck-auth", "itsdangerous"},
    "brubeck-api": CORE | DICTSHIELD | {"brubeck-api"},
    "brubeck-templates": CORE | {"brubeck-templates"},
    "brubeck-templates[jinja2]": CORE | {"brubeck-templates", "jinja2", "markupsafe"},
    "brubeck-templates[mako]": CORE | {"brubeck-templates", "mako", "markupsafe"},
    "brubeck-templates[pystache]": CORE | {"brubeck-templates", "pystache"},
    "brubeck-templates[tornado]": CORE | {"brubeck-templates", "tornado"},
    "brubeck-mongrel2": CORE | {"brubeck-mongrel2", "pyzmq"},
    "brubeck-wsgi": CORE | {"brubeck-wsgi", "h11", "httptools", "wsproto"},
    "brubeck": CORE | {"brubeck"},
}
WITH_TESTS = [name for name in ALLOWED if (ROOT / name).is_dir()]
EXTRAS_FOR_ITS_TESTS = {"brubeck-templates": "[jinja2,mako,pystache,tornado]"}


@pytest.fixture(scope="module", params=ALLOWED)
def alone(request: pytest.FixtureRequest, new_environment: Callable[[], Any]) -> Any:
    """An environment with one distribution, by the name that was asked for."""
    environment = new_environment()
    environment.install(request.param)
    return request.param, environment


def test_it_brings_nothing_but_what_it_needs(alone: Any) -> None:
    name, environment = alone

    assert environment.installed <= ALLOWED[name]


def test_it_works(alone: Any) -> None:
    name, environment = alone
    distribution, _, extra = name.rstrip("]").partition("[")

    environment.python(ROOT / "tests" / "packaging" / "programs" / f"{distribution}.py", extra)


def run_own_tests(name: str, environment: Any) -> None:
    requirement = f"{name}{EXTRAS_FOR_ITS_TESTS.get(name, '')}"
    environment.install(requirement, "--group", f"{ROOT / 'pyproject.toml'}:tests")

    folder = f"--basetemp={environment.path / 'tmp'}"  # it would tidy up what others left, or use
    environment.python("-m", "pytest", "-q", folder, "-c", ROOT / "pyproject.toml", ROOT / name / "tests")


@pytest.fixture(scope="module")
def own_tests(new_environment: Callable[[], Any]) -> Iterator[dict[str, Future[None]]]:
    """The runs of all tests, as many at a time as there are processors."""
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        yield {name: pool.submit(run_own_tests, name, new_environment()) for name in WITH_TESTS}


@pytest.mark.parametrize("name", WITH_TESTS)
def test_its_own_tests_pass(own_tests: dict[str, Future[None]], name: str) -> None:
    """A sibling that the tests import, or a dependency that nobody declared, is missed here."""
    own_tests[name].result()
