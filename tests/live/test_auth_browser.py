"""The programs about authentication in a real browser: in, wrong password, out, a protected page, the way back."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from browser import Browser
from serving import Program, free_port, started

pytestmark = pytest.mark.live("chromium", "chromedriver")

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def shared_browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with Browser(tmp_path_factory.mktemp("browser")) as browser:
        yield browser


@pytest.fixture
def browser(shared_browser: Browser) -> Browser:
    """The browser, which has forgotten all cookies."""
    shared_browser.go("about:blank")
    shared_browser.call("goog/cdp/execute", {"cmd": "Network.clearBrowserCookies", "params": {}})
    return shared_browser


def serve(example: str, folder: Path) -> Iterator[Program]:
    port = free_port()
    command = ["-m", "brubeck.core.command", "run", str(ROOT / "examples" / example), "--port", str(port)]
    with started(*command, cwd=folder, port=port) as program:
        yield program


@pytest.fixture(scope="module")
def login(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    yield from serve("demo_login.py", tmp_path_factory.mktemp("login"))


@pytest.fixture(scope="module")
def auth(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    yield from serve("demo_auth.py", tmp_path_factory.mktemp("auth"))


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Program]:
    yield from serve("auth_site/site.py", tmp_path)


def enter(browser: Browser, username: str = "jd", password: str = "foo") -> None:
    """Fill in the form that is shown, and send it."""
    browser.type("[name=username]", username)
    browser.type("[name=password]", password)
    browser.click("form:last-of-type button")


# demo_login.py


def test_a_stranger_is_sent_to_the_login_and_comes_back_to_where_he_was(browser, login):
    browser.go(f"{login.url}/?page=2")
    assert browser.url == f"{login.url}/login?next=/%3Fpage%3D2"
    assert browser.text("h2") == "Login"

    enter(browser)
    assert browser.url == f"{login.url}/?page=2"
    assert browser.text("h2") == "Hello!"


def test_a_wrong_password_stays_outside(browser, login):
    browser.go(f"{login.url}/login")
    enter(browser, password="bar")

    assert (browser.url, browser.cookies) == (f"{login.url}/login", {})
    browser.go(login.url)
    assert browser.text("h2") == "Login"


def test_the_cookie_is_kept_from_scripts(browser, login):
    browser.go(f"{login.url}/login")
    enter(browser)

    cookie = browser.cookies["user_id"]
    assert (cookie["httpOnly"], cookie["sameSite"], cookie["path"]) == (True, "Lax", "/")
    assert browser.run("return document.cookie") == ""


def test_a_logout_is_the_end(browser, login):
    browser.go(f"{login.url}/login")
    enter(browser)
    browser.click("a[href='/logout']")

    assert (browser.url, browser.cookies) == (f"{login.url}/login", {})
    browser.go(login.url)
    assert browser.text("h2") == "Login"


def test_a_cookie_that_was_changed_is_no_login(browser, login):
    browser.go(f"{login.url}/login")
    browser.set_cookie("user_id", "ImpkIg.aWlYfA.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")
    browser.go(login.url)

    assert browser.text("h2") == "Login"


@pytest.mark.parametrize(
    "url", ["//example.invalid", "/\\example.invalid", "https://example.invalid", "/%09/example.invalid"]
)
def test_next_leads_to_this_site_only(browser, login, url):
    browser.go(f"{login.url}/login?next={url}")
    enter(browser)

    assert browser.url.startswith(login.url)


# demo_auth.py


def test_a_script_logs_in_with_a_form(browser, auth):
    browser.go(f"{auth.url}/brubeck")
    send = """
        const form = new URLSearchParams({username: arguments[0], password: arguments[1]});
        const sent = fetch('/brubeck', {method: 'POST', body: form});
        return sent.then(async answer => [answer.status, await answer.text()]);
    """

    assert browser.run(send, "jd", "foo") == [200, "jd logged in successfully!"]
    assert browser.run(send, "jd", "bar")[0] == 401


# auth_site


def test_an_account_from_its_making_to_its_logout(browser, site):
    browser.go(f"{site.url}/create")
    enter(browser, "JD", "blue rondo")
    assert (browser.url, browser.text("h1")) == (f"{site.url}/notes", "Notes")

    browser.type("[name=note]", "<i>take five</i>")
    browser.click("#add")
    assert browser.text("li") == "<i>take five</i>"

    planted = browser.cookies["session"]["value"]
    browser.click("#logout")
    assert (browser.url, browser.text("h1")) == (f"{site.url}/", "Home")
    browser.set_cookie("session", planted)
    browser.go(f"{site.url}/notes")
    assert browser.url == f"{site.url}/login?next=/notes"

    enter(browser, "jd", "wrong password")
    assert browser.text("[role=alert]") == "Username or password is wrong."
    enter_again(browser, "blue rondo")
    assert browser.url == f"{site.url}/notes"
    browser.go(f"{site.url}/admin")
    assert browser.text("li") == "jd"


def enter_again(browser: Browser, password: str) -> None:
    """The name is still there."""
    browser.type("[name=password]", password)
    browser.click("#enter")


@pytest.fixture
def elsewhere(tmp_path: Path) -> Iterator[tuple[Path, str]]:
    """A folder that another site serves: `localhost`, where ours is 127.0.0.1.

    A process of its own, since a thread's server and a patched standard library wait for each other.
    """
    port = free_port()
    with started("-m", "http.server", str(port), "--bind", "127.0.0.1", cwd=tmp_path, port=port):
        yield tmp_path, f"http://localhost:{port}"


@pytest.mark.parametrize("path", ["/logout", "/notes", "/login", "/create"])
def test_a_form_of_another_site_changes_nothing(browser, site, elsewhere, path):
    folder, url = elsewhere
    browser.go(f"{site.url}/create")
    enter(browser, "jd", "blue rondo")
    values = {"username": "eve", "password": "blue rondo", "note": "evil"}
    fields = "".join(f'<input name="{name}" value="{value}">' for name, value in values.items())
    form = f'<form method="post" action="{site.url}{path}">{fields}<button>A kitten</button></form>'
    (folder / "kitten.html").write_text(f"<!doctype html>{form}")

    browser.go(f"{url}/kitten.html")
    browser.click("button")
    assert browser.text("h1") == "403 Forbidden"
    browser.go(f"{site.url}/notes")
    assert (browser.text("h1"), "evil" in browser.source) == ("Notes", False)
    assert browser.text("#logout") == "Log jd out"
