"""How fast the command answers, and that nothing is imported which is not used."""

import json
import statistics
import subprocess
import sys
import time
from pathlib import Path

import pytest

BRUBECK = Path(sys.executable).parent / "brubeck"

ENGINES = {"jinja2", "mako", "pystache", "tornado"}
TRANSPORTS = {"httptools", "wsproto", "zmq"}
AUTH = {"argon2", "itsdangerous", "pydantic_core"}


BARE_INTERPRETER_S = (
    0.02  # `python -c pass` on the machine that the limits were set on, with nothing else running
)


def median_seconds(*command: str | Path) -> float:
    def seconds() -> float:
        start = time.perf_counter()
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        return time.perf_counter() - start

    return statistics.median(seconds() for _ in range(3))


@pytest.mark.parametrize(("command", "limit_s"), [("--help", 0.4), ("plugins", 1.0)])
def test_the_command_answers_at_once(command: str, limit_s: float) -> None:
    """A machine that is slow or shared gets more time, by what a bare interpreter takes there."""
    slowness = max(1.0, median_seconds(sys.executable, "-c", "pass") / BARE_INTERPRETER_S)

    assert median_seconds(BRUBECK, command) < limit_s * slowness


def modules_after(program: str) -> set[str]:
    """Return the top-level modules that *program* leaves imported in a new interpreter."""
    report = "import json, sys; print(); print(json.dumps([name.partition('.')[0] for name in sys.modules]))"
    wrapped = f"try:\n    exec({program!r})\nexcept SystemExit:\n    pass\n{report}"
    done = subprocess.run([sys.executable, "-c", wrapped], check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return set(json.loads(done.stdout.splitlines()[-1]))


def test_the_help_imports_nothing_that_runs_an_app() -> None:
    modules = modules_after(
        "from brubeck.core.command import main; import sys; sys.argv = ['brubeck', '--help']; main()"
    )

    assert "click" in modules
    assert modules & (ENGINES | TRANSPORTS | AUTH | {"gevent"}) == set()


def test_the_list_of_plugins_imports_nothing_of_them_but_hooks() -> None:
    modules = modules_after(
        "from brubeck.core.command import main; import sys; sys.argv = ['brubeck', 'plugins']; main()"
    )

    assert modules & (ENGINES | TRANSPORTS | AUTH) == set()


def test_an_application_imports_no_transport_engine_or_auth_that_it_does_not_use() -> None:
    modules = modules_after(
        "from brubeck.request_handling import Brubeck\n"
        "from brubeck.testing import Client\n"
        "app = Brubeck(handler_tuples=[('^/$', lambda application, message: 'Take five')])\n"
        "assert Client(app).get('/').text == 'Take five'\n"
    )

    assert "gevent" in modules
    assert modules & (ENGINES | TRANSPORTS | AUTH) == set()


@pytest.mark.parametrize(
    ("name", "needed"), [("WSGIConnection", set()), ("Mongrel2Connection", {"zmq"})], ids=["wsgi", "mongrel2"]
)
def test_one_transport_does_not_bring_the_other(name: str, needed: set[str]) -> None:
    modules = modules_after(f"from brubeck.connections import {name}")

    assert needed <= modules
    assert not modules & (
        ENGINES | AUTH | TRANSPORTS - needed - ({"httptools"} if name == "WSGIConnection" else set())
    )


@pytest.mark.parametrize("engine", sorted(ENGINES))
def test_one_template_engine_does_not_bring_another(engine: str) -> None:
    name = {"pystache": "Mustache"}.get(engine, engine.capitalize())
    modules = modules_after(f"from brubeck.templating import {name}Rendering")

    assert modules & ((ENGINES - {engine}) | TRANSPORTS | AUTH) == set()
