"""Listsurf in Chromium: every flow, over our own server and behind a real Mongrel2; pictures go to artefacts/."""

from __future__ import annotations

import base64
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from browser import Browser
from brubeck.testing import SocketClient
from mongrel2_server import Mongrel2, is_listening
from serving import free_port, wait_until

pytestmark = pytest.mark.live("chromium", "chromedriver", "mongrel2")

ROOT = Path(__file__).parents[2]
PICTURES = ROOT / "artefacts" / "listsurf"
PASSWORD = "blue rondo a la turk"


@contextmanager
def running(folder: Path, *options: str, **environ: str) -> Iterator[subprocess.Popen[bytes]]:
    command = [sys.executable, "-m", "brubeck.core.command", "run", "listsurf.app:app", *options]
    settings = {
        **os.environ,
        "LISTSURF_DATABASE": str(folder / "links.sqlite3"),
        "LISTSURF_SEED": "1",
        **environ,
    }
    process = subprocess.Popen(command, cwd=ROOT / "examples", env=settings, stderr=subprocess.DEVNULL)
    try:
        yield process
    finally:
        process.terminate()
        process.wait(10)


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Listsurf over our own server; one for all tests, each with an account of its own."""
    port = free_port()
    with running(tmp_path_factory.mktemp("own"), "--port", str(port)):
        wait_until(lambda: is_listening(port), what="Listsurf")
        yield f"http://127.0.0.1:{port}"


@pytest.fixture(scope="module")
def behind_mongrel2(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with Mongrel2() as server:
        pull, pub = server.pair
        environ = {"BRUBECK_MONGREL2_PULL": pull, "BRUBECK_MONGREL2_PUB": pub}
        with running(tmp_path_factory.mktemp("mongrel2"), "--connection", "mongrel2", **environ):
            assert SocketClient(server.url).get("/login").status_code == 200  # kept until there is a handler
            yield server.url


@pytest.fixture(params=["own", "behind_mongrel2"])
def site(request: pytest.FixtureRequest) -> str:
    """Where Listsurf is served."""
    return str(request.getfixturevalue(request.param))


class Reader(Browser):
    """A browser that can be looked at."""

    def chrome(self, command: str, **parameters: object) -> None:
        self.call("goog/cdp/execute", {"cmd": command, "params": parameters})

    def look(self, name: str) -> None:
        """Keep four pictures of the page: wide and on a phone, light and dark; nothing may stick out at the side."""
        PICTURES.mkdir(parents=True, exist_ok=True)
        for shape, width, height in (("wide", 1000, 700), ("phone", 360, 740)):
            size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
            self.chrome("Emulation.setDeviceMetricsOverride", **size)
            assert self.run("return document.documentElement.scrollWidth <= innerWidth"), f"{name} at {width}"
            for scheme in ("light", "dark"):
                feature = {"name": "prefers-color-scheme", "value": scheme}
                self.chrome("Emulation.setEmulatedMedia", features=[feature])
                time.sleep(0.1)
                picture = base64.b64decode(self.call("screenshot"))
                (PICTURES / f"{name}-{shape}-{scheme}.png").write_bytes(picture)

    def accessible_name(self, css: str) -> str:
        return str(self.call(f"element/{self.find(css)}/computedlabel"))


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


def create(browser: Browser, site: str, name: str) -> None:
    browser.go(f"{site}/create")
    browser.type("[name=username]", name)
    browser.type("[name=password]", PASSWORD)
    browser.click(".card button")


def add(browser: Browser, site: str, url: str) -> None:
    browser.go(f"{site}/add_item")
    browser.type("[name=url]", url)
    browser.click(".card button")


def sign_in(browser: Browser, name: str) -> None:
    browser.type("[name=username]", name)
    browser.type("[name=password]", PASSWORD)
    browser.click(".card button")


def hrefs(browser: Browser) -> list[str]:
    found = browser.run(
        "return [...document.querySelectorAll('.links div a')].map(a => a.getAttribute('href'))"
    )
    return [str(one) for one in found]


def test_every_flow(site, ann):
    """An account on the way in; a link by form; the feed; out, and in again."""
    ann.go(f"{site}/")
    assert ann.url == f"{site}/login?next=/"
    ann.click("main > .hint a")
    assert ann.url.startswith(f"{site}/create")
    create(ann, site, "Ann")
    assert ann.url == f"{site}/"
    assert "Nothing here yet" in ann.text(".empty")
    ann.look("empty")

    ann.click(".empty a")
    ann.type("[name=url]", "Example.com/five?a=1&b=2")
    ann.click(".card button")
    add(ann, site, "https://www.gevent.org/")
    assert ann.url == f"{site}/"
    assert hrefs(ann) == ["https://www.gevent.org/", "https://example.com/five?a=1&b=2"]
    assert ann.text("time") == "just now"

    ann.click("a[href='/api']")
    feed = json.loads(ann.text("body"))
    assert [(one["url"], one["title"]) for one in feed["items"]] == [(url, "") for url in [
        "https://www.gevent.org/", "https://example.com/five?a=1&b=2"]]  # fmt: skip

    ann.go(f"{site}/logout")
    ann.look("logout")
    ann.click(".card button")
    assert ann.url == f"{site}/login"
    ann.go(f"{site}/api")
    assert json.loads(ann.text("body"))["status"] == 401
    ann.go(f"{site}/add_item")
    assert ann.url == f"{site}/login?next=/add_item"
    sign_in(ann, "ANN")
    assert ann.url == f"{site}/add_item"


def test_the_bookmarklet_brings_the_page_one_is_on(site, ann):
    create(ann, site, "bob")
    ann.go(f"{site}/add_item")
    script = ann.run("return document.querySelector('a[href^=javascript]').href")
    ann.go(f"{site}/login?a=%22%3E&b=Take%20five#there")  # any page: another site's would ask the Internet
    page = ann.url
    ann.run("document.title = 'Töne & <b>Takes</b>'")
    there = re.fullmatch(r"javascript:(.*)", script)
    assert there
    ann.run("window.isLeft = true; eval(decodeURIComponent(arguments[0]))", there[1])
    wait_until(lambda: "/add_item?u=" in ann.url and not ann.run("return window.isLeft"), what="the form")

    assert ann.run("return document.getElementById('url').value") == page
    assert ann.run("return document.getElementById('title').value") == "Töne & <b>Takes</b>"
    ann.look("add")
    ann.click(".card button")
    assert hrefs(ann) == [page]
    assert ann.text(".links a") == "Töne & <b>Takes</b>"


def test_seeded_links_are_listed_newest_first(own, ann):
    ann.go(f"{own}/login")
    ann.look("login")
    sign_in(ann, "dave")
    ann.look("links")
    times = ann.run("return [...document.querySelectorAll('time')].map(t => t.textContent)")

    seeded = r"[3-6] minutes ago, 4[2-5] minutes ago, 3 hours ago, 1 day ago, 5 days ago"  # when the server started
    assert re.fullmatch(seeded, ", ".join(times[:5]))
    assert re.fullmatch(r"\d{1,2} \w+ \d{4}", times[5])
    assert ann.run("return document.querySelector('time').dateTime").endswith("Z")
    assert ann.accessible_name(".links button") == "Remove Time Out (album) – Wikipedia"  # noqa: RUF001
    ann.click(".links button")
    assert len(hrefs(ann)) == 5


def test_an_error_stands_beside_its_field(own, ann):
    """Also for who does not see it: the field says that it is wrong, and which sentence tells why."""
    ann.go(f"{own}/create")
    ann.run("document.querySelector('.card').noValidate = true")
    ann.type("[name=username]", "a b")
    ann.type("[name=email]", "nowhere")
    ann.type("[name=password]", "1234567890")
    ann.click(".card button")
    ann.look("errors")

    assert ann.run("return document.title").startswith("Error: ")
    assert ann.run("return document.activeElement.id") == "username"
    for field in ("username", "email", "password"):
        error = ann.text(f"#{field}-error")
        assert ann.run(f"return document.getElementById('{field}').getAttribute('aria-invalid')") == "true"
        described = ann.run(
            f"return document.getElementById('{field}').getAttribute('aria-describedby')"
        ).split()
        assert described[0] == f"{field}-error"
        assert error.endswith(".")
    assert ann.run("return document.getElementById('password').value") == ""


def test_everything_is_reached_by_keyboard(own, ann):
    create(ann, own, "eve")
    add(ann, own, "example.com")
    keys = []
    for _ in range(9):
        ann.call("actions", {"actions": [{"type": "key", "id": "k", "actions": [
            {"type": "keyDown", "value": "\ue004"}, {"type": "keyUp", "value": "\ue004"}]}]})  # fmt: skip
        keys.append(ann.run("return document.activeElement.textContent.trim()"))

    assert keys[:8] == [
        "Skip to the content", "Listsurf", "Links", "Add", "Sign out eve", "example.com/",
        "Remove example.com/", "/api"]  # fmt: skip


def test_a_long_link_stays_on_the_page(own, ann):
    create(ann, own, "max")
    add(ann, own, "https://example.com/" + "x" * 500)
    size = {"width": 320, "height": 700, "deviceScaleFactor": 1, "mobile": False}
    ann.chrome("Emulation.setDeviceMetricsOverride", **size)
    wider = "return [...document.querySelectorAll('body *')].filter(e => e.getBoundingClientRect().right > innerWidth)"

    assert ann.run(f"{wider}.map(e => e.outerHTML.slice(0, 80))") == []


def test_a_page_that_is_not_there_looks_like_the_others(own, ann):
    ann.go(f"{own}/nowhere")
    ann.look("error-404")

    assert ann.text("h1") == "Not Found"
    assert ann.text("main a") == "Back to your links"
