"""SpotiChat with two thousand listeners over two processes and Redis, and with a process that is killed."""

from __future__ import annotations

import json
import os
import re
import selectors
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from brubeck.testing import SocketClient
from mongrel2_server import is_listening
from serving import free_port, wait_until

pytestmark = pytest.mark.live("redis-server")

ROOT = Path(__file__).parents[2]
SONG = "spotify:track:1YQWosTIljIvxAgHWTp7KP"
FEED = f"/api/rooms/{SONG}/feed"
SECRET = "0123456789abcdefghijABCDEFGHIJKLmnop-_"
LISTENERS = 2000


@contextmanager
def ended(process: subprocess.Popen[bytes]) -> Iterator[subprocess.Popen[bytes]]:
    try:
        yield process
    finally:
        process.kill()
        process.wait(10)


@pytest.fixture
def redis_url(tmp_path: Path) -> Iterator[str]:
    port = free_port()
    command = [
        "redis-server",
        "--port",
        str(port),
        "--bind",
        "127.0.0.1",
        "--save",
        "",
        "--dir",
        str(tmp_path),
    ]
    with ended(subprocess.Popen(command, stdout=subprocess.DEVNULL)):
        wait_until(lambda: is_listening(port), what="redis")
        yield f"redis://127.0.0.1:{port}/0"


@contextmanager
def chat(redis_url: str, port: int | None = None) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """Run one process of SpotiChat; give it and its port."""
    port = port or free_port()
    command = [sys.executable, "-m", "brubeck.core.command", "run", "spotichat.app:app", "--port", str(port)]
    environ = {**os.environ, "SPOTICHAT_REDIS_URL": redis_url, "SPOTICHAT_SECRET": SECRET}
    with ended(
        subprocess.Popen(command, cwd=ROOT / "examples", env=environ, stderr=subprocess.DEVNULL)
    ) as process:
        wait_until(lambda: is_listening(port), 30, "the chat")
        yield process, port


class Person:
    """Somebody with an account, signed in at one process."""

    def __init__(self, port: int, name: str) -> None:
        self.client = SocketClient(f"http://127.0.0.1:{port}", timeout_s=30)
        fields = {"csrf_token": self.token("/create"), "username": name, "password": "blue rondo a la turk"}
        assert self.client.post("/create", data=fields).status_code == 303

    def at(self, port: int) -> Person:
        """Return the same person, asking another process."""
        other = object.__new__(Person)
        other.client = SocketClient(f"http://127.0.0.1:{port}", timeout_s=30)
        other.client.cookies = self.client.cookies
        return other

    def token(self, path: str = "/login") -> str:
        found = re.search(r'name="csrf_token" value="([^"]+)"', self.client.get(path).text)
        assert found
        return found[1]

    def say(self, text: str, token: str | None = None) -> None:
        headers = {"X-CSRF-Token": token or self.token()}
        assert self.client.post(FEED, json={"text": text}, headers=headers).status_code == 201

    def texts(self, since: str = "") -> list[str]:
        answer = self.client.get(FEED, query={"since": since} if since else None)
        return [message["text"] for message in answer.json()["messages"]]


class Listeners:
    """Many open long polls, watched by one selector."""

    def __init__(self) -> None:
        self.selector = selectors.DefaultSelector()
        self.received: dict[socket.socket, bytearray] = {}
        self.ended_at: dict[socket.socket, float] = {}

    def add(self, port: int, cookies: dict[str, str], since: str, count: int) -> None:
        cookie = "; ".join(f"{name}={value}" for name, value in cookies.items())
        head = f"GET {FEED}?since={since} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nCookie: {cookie}\r\n\r\n"
        for _ in range(count):
            one = socket.create_connection(("127.0.0.1", port), timeout=10)
            one.sendall(head.encode())
            one.setblocking(False)
            self.received[one] = bytearray()
            self.selector.register(one, selectors.EVENT_READ)

    def read(self, timeout_s: float, needle: bytes) -> int:
        """Read for *timeout_s* seconds, or until all have *needle*; return how many have."""
        deadline = time.monotonic() + timeout_s
        while (left := deadline - time.monotonic()) > 0 and len(self.ended_at) < len(self.received):
            for key, _ in self.selector.select(left):
                one = key.fileobj
                self.received[one] += one.recv(65536)
                if needle in self.received[one]:
                    self.ended_at[one] = time.monotonic()
                    self.selector.unregister(one)
        return len(self.ended_at)

    def close(self) -> None:
        for one in self.received:
            one.close()
        self.selector.close()


@contextmanager
def listening() -> Iterator[Listeners]:
    listeners = Listeners()
    try:
        yield listeners
    finally:
        listeners.close()


def test_a_message_is_with_two_thousand_listeners_of_two_processes_within_a_second(
    redis_url, record_property
):
    with chat(redis_url) as (_, one), chat(redis_url) as (_, two), listening() as listeners:
        ann = Person(one, "ann")
        bob = Person(two, "bob")
        ann.say("first")
        since = json.loads(ann.client.get(FEED).text)["messages"][-1]["id"]
        for port, person in ((one, ann), (two, bob)):
            listeners.add(port, person.client.cookies, since, LISTENERS // 2)
        assert listeners.read(4, b"HTTP/1.1 ") == 0, bytes(next(iter(listeners.received.values())))
        token = ann.token()

        began = time.monotonic()
        ann.say("Five beats", token)
        assert listeners.read(10, b"Five beats") == LISTENERS
        took = max(listeners.ended_at.values()) - began

        record_property("seconds", round(took, 3))
        print(f"{LISTENERS} listeners, 2 processes: {took:.3f} s")
        assert took < 1


def test_a_killed_process_loses_no_stored_message_and_its_listeners_come_back(redis_url):
    with chat(redis_url) as (victim, one), chat(redis_url) as (_, two), listening() as listeners:
        ann = Person(one, "ann")
        ann.say("zero")
        since = json.loads(ann.client.get(FEED).text)["messages"][-1]["id"]
        listeners.add(one, ann.client.cookies, since, 100)
        token, stored = ann.token(), []
        assert listeners.read(1, b"HTTP/1.1 ") == 0
        for number in range(10):
            ann.say(str(number), token)
            stored.append(str(number))
        victim.send_signal(signal.SIGKILL)
        victim.wait(10)

        bob = ann.at(two)
        assert bob.texts(since) == stored
        bob.say("meanwhile")
        with chat(redis_url, one):
            assert ann.texts(since) == [*stored, "meanwhile"]
            with listening() as again:  # as the script does: with the id of what was seen last
                again.add(one, ann.client.cookies, since, 100)
                assert again.read(5, b"meanwhile") == 100


def test_redis_away_is_told_and_over_when_it_is_back(tmp_path):
    port, redis_port = free_port(), free_port()
    command = [
        "redis-server",
        "--port",
        str(redis_port),
        "--bind",
        "127.0.0.1",
        "--appendonly",
        "yes",
        "--dir",
        str(tmp_path),
    ]
    with chat(f"redis://127.0.0.1:{redis_port}/0", port):
        client = SocketClient(f"http://127.0.0.1:{port}")
        assert client.get("/").status_code == 500
        with ended(subprocess.Popen(command, stdout=subprocess.DEVNULL)):
            wait_until(lambda: is_listening(redis_port), what="redis")
            ann = Person(port, "ann")
            ann.say("kept")
        with ended(subprocess.Popen(command, stdout=subprocess.DEVNULL)):
            wait_until(lambda: is_listening(redis_port), what="redis")
            wait_until(lambda: client.get("/login").status_code == 200, what="the chat")
            assert ann.texts() == ["kept"]
