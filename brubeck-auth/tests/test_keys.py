import logging
import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from brubeck.auth.keys import MIN_SECRET_BYTES, PUBLISHED_SECRETS, check_secrets, load_secret
from brubeck.core.application import Brubeck
from brubeck.core.errors import ConfigurationError

TUTORIAL = "a secret of at least 32 bytes, please"


@pytest.mark.parametrize(
    ("secret", "complaint"),
    [
        ("OMGSOOOOSECRET", "printed in a manual"),
        ("fifteen bytes..", "at least 16 bytes, got 15"),
        ("", "at least 16 bytes, got 0"),
        (b"", "at least 16 bytes"),
        (42, "got int"),
        ([], "empty list"),
        (["x" * 32, "short"], "at least 16 bytes, got 5"),
        ("__TODO:_GENERATE_YOUR_OWN_RANDOM_VALUE_HERE__", "printed in a manual"),
    ],
)
def test_an_application_does_not_start_with_a_secret_that_is_none(secret, complaint):
    with pytest.raises(ConfigurationError, match=complaint) as raised:
        Brubeck(cookie_secret=secret)

    assert "token_urlsafe" in str(raised.value)


def test_the_sentence_does_not_repeat_the_secret():
    with pytest.raises(ConfigurationError) as raised:
        check_secrets("hunter2")

    assert "hunter2" not in str(raised.value)


def test_bytes_are_counted_and_not_characters():
    assert check_secrets("ü" * 8) == ["ü".encode() * 8]


def test_the_newest_comes_first():
    assert check_secrets(["n" * 16, "o" * 16]) == [b"n" * 16, b"o" * 16]


def test_the_secret_of_the_readme_starts_with_a_warning(caplog):
    with caplog.at_level(logging.WARNING, "brubeck.auth"):
        Brubeck(cookie_secret=TUTORIAL)

    assert "anybody can sign" in caplog.text
    assert TUTORIAL not in caplog.text


def test_every_secret_that_our_manual_prints_is_refused_or_warned_of():
    root = Path(__file__).parents[2]
    pages = [*root.glob("*.md"), *root.glob("docs/*.md"), *root.glob("brubeck-*/README.md")]
    printed = {
        secret
        for page in pages
        for secret in re.findall(r"cookie_secret['\"]?\s*[=:]\s*['\"]([^'\"]+)['\"]", page.read_text())
    }

    known = {secret.decode() for secret in PUBLISHED_SECRETS} | {TUTORIAL}
    assert {secret for secret in printed - known if len(secret) >= MIN_SECRET_BYTES} == set()


def test_a_secret_is_made_once_and_kept_from_others(tmp_path):
    path = tmp_path / "secret"
    secret = load_secret(path)

    assert load_secret(path) == secret
    assert len(secret) >= 43
    assert path.stat().st_mode & 0o777 == 0o600
    assert [file.name for file in tmp_path.iterdir()] == ["secret"]


def test_processes_that_start_at_once_have_one_secret(tmp_path):
    with ThreadPoolExecutor(8) as pool:
        secrets = set(pool.map(load_secret, [tmp_path / "secret"] * 50))

    assert len(secrets) == 1


def test_a_secret_that_others_may_read_is_refused(tmp_path):
    path = tmp_path / "secret"
    load_secret(path)
    path.chmod(0o640)

    with pytest.raises(ConfigurationError, match="chmod 600"):
        load_secret(path)


@pytest.mark.parametrize("content", [b"", b"short\n", b"\xff" * 40])
def test_a_file_without_a_secret_is_refused(tmp_path, content):
    path = tmp_path / "secret"
    path.write_bytes(content)
    path.chmod(0o600)

    with pytest.raises(ConfigurationError, match="secret"):
        load_secret(path)
    assert path.read_bytes() == content


def test_a_folder_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(ConfigurationError, match=r"There can be no secret in .*nowhere"):
        load_secret(tmp_path / "nowhere" / "secret")
