"""A real Chromium, driven over the W3C WebDriver protocol with the standard library.

with Browser(tmp_path) as browser:
    browser.go("http://127.0.0.1:6767/login")
    browser.type("[name=username]", "jd")
    browser.click("button")
    browser.url, browser.text("h1"), browser.cookies
"""

from __future__ import annotations

import json
import subprocess
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

from mongrel2_server import free_port, is_listening, wait_until

__all__ = ["Browser", "BrowserError"]

FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
ELEMENT = "element-6066-11e4-a52e-4f735466cecf"
"""The key of an element's id (WebDriver section 11)."""

TIMEOUT_S = 20


class BrowserError(Exception):
    """What the driver answered in the place of a value; `error` is its code, such as `no such element`."""

    def __init__(self, error: str, message: str) -> None:
        super().__init__(error, message)
        self.error = error


class Browser:
    """One browser with a profile of its own.

    Args:
        folder: For the profile and the driver's log.
    """

    page_load_strategy = "normal"
    """`none` for pages that never end to load: a frame with a long poll keeps the driver waiting."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        self._session = ""

    def __enter__(self) -> Self:
        log = (self.folder / "chromedriver.log").open("wb")
        self._log = log
        self._driver = subprocess.Popen(["chromedriver", f"--port={self.port}"], stdout=log, stderr=log)
        try:
            wait_until(lambda: is_listening(self.port), what="chromedriver's port")
            options = {"args": [*FLAGS, f"--user-data-dir={self.folder / 'profile'}"]}
            wanted = {"browserName": "chrome", "pageLoadStrategy": self.page_load_strategy}
            capabilities = {"alwaysMatch": {**wanted, "goog:chromeOptions": options}}
            self._session = (
                "/session/" + self._send("POST", "/session", {"capabilities": capabilities})["sessionId"]
            )
            self.call("timeouts", {"implicit": 0, "pageLoad": TIMEOUT_S * 1000, "script": TIMEOUT_S * 1000})
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *exc: object) -> None:
        try:
            if self._session:
                self._send("DELETE", self._session)
        finally:
            self._driver.terminate()
            try:
                self._driver.wait(10)
            except subprocess.TimeoutExpired:
                self._driver.kill()
                self._driver.wait(10)
            self._log.close()

    def go(self, url: str) -> None:
        """Load *url* and wait for it."""
        self.call("url", {"url": url})

    @property
    def url(self) -> str:
        return str(self.call("url"))

    @property
    def source(self) -> str:
        return str(self.call("source"))

    @property
    def cookies(self) -> dict[str, dict[str, Any]]:
        """The cookies of the page, with their attributes, by name."""
        return {cookie["name"]: cookie for cookie in self.call("cookie")}

    def set_cookie(self, name: str, value: str) -> None:
        self.call("cookie", {"cookie": {"name": name, "value": value}})

    def click(self, css: str) -> None:
        """Click the first element that *css* finds, which leads to another page, and wait for that."""
        self.run("window.isLeft = true")
        self.call(f"element/{self.find(css)}/click", {})
        wait_until(self._is_elsewhere, TIMEOUT_S, f"the page behind {css}")

    def _is_elsewhere(self) -> bool:
        try:
            return bool(self.run("return !window.isLeft && document.readyState === 'complete'"))
        except BrowserError:  # between two pages
            return False

    def type(self, css: str, text: str) -> None:
        self.call(f"element/{self.find(css)}/value", {"text": text})

    def text(self, css: str) -> str:
        return str(self.call(f"element/{self.find(css)}/text"))

    def find(self, css: str) -> str:
        return str(self.call("element", {"using": "css selector", "value": css})[ELEMENT])

    def run(self, script: str, *arguments: Any) -> Any:
        """Return what the body *script* returns; a promise is waited for."""
        return self.call("execute/sync", {"script": script, "args": list(arguments)})

    def call(self, command: str, data: Mapping[str, Any] | None = None) -> Any:
        """Send a command of the session; POST where there is *data*."""
        return self._send("GET" if data is None else "POST", f"{self._session}/{command}", data)

    def _send(self, method: str, path: str, data: Mapping[str, Any] | None = None) -> Any:
        body = None if data is None else json.dumps(data).encode()
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", body, method=method)
        request.add_header("Content-Type", "application/json")
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(request, timeout=TIMEOUT_S * 2) as answer:
                return json.load(answer)["value"]
        except urllib.error.HTTPError as exc:
            value = json.load(exc)["value"]
            raise BrowserError(value["error"], value["message"]) from None
