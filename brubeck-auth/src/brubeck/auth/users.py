"""`User`, a document: to be kept wherever the application keeps documents."""

from __future__ import annotations

import logging
import time
from typing import Any, ClassVar, Self

from brubeck.auth import audit
from brubeck.auth.names import MAX_USERNAME_CHARACTERS, check_username
from brubeck.auth.passwords import hash_password, needs_rehash, verify_nobody, verify_password
from brubeck.dictshield import BooleanField, Document, EmailField, MillisecondField, StringField

__all__ = ["User", "check_login"]

log = logging.getLogger("brubeck.auth")


class User(Document):
    """Somebody who can log in.

    `password` holds a line of `brubeck.auth.passwords`, never a password; it leaves with no
    `make_ownersafe` or `make_publicsafe`. Subclass it for what else there is to know, `roles` for example.
    """

    _private_fields: ClassVar[list[str]] = ["password"]

    username = StringField(max_length=MAX_USERNAME_CHARACTERS, required=True)
    email = EmailField(max_length=100)
    password = StringField(max_length=128)
    is_active = BooleanField(default=False)
    last_login = MillisecondField()
    date_joined = MillisecondField()

    @classmethod
    def create_user(cls, username: str, password: str, email: str | None = None, **values: Any) -> Self:
        """Return a new, active user; it is not stored.

        Whether the name is free is the storage's to say: with a unique index, for which the name is in its
        one spelling (see `normalize_username`). A second account of one name is an account taken over.

        Args:
            username: As typed; see `check_username` for what it may hold.
            password: As typed.
            email: As typed; the domain is put in lower case.
            values: Other fields.

        Raises:
            ValueError: The name, the password or the address cannot be one: the client's fault.

        Blocks:
            The calling greenlet for some 50 ms; not the hub.
        """
        now = current_time()
        fields: dict[str, Any] = {"is_active": True, "date_joined": now, "last_login": now, **values}
        if email:
            fields["email"] = normalize_email(email)
            cls.validate_class_partial({"email": fields["email"]})
        user = cls(username=check_username(username), **fields)
        user.set_password(password)
        return user

    def set_password(self, password: str) -> None:
        """Have *password* be the user's. Sessions of `SessionUserMixin` end with the line that is stored now.

        Raises:
            ValueError: *password* is empty or too long: the client's fault.

        Blocks:
            The calling greenlet for some 50 ms; not the hub.
        """
        self.password = hash_password(password)

    def check_password(self, password: str) -> bool:
        """Return whether *password* is the user's; renew the stored line where it was made by an older method.

        Store the user after a login, so that the renewed line is kept. A user without a password, or with a
        line nobody can read, has no password that is right; it takes as long to say so.

        Blocks:
            The calling greenlet for some 50 ms; not the hub.
        """
        stored = self.password
        if not stored:
            return verify_nobody(password)
        try:
            is_right = verify_password(password, stored)
        except ValueError as exc:
            log.error("The password of %a cannot be checked: %s", self.username, exc)  # noqa: TRY400 - known
            return verify_nobody(password)
        if is_right and needs_rehash(stored):
            self.set_password(password)
            audit.record("password.rehashed", account=self.username)
        return is_right


def check_login(user: Any, password: str) -> bool:
    """Return whether *user* may come in with *password*: it is his, and he is active.

    Args:
        user: A `User`, or what has its `check_password` and `is_active`; None for a name that nobody has,
            which takes as long.
        password: As typed.

    Blocks:
        The calling greenlet for some 50 ms; not the hub.
    """
    if user is None:
        return verify_nobody(password)
    is_right = bool(user.check_password(password))
    return is_right and bool(getattr(user, "is_active", True))


def normalize_email(email: str) -> str:
    """Return *email* with its domain in lower case; the part before it may tell case apart (RFC 5321)."""
    local, at, domain = email.strip().rpartition("@")
    return f"{local}{at}{domain.lower()}"


def current_time() -> int:
    """Return the time in milliseconds since 1970."""
    return int(time.time() * 1000)
