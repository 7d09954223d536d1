"""The full sizes of what the other tests do in small: minutes of load, and large bodies. `nox -s soak`, or

pytest -m soak tests/live/test_mongrel2_soak.py -s
"""

from __future__ import annotations

import hashlib
import http.client
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest
from brubeck.mongrel2.control import ask_balancer
from mongrel2_server import Mongrel2, free_port, is_listening, raw_exchange, running, wait_until
from test_mongrel2_balancer import APP, HERE, await_workers, balanced, finish_load, start_load, status, worker
from test_mongrel2_behaviour import digest_of, read_slowly

pytestmark = [pytest.mark.soak, pytest.mark.live("mongrel2")]

MIB = 1024 * 1024


@contextmanager
def up(folder: Path, workers: int) -> Iterator[tuple[tuple[str, int], list[str], str]]:
    """Run `brubeck mongrel2 up`; give the address, the command to steer it, and the balancer's."""
    port = free_port()
    config = folder / "mongrel2.toml"
    config.write_text(f"port = {port}\n")
    command = [sys.executable, "-m", "brubeck.core.command", "mongrel2"]
    process = subprocess.Popen([*command, "up", APP, "--workers", str(workers), "--config", str(config)])
    spec = f"ipc://{folder}/run/balancer"
    try:
        wait_until(lambda: is_listening(port), 20, "mongrel2")
        wait_until(lambda: len(pids(spec)) == workers, 30, "the workers")
        yield ("127.0.0.1", port), [*command], spec
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(60)


def pids(spec: str) -> set[int]:
    return {found["pid"] for found in (ask_balancer(spec, 5) or {"workers": []})["workers"]}


def reload(folder: Path, command: list[str], spec: str) -> None:
    before = pids(spec)
    subprocess.run([*command, "reload", "--config", str(folder / "mongrel2.toml")], check=True, timeout=30)
    wait_until(lambda: not before & pids(spec) and len(pids(spec)) == len(before), 120, "the reload")


@pytest.mark.parametrize(("rate", "seconds"), [(0, 60), (2000, 60)])
def test_three_reloads_under_load_lose_nothing(tmp_path: Path, rate: int, seconds: int) -> None:
    with up(tmp_path, 4) as (address, command, spec):
        arguments = [f"--seconds={seconds}", f"--rate={rate}"]
        load = subprocess.Popen(
            [sys.executable, str(HERE / "mongrel2_load.py"), *map(str, address), *arguments],
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(3):
            time.sleep(3)
            reload(tmp_path, command, spec)
        found = finish_load(load, seconds + 60)

    assert found["statuses"] == {"GET 200": found["sent"]}
    assert (found["wrong"], found["unanswered"], found["broken"]) == (0, 0, 0)
    assert found["sent"] == rate * seconds if rate else found["sent"] >= 100_000


def test_ten_kills_leave_nobody_waiting(tmp_path: Path) -> None:
    log = tmp_path / "posts"
    with ExitStack() as stack:
        server = stack.enter_context(Mongrel2())
        environment = {**stack.enter_context(balanced(server)), "ECHO_LOG": str(log), "ECHO_SLEEP_S": "0.002"}
        workers = [stack.enter_context(worker(server, environment)) for _ in range(4)]
        await_workers(server, 4)
        load = start_load(server, seconds=45, rate=800, post_every=4)
        for _ in range(10):
            time.sleep(1)
            workers.pop(0).kill()
            workers.append(stack.enter_context(worker(server, environment)))
            await_workers(server, 4)
        found = finish_load(load, 120)
        totals = status(server)["totals"]
        print(totals)

    assert totals["deaths"] == 10
    assert (found["wrong"], found["unanswered"], found["broken"]) == (0, 0, 0)
    assert set(found["statuses"]) <= {"GET 200", "POST 200", "POST 502"}
    assert found["slowest_s"] < 1
    posts = log.read_text().split()
    assert len(posts) == len(set(posts))


def memory_of(pid: int, key: str) -> int:
    """Return *key* of the process's status in bytes: `VmRSS`, or `VmHWM` for the peak."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith(key)).split()[1]) * 1024


BODIES = """
import hashlib
from brubeck.request_handling import Brubeck, WebMessageHandler

class Hash(WebMessageHandler):
    def post(self):
        digest, stream = hashlib.sha256(), self.message.stream
        while piece := stream.read(65536):
            digest.update(piece)
        return digest.hexdigest()

class Download(WebMessageHandler):
    def get(self):
        return (bytes([number % 256]) * 65536 for number in range(1600))

app = Brubeck(mongrel2_pair=("tcp://127.0.0.1:9", "tcp://127.0.0.1:8"),
              handler_tuples=[(r"^/hash$", Hash), (r"^/download$", Download)])
"""


def test_a_hundred_mebibytes_in_both_directions(tmp_path: Path) -> None:
    (tmp_path / "bodies.py").write_text(BODIES)
    with Mongrel2() as server:
        environment = {
            "BRUBECK_MONGREL2_PULL": server.pair[0],
            "BRUBECK_MONGREL2_PUB": server.pair[1],
            "BRUBECK_MONGREL2_UPLOADS": str(server.upload_folder),
        }
        program = (
            "-m",
            "brubeck.core.command",
            "run",
            str(tmp_path / "bodies.py"),
            "--connection",
            "mongrel2",
        )
        with running(*program, env=environment) as process:
            raw_exchange(server.address, b"GET /nowhere HTTP/1.0\r\n\r\n", timeout_s=20)
            idle = memory_of(process.pid, "VmRSS")
            check_bodies(server)
            grown = memory_of(process.pid, "VmHWM") - idle
            print(f"peak {grown / MIB:.1f} MiB above idle")

    assert grown < 60 * MIB


def check_bodies(server: Any) -> None:
    body = os.urandom(MIB) * 100
    client = http.client.HTTPConnection(*server.address, timeout=60)
    client.request("POST", "/hash", body)
    assert client.getresponse().read().decode() == hashlib.sha256(body).hexdigest()
    client.request("GET", "/download")
    digest = hashlib.sha256(client.getresponse().read()).hexdigest()
    client.close()
    wanted = digest_of(bytes([number % 256]) * 65536 for number in range(1600))
    assert digest == wanted
    assert read_slowly(server.address, "/download", 2 * MIB) == wanted
