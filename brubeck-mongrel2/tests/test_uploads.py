"""Parked bodies, and forged ones."""

from __future__ import annotations

import random

import pytest
from brubeck.core.errors import ConfigurationError, HTTPError
from brubeck.mongrel2.uploads import DONE, START, UploadFolder, is_parked, upload_stage


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "uploads").mkdir()
    (tmp_path / "secret").write_bytes(b"secret")
    return UploadFolder(tmp_path / "uploads", 1000)


def parked(folder, content=b"x" * 100, **changes):
    path = folder.path / "AbC123"
    path.write_bytes(content)
    name = str(path).encode()
    return {START: name, DONE: name, b"content-length": b"%d" % len(content), **changes}


def test_a_parked_body_is_read_and_its_name_is_gone(folder):
    headers = parked(folder)
    body = folder.open(headers)

    assert body.read(60) + body.read(60) + body.read() == b"x" * 100
    assert not list(folder.path.iterdir())
    body.close()


def test_what_was_pipelined_behind_it_is_cut(folder):
    headers = parked(folder, b"x" * 50 + b"GET /")
    headers[b"content-length"] = b"50"
    body = folder.open(headers)

    assert body.read() == b"x" * 50
    body.close()


@pytest.mark.parametrize(
    ("headers", "body", "stage"),
    [
        ({START: b"/u/a", b"content-length": b"9"}, b"", "start"),
        ({START: b"/u/a", DONE: b"/u/a", b"content-length": b"9"}, b"", "done"),
        ({START: b"/u/a", DONE: b"/u/a", b"transfer-encoding": b"chunked"}, b"", "done"),
        ({START: b"/u/a", DONE: b"/u/b", b"content-length": b"9"}, b"", None),
        ({START: b"/u/a", DONE: b"/u/a", b"content-length": b"3"}, b"abc", None),
        ({START: b"/u/a", DONE: b"/u/a"}, b"", None),
        ({START: b"/u/a", DONE: b"/u/a", b"content-length": b"0"}, b"", None),
        ({START: b"/u/a", DONE: b"/u/a", b"content-length": b"2147483648"}, b"", None),
        ({START: [b"/u/a", b"/u/a"], DONE: b"/u/a", b"content-length": b"9"}, b"", None),
        ({DONE: b"/u/a", b"content-length": b"9"}, b"", None),
    ],
)
def test_only_what_a_client_cannot_bring_about_is_an_upload(headers, body, stage):
    assert upload_stage(headers, body) == stage


PARKED = {START: b"/u/a", DONE: b"/u/a"}


@pytest.mark.parametrize(
    ("headers", "is_there"),
    [
        ({b"content-length": b"9"}, True),
        ({b"content-length": b"9", b"transfer-encoding": b"gzip"}, True),
        ({b"content-length": b"+9"}, True),
        ({b"content-length": b"\x0b9 men"}, True),
        ({b"content-length": [b"9", b"0"]}, True),
        ({b"transfer-encoding": [b"chunked", b"gzip"]}, True),
        ({b"content-length": [b"0", b"9"]}, False),
        ({b"content-length": [b"", b"9"]}, False),
        ({b"content-length": b"-9"}, False),
        ({b"content-length": b"2147483648"}, False),
        ({b"content-length": b"9" * 5000}, False),
        ({b"content-length": b"0", b"transfer-encoding": b"chunked"}, False),
        ({b"transfer-encoding": [b"gzip", b"chunked"]}, False),
        ({}, False),
        ({b"content-length": b"9", DONE: b"/u/b"}, False),
        ({b"content-length": b"9", START: [b"/u/a", b"/u/a"], DONE: [b"/u/a", b"/u/a"]}, False),
    ],
)
def test_what_mongrel2_parks_is_known_by_what_it_sees(headers, is_there):
    """Its 1.12.2 was asked with each of these."""
    assert is_parked({**PARKED, **headers}, b"") is is_there
    assert not is_parked({**PARKED, **headers}, b"x")


def test_what_nobody_reads_is_unlinked(folder):
    headers = parked(folder)
    folder.discard(headers, b"x")
    assert list(folder.path.iterdir())

    folder.discard(headers, b"")
    assert not list(folder.path.iterdir())
    folder.discard(headers, b"")


def test_only_plain_files_inside_are_unlinked(folder, tmp_path):
    (folder.path / "link").symlink_to(tmp_path / "secret")
    (folder.path / "inner").mkdir()
    secret = tmp_path / "secret"
    for path in (secret, folder.path / "link", folder.path / "inner", folder.path / ".." / "secret", "/u/\0"):
        name = str(path).encode()
        folder.discard({START: name, DONE: name, b"content-length": b"6"}, b"")

    assert secret.read_bytes() == b"secret"
    assert {path.name for path in folder.path.iterdir()} == {"link", "inner"}


def test_too_long_is_413_before_it_is_sent(folder):
    with pytest.raises(HTTPError) as caught:
        folder.check_start({b"content-length": b"1001"})

    assert caught.value.status_code == 413


def test_a_folder_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(ConfigurationError, match="upload_folder"):
        UploadFolder(tmp_path / "nowhere", 1)


def test_ten_thousand_forged_paths_open_nothing_outside(folder, tmp_path, monkeypatch):
    """Opened files are counted where they are opened: by the system call."""
    import os

    opened = []
    real_open = os.open

    def watched(path, *args, **kwargs):
        opened.append(path)
        return real_open(path, *args, **kwargs)

    monkeypatch.setattr(os, "open", watched)
    (folder.path / "link").symlink_to(tmp_path / "secret")
    chance = random.Random(4)
    parts = [
        str(folder.path),
        "..",
        "secret",
        "link",
        "/etc/passwd",
        "\x00",
        "uploads",
        "//",
        ".",
        "\udcff",
        "%2e",
    ]
    for _ in range(10_000):
        path = "/".join(chance.choice(parts) for _ in range(chance.randint(1, 5)))
        name = path.encode("utf-8", "surrogateescape")
        with pytest.raises(HTTPError):
            folder.open({START: name, DONE: name, b"content-length": b"6"})

    strays = [path for path in opened if path.parent != folder.path or path.name == ".."]
    assert not strays
    assert (tmp_path / "secret").read_bytes() == b"secret"
