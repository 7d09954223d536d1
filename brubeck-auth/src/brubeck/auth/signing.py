"""Values that a client keeps for us and cannot change: JSON and the time, signed with HMAC-SHA-256.

The format is itsdangerous' `URLSafeTimedSerializer`: payload, time and signature in URL-safe base64,
between dots. What is added here: the key depends on a purpose and a name, so that no value can be moved to
another cookie or used as a token; only the one canonical spelling of a signature counts (base64 can be
spelled in several); a time in the future does not count; and whatever a client sends, the answer is a value
or None, never an exception.
"""

from __future__ import annotations

import hashlib
import hmac
import time
from collections.abc import Callable
from functools import lru_cache
from typing import Any, ClassVar

from brubeck.auth.keys import check_secrets
from brubeck.core.errors import HeaderError
from itsdangerous import BadData, TimestampSigner, URLSafeTimedSerializer
from itsdangerous.encoding import base64_decode, base64_encode, int_to_bytes

__all__ = ["DEFAULT_MAX_AGE_S", "MAX_CLOCK_SKEW_S", "MAX_SIGNED_BYTES", "Signer"]

DEFAULT_MAX_AGE_S = 31 * 24 * 3600
"""How long a signed value counts where nobody says: a month."""

MAX_CLOCK_SKEW_S = 5
"""How far the clock of the machine that signed may be ahead of ours."""

MAX_SIGNED_BYTES = 4096
"""Longer values are neither made nor read: no browser need keep them (RFC 6265 section 6.1)."""

_MAX_TIME_CHARACTERS = 12
"""Nine bytes of base64: far beyond any date, and cheap to decode."""

_NAMES_KEPT = 128
"""Keys kept ready; a program has a handful of cookie names."""


class Signer:
    """Signs values and reads them back; a `CookieSigner` as `brubeck.plugins` describes it.

    Args:
        cookie_secret: A secret or a list of them: the first signs, all are accepted.
        purpose: What the values are for. One purpose's values never count for another.
        max_age_s: How long values count where the reader does not say.

    Raises:
        ConfigurationError: A secret is missing, too short, or printed in a manual.
    """

    cookie_attributes: ClassVar[dict[str, Any]] = {"httponly": True, "samesite": "Lax"}
    """What `set_cookie` adds to a signed cookie unless told otherwise."""

    secure_when_https = True
    """Whether `set_cookie` adds `Secure` where the request came encrypted."""

    def __init__(
        self, cookie_secret: Any, *, purpose: str = "cookie", max_age_s: int = DEFAULT_MAX_AGE_S
    ) -> None:
        self._secrets = check_secrets(cookie_secret)
        self.purpose = purpose
        self.max_age_s = max_age_s
        self._keys_for: Callable[[str], _KeyRing] = lru_cache(_NAMES_KEPT)(self._make_keys)

    def get_timestamp(self) -> int:
        """Return the time in seconds since 1970; the only place where time is read."""
        return int(time.time())

    def sign(self, name: str, value: Any) -> str:
        """Return *value* signed for *name*: URL-safe ASCII.

        Args:
            name: The cookie's name.
            value: Anything JSON can hold. A client can read it: it is signed, not encrypted.

        Raises:
            TypeError, ValueError: JSON cannot hold *value*.
            HeaderError: The result is longer than a browser keeps.
        """
        keys = self._keys_for(name)
        stamp = base64_encode(int_to_bytes(self.get_timestamp()))
        body = keys.dump_payload(value) + b"." + stamp
        signed = (body + b"." + keys.sign(body)).decode("ascii")
        if len(signed) > MAX_SIGNED_BYTES:
            raise HeaderError(
                f"The signed value {name!r} takes {len(signed)} bytes, browsers keep {MAX_SIGNED_BYTES}. "
                "Keep the data on the server (see brubeck.auth.Sessions) and a key in the cookie."
            )
        return signed

    def unsign(self, name: str, signed: str, max_age: int | None = None) -> Any | None:
        """Return the value that was signed for *name*, or None where *signed* does not hold.

        Args:
            name: The cookie's name.
            signed: As a client sent it.
            max_age: Seconds after which it no longer counts; the signer's own limit by default.
        """
        read = self.unsign_with_time(name, signed, max_age)
        return None if read is None else read[0]

    def unsign_with_time(self, name: str, signed: str, max_age: int | None = None) -> tuple[Any, int] | None:
        """Return the value and when it was signed, or None; see `unsign`."""
        if type(signed) is not str or len(signed) > MAX_SIGNED_BYTES or not signed.isascii():
            return None
        body, _, signature = signed.encode("ascii").rpartition(b".")
        keys = self._keys_for(name)
        if not keys.holds(body, signature):
            return None
        payload, _, stamp = body.rpartition(b".")
        return self._read(keys, payload, stamp, self.max_age_s if max_age is None else max_age)

    def _read(self, keys: _KeyRing, payload: bytes, stamp: bytes, max_age_s: int) -> tuple[Any, int] | None:
        """Return what we signed ourselves, unless it is too old or from the future."""
        if len(stamp) > _MAX_TIME_CHARACTERS:
            return None
        try:
            signed_at = int.from_bytes(base64_decode(stamp), "big")
            if not -MAX_CLOCK_SKEW_S <= self.get_timestamp() - signed_at <= max_age_s:
                return None
            return keys.load_payload(payload), signed_at
        except (BadData, ValueError, RecursionError):
            return None

    def _make_keys(self, name: str) -> _KeyRing:
        return _KeyRing(self._secrets, f"brubeck.{self.purpose}:{name}".encode("utf-8", "surrogatepass"))


class _KeyRing(URLSafeTimedSerializer):
    """The keys for one purpose and name, derived once."""

    def __init__(self, secrets: list[bytes], salt: bytes) -> None:
        super().__init__(secrets[0], salt=salt, serializer_kwargs={"allow_nan": False})
        self._derived = [
            TimestampSigner(
                secret, salt=salt, key_derivation="hmac", digest_method=hashlib.sha256
            ).derive_key()
            for secret in secrets
        ]

    def sign(self, body: bytes) -> bytes:
        """Return the signature of *body* by the newest secret."""
        return base64_encode(hmac.digest(self._derived[0], body, "sha256"))

    def holds(self, body: bytes, signature: bytes) -> bool:
        """Say whether *signature* is one of ours, letter for letter; in constant time for each secret."""
        return any(
            hmac.compare_digest(signature, base64_encode(hmac.digest(key, body, "sha256")))
            for key in self._derived
        )
