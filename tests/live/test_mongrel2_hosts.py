"""Workers on three hosts, which are network namespaces here: one host's link is cut under load, and restored."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from brubeck.mongrel2.control import ask_balancer
from mongrel2_server import Mongrel2, free_port, running
from test_mongrel2_balancer import APP, HERE, finish_load, wait_until

MARK = f"bb{os.getpid() % 10_000:04}"
NETWORK = f"10.{200 + os.getpid() % 50}.{os.getpid() // 50 % 250}"


def ip(*arguments: str) -> None:
    subprocess.run(["ip", *arguments], check=True, capture_output=True)


def has_namespaces() -> bool:
    """Say whether this machine lets us make hosts."""
    if os.geteuid() != 0 or shutil.which("ip") is None:
        return False
    if subprocess.run(["ip", "netns", "add", f"{MARK}t"], capture_output=True, check=False).returncode:
        return False
    ip("netns", "delete", f"{MARK}t")
    return True


pytestmark = [
    pytest.mark.live("mongrel2"),
    pytest.mark.skipif(not has_namespaces(), reason="needs root and network namespaces"),
]


@contextmanager
def network(hosts: int) -> Iterator[list[str]]:
    """Make a bridge and *hosts* namespaces on it; give the names of the bridge's ends of their links."""
    with ExitStack() as stack:
        ip("link", "add", MARK, "type", "bridge")
        stack.callback(ip, "link", "delete", MARK)
        ip("address", "add", f"{NETWORK}.1/24", "dev", MARK)
        ip("link", "set", MARK, "up")
        links = []
        for number in range(1, hosts + 1):
            name, link, inner = f"{MARK}n{number}", f"{MARK}l{number}", f"{MARK}i{number}"
            ip("netns", "add", name)
            stack.callback(ip, "netns", "delete", name)
            ip("link", "add", link, "type", "veth", "peer", "name", inner)
            ip("link", "set", link, "master", MARK, "up")
            ip("link", "set", inner, "netns", name)
            ip("-n", name, "address", "add", f"{NETWORK}.{number + 1}/24", "dev", inner)
            ip("-n", name, "link", "set", inner, "up")
            ip("-n", name, "link", "set", "lo", "up")
            links.append(link)
        yield links


@contextmanager
def worker_on(number: int, environment: dict[str, str]) -> Iterator[None]:
    """Run a worker in the namespace *number*."""
    command = [
        "ip",
        "netns",
        "exec",
        f"{MARK}n{number}",
        sys.executable,
        "-m",
        "brubeck.core.command",
        "run",
        APP,
    ]
    process = subprocess.Popen([*command, "--connection", "mongrel2"], env={**os.environ, **environment})
    try:
        yield
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def test_a_link_is_cut_under_load_and_restored(tmp_path: Path) -> None:
    balancer, seconds = f"tcp://{NETWORK}.1:{free_port()}", 12
    with ExitStack() as stack:
        links = stack.enter_context(network(3))
        pair = {
            "send_spec": f"tcp://{NETWORK}.1:{free_port()}",
            "recv_spec": f"tcp://{NETWORK}.1:{free_port()}",
        }
        server = stack.enter_context(Mongrel2(**pair))
        addresses = ("--pull", pair["send_spec"], "--pub", pair["recv_spec"], "--listen", balancer)
        program = ("-m", "brubeck.core.command", "mongrel2", "balance", *addresses, "--dead-after=1.5")
        stack.enter_context(running(*program))
        environment = {"BRUBECK_MONGREL2_BALANCER": balancer, "BRUBECK_MONGREL2_PUB": pair["recv_spec"]}
        log = tmp_path / "posts"
        environment |= {"ECHO_SLEEP_S": "0.01", "ECHO_LOG": str(log)}
        for number in (1, 2, 3):
            stack.enter_context(worker_on(number, environment))

        def workers() -> int:
            return len((ask_balancer(balancer, 15) or {"workers": []})["workers"])

        wait_until(lambda: workers() == 3, 30, "the workers")
        command = [sys.executable, str(HERE / "mongrel2_load.py"), *map(str, server.address)]
        load = subprocess.Popen(
            [*command, f"--seconds={seconds}", "--rate=200", "--post-every=10"],
            stdout=subprocess.PIPE,
            text=True,
        )
        time.sleep(2)
        ip("link", "set", links[0], "down")
        wait_until(lambda: workers() == 2, 10, "the balancer's notice")
        time.sleep(2)
        ip("link", "set", links[0], "up")
        wait_until(lambda: workers() == 3, 20, "the return")
        found = finish_load(load, 60)

    assert (found["wrong"], found["unanswered"], found["broken"]) == (0, 0, 0)
    assert set(found["statuses"]) <= {"GET 200", "POST 200", "POST 502"}
    assert found["slowest_s"] < 4
    posts = log.read_text().split()
    assert len(posts) == len(set(posts))
