"""The third-party plugin as a wheel in a new environment, put there by pip and nothing else."""

import base64
import json
import os
import re
import signal
import socket
import subprocess
import sys
import venv
from dataclasses import dataclass
from pathlib import Path

import pytest

pytestmark = pytest.mark.packaging

HERE = Path(__file__).parent
CORE = HERE.parents[1] / "brubeck-core"
LAGOON = HERE / "brubeck-lagoon"

PROGRAM = """
from brubeck.request_handling import Brubeck, WebMessageHandler

app = Brubeck(template_engine="lagoon", template_dir=".")
Tide = app.plugins.get_mixin("tide")
Rendering = app.plugins.get_renderer("lagoon")


@app.add_route("^/function$", method="GET")
def function(application, message):
    return application.render_template("hello.html", name="<function>")


class Page(WebMessageHandler, Rendering, Tide):
    def get(self):
        return self.render_template("hello.html", name=self.tide)


app.add_route_rule("^/page", Page)
"""


@dataclass(frozen=True)
class Environment:
    """A virtual environment, used from its own folder."""

    path: Path

    def call(self, program: str, *arguments: str | Path, **variables: str) -> str:
        """Return what *program*, of this environment, prints."""
        clean = {
            name: value for name, value in os.environ.items() if not name.startswith(("BRUBECK", "PYTHON"))
        }
        done = subprocess.run(
            [self.path / "bin" / program, *arguments],
            capture_output=True,
            text=True,
            cwd=self.path,
            env={**clean, **variables},
            timeout=300,
        )
        assert done.returncode == 0, f"{program} {arguments}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def pip(self, *arguments: str | Path) -> None:
        self.call("python", "-m", "pip", "--quiet", "--disable-pip-version-check", *arguments)

    def python(self, program: str, **variables: str) -> str:
        return self.call("python", "-W", "error", "-c", program, **variables)


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Environment:
    """An environment with the wheels of core and of the plugin."""
    wheels = tmp_path_factory.mktemp("wheels")
    for source in (CORE, LAGOON):
        subprocess.run(
            [*(sys.executable, "-m", "hatchling", "build", "--target", "wheel"), "--directory", wheels],
            check=True,
            cwd=source,
            stdout=subprocess.DEVNULL,
        )
    path = tmp_path_factory.mktemp("environment")
    venv.create(path, with_pip=True, symlinks=True)
    environment = Environment(path)
    environment.pip("install", *wheels.iterdir())
    (path / "app.py").write_text(PROGRAM)
    (path / "hello.html").write_text("Take five, $name!")
    return environment


def test_its_connection_is_imported_from_where_all_are(environment):
    told = environment.python(
        "from brubeck.connections import LagoonConnection as it; print(it(port=5).address)"
    )

    assert told == "lagoon://127.0.0.1:5\n"


def test_it_is_listed_with_all_that_it_brings(environment):
    (record,) = json.loads(environment.call("brubeck", "plugins", "--json"))

    facts = ("name", "distribution", "version", "status", "connections", "renderers", "mixins", "commands")
    assert [record[fact] for fact in facts] == [
        *("lagoon", "brubeck-lagoon", "1.2.0", "ok"),
        *(["lagoon"], ["lagoon"], ["tide"], ["lagoon"]),
    ]
    assert "brubeck_response" in record["hooks"]


def test_its_command_is_a_command_of_brubeck(environment):
    assert environment.call("brubeck", "lagoon", "--depth", "5") == "The lagoon is 5 fathoms deep.\n"
    assert re.search(r"^  lagoon ", environment.call("brubeck", "--help"), re.MULTILINE)


def test_its_engine_mixins_and_hook_work_by_name(environment):
    told = environment.python(
        "from app import app\n"
        "from brubeck.testing import Client\n"
        "client = Client(app)\n"
        "for path in ('/function', '/page/ebb', '/page/flow'):\n"
        "    response = client.get(path)\n"
        "    print(response.status_code, response.text[:30], response.headers['X-Lagoon'])\n"
    )

    assert told.splitlines() == [
        "200 Take five, &lt;function&gt;! deep",
        "200 Take five, low! deep",
        "200 Take five, high! deep",
    ]


def test_its_transport_serves(environment):
    command = ("run", "app.py", "--connection", "lagoon", "--port", "0")
    server = subprocess.Popen(
        [environment.path / "bin" / "brubeck", *command],
        cwd=environment.path,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        announced = re.search(r"lagoon://127\.0\.0\.1:(\d+)", server.stderr.readline())
        line = json.dumps({"method": "GET", "target": "/page", "headers": [], "body": ""}).encode() + b"\n"
        with socket.create_connection(("127.0.0.1", int(announced[1])), timeout=10) as wire:
            wire.sendall(line)
            answer = json.loads(wire.makefile("rb").readline())
        server.send_signal(signal.SIGTERM)
        assert server.wait(10) == 0
    finally:
        server.kill()
        server.wait()
        server.stderr.close()

    assert (answer["status"], base64.b64decode(answer["body"])) == (200, b"Take five, high!")


def test_nothing_of_it_is_imported_before_it_is_used(environment):
    told = environment.python(
        "import sys\n"
        "from brubeck.request_handling import Brubeck\n"
        "Brubeck()\n"
        "print(*sorted(name for name in sys.modules if name.startswith('brubeck_')))\n"
    )

    assert told.split() == ["brubeck_lagoon", "brubeck_lagoon.plugin"]


def test_switched_off_it_is_not_imported_and_its_names_say_so(environment):
    program = (
        "import sys\n"
        "try:\n"
        "    from brubeck.connections import LagoonConnection\n"
        "except ImportError as exc:\n"
        "    print(exc)\n"
        "print(any(name.startswith('brubeck_') for name in sys.modules))\n"
    )
    message, is_imported = environment.python(program, BRUBECK_DISABLE_PLUGINS="lagoon").splitlines()

    assert message.startswith("No plugin brings the connection 'LagoonConnection'.")
    assert "'lagoon' (brubeck-lagoon 1.2.0): it is disabled." in message
    assert is_imported == "False"


def test_what_is_not_installed_says_what_to_install(environment):
    message = environment.python(
        "try:\n    from brubeck.connections import WSGIConnection\nexcept ImportError as exc:\n    print(exc)"
    )

    assert message.endswith("which is not installed. Install it with: pip install brubeck-wsgi\n")


def test_uninstalled_it_is_gone(environment):
    """Runs last: it changes the environment that the others share."""
    environment.pip("uninstall", "--yes", "brubeck-lagoon")

    assert json.loads(environment.call("brubeck", "plugins", "--json")) == []
