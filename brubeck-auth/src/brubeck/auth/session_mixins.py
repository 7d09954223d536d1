"""Sessions on handlers, and users that are known by their session."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from brubeck.auth import audit
from brubeck.auth.schemes import LoadsUsers

if TYPE_CHECKING:
    from brubeck.auth.sessions import Session
    from brubeck.core.application import Brubeck

__all__ = ["SessionMixin", "SessionUserMixin"]

USER_KEY = "user_id"
STAMP_KEY = "user_stamp"


class SessionMixin:
    """Gives a handler the `session` of its client.

    Adds: `session`.
    Needs: `Brubeck(plugins=[Sessions(…)])`.
    Answers: nothing.
    """

    provides: ClassVar[tuple[str, ...]] = ("sessions",)

    @classmethod
    def check_application(cls, application: Brubeck) -> None:
        """Refuse an application without sessions."""
        from brubeck.auth.sessions import Sessions

        Sessions.of(application)

    @property
    def session(self: Any) -> Session:
        """What the site remembers of this client, a dict."""
        from brubeck.auth.sessions import Sessions

        return Sessions.of(self.application).get(self.application, self.message)


class SessionUserMixin(SessionMixin, LoadsUsers):
    """Knows a user by the session.

    Adds: `session`, `login_user`, `logout_user`, `get_session_user`; `current_user` by way of your
        `load_user(user_id)`.
    Needs: `Brubeck(plugins=[Sessions(store)])`.
    Answers: nothing.

    A session ends with the password that it began with: when the `password` of the user that `load_user` returns is
    another line, or none, its client is a stranger. Whoever changes his own calls `login_user` after it is stored.
    Where the class that calls `login_user` has no `load_user`, the session takes the password of its next message.
    """

    provides = ("sessions", "users")

    def get_current_user(self) -> Any:
        """Return the user of the session."""
        return self.get_session_user()

    def get_session_user(self) -> Any:
        """Return the user whose id the session holds, or None; also None where the password is another by now."""
        session = self.session
        user_id = session.get(USER_KEY)
        user = None if user_id is None else self.load_user(user_id)
        stamp = password_stamp(user)
        if stamp is None:
            return user if STAMP_KEY not in session else None
        return user if session.setdefault(STAMP_KEY, stamp) == stamp else None

    def login_user(self: Any, user_id: Any, user: Any = None) -> None:
        """Have the client be *user_id* until the session ends; the session takes another id.

        Args:
            user_id: What `load_user` is given; it must be JSON.
            user: The user, for the rest of this message.
        """
        session = self.session
        if session.get(USER_KEY) != user_id:
            session.clear()
        session.rotate()
        session[USER_KEY] = user_id
        session.pop("csrf", None)
        session.pop(STAMP_KEY, None)
        if type(self).load_user is not LoadsUsers.load_user:
            # As stored: in *user* the line may have been renewed, and nobody has to keep that.
            stamp = password_stamp(self.load_user(user_id))
            if stamp is not None:
                session[STAMP_KEY] = stamp
        self.current_user = user
        audit.record("login.succeeded", self.message, account=user_id)

    def logout_user(self: Any) -> None:
        """Have the client be a stranger again: the session ends, here and there."""
        if self.session.get(USER_KEY) is not None:
            audit.record("logout", self.message, account=self.session[USER_KEY])
        self.session.end()
        self.current_user = None


def password_stamp(user: Any) -> str | None:
    """Return what a session remembers of the user's stored password, or None where the user shows none."""
    line = user.get("password") if isinstance(user, Mapping) else getattr(user, "password", None)
    return hashlib.sha256(line.encode()).hexdigest()[:32] if isinstance(line, str) and line else None
