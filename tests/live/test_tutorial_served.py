"""The commands of the tutorial start what it has built: our own server, and Mongrel2 with two workers."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from brubeck.testing import SocketClient
from mongrel2_server import is_listening
from serving import free_port, started, wait_until
from tutorial import STEPS, write_until

PASSWORD = "blue rondo a la turk"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """What a reader has at the end."""
    write_until(STEPS[-1], tmp_path)
    return tmp_path


def send(client: SocketClient, path: str, **fields: str) -> int:
    token = re.search('name="csrf_token" value="([^"]+)"', client.get(path).text)
    assert token
    return client.post(path, data={**fields, "csrf_token": token[1]}).status_code


def use(site: str) -> None:
    """Do what the tutorial's visitor does."""
    client = SocketClient(site)
    assert client.get("/").headers["location"] == "/login?next=/"
    assert send(client, "/create", username="ann", password=PASSWORD) == 303
    assert send(client, "/add_item", url="example.com/five") == 303
    assert send(client, "/add_item", url="javascript:alert(1)") == 422
    assert 'href="https://example.com/five"' in client.get("/").text
    assert client.get("/api").json()["items"][0]["url"] == "https://example.com/five"
    assert send(client, "/logout") == 302
    assert client.get("/api").status_code == 401


def test_the_first_step_is_served(tmp_path):
    write_until(STEPS[0], tmp_path)
    assert "brubeck run app.py --reload" in STEPS[0].commands
    port = free_port()
    command = ("-m", "brubeck.core.command", "run", "app.py", "--reload", "--port", str(port))
    with started(*command, cwd=tmp_path, port=port):
        assert SocketClient(f"http://127.0.0.1:{port}").get("/").text == "Nothing saved yet."


def test_the_last_step_is_served_by_our_own_server(folder):
    port = free_port()
    command = ("-m", "brubeck.core.command", "run", "app.py", "--port", str(port))
    with started(*command, cwd=folder, port=port):
        use(f"http://127.0.0.1:{port}")


@pytest.fixture
def behind_mongrel2(folder: Path) -> Iterator[str]:
    line = next(line for line in STEPS[-1].commands if line.startswith("brubeck mongrel2 up"))
    port = free_port()
    command = [*line.split()[1:], "--host", "127.0.0.1", "--port", str(port)]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "brubeck.core.command", *command], cwd=folder, stdout=log, stderr=log
        )
    try:
        wait_until(lambda: is_listening(port), what="Mongrel2")
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(20)


@pytest.mark.live("mongrel2")
def test_the_last_step_is_served_behind_mongrel2(behind_mongrel2):
    use(behind_mongrel2)
