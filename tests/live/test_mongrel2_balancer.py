"""Workers that come, go and die behind the balancer, and what clients notice of it: nothing."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest
import zmq
from brubeck.core.client import SocketClient
from brubeck.core.contracts import ConnectionContract
from brubeck.mongrel2 import Mongrel2Connection
from brubeck.mongrel2.balanced import CREDIT
from brubeck.mongrel2.control import ask_balancer, ask_server
from mongrel2_server import (
    Mongrel2,
    balanced,
    free_port,
    in_thread,
    is_listening,
    raw_exchange,
    running,
    wait_until,
)

pytestmark = pytest.mark.live("mongrel2")

HERE = Path(__file__).parent
APP = str(HERE / "mongrel2_app.py")
SECONDS = float(os.environ.get("BRUBECK_LOAD_SECONDS", "5"))


def status(server: Mongrel2) -> dict[str, Any]:
    found = ask_balancer(server.settings.balancer_spec, 15)
    assert found is not None
    return found


def worker(server: Mongrel2, environment: dict[str, str]) -> Any:
    addresses = {"BRUBECK_MONGREL2_PUB": server.pair[1], **environment}
    return running("-m", "brubeck.core.command", "run", APP, "--connection", "mongrel2", env=addresses)


def await_workers(server: Mongrel2, count: int) -> list[int]:
    wait_until(lambda: len(status(server)["workers"]) == count, 20, "the workers")
    return [found["pid"] for found in status(server)["workers"]]


def start_load(server: Mongrel2, **options: Any) -> subprocess.Popen[str]:
    arguments = [f"--{name.replace('_', '-')}={value}" for name, value in options.items()]
    command = [sys.executable, str(HERE / "mongrel2_load.py"), *map(str, server.address), *arguments]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def finish_load(load: subprocess.Popen[str], timeout_s: float = 60) -> dict[str, Any]:
    output, _ = load.communicate(timeout=timeout_s)
    found: dict[str, Any] = json.loads(output)
    print(found)
    return found


@contextmanager
def behind_balancer(workers: int, *options: str, **environment: str) -> Iterator[tuple[Mongrel2, list[Any]]]:
    with ExitStack() as stack:
        server = stack.enter_context(Mongrel2())
        found = stack.enter_context(balanced(server, *options))
        processes = [stack.enter_context(worker(server, {**found, **environment})) for _ in range(workers)]
        await_workers(server, workers)
        yield server, processes


class TestContract(ConnectionContract):
    @pytest.fixture(autouse=True, scope="class")
    @classmethod
    def _server(cls) -> Iterator[None]:
        with Mongrel2() as cls.server, balanced(cls.server):
            yield

    @contextmanager
    def serve(self, application: Any) -> Iterator[SocketClient]:
        server = self.server
        application.msg_conn = Mongrel2Connection(
            pub_addr=server.pair[1],
            upload_folder=server.upload_folder,
            balancer=server.settings.balancer_spec,
        )
        with in_thread(application):
            await_workers(server, 1)
            yield SocketClient(server.url)
        await_workers(server, 0)


class TestLife:
    def test_workers_come_and_go_under_load(self) -> None:
        with ExitStack() as stack:
            server = stack.enter_context(Mongrel2())
            environment = stack.enter_context(balanced(server))
            workers = [stack.enter_context(worker(server, environment)) for _ in range(2)]
            await_workers(server, 2)
            load = start_load(server, seconds=SECONDS, rate=500)
            ends_at = time.monotonic() + SECONDS - 1
            while time.monotonic() < ends_at:
                fresh = stack.enter_context(worker(server, environment))
                await_workers(server, 3)
                old = workers.pop(0)
                old.terminate()
                assert old.wait(10) == 0
                workers.append(fresh)
            found = finish_load(load)

        assert found["statuses"] == {"GET 200": found["sent"]}
        assert (found["wrong"], found["unanswered"], found["broken"]) == (0, 0, 0)

    def test_a_killed_worker_leaves_nobody_waiting(self, tmp_path: Path) -> None:
        log = tmp_path / "posts"
        with ExitStack() as stack:
            server = stack.enter_context(Mongrel2())
            environment = stack.enter_context(balanced(server))
            environment = {**environment, "ECHO_LOG": str(log), "ECHO_SLEEP_S": "0.005"}
            workers = [stack.enter_context(worker(server, environment)) for _ in range(4)]
            await_workers(server, 4)
            load = start_load(server, seconds=SECONDS, rate=400, post_every=5)
            for _ in range(3):
                time.sleep(SECONDS / 5)
                workers.pop(0).kill()
                workers.append(stack.enter_context(worker(server, environment)))
            found = finish_load(load)
            totals = status(server)["totals"]

        assert totals["deaths"] == 3
        assert (found["wrong"], found["unanswered"], found["broken"]) == (0, 0, 0)
        assert set(found["statuses"]) <= {"GET 200", "POST 200", "POST 502"}
        assert found["slowest_s"] < 1
        posts = log.read_text().split()
        assert len(posts) == len(set(posts))

    def test_what_workers_die_of_is_given_to_two_and_no_more(self) -> None:
        with behind_balancer(4) as (server, _):
            received = raw_exchange(server.address, b"GET /die HTTP/1.1\r\nHost: x\r\n\r\n", timeout_s=10)
            left = status(server)["workers"]

        assert received.startswith(b"HTTP/1.1 502 ")
        assert len(left) == 2

    def test_a_message_of_several_parts_costs_no_worker_its_credit(self) -> None:
        """A socket of the kind REQ sends an empty part first; what followed was taken for somebody's name."""
        with behind_balancer(1) as (server, _), zmq.Context() as context, context.socket(zmq.REQ) as asking:
            asking.linger = 0
            asking.connect(server.settings.balancer_spec)
            asking.send(b"S")
            for number in range(100):
                received = raw_exchange(server.address, b"GET /echo?id=%d HTTP/1.0\r\n\r\n" % number)
                assert received.endswith(b"%d" % number)
            [found] = status(server)["workers"]

        assert found["credit"] == CREDIT
        assert not found["unanswered"]

    def test_a_silent_lifeline_holds_up_nobody(self) -> None:
        """The balancer waited up to 1 s for the name of whoever had connected, and then forgot the line."""
        with behind_balancer(1) as (server, _), socket.socket(socket.AF_UNIX) as line:
            line.connect(f"{server.settings.balancer_spec.removeprefix('ipc://')}.alive")
            began = time.monotonic()
            received = raw_exchange(server.address, b"GET /echo?id=1 HTTP/1.0\r\n\r\n")
            took = time.monotonic() - began

        assert received.endswith(b"1")
        assert took < 0.5

    def test_without_workers_requests_wait_and_then_get_503(self) -> None:
        with behind_balancer(0, "--wait=0.5") as (server, _):
            received = raw_exchange(server.address, b"GET /echo?id=1 HTTP/1.1\r\nHost: x\r\n\r\n")

        assert received.startswith(b"HTTP/1.1 503 ")

    def test_the_parked_body_of_what_it_refuses_is_removed(self) -> None:
        """Whoever uploaded while no worker was there could fill the disk."""
        size = 5 * 1024 * 1024  # more than Mongrel2 keeps in memory
        with behind_balancer(0, "--wait=1") as (server, _):
            received = raw_exchange(
                server.address, b"POST / HTTP/1.0\r\nContent-Length: %d\r\n\r\n" % size + bytes(size)
            )
            wait_until(lambda: not list(server.upload_folder.iterdir()), 5, "the file's removal")

        assert received.startswith(b"HTTP/1.1 503 ")

    def test_a_worker_that_comes_late_answers_what_waited(self) -> None:
        with ExitStack() as stack:
            server = stack.enter_context(Mongrel2())
            environment = stack.enter_context(balanced(server))
            with socket.create_connection(server.address, timeout=10) as client:
                client.sendall(b"GET /echo?id=7 HTTP/1.1\r\nHost: x\r\n\r\n")
                stack.enter_context(worker(server, environment))
                assert client.recv(65536).endswith(b"7")

    def test_the_server_comes_back(self) -> None:
        with behind_balancer(1) as (server, _):
            assert raw_exchange(server.address, b"GET /echo?id=1 HTTP/1.0\r\n\r\n").endswith(b"1")
            server.restart()
            began = time.monotonic()
            assert raw_exchange(server.address, b"GET /echo?id=2 HTTP/1.0\r\n\r\n").endswith(b"2")
            assert time.monotonic() - began < 1.5

    def test_a_balancer_that_is_replaced_finds_its_workers(self) -> None:
        with ExitStack() as stack:
            server = stack.enter_context(Mongrel2())
            with balanced(server) as environment:
                stack.enter_context(worker(server, environment))
                await_workers(server, 1)
            with balanced(server):
                await_workers(server, 1)
                assert raw_exchange(server.address, b"GET /echo?id=3 HTTP/1.0\r\n\r\n").endswith(b"3")


class TestUp:
    def test_up_reload_and_stop(self, tmp_path: Path) -> None:
        port = free_port()
        config = tmp_path / "mongrel2.toml"
        config.write_text(f"port = {port}\n")
        command = [sys.executable, "-m", "brubeck.core.command", "mongrel2"]
        option = ["--config", str(config)]
        up = subprocess.Popen([*command, "up", APP, "--workers", "2", *option])
        address = ("127.0.0.1", port)
        spec = f"ipc://{tmp_path}/run/balancer"
        try:
            wait_until(lambda: is_listening(port), 20, "mongrel2")
            wait_until(
                lambda: len((ask_balancer(spec, 0.5) or {"workers": []})["workers"]) == 2, 20, "workers"
            )
            before = {found["pid"] for found in (ask_balancer(spec) or {})["workers"]}
            load_command = [sys.executable, str(HERE / "mongrel2_load.py"), *map(str, address)]
            load = subprocess.Popen(
                [*load_command, f"--seconds={SECONDS + 3}", "--rate=500"], stdout=subprocess.PIPE, text=True
            )
            subprocess.run([*command, "reload", *option], check=True, timeout=20)
            wait_until(
                lambda: (
                    not before
                    & {found["pid"] for found in (ask_balancer(spec) or {"workers": []})["workers"]}
                ),
                30,
                "the reload",
            )
            found = finish_load(load)
            assert ask_server(f"ipc://{tmp_path}/run/control") is not None
            shown = subprocess.run([*command, "status", *option], capture_output=True, text=True, timeout=20)
            assert "Balancer: received" in shown.stdout
            subprocess.run([*command, "stop", *option], check=True, timeout=20)
            assert up.wait(20) == 0
        finally:
            if up.poll() is None:
                up.send_signal(signal.SIGTERM)
                up.wait(20)

        assert found["statuses"] == {"GET 200": found["sent"]}
        assert (found["wrong"], found["unanswered"], found["broken"]) == (0, 0, 0)
        assert not is_listening(port)
