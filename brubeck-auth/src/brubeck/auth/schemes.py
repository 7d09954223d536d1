"""Ready ways to know a user: a signed cookie, HTTP Basic (RFC 7617), a bearer token (RFC 6750).

Each refines `UserHandlingMixin`. A handler that is to accept several says which comes first where it is
made, and asks the others itself:

    class Feed(JSONMessageHandler, CookieUserMixin, BearerAuthMixin, users=CookieUserMixin):
        def get_current_user(self):
            return self.get_cookie_user() or self.get_bearer_user()
"""

from __future__ import annotations

import base64
import binascii
import re
from typing import TYPE_CHECKING, Any, ClassVar

from brubeck.auth import audit
from brubeck.auth.user_handling import UserHandlingMixin
from brubeck.core.errors import ConfigurationError

if TYPE_CHECKING:
    from brubeck.auth.signing import Signer
    from brubeck.core.application import Brubeck

__all__ = ["BasicAuthMixin", "BearerAuthMixin", "CookieUserMixin", "LoadsUsers"]

MAX_CREDENTIALS_CHARACTERS = 4096
_is_token = re.compile(r"[A-Za-z0-9\-._~+/]+=*").fullmatch
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


class LoadsUsers(UserHandlingMixin):
    """What the mixins here share: from the id that a client proved to the user who has it."""

    asks = ("load_user",)

    def load_user(self, user_id: Any) -> Any:
        """Return the user with *user_id*, or None where there is none or he may not come in any more."""
        raise NotImplementedError(
            f"{type(self).__qualname__} needs a load_user(user_id) that returns the user."
        )

    @classmethod
    def missing_user_source(cls) -> str | None:
        """Return what is missing to know a user, or None."""
        is_given = cls.load_user is not LoadsUsers.load_user
        own_way = not cls.get_current_user.__module__.startswith("brubeck.auth.")
        return None if is_given or own_way else "has no load_user(user_id) that returns the user."


def need_secret(cls: type, application: Brubeck) -> None:
    """Refuse an application without `cookie_secret`."""
    if application.cookie_secret is None:
        raise ConfigurationError(
            f"{cls.__qualname__} signs with cookie_secret, and the application has none: "
            "give Brubeck(cookie_secret=…) at least 32 random bytes."
        )


class CookieUserMixin(LoadsUsers):
    """Knows a user by a signed cookie.

    Adds: `login_user`, `logout_user`, `get_cookie_user`; `current_user` by way of your `load_user(user_id)`.
    Needs: `cookie_secret`. The cookie's name is `settings['user_cookie_name']`, by default `user_id`.
    Answers: nothing.

    The client holds all there is: a login ends with the cookie's age, a logout, or when `load_user` returns
    None. Where the server must be able to end it, use `SessionUserMixin`.
    """

    provides = ("users",)

    user_cookie_max_age_s: ClassVar[int] = 14 * 24 * 3600
    """How long a login lasts."""

    @classmethod
    def check_application(cls, application: Brubeck) -> None:
        """Refuse an application without `cookie_secret`."""
        need_secret(cls, application)

    def get_current_user(self) -> Any:
        """Return the user of the cookie."""
        return self.get_cookie_user()

    def get_cookie_user(self: Any) -> Any:
        """Return the user whose id the cookie holds, or None."""
        user_id = self.get_cookie(
            user_cookie_name(self.application),
            secret=self.application.cookie_secret,
            max_age=self.user_cookie_max_age_s,
        )
        return None if user_id is None else self.load_user(user_id)

    def login_user(self: Any, user_id: Any, user: Any = None) -> None:
        """Have the client be *user_id* from the next message on.

        Args:
            user_id: What `load_user` is given; it must be JSON.
            user: The user, for the rest of this message.
        """
        self.set_cookie(
            user_cookie_name(self.application),
            user_id,
            secret=self.application.cookie_secret,
            max_age=self.user_cookie_max_age_s,
        )
        self.current_user = user
        audit.record("login.succeeded", self.message, account=user_id)

    def logout_user(self: Any) -> None:
        """Have the client be a stranger again."""
        if self.current_user:
            audit.record("logout", self.message)
        self.delete_cookie(user_cookie_name(self.application))
        self.current_user = None


def user_cookie_name(application: Brubeck) -> str:
    """Return the name of the cookie that `CookieUserMixin` keeps the user's id in."""
    return str(application.settings.get("user_cookie_name", "user_id"))


class BasicAuthMixin(UserHandlingMixin):
    """Knows a user by the name and password of HTTP Basic, sent with each message.

    Adds: `get_basic_user`; `current_user` by way of your `load_basic_user(username, password)`.
    Needs: https in front; passwords go over the wire.
    Answers: `auth_error` challenges the client.
    """

    provides = ("users",)
    asks = ("load_basic_user",)

    auth_challenge = 'Basic realm="site", charset="UTF-8"'

    def get_current_user(self) -> Any:
        """Return the user of the credentials."""
        return self.get_basic_user()

    def get_basic_user(self: Any) -> Any:
        """Return the user of the `Authorization` header, or None."""
        credentials = parse_basic(self.message.headers.get("Authorization", ""))
        if credentials is None:
            return None
        user = self.load_basic_user(*credentials)
        if not user:
            audit.record("login.failed", self.message, account=credentials[0])
        return user

    def load_basic_user(self, username: str, password: str) -> Any:
        """Return the user with this name and password, or None. See `brubeck.auth.check_login`."""
        raise NotImplementedError(f"{type(self).__qualname__} needs a load_basic_user(username, password).")

    @classmethod
    def missing_user_source(cls) -> str | None:
        """Return what is missing to know a user, or None."""
        is_given = cls.load_basic_user is not BasicAuthMixin.load_basic_user
        own_way = not cls.get_current_user.__module__.startswith("brubeck.auth.")
        return None if is_given or own_way else "has no load_basic_user(username, password)."


def parse_basic(header: str) -> tuple[str, str] | None:
    """Return the name and password of an `Authorization: Basic` header, or None (RFC 7617 section 2)."""
    scheme, _, encoded = header.partition(" ")
    if scheme.lower() != "basic" or len(encoded) > MAX_CREDENTIALS_CHARACTERS:
        return None
    try:
        text = base64.b64decode(encoded.strip(" "), validate=True).decode("utf-8")
    except (binascii.Error, ValueError):
        return None
    username, colon, password = text.partition(":")
    return (username, password) if colon and not _CONTROL.search(text) else None


class BearerAuthMixin(LoadsUsers):
    """Knows a user by a bearer token: a signed one, or any that your `load_bearer_user` looks up.

    Adds: `sign_bearer_token`, `get_bearer_user`; `current_user` by way of your `load_user(user_id)`.
    Needs: `cookie_secret` for signed tokens.
    Answers: `auth_error` challenges the client.
    """

    provides = ("users",)
    asks = ("load_bearer_user",)

    auth_challenge = 'Bearer realm="site"'

    bearer_max_age_s: ClassVar[int] = 24 * 3600
    """How long a signed token counts."""

    @classmethod
    def check_application(cls, application: Brubeck) -> None:
        """Refuse an application without `cookie_secret` where tokens are signed with it."""
        if cls.load_bearer_user is BearerAuthMixin.load_bearer_user:
            need_secret(cls, application)

    def get_current_user(self) -> Any:
        """Return the user of the token."""
        return self.get_bearer_user()

    def get_bearer_user(self: Any) -> Any:
        """Return the user of the `Authorization` header, or None."""
        token = parse_bearer(self.message.headers.get("Authorization", ""))
        return None if token is None else self.load_bearer_user(token)

    def load_bearer_user(self: Any, token: str) -> Any:
        """Return the user whom *token* stands for, or None: by default that of a signed one.

        Override it for tokens of a database, which should hold `sha256(token)` and not the token.
        """
        user_id = token_signer(self.application).unsign("bearer", token, self.bearer_max_age_s)
        return None if user_id is None else self.load_user(user_id)

    def sign_bearer_token(self: Any, user_id: Any) -> str:
        """Return a token that stands for *user_id* until it is too old; it cannot be taken back before."""
        return token_signer(self.application).sign("bearer", user_id)

    @classmethod
    def missing_user_source(cls) -> str | None:
        """Return what is missing to know a user, or None."""
        looked_up = cls.load_bearer_user is not BearerAuthMixin.load_bearer_user
        return None if looked_up else super().missing_user_source()


def parse_bearer(header: str) -> str | None:
    """Return the token of an `Authorization: Bearer` header, or None (RFC 6750 section 2.1)."""
    scheme, _, token = header.partition(" ")
    token = token.strip(" ")
    if scheme.lower() != "bearer" or len(token) > MAX_CREDENTIALS_CHARACTERS or not _is_token(token):
        return None
    return token


def token_signer(application: Brubeck) -> Signer:
    """Return what signs tokens for *application*; a cookie of the same value is no token."""
    return purpose_signer(application, "token")


def purpose_signer(application: Any, purpose: str) -> Signer:
    """Return the signer of *application* for *purpose*, made once."""
    from brubeck.auth.signing import Signer

    need_secret(type(application), application)
    signers: dict[Any, Signer] = vars(application).setdefault("_auth_signers", {})
    secret = application.cookie_secret
    key = (purpose, tuple(secret) if isinstance(secret, list) else secret)
    if key not in signers:
        signers[key] = Signer(secret, purpose=purpose)
    return signers[key]
