"""no.js in Chromium with scripts off and in w3m, over the embedded server and behind a real Mongrel2."""

from __future__ import annotations

import base64
import os
import pty
import re
import select
import struct
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from fcntl import ioctl
from pathlib import Path
from termios import TIOCSWINSZ
from typing import Any, Self

import pytest
from browser import ELEMENT, Browser, BrowserError
from brubeck.testing import SocketClient
from mongrel2_server import Mongrel2, is_listening
from serving import free_port, wait_until

pytestmark = pytest.mark.live("chromium", "chromedriver", "w3m", "mongrel2")

ROOT = Path(__file__).parents[2]
PICTURES = ROOT / "artefacts" / "nojs"


@contextmanager
def running(*options: str, **environ: str) -> Iterator[subprocess.Popen[bytes]]:
    command = [sys.executable, "-m", "brubeck.core.command", "run", "nojs.app:app", *options]
    settings = {**os.environ, "NOJS_POLL_S": "5", **environ}
    process = subprocess.Popen(command, cwd=ROOT / "examples", env=settings, stderr=subprocess.DEVNULL)
    try:
        yield process
    finally:
        process.terminate()
        process.wait(10)


@pytest.fixture(params=["wsgi", "mongrel2"])
def site(request: pytest.FixtureRequest) -> Iterator[str]:
    """Where the chat is served."""
    if request.param == "wsgi":
        port = free_port()
        with running("--port", str(port), NOJS_SEED="1"):
            wait_until(lambda: is_listening(port), what="the chat")
            yield f"http://127.0.0.1:{port}"
        return
    with Mongrel2() as server:
        pull, pub = server.pair
        with running(
            "--connection", "mongrel2", NOJS_SEED="1", BRUBECK_MONGREL2_PULL=pull, BRUBECK_MONGREL2_PUB=pub
        ):
            assert (
                SocketClient(server.url).get("/").status_code == 200
            )  # Mongrel2 keeps it until there is a handler
            yield server.url


# Chromium


class Reader(Browser):
    """A browser with scripts off."""

    page_load_strategy = "none"

    def __enter__(self) -> Self:
        super().__enter__()
        self.call("timeouts", {"implicit": 5000})
        self.chrome("Emulation.setScriptExecutionDisabled", value=True)
        return self

    def press(self, css: str) -> None:
        self.call(f"element/{self.find(css)}/click", {})

    def chrome(self, command: str, **parameters: object) -> Any:
        return self.call("goog/cdp/execute", {"cmd": command, "params": parameters})

    def look(self, width: int, height: int, scheme: str, name: str) -> None:
        """Keep a picture."""
        self.chrome(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=False,
        )
        self.chrome(
            "Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}]
        )
        time.sleep(0.2)
        PICTURES.mkdir(parents=True, exist_ok=True)
        (PICTURES / f"{name}.png").write_bytes(base64.b64decode(self.call("screenshot")))

    def frames(self) -> str:
        """Return what the page and its frames show. The driver itself would wait for a frame's long poll."""
        tree = self.chrome("Page.getFrameTree")["frameTree"]
        frames = [tree, *tree.get("childFrames", [])]
        return "\n".join(self.shown(frame["frame"]["id"]) for frame in frames)

    def shown(self, frame: str) -> str:
        """Return what a screen reader would read of *frame*."""
        try:
            nodes = self.chrome("Accessibility.getFullAXTree", frameId=frame)["nodes"]
        except BrowserError:  # between two pages
            return ""
        return "".join(node["name"]["value"] for node in nodes if node["role"].get("value") == "StaticText")

    def wait_for(self, text: str, timeout_s: float = 8) -> None:
        deadline = time.monotonic() + timeout_s
        while text not in (shown := self.frames()):
            assert time.monotonic() < deadline, f"{text!r} is not in {shown}"
            time.sleep(0.2)

    def say(self, text: str) -> None:
        self.call("frame", {"id": {ELEMENT: self.find("iframe.say")}})
        self.type("[name=text]", text)
        self.press("button")
        self.call("frame", {"id": None})

    def enter(self, site: str, name: str, room: str) -> None:
        self.go(site)
        self.type("[name=name]", name)
        self.press(".card button")
        wait_until(lambda: "Where to?" in self.source, what="the rooms")
        self.type("[name=room]", room)
        self.press(".card button")
        wait_until(lambda: self.url.endswith(f"/rooms/{room}"), what="the room")


@pytest.fixture(scope="module")
def shared_browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reader]:
    with Reader(tmp_path_factory.mktemp("browser")) as browser:
        yield browser


@pytest.fixture
def ann(shared_browser: Reader) -> Iterator[Reader]:
    """The browser, which has forgotten everything."""
    shared_browser.chrome("Network.clearBrowserCookies")
    yield shared_browser
    shared_browser.go("about:blank")


class Person:
    """Somebody else, with a browser of our own."""

    def __init__(self, site: str, name: str, room: str) -> None:
        self.client = SocketClient(site)
        self.room = f"/rooms/{room}"
        self.send("/name", "/", name=name)
        self.send("/rooms", "/", room=room)

    def send(self, path: str, page: str, **fields: str) -> None:
        token = re.search(r'name="csrf_token" value="([^"]+)"', self.client.get(page).text)
        assert token
        assert self.client.post(path, data={"csrf_token": token[1], **fields}).status_code == 303

    def say(self, text: str) -> None:
        self.send(f"{self.room}/say", f"{self.room}/say", text=text)

    def sees(self, html: str) -> bool:
        return html in self.client.get(f"{self.room}/messages").text


def test_two_people_talk_and_one_has_scripts_off(site, ann):
    ann.go("data:text/html,<title>off</title><script>document.title='on'</script>")
    wait_until(lambda: ann.call("title") == "off", what="the page")
    time.sleep(0.2)
    assert ann.call("title") == "off"
    ann.go(site)
    ann.look(1000, 700, "light", "front")
    ann.enter(site, "Ann", "lobby")
    bob = Person(site, "bob", "lobby")
    ann.wait_for("bob has come in.")

    ann.say("Five <b>beats</b> & nobody falls over")
    wait_until(lambda: bob.sees("Five &lt;b&gt;beats&lt;/b&gt; &amp; nobody falls over"), 3, "ann's line")
    bob.say("x" * 490)
    bob.say("I heard")
    ann.wait_for("I heard")
    ann.look(390, 800, "dark", "room-on-a-phone")
    ann.look(1000, 700, "light", "room")

    ann.press("header form button")
    wait_until(lambda: "Where to?" in ann.source, what="the rooms")
    assert bob.sees("ann has left.")
    ann.look(390, 800, "dark", "rooms-on-a-phone")
    ann.go(f"{site}/rooms/lobby")
    ann.look(390, 800, "dark", "door-on-a-phone")
    assert "You are not in this room" in ann.source


def test_the_cursor_is_in_the_line_again_after_sending(ann):
    port = free_port()
    with running("--port", str(port)):
        wait_until(lambda: is_listening(port), what="the chat")
        ann.enter(f"http://127.0.0.1:{port}", "ann", "lobby")
        ann.say("one")
        ann.wait_for("one")
        time.sleep(0.5)
        ann.call("actions", {"actions": [{"type": "key", "id": "k", "actions": keys("two\ue007")}]})

        ann.wait_for("two")


def keys(text: str) -> list[dict[str, str]]:
    return [{"type": kind, "value": letter} for letter in text for kind in ("keyDown", "keyUp")]


def test_an_error_stands_beside_its_field(ann):
    port = free_port()
    with running("--port", str(port)):
        wait_until(lambda: is_listening(port), what="the chat")
        ann.go(f"http://127.0.0.1:{port}")
        ann.type("[name=name]", "a:b")
        ann.press(".card button")
        wait_until(lambda: "aria-invalid" in ann.source, what="the error")
        ann.look(390, 800, "light", "error-on-a-phone")

        assert ann.text("#name-error").startswith("A username is letters, digits")


def test_a_frame_that_waits_is_answered_before_the_server_goes(ann):
    port = free_port()
    with running("--port", str(port), NOJS_POLL_S="60") as chat:
        wait_until(lambda: is_listening(port), what="the chat")
        ann.enter(f"http://127.0.0.1:{port}", "ann", "lobby")
        ann.wait_for("ann has come in.")
        began = time.monotonic()
        chat.terminate()
        chat.wait(10)

        assert time.monotonic() - began < 5


# w3m


class W3m:
    """A text browser in a terminal of 100 by 50 characters, driven by keys."""

    def __init__(self, url: str, folder: Path) -> None:
        environ = {"HOME": str(folder), "TERM": "vt100", "PATH": os.environ["PATH"], "LANG": "C.UTF-8"}
        self.process, self.terminal = pty.fork()
        if not self.process:
            os.execvpe("w3m", ["w3m", "-o", "confirm_qq=0", "-cookie", url], environ)
        ioctl(self.terminal, TIOCSWINSZ, struct.pack("HHHH", 50, 100, 0, 0))

    def read(self, quiet_s: float = 0.4) -> str:
        """Return what was drawn since, without what only moves the cursor."""
        drawn = b""
        while select.select([self.terminal], [], [], quiet_s)[0]:
            drawn += os.read(self.terminal, 65536)
        words = re.sub(r"\x1b\[[0-9;]*[CH]", " ", drawn.decode(errors="replace"))
        return re.sub(r"\x1b(\[[0-9;?]*[A-Za-z]|[()][AB0]|[=>78M])|[\x00\x0e\x0f]", "", words)

    def press(self, keys: str) -> None:
        os.write(self.terminal, keys.encode())
        self.read()

    def screen(self) -> str:
        """Have all of it drawn again; return its words, each with one space behind it."""
        os.write(self.terminal, b"\x0c")
        return " ".join(self.read().split())

    def wait_for(self, text: str) -> str:
        screen = ""
        deadline = time.monotonic() + 8
        while time.monotonic() < deadline:
            screen = self.screen()
            if text in screen:
                return screen
        raise AssertionError(f"{text!r} is not on the screen:\n{screen}")

    def follow(self, text: str) -> None:
        """Put the cursor on *text*, and press Enter."""
        self.press(f"G?{text}\r")
        os.write(self.terminal, b"\r")

    def fill(self, label: str, typed: str) -> None:
        """Type into the field behind *label*, and send the form with the button behind that."""
        self.press(f"G?{label}\r")
        self.press("\t\r")
        self.press(f"{typed}\r")
        self.press("\t\r")

    def quit(self) -> None:
        with suppress(OSError):
            os.write(self.terminal, b"qy")
        os.close(self.terminal)
        with suppress(ChildProcessError):
            os.kill(self.process, 15)
            os.waitpid(self.process, 0)


@contextmanager
def terminal(url: str, folder: Path) -> Iterator[W3m]:
    folder.mkdir()
    w3m = W3m(url, folder)
    try:
        yield w3m
    finally:
        w3m.quit()


def test_w3m_joins_in(site, tmp_path):
    ann = Person(site, "ann", "lobby")
    with terminal(site, tmp_path / "bob") as bob:
        bob.wait_for("Your name")
        bob.fill("Your name", "bob")
        bob.wait_for("Where to?")
        bob.fill("Join a room", "lobby")
        bob.wait_for("Read the messages")
        bob.follow("Say something")
        bob.wait_for("Say something in")
        bob.fill("Say something in", "Hello from a terminal")
        wait_until(lambda: ann.sees("Hello from a terminal"), 3, "bob's line")

        bob.wait_for("Read the messages")
        bob.follow("Read the messages")
        bob.wait_for("Hello from a terminal")
        bob.follow("/rooms/lobby/messages")  # behind Refresh: the answer to this one waits
        ann.say("Hello from a window")
        bob.wait_for("Hello from a window")
