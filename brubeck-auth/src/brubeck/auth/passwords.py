"""Passwords as lines to store: argon2id for new ones; bcrypt's and the first Brubeck's are read.

    $argon2id$v=19$m=…,t=…,p=…$salt$digest    made by `hash_password`
    $2b$12$…  ($2a$, $2y$)                    read, if the extra [bcrypt] is installed
    bcrypt|||$2a$12$salt|||$2a$12$…           read likewise: what `User` of Brubeck 0.x stored

A line that is not of the newest kind says so through `needs_rehash`; `User.check_password` replaces it on
the way.
"""

from __future__ import annotations

import secrets
import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from brubeck.auth.hashing import run_in_thread
from brubeck.core.errors import ConfigurationError

if TYPE_CHECKING:
    from argon2 import PasswordHasher

__all__ = [
    "DEFAULT_COST",
    "MAX_PASSWORD_BYTES",
    "PasswordCost",
    "get_password_cost",
    "hash_password",
    "needs_rehash",
    "set_password_cost",
    "verify_nobody",
    "verify_password",
]

MAX_PASSWORD_BYTES = 1024
"""Longer ones are no passwords but work for the server."""

BCRYPT_BYTES = 72
"""bcrypt reads no more; the libraries of the time cut silently, so that is what the old lines stand for."""

_BCRYPT_PREFIXES = ("$2a$", "$2b$", "$2y$")
_OLD_ALGORITHM = "bcrypt"
_OLD_DELIMITER = "|||"


@dataclass(frozen=True)
class PasswordCost:
    """What one hash costs; the parameters of argon2id.

    Args:
        memory_kib: Memory, the part that makes graphics cards slow.
        passes: How often the memory is gone over.
        lanes: Threads of one hash. One: with two cores the other is for answering.
    """

    memory_kib: int = 47104
    passes: int = 1
    lanes: int = 1


DEFAULT_COST = PasswordCost()
"""The first of the equal choices in OWASP's Password Storage Cheat Sheet: 46 MiB, one pass."""

_costs = [DEFAULT_COST]


def get_password_cost() -> PasswordCost:
    """Return what new hashes cost."""
    return _costs[-1]


def set_password_cost(cost: PasswordCost) -> None:
    """Have new hashes cost *cost*; stored ones of another cost are replaced at the next login.

    For the whole process: a password is stored once, whichever application asks for it.
    """
    _hasher(cost)
    _costs[:] = [cost]


@lru_cache(8)
def _hasher(cost: PasswordCost) -> PasswordHasher:
    from argon2 import PasswordHasher

    return PasswordHasher(time_cost=cost.passes, memory_cost=cost.memory_kib, parallelism=cost.lanes)


@lru_cache(8)
def _nobodys_line(cost: PasswordCost) -> str:
    return _hasher(cost).hash(secrets.token_bytes(16))


def hash_password(password: str) -> str:
    """Return a line to store for *password*.

    The password is normalized to NFKC (NIST SP 800-63B section 3.1.1.2), so that it does not depend on the
    keyboard.

    Args:
        password: As typed; at most `MAX_PASSWORD_BYTES` bytes.

    Raises:
        ValueError: *password* is empty or too long: the client's fault.

    Blocks:
        The calling greenlet for some 50 ms; not the hub.
    """
    octets = encode_password(password)
    if octets is None:
        raise ValueError(f"A password has from 1 to {MAX_PASSWORD_BYTES} bytes in UTF-8.")
    return run_in_thread(_hasher(get_password_cost()).hash, octets)


def verify_password(password: str, stored: str) -> bool:
    """Return whether *password* is the one behind *stored*. Says nothing about its age; see `needs_rehash`.

    Args:
        password: As typed. One that cannot be a password matches nothing.
        stored: A line of one of the three kinds.

    Raises:
        ValueError: *stored* is no such line. The sentence does not repeat it.
        ConfigurationError: It is one of bcrypt's, and bcrypt is not installed.

    Blocks:
        The calling greenlet for some 50 ms; not the hub.
    """
    bcrypt_line = bcrypt_line_of(stored)
    if bcrypt_line is None and not stored.startswith("$argon2"):
        raise ValueError("The stored line is neither argon2's, nor bcrypt's, nor one of Brubeck 0.x.")
    octets = encode_password(password)
    if octets is None:
        verify_nobody()
        return False
    if bcrypt_line is not None:
        return _verify_bcrypt(password, bcrypt_line)
    return run_in_thread(_verify_argon2, octets, stored)


def verify_nobody(password: str = "") -> bool:
    """Return False after as long as `verify_password` takes: for names that nobody has.

    Blocks:
        The calling greenlet for some 50 ms; not the hub.
    """
    octets = encode_password(password) or b"-"
    run_in_thread(_verify_against_nobody, octets, get_password_cost())
    return False


def needs_rehash(stored: str) -> bool:
    """Return whether *stored* was made by an older method or for another cost than new lines are."""
    from argon2.exceptions import InvalidHashError

    if not stored.startswith("$argon2id$"):
        return True
    try:
        return _hasher(get_password_cost()).check_needs_rehash(stored)
    except InvalidHashError:
        return True


def encode_password(password: str) -> bytes | None:
    """Return *password* as it is hashed, or None where it cannot be one."""
    if not isinstance(password, str) or len(password) > MAX_PASSWORD_BYTES:
        return None
    try:
        octets = unicodedata.normalize("NFKC", password).encode()
    except UnicodeEncodeError:
        return None
    return octets if 0 < len(octets) <= MAX_PASSWORD_BYTES else None


def bcrypt_line_of(stored: str) -> str | None:
    """Return the line of bcrypt's own in *stored*, or None."""
    if stored.startswith(_BCRYPT_PREFIXES):
        return stored
    algorithm, _, rest = stored.partition(_OLD_DELIMITER)
    salt, _, digest = rest.partition(_OLD_DELIMITER)
    is_old = algorithm == _OLD_ALGORITHM and salt.startswith(_BCRYPT_PREFIXES) and digest.startswith(salt)
    return digest if is_old else None


def _verify_argon2(octets: bytes, stored: str) -> bool:
    from argon2.exceptions import Argon2Error, InvalidHashError, VerifyMismatchError

    try:
        return _hasher(get_password_cost()).verify(stored, octets)
    except VerifyMismatchError:
        return False
    except (Argon2Error, InvalidHashError):
        raise ValueError("The stored line begins like one of argon2's, and is none.") from None


def _verify_against_nobody(octets: bytes, cost: PasswordCost) -> None:
    _verify_argon2(octets, _nobodys_line(cost))


def _verify_bcrypt(password: str, stored: str) -> bool:
    try:
        import bcrypt
    except ImportError:
        raise ConfigurationError(
            "A stored password is one of bcrypt's. Reading it needs: pip install 'brubeck-auth[bcrypt]'"
        ) from None
    octets = password.encode("utf-8", "surrogatepass")[:BCRYPT_BYTES]
    try:
        return run_in_thread(bcrypt.checkpw, octets, stored.encode())
    except ValueError:
        return False
