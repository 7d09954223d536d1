"""The secrets that everything here is signed with, and which of them are refused."""

from __future__ import annotations

import logging
import os
import secrets
import stat
from pathlib import Path
from typing import Any

from brubeck.core.errors import ConfigurationError

__all__ = ["MIN_SECRET_BYTES", "PUBLISHED_SECRETS", "check_secrets", "load_secret"]

log = logging.getLogger("brubeck.auth")

MIN_SECRET_BYTES = 16
"""128 bits, if they are random: the least that cannot be searched."""

PUBLISHED_SECRETS = frozenset(
    (
        b"OMGSOOOOSECRET",
        b"OMGSOOOOOSECRET",
        b"replace me with 32 random bytes!",
        b"_1sRG0XIXrbYBuVB1uFQ0TaeOnSqTOZSSbsVXvEmtMo",
        b"32oETzKXQAGaYdkL5gEmGeJJFuYh7EQnp2XdTP1o/Vo=",
        b"__TODO:_GENERATE_YOUR_OWN_RANDOM_VALUE_HERE__",
        b"django-insecure-replace-this-with-your-own",
        b"change me change me change me",
        b"0123456789abcdef",
        b"0123456789abcdef0123456789abcdef",
    )
)
"""Secrets that stand in manuals, ours and others', and are tried first by whoever attacks a site."""

_TUTORIAL_SECRET = b"a secret of at least 32 bytes, please"
"""Stands in the README's program, which must start as it is: warned of, not refused."""

_HOW_TO_MAKE_ONE = 'Make one with: python -c "import secrets; print(secrets.token_urlsafe(32))"'


def check_secrets(cookie_secret: Any) -> list[bytes]:
    """Return the secrets in *cookie_secret* as bytes, the newest first.

    Args:
        cookie_secret: A str or bytes, or a list of them: the first signs, all are accepted.

    Raises:
        ConfigurationError: There is none, or one is shorter than `MIN_SECRET_BYTES` or printed in a manual.
            The sentence does not repeat the secret.
    """
    given = list(cookie_secret) if isinstance(cookie_secret, list | tuple) else [cookie_secret]
    if not given:
        raise ConfigurationError(f"cookie_secret is an empty list. {_HOW_TO_MAKE_ONE}")
    return [_check(secret) for secret in given]


def _check(secret: Any) -> bytes:
    if not isinstance(secret, str | bytes):
        raise ConfigurationError(
            f"cookie_secret must be a str or bytes, or a list of them, got {type(secret).__name__}. "
            f"{_HOW_TO_MAKE_ONE}"
        )
    octets = secret.encode("utf-8", "surrogatepass") if isinstance(secret, str) else secret
    if octets in PUBLISHED_SECRETS:
        raise ConfigurationError(f"This cookie_secret is printed in a manual. {_HOW_TO_MAKE_ONE}")
    if len(octets) < MIN_SECRET_BYTES:
        raise ConfigurationError(
            f"cookie_secret has at least {MIN_SECRET_BYTES} bytes, got {len(octets)}. {_HOW_TO_MAKE_ONE}"
        )
    if octets == _TUTORIAL_SECRET:
        log.warning(
            "This cookie_secret is printed in Brubeck's README; anybody can sign with it. %s",
            _HOW_TO_MAKE_ONE,
        )
    return octets


def load_secret(path: str | Path) -> str:
    """Return the secret in the file *path*, which is made with one where it is not there.

    Every process of this machine that gives the same path has the same secret, and logins outlive a restart. Several
    machines need to be given one secret: in the environment, or by a file that is copied.

    Args:
        path: Read and written by its owner alone; never part of a repository.

    Raises:
        ConfigurationError: The file can be read by others, holds no secret, or cannot be made.
    """
    path = Path(path)
    try:
        make_secret(path)
        mode = path.stat().st_mode
        if stat.S_IMODE(mode) & 0o077:
            raise ConfigurationError(f"Others may read the secret in {str(path)!r}. Run: chmod 600 {path}")
        secret = path.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as exc:
        raise ConfigurationError(f"There can be no secret in {str(path)!r}: {exc}.") from None
    check_secrets(secret)
    return secret


def make_secret(path: Path) -> None:
    """Put a new secret into *path*, unless it is there; of several processes at once, one does, and whole."""
    if path.exists():
        return
    made = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(made, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with open(descriptor, "w", encoding="ascii") as file:  # noqa: PTH123
        file.write(secrets.token_urlsafe(32) + "\n")
    try:
        os.link(made, path)
    except FileExistsError:
        pass
    finally:
        made.unlink()
