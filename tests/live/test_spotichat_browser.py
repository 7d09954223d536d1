"""SpotiChat in Chromium: over our own server and behind a real Mongrel2, by long polls and by WebSocket."""

from __future__ import annotations

import base64
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from browser import Browser
from mongrel2_server import Mongrel2, is_listening
from serving import free_port, wait_until
from test_spotichat_load import SONG, Person, chat, redis_url  # noqa: F401 - a fixture

pytestmark = pytest.mark.live("chromium", "chromedriver", "mongrel2", "redis-server")

ROOT = Path(__file__).parents[2]
PICTURES = ROOT / "artefacts" / "spotichat"
ROOM = f"/rooms/{SONG}"
PASSWORD = "blue rondo a la turk"
POLLS = "return performance.getEntriesByType('resource').filter(e => e.name.includes('/feed?since')).length"


@contextmanager
def running(*options: str, **environ: str) -> Iterator[None]:
    command = [sys.executable, "-m", "brubeck.core.command", "run", "spotichat.app:app", *options]
    settings = {**os.environ, "SPOTICHAT_SEED": "1", **environ}
    process = subprocess.Popen(command, cwd=ROOT / "examples", env=settings, stderr=subprocess.DEVNULL)
    try:
        yield
    finally:
        process.terminate()
        process.wait(10)


@pytest.fixture(params=["wsgi", "mongrel2"])
def port(request: pytest.FixtureRequest) -> Iterator[int]:
    """Where the chat is served."""
    if request.param == "wsgi":
        own = free_port()
        with running("--port", str(own)):
            wait_until(lambda: is_listening(own), 30, "the chat")
            yield own
        return
    with Mongrel2() as server:
        pull, pub = server.pair
        environ = {"BRUBECK_MONGREL2_PULL": pull, "BRUBECK_MONGREL2_PUB": pub}
        with running("--connection", "mongrel2", **environ):
            yield server.settings.port


@pytest.fixture(scope="module")
def shared_browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with Browser(tmp_path_factory.mktemp("browser")) as browser:
        yield browser


@pytest.fixture
def ann(shared_browser: Browser) -> Iterator[Browser]:
    """The browser, which has forgotten everything."""
    chrome(shared_browser, "Network.clearBrowserCookies")
    chrome(shared_browser, "Emulation.setScriptExecutionDisabled", value=False)
    yield shared_browser
    shared_browser.go("about:blank")


def chrome(browser: Browser, command: str, **parameters: object) -> Any:
    return browser.call("goog/cdp/execute", {"cmd": command, "params": parameters})


def look(browser: Browser, width: int, height: int, scheme: str, name: str) -> None:
    """Keep a picture."""
    size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
    chrome(browser, "Emulation.setDeviceMetricsOverride", **size)
    chrome(
        browser, "Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}]
    )
    time.sleep(0.2)
    PICTURES.mkdir(parents=True, exist_ok=True)
    (PICTURES / f"{name}.png").write_bytes(base64.b64decode(browser.call("screenshot")))


def enter(browser: Browser, port: int, name: str) -> None:
    """Make an account on the way to the room."""
    browser.go(f"http://127.0.0.1:{port}/create?next={ROOM}")
    browser.type("[name=username]", name)
    browser.type("[name=password]", PASSWORD)
    browser.click(".card button")
    assert browser.url.endswith(ROOM)


def sees(browser: Browser, text: str, timeout_s: float = 5) -> None:
    wait_until(lambda: text in browser.text("main"), timeout_s, repr(text))


def say(browser: Browser, text: str) -> None:
    browser.type("#text", f"{text}\ue007")


def test_two_people_talk(port, ann):
    """By WebSocket, over either transport."""
    ann.go(f"http://127.0.0.1:{port}/")
    look(ann, 1000, 700, "light", "front")
    enter(ann, port, "Ann")
    bob = Person(port, "bob")
    sees(ann, "ann is listening too.")
    say(ann, "Five <b>beats</b> & nobody falls over")
    wait_until(lambda: "Five <b>beats</b> & nobody falls over" in bob.texts(), 5, "ann's line")
    sees(ann, "Five <b>beats</b> & nobody falls over")
    assert ann.run("return document.getElementById('text').value") == ""
    bob.say("<img src=x onerror=document.title='broken'>")

    sees(ann, "<img src=x onerror=document.title='broken'>", 2)
    assert ann.run("return document.querySelectorAll('#said img').length") == 0
    assert ann.run("return document.title").startswith("Take Five")
    assert ann.run(POLLS) == 0
    look(ann, 1000, 700, "light", "room")
    look(ann, 390, 800, "dark", "room-on-a-phone")
    ann.go(f"http://127.0.0.1:{port}/")
    wait_until(lambda: "ann has gone." in bob.texts(), 5, "her going")
    look(ann, 390, 800, "dark", "rooms-on-a-phone")


def test_long_polls_where_there_are_no_sockets(ann):
    own = free_port()
    with running("--port", str(own)):
        wait_until(lambda: is_listening(own), 30, "the chat")
        refuse = "WebSocket = class { constructor() { setTimeout(() => this.onclose()); } }"
        script = chrome(ann, "Page.addScriptToEvaluateOnNewDocument", source=refuse)["identifier"]
        try:
            enter(ann, own, "ann")
            bob = Person(own, "bob")
            bob.say("by a long poll")
            sees(ann, "by a long poll", 2)
            assert ann.run(POLLS) > 0
        finally:
            chrome(ann, "Page.removeScriptToEvaluateOnNewDocument", identifier=script)


def test_an_error_stands_beside_its_field(ann):
    own = free_port()
    with running("--port", str(own)):
        wait_until(lambda: is_listening(own), 30, "the chat")
        ann.go(f"http://127.0.0.1:{own}/create")
        ann.type("[name=username]", "ann")
        ann.type("[name=password]", "1234567890")
        ann.click(".card button")
        look(ann, 390, 800, "light", "error-on-a-phone")
        assert "tried first" in ann.text("#password-error")
        ann.type("[name=password]", PASSWORD)
        ann.click(".card button")
        ann.go(f"http://127.0.0.1:{own}{ROOM}")
        say(ann, " ")
        wait_until(lambda: ann.text("#text-error") == "Type something to say.", 5, "the error")


def test_a_room_works_without_scripts(ann):
    own = free_port()
    with running("--port", str(own)):
        wait_until(lambda: is_listening(own), 30, "the chat")
        enter(ann, own, "ann")
        chrome(ann, "Emulation.setScriptExecutionDisabled", value=True)
        ann.go(f"http://127.0.0.1:{own}{ROOM}")
        assert ann.text("#state a") == "reload it"
        ann.type("#text", "sent by a form")
        ann.call(f"element/{ann.find('#say button')}/click", {})

        sees(ann, "sent by a form")


def test_a_listener_comes_back_by_itself_after_a_kill(ann, redis_url):  # noqa: F811
    with chat(redis_url) as (victim, port):
        enter(ann, port, "ann")
        bob = Person(port, "bob")
        bob.say("before")
        sees(ann, "before")
        victim.kill()
        victim.wait(10)
        sees(ann, "The connection is lost; trying again…", 8)
        look(ann, 390, 800, "light", "lost-on-a-phone")
        with chat(redis_url, port):
            bob.say("afterwards")
            sees(ann, "afterwards", 12)
            wait_until(lambda: ann.text("#state") == "", 5, "the notice's end")
            assert ann.text("#said").count("before") == 1
