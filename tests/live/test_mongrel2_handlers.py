"""Several handlers behind one Mongrel2: told apart by the path, and by the host."""

from __future__ import annotations

import json
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

import pytest
from brubeck.core.client import SocketClient
from brubeck.mongrel2 import Mongrel2Connection
from brubeck.mongrel2.control import ask_balancer
from brubeck.request_handling import Brubeck
from mongrel2_server import Mongrel2, free_port, in_thread, is_listening, running, wait_until

pytestmark = pytest.mark.live("mongrel2")


def application(name: str, pull: str, pub: str) -> Brubeck:
    app = Brubeck(msg_conn=Mongrel2Connection(pull, pub))
    app.add_route("^/")(lambda application, message: f"{name} {message.path}")
    return app


@pytest.mark.parametrize(
    ("host", "path", "answer"),
    [
        ("localhost", "/", "first /"),
        ("localhost", "/archive", "first /archive"),
        ("localhost", "/api/", "api /api/"),
        ("localhost", "/api/links?since=1", "api /api/links"),
        ("localhost", "/apis", "first /apis"),
        ("nobody.example", "/api/links", "api /api/links"),
        ("admin.example", "/", "admin /"),
        ("admin.example", "/api/links", "admin /api/links"),
        ("localhost", "/ap", "api /ap"),  # Mongrel2 takes the beginning of a route for the route
    ],
)
def test_each_hears_its_own(site: Mongrel2, host: str, path: str, answer: str) -> None:
    assert SocketClient(site.url).get(path, headers={"Host": host}).text == answer


@pytest.fixture(scope="module")
def site():
    further = {"api": {"path": "/api/"}, "admin": {"host": "admin.example"}}
    with ExitStack() as stack:
        server = stack.enter_context(Mongrel2(handlers=further))
        for name, pair in zip(
            ("first", *further), (server.settings, *server.settings.further_handlers), strict=True
        ):
            stack.enter_context(in_thread(application(name, pair.send_spec, pair.recv_spec)))
        yield server


def workers_of(balancer: str) -> list[str]:
    return [str(worker["pid"]) for worker in (ask_balancer(balancer, 5) or {"workers": []})["workers"]]


def test_up_runs_reloads_and_shows_all_of_them(tmp_path: Path) -> None:
    port, config, site = free_port(), tmp_path / "mongrel2.toml", tmp_path / "site.py"
    site.write_text(
        "import os\n"
        "from brubeck.request_handling import Brubeck\n"
        "def answer(name):\n"
        "    return lambda application, message: f'{name} {os.getpid()}'\n"
        "web, api = Brubeck(), Brubeck()\n"
        "web.add_route('^/')(answer('web'))\n"
        "api.add_route('^/api/')(answer('api'))\n"
    )
    config.write_text(f'port = {port}\n[handlers.api]\npath = "/api/"\napp = "{site}:api"\n')
    command = [sys.executable, "-m", "brubeck.core.command", "mongrel2"]
    option = ["--config", str(config)]
    client = SocketClient(f"http://127.0.0.1:{port}", timeout_s=20)
    with running(*command[1:], "up", f"{site}:web", "--workers", "1", *option) as up:
        wait_until(lambda: is_listening(port), 20, "mongrel2")
        before = [client.get(path).text for path in ("/", "/api/x")]
        shown = json.loads(subprocess.check_output([*command, "status", "--json", *option], timeout=20))
        subprocess.run([*command, "reload", *option], check=True, timeout=20)
        second, old = f"ipc://{tmp_path}/run/api-balancer", before[1].split()[1]
        wait_until(lambda: old not in workers_of(second), 40, "the reload of the second")
        after = [client.get(path).text for path in ("/", "/api/x")]
        subprocess.run([*command, "stop", *option], check=True, timeout=20)
        assert up.wait(30) == 0

    assert [line.split()[0] for line in before] == ["web", "api"] == [line.split()[0] for line in after]
    assert not set(before) & set(after)
    workers = [shown["balancer"]["workers"], shown["balancers"]["api"]["workers"]]
    assert [str(pids[0]["pid"]) for pids in workers] == [line.split()[1] for line in before]
