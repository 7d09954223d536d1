"""The programs about authentication do what they say."""

import importlib.util
import re
from pathlib import Path
from types import ModuleType

import pytest
from brubeck.auth import PasswordCost, set_password_cost
from brubeck.auth.passwords import DEFAULT_COST
from brubeck.testing import Client

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.fixture(scope="module", autouse=True)
def cheap_passwords():
    set_password_cost(PasswordCost(memory_kib=8))
    yield
    set_password_cost(DEFAULT_COST)


def load(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"example_{Path(name).stem}", EXAMPLES / name)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def fill_in(client: Client, path: str, **fields: str):
    """Get the page, and send its last form with *fields*, hidden ones as they are."""
    page = client.get(path).text.rpartition("<form")[2]
    hidden = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', page))
    action = re.search(r'action="([^"]+)"', page)
    return client.post(action[1] if action else path, data={**hidden, **fields})


# demo_auth.py


@pytest.fixture(scope="module")
def auth():
    return Client(load("demo_auth.py").app)


def test_demo_auth_answers_who_has_the_password(auth):
    response = auth.post("/brubeck", data={"username": "jd", "password": "foo"})

    assert (response.status_code, response.text) == (200, "jd logged in successfully!")


@pytest.mark.parametrize(
    "data", [{}, {"username": "jd", "password": "bar"}, {"username": "dj", "password": "foo"}]
)
def test_demo_auth_answers_nobody_else(auth, data):
    response = auth.post("/brubeck", data=data)

    assert (response.status_code, "successfully" in response.text) == (401, False)


def test_demo_auth_takes_no_password_from_the_query(auth):
    assert auth.post("/brubeck", query={"username": "jd", "password": "foo"}).status_code == 401
    assert auth.get("/brubeck").status_code == 405


# demo_login.py


@pytest.fixture
def login():
    return Client(load("demo_login.py").app)


def test_demo_login_in_and_out(login):
    assert login.get("/").headers["Location"] == "/login?next=/"
    assert "<h2>Login</h2>" in login.get("/login").text

    entered = fill_in(login, "/login?next=/%3Fa%3D1", username="jd", password="foo")
    assert (entered.status_code, entered.headers["Location"]) == (302, "/?a=1")
    page = login.get("/")
    assert (page.status_code, "Hello!" in page.text) == (200, True)

    left = login.get("/logout")
    assert (left.status_code, left.headers["Location"], left.cookies) == (302, "/login", {"user_id": ""})
    assert login.get("/").status_code == 302


def test_demo_login_sends_a_wrong_password_back(login):
    response = fill_in(login, "/login", username="jd", password="bar")

    assert (response.status_code, response.headers["Location"], response.cookies) == (302, "/login", {})


def test_demo_login_keeps_no_password_in_a_cookie(login):
    """The first one kept both in plain cookies."""
    fill_in(login, "/login", username="jd", password="foo")

    assert list(login.cookies) == ["user_id"]
    assert "foo" not in str(login.cookies)


# auth_site


@pytest.fixture
def site():
    return Client(load("auth_site/site.py").app)


def create(client: Client, username: str = "jd", password: str = "blue rondo"):
    return fill_in(client, "/create", username=username, password=password)


def test_the_site_remembers_until_one_leaves(site):
    assert create(site).headers["Location"] == "/notes"
    fill_in(site, "/notes", note="take <b>five</b>")

    assert "<li>take &lt;b&gt;five&lt;/b&gt;</li>" in site.get("/notes").text
    assert fill_in(site, "/logout").headers["Location"] == "/"
    assert site.get("/notes").headers["Location"] == "/login?next=/notes"


def test_a_name_that_is_taken_stays_whose_it_is(site):
    """In the first Listsurf, creating an account with a name that was there gave a cookie for it."""
    create(site)
    other = Client(site.application)

    assert create(other, "JD", "another password").status_code == 409
    assert other.get("/notes").status_code == 302
    assert fill_in(other, "/login", username="jd", password="another password").status_code == 401
    assert fill_in(other, "/login", username="jd", password="blue rondo").headers["Location"] == "/notes"


@pytest.mark.parametrize(
    ("username", "password"),
    [("", "blue rondo"), ("jd", "short"), ("jd", "password1"), ("a b", "blue rondo")],
)
def test_what_will_not_do_is_said(site, username, password):
    response = create(site, username, password)

    assert (response.status_code, 'role="alert"' in response.text) == (422, True)


def test_the_page_for_admins(site):
    create(site)
    other = Client(site.application)
    create(other, "dave")

    assert "<li>dave</li>" in site.get("/admin").text
    assert other.get("/admin").status_code == 403
    assert Client(site.application).get("/admin").status_code == 302


@pytest.mark.parametrize("path", ["/create", "/login", "/logout", "/notes"])
def test_no_form_is_taken_without_its_token(site, path):
    assert site.post(path, data={"username": "jd", "password": "blue rondo"}).status_code == 403
