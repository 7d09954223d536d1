"""Readify in Chromium: every flow over our own server, and behind a real Mongrel2 with the API in its own process."""

from __future__ import annotations

import base64
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from browser import Browser
from brubeck.testing import SocketClient
from mongrel2_server import is_listening
from PIL import Image
from serving import free_port, wait_until

pytestmark = pytest.mark.live("chromium", "chromedriver", "mongrel2")

ROOT = Path(__file__).parents[2]
PICTURES = ROOT / "artefacts" / "readify"
PASSWORD = "blue rondo a la turk"
looked_at: set[str] = set()


@contextmanager
def running(*command: str, **environ: str) -> Iterator[subprocess.Popen[bytes]]:
    settings = {**os.environ, "READIFY_SEED": "kathy's waltz", **environ}
    process = subprocess.Popen(
        [sys.executable, "-m", "brubeck.core.command", *command],
        cwd=ROOT / "examples",
        env=settings,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(15)


@pytest.fixture(scope="module", params=["wsgi", "mongrel2"])
def site(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Where it is served."""
    folder, port = tmp_path_factory.mktemp("m2"), str(free_port())
    command = ["run", "readify.app:app", "--port", port]
    if request.param == "mongrel2":
        config = folder / "mongrel2.toml"
        config.write_text((ROOT / "examples" / "readify" / "mongrel2.toml").read_text())
        command = ["mongrel2", "up", "readify.app:web", "--config", str(config), "--port", port]
    with running(*command, READIFY_DATABASE=str(folder / "readify.sqlite3")):
        wait_until(lambda: is_listening(int(port)), 30, "the server")
        url = f"http://127.0.0.1:{port}"
        assert SocketClient(url).get("/login").status_code == 200
        assert SocketClient(url).get("/api/links").status_code == 401
        yield url


@pytest.fixture(scope="module")
def shared_browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with Browser(tmp_path_factory.mktemp("browser")) as browser:
        yield browser


@pytest.fixture
def browser(shared_browser: Browser) -> Browser:
    """The browser, which has forgotten everything. The pages forbid it all scripts."""
    chrome(shared_browser, "Network.clearBrowserCookies")
    resize(shared_browser, 1100, 800)
    return shared_browser


def chrome(browser: Browser, command: str, **parameters: object) -> object:
    return browser.call("goog/cdp/execute", {"cmd": command, "params": parameters})


def resize(browser: Browser, width: int, height: int) -> None:
    size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
    chrome(browser, "Emulation.setDeviceMetricsOverride", **size)


def look(browser: Browser, width: int, height: int, scheme: str, name: str) -> None:
    """Keep a picture, once a run; nothing may stick out of the window."""
    if name in looked_at:
        return
    looked_at.add(name)
    resize(browser, width, height)
    chrome(
        browser, "Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}]
    )
    time.sleep(0.2)
    PICTURES.mkdir(parents=True, exist_ok=True)
    (PICTURES / f"{name}.png").write_bytes(base64.b64decode(browser.call("screenshot")))
    assert browser.run("return document.documentElement.scrollWidth") <= width


def fill(browser: Browser, **fields: str) -> None:
    for name, text in fields.items():
        browser.call(f"element/{browser.find(f'[name={name}]')}/clear", {})
        browser.type(f"[name={name}]", text)


def join(browser: Browser, site: str, name: str) -> None:
    browser.go(f"{site}/create")
    fill(browser, username=name, password=PASSWORD)
    browser.click(".card button")
    assert browser.url == f"{site}/"


def add(browser: Browser, site: str, url: str, title: str, tags: str = "") -> None:
    browser.go(f"{site}/add")
    fill(browser, url=url, title=title, tags=tags)
    browser.click(".card button")


def titles(browser: Browser) -> list[str]:
    return browser.run("return [...document.querySelectorAll('.links h2')].map(one => one.innerText)")


def test_from_an_account_to_the_archive_and_back(site, browser):
    browser.go(site)
    assert "Keep what you want to read." in browser.text("main")
    look(browser, 1100, 800, "light", "front")
    look(browser, 390, 800, "dark", "front-on-a-phone")
    join(browser, site, "Gene")
    assert "Nothing to read." in browser.text("main")
    look(browser, 1100, 800, "dark", "empty")

    add(browser, site, "example.com/nine-eight", "Nine-eight, <b>explained</b>", "Rhythm , turkey,rhythm")
    add(browser, site, "https://example.org/drums?a=1&b=2", "Drums", "rhythm")
    assert titles(browser) == ["Drums", "Nine-eight, <b>explained</b>"]
    browser.click(".links li:first-child button.on, .links li:first-child [formaction$='/like']")
    browser.click(".links li:last-child [formaction$='/archive']")
    assert titles(browser) == ["Drums"]
    browser.go(f"{site}/archived")
    assert titles(browser) == ["Nine-eight, <b>explained</b>"]
    browser.click("[formaction$='/unarchive']")
    assert "Nothing is archived." in browser.text("main")
    browser.go(f"{site}/liked")
    assert titles(browser) == ["Drums"]
    browser.click("[formaction$='/unlike']")
    assert "Nothing here yet." in browser.text("main")
    browser.go(f"{site}/")
    browser.click(".links li:first-child [formaction$='/delete']")
    browser.go(f"{site}/deleted")
    assert titles(browser) == ["Drums"]
    browser.click("[formaction$='/undelete']")
    assert "The bin is empty." in browser.text("main")


def test_editing_and_filtering_by_tags(site, browser):
    join(browser, site, "Joe")
    add(browser, site, "https://example.com/a", "One", "jazz, live")
    add(browser, site, "https://example.com/b", "Two", "jazz")
    browser.click(".links li:last-child .chip")
    assert titles(browser) == ["Two", "One"]
    browser.click(".links li:last-child .chip:nth-of-type(2)")
    assert titles(browser) == ["One"]
    browser.click(".links [href$='/edit']")
    assert browser.run("return document.getElementById('tags').value") == "jazz, live"
    fill(browser, title="One, again", tags="studio")
    browser.click(".card button")
    assert titles(browser) == ["Two", "One, again"]
    browser.click(".links li:last-child .chip")

    assert (browser.url, titles(browser)) == (f"{site}/?tag=studio", ["One, again"])


@pytest.mark.parametrize("site", ["wsgi"], indirect=True)  # nothing of it is the server's
def test_errors_stand_beside_their_fields(site, browser):
    join(browser, site, "Norman")
    add(browser, site, "https://example.com/a", "One")
    add(browser, site, "example.com/a", "Once more")
    assert "You have saved this already." in browser.text("#url-error")
    browser.run("document.querySelector('form.card').noValidate = true")
    fill(browser, url="javascript:alert(1)", title="", tags=", ".join(f"t{number}" for number in range(21)))
    browser.click(".card button")
    look(browser, 390, 900, "light", "errors-on-a-phone")

    assert browser.text("#url-error").startswith("This is no web address.")
    assert browser.text("#title-error") == "This is needed."
    assert "at most 20" in browser.text("#tags-error")
    assert browser.run("return document.activeElement.id") == "url"
    described = browser.run("return document.getElementById('tags').getAttribute('aria-describedby')")
    assert described == "tags-error tags-hint"


def test_a_page_of_ones_own_with_a_picture_and_a_key(site, browser, tmp_path):
    join(browser, site, "Iola")
    add(browser, site, "https://example.com/lyrics", "Words for Take Five", "words")
    browser.go(f"{site}/settings")
    fill(browser, name="Iola B.", bio="Writes the words.", location_text="Wilton", website="example.com/iola")
    browser.click("form[action='/settings'] button")
    assert browser.url == f"{site}/people/iola"
    Image.effect_mandelbrot((1200, 900), (-2, -1.5, 1, 1.5), 60).convert("RGB").save(
        tmp_path / "a.jpg", exif=b"Exif\0\0"
    )
    browser.go(f"{site}/settings")
    browser.type("[name=picture]", str(tmp_path / "a.jpg"))
    browser.click("form[action='/settings/picture'] button")
    large = Image.effect_noise((2200, 2100), 90)
    large.save(tmp_path / "large.png")  # so large that Mongrel2 parks it in a file
    assert 4 << 20 < (tmp_path / "large.png").stat().st_size < 5 << 20
    browser.go(f"{site}/settings")
    browser.type("[name=picture]", str(tmp_path / "large.png"))
    browser.click("form[action='/settings/picture'] button")
    assert browser.run("return document.querySelector('.person img').naturalWidth") == 256
    browser.go(f"{site}/settings")
    browser.type("[name=picture]", str(tmp_path / "a.jpg"))
    browser.click("form[action='/settings/picture'] button")
    assert browser.run("return document.querySelector('.person img').naturalWidth") == 256
    look(browser, 1100, 800, "light", "person")
    look(browser, 390, 800, "dark", "person-on-a-phone")
    browser.go(f"{site}/settings")
    browser.click("form[action='/settings/key'] button")
    look(browser, 1100, 1500, "light", "settings")
    look(browser, 390, 2000, "dark", "settings-on-a-phone")
    key = browser.text(".key")
    feed = SocketClient(site).get("/api/links", headers={"Authorization": f"Bearer {key}"}).json()
    assert [item["title"] for item in feed["items"]] == ["Words for Take Five"]
    cookie = f"session={browser.cookies['session']['value']}"  # counts on the same host
    assert SocketClient(site).get("/api/links", headers={"Cookie": cookie}).json() == feed

    browser.click("main form.out button")
    browser.go(f"{site}/people/iola")
    assert titles(browser) == ["Words for Take Five"]
    assert "Writes the words." in browser.text("main")


def test_who_comes_back_and_looks_around(site, browser):
    browser.go(f"{site}/liked")
    assert browser.url == f"{site}/login?next=/liked"
    fill(browser, username="PAUL", password="kathy's waltz")
    browser.click(".card button")
    assert (browser.url, titles(browser)) == (f"{site}/liked", ["Why five-four does not limp"])
    browser.go(site)
    look(browser, 1100, 900, "light", "list")
    look(browser, 1100, 900, "dark", "list-dark")
    look(browser, 390, 1000, "light", "list-on-a-phone")
    look(browser, 390, 1000, "dark", "list-on-a-phone-dark")
    browser.go(f"{site}/people/dave")
    browser.click(".links .actions a")
    assert browser.run("return document.getElementById('title').value").startswith("Two keys at once")
    look(browser, 1100, 800, "light", "add")
    browser.click(".card button")
    assert titles(browser)[0].startswith("Two keys at once")
    browser.go(f"{site}/people/nobody")
    look(browser, 390, 500, "light", "nobody-on-a-phone")
    assert "Nobody here has this name" in browser.text("h1")


@pytest.mark.parametrize("site", ["wsgi"], indirect=True)  # nothing of it is the server's
def test_the_keyboard_reaches_everything_in_order(site, browser):
    browser.go(f"{site}/login")
    fill(browser, username="dave", password="kathy's waltz\ue007")
    wait_until(lambda: titles(browser), 5, "the list")
    seen = []
    for _ in range(16):
        keys = [{"type": kind, "value": "\ue004"} for kind in ("keyDown", "keyUp")]
        browser.call("actions", {"actions": [{"type": "key", "id": "keys", "actions": keys}]})
        seen.append(
            browser.run(
                "const at = document.activeElement; return at.getAttribute('aria-label') || at.innerText.trim()"
            )
        )

    assert seen[:9] == [
        *("To the content", "❡ Readify", "To read", "Liked", "Archive", "Bin", "Add a link"),
        *("Your page, dave", "Settings"),
    ]
    assert seen[10:13] == ["Two keys at once, and how to stay friends", "harmony", seen[12]]
    assert seen[12] == "Like: Two keys at once, and how to stay friends"
