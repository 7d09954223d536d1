"""Files are served from the folder, and from nowhere else."""

import os

import pytest
from brubeck.core.application import Brubeck
from brubeck.core.client import Client
from brubeck.core.errors import ConfigurationError
from brubeck.core.static_files import StaticFileHandler

ROUTE = r"^/static/(?P<file>.*)$"


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "static"
    (folder / "deep").mkdir(parents=True)
    (tmp_path / "secret.txt").write_text("secret")
    (folder / ".hidden").write_text("secret")
    (folder / "style.css").write_text("p { content: 'é' }", encoding="utf-8")
    (folder / "deep" / "a b.js").write_text("1")
    (folder / "large.bin").write_bytes(bytes(range(256)) * 1024)
    return folder


@pytest.fixture
def client(folder):
    handler = type("Static", (StaticFileHandler,), {"folder": folder})
    return Client(Brubeck(handler_tuples=[(ROUTE, handler)]))


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("style.css", "text/css; charset=utf-8"),
        ("deep/a%20b.js", "text/javascript; charset=utf-8"),
        ("large.bin", "application/octet-stream"),
    ],
)
def test_a_file_is_served_as_what_it_is(client, folder, path, kind):
    answer = client.get(f"/static/{path}")

    assert (answer.status_code, answer.headers["content-type"]) == (200, kind)
    assert answer.body == (folder / path.replace("%20", " ")).read_bytes()
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_what_the_client_has_is_not_sent_again(client, folder):
    etag = client.get("/static/style.css").headers["etag"]
    for header in (etag, f'"x", W/{etag}', "*"):
        answer = client.get("/static/style.css", headers={"If-None-Match": header})
        assert (answer.status_code, answer.body, answer.headers["etag"]) == (304, b"", etag)

    os.utime(folder / "style.css", (1, 1))
    assert client.get("/static/style.css", headers={"If-None-Match": etag}).status_code == 200


@pytest.mark.parametrize(
    "path",
    [
        "../secret.txt",
        "%2e%2e/secret.txt",
        "deep/../../secret.txt",
        "..%5csecret.txt",
        "deep%2f..%2f..%2fsecret.txt",
        "/etc/passwd",
        ".hidden",
        "deep",
        "",
        "a%00b",
        "nowhere.css",
        "x" * 5000,
    ],
)
def test_nothing_else_is(client, path):
    assert client.get(f"/static/{path}").status_code == 404


def test_a_link_leads_to_nothing_outside(client, folder):
    (folder / "link.txt").symlink_to(folder.parent / "secret.txt")

    assert client.get("/static/link.txt").status_code == 404


@pytest.mark.parametrize("folder", [None, "/no/such/folder"])
def test_a_folder_that_is_not_there_is_refused(folder):
    handler = type("Static", (StaticFileHandler,), {} if folder is None else {"folder": folder})

    with pytest.raises(ConfigurationError, match=r"Static\.folder must be a folder of files"):
        Brubeck(handler_tuples=[(ROUTE, handler)])


@pytest.mark.parametrize(
    "path", ["style.css/", "style.css%0a", "/style.css", "deep//a%20b.js", "style.css%5c"]
)
def test_a_file_has_one_address(client, path):
    """What is almost the name of a file was served as the file."""
    assert client.get(f"/static/{path}").status_code == 404


def test_the_place_of_the_folder_is_not_told(client, folder):
    """Who guessed where the folder lies got a 200 for the absolute path, and so knew it."""
    assert client.get(f"/static/{folder}/style.css").status_code == 404


def test_links_in_a_circle_are_404(client, folder):
    """Python 3.11 raises RuntimeError for them, which was a 500."""
    (folder / "circle").symlink_to("circle")

    assert client.get("/static/circle").status_code == 404
    assert client.get("/static/circle/style.css").status_code == 404


def test_a_link_leads_to_nothing_hidden(client, folder):
    """Only the name that was asked for was looked at."""
    (folder / ".git").mkdir()
    (folder / ".git" / "config").write_text("secret")
    (folder / "config").symlink_to(".git/config")
    (folder / "inside").symlink_to("deep/a b.js")

    assert client.get("/static/config").status_code == 404
    assert client.get("/static/inside").text == "1"
