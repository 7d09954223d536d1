"""A handler process whose peer is absent, killed, restarted, or sends what is no message.

The peer is two ZeroMQ sockets here, since the real server sends nothing malformed.
"""

from __future__ import annotations

import json
import random
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
import zmq
from mongrel2_server import running, wait_until

APP = str(Path(__file__).with_name("mongrel2_app.py"))
UUID = "4f7a54f3-1d8b-4d0a-9c68-1b6d4f8bb3a1"
MIB = 1024 * 1024


def message(number: int, ident: str = "1", uuid: str = UUID) -> bytes:
    headers = {"METHOD": "GET", "PATH": "/echo", "URI": f"/echo?id={number}", "QUERY": f"id={number}"}
    encoded = json.dumps(headers | {"VERSION": "HTTP/1.1", "host": "localhost"}).encode()
    return b"%b %b /echo %d:%b,0:," % (uuid.encode(), ident.encode(), len(encoded), encoded)


class Peer:
    """The two sockets of a Mongrel2."""

    def __init__(self, folder: Path) -> None:
        self.pair = f"ipc://{folder}/send", f"ipc://{folder}/recv"

    def start(self) -> None:
        self._context = zmq.Context()
        self.push, self.sub = self._context.socket(zmq.PUSH), self._context.socket(zmq.SUB)
        for socket in (self.push, self.sub):
            socket.linger = 0
        self.push.sndtimeo = 20
        self.push.bind(self.pair[0])
        self.sub.bind(self.pair[1])
        self.sub.subscribe("")  # as Mongrel2 does

    def stop(self) -> None:
        self._context.destroy(linger=0)

    def send(self, data: bytes, timeout_s: float = 20.0) -> None:
        """Send *data* once somebody is there; libzmq says to whom we subscribe only while both sockets are used."""
        deadline = time.monotonic() + timeout_s
        while time.monotonic() < deadline:
            self.sub.poll(1)
            with suppress(zmq.Again):
                self.push.send(data)
                return
        raise TimeoutError("Nobody took the message.")

    def ask(self, number: int, timeout_s: float = 5.0) -> bytes | None:
        """Send a request; return the answer to it, None where none came in time."""
        self.send(message(number))
        return self.answer(timeout_s)

    def answer(self, timeout_s: float) -> bytes | None:
        return self.sub.recv() if self.sub.poll(int(1000 * timeout_s)) else None


@pytest.fixture
def peer(tmp_path: Path) -> Iterator[Peer]:
    peer = Peer(tmp_path)
    yield peer
    peer.stop()


@contextmanager
def handler(peer: Peer, folder: Path) -> Iterator[int]:
    """Run the application behind *peer*; give the id of its process."""
    environment = {"BRUBECK_MONGREL2_PULL": peer.pair[0], "BRUBECK_MONGREL2_PUB": peer.pair[1]}
    command = ["-m", "brubeck.core.command", "run", APP, "--connection", "mongrel2"]
    with running(*command, env=environment, log=folder / "log") as process:
        yield process.pid
        assert process.poll() is None, (folder / "log").read_text()


def resident_bytes(pid: int) -> int:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return int(next(line.split()[1] for line in lines if line.startswith("VmRSS"))) * 1024


def descriptors(pid: int) -> int:
    return len(list(Path(f"/proc/{pid}/fd").iterdir()))


def malformed() -> list[bytes]:
    good = message(1)
    start = f"{UUID} 1 /echo ".encode()
    numbers = random.Random(4)
    return [
        b"",
        b" ",
        b"nospacesatall",
        start,
        start + b"{}",
        start + b"9999:{},0:,",
        start + b"-2:{},0:,",
        start + b"2:{}0:,",
        start + b"2:{},",
        start + b"2:{},5:abc,",
        start + b"2:[],0:,",
        start + b"4:null,0:,",
        start + b"8:not json,0:,",
        start + b"99999999999999999999:{},0:,",
        start + b"9" * 5000 + b":{},0:,",
        start + b'14:{"METHOD":{}}x,0:,',
        start + b"2:{},0:,",
        good.replace(b"0:,", b"99999999999999999999:,"),
        good.replace(b"GET", b"\xff\xfe"),
        good[: len(good) // 2],
        b"\x00" * 100,
        b"\xff" * 100_000,
        *(numbers.randbytes(numbers.randint(1, 400)) for _ in range(400)),
        *(start + numbers.randbytes(numbers.randint(1, 100)) for _ in range(100)),
        *(flipped(good, numbers) for _ in range(300)),
        numbers.randbytes(10_000),
    ]


def flipped(data: bytes, numbers: random.Random) -> bytes:
    """Return *data* with a few bytes changed behind what names server and client."""
    changed = bytearray(data)
    for _ in range(numbers.randint(1, 3)):
        changed[numbers.randrange(len(UUID) + 3, len(data))] = numbers.randrange(256)
    return bytes(changed)


def test_what_is_no_message_is_dropped_and_the_next_good_one_answered(tmp_path: Path, peer: Peer) -> None:
    peer.start()
    with handler(peer, tmp_path):
        assert peer.ask(1, 20)
        for data in malformed():
            peer.send(data)
        peer.send(message(77, ident="7"))
        answers = iter(lambda: peer.answer(5), None)
        last = next(answer for answer in answers if answer.startswith(f"{UUID} 1:7, ".encode()))

    assert last.endswith(b"77")
    assert (tmp_path / "log").read_text().count("This is no message of Mongrel2") > 500


def test_a_message_with_another_ident_is_answered_to_that_one(tmp_path: Path, peer: Peer) -> None:
    peer.start()
    with handler(peer, tmp_path):
        peer.send(message(2, uuid="another-server"))
        peer.send(message(3))
        answers = sorted(peer.answer(20) for _ in range(2))

    assert [answer.partition(b" ")[0] for answer in answers] == [UUID.encode(), b"another-server"]
    assert [answer[-1:] for answer in answers] == [b"3", b"2"]


def test_a_peer_that_is_absent_at_first_is_served_once_it_is_there(tmp_path: Path, peer: Peer) -> None:
    with handler(peer, tmp_path) as pid:
        wait_until(lambda: descriptors(pid) > 10, 20, "the sockets")
        time.sleep(0.5)
        peer.start()

        assert peer.ask(1).endswith(b"1")


def test_a_peer_that_comes_and_goes_is_served_each_time_and_leaves_nothing(
    tmp_path: Path, peer: Peer
) -> None:
    peer.start()
    with handler(peer, tmp_path) as pid:
        assert peer.ask(0, 20)
        for number in range(3):
            restart(peer, number)
        before = resident_bytes(pid), descriptors(pid)
        waits_s = [restart(peer, number) for number in range(8)]
        after = resident_bytes(pid), descriptors(pid)

    assert max(waits_s) < 5
    assert after[0] - before[0] < 2 * MIB
    assert after[1] <= before[1] + 2


def restart(peer: Peer, number: int) -> float:
    """Have *peer* break off, with a message on its way, and come back; return how long the next answer took."""
    peer.send(message(1000 + number))
    peer.stop()
    time.sleep(0.2)
    peer.start()
    begun = time.monotonic()
    answer = peer.ask(number, 10)
    assert answer is not None
    assert answer.endswith(str(number).encode())
    return time.monotonic() - begun
