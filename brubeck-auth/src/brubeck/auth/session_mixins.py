"""Sessions on handlers, and users that are known by their session."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from brubeck.auth import audit
from brubeck.auth.schemes import LoadsUsers

if TYPE_CHECKING:
    from brubeck.auth.sessions import Session
    from brubeck.core.application import Brubeck

__all__ = ["SessionMixin", "SessionUserMixin"]

USER_KEY = "user_id"


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
    """

    provides = ("sessions", "users")

    def get_current_user(self) -> Any:
        """Return the user of the session."""
        return self.get_session_user()

    def get_session_user(self) -> Any:
        """Return the user whose id the session holds, or None."""
        user_id = self.session.get(USER_KEY)
        return None if user_id is None else self.load_user(user_id)

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
        self.current_user = user
        audit.record("login.succeeded", self.message, account=user_id)

    def logout_user(self: Any) -> None:
        """Have the client be a stranger again: the session ends, here and there."""
        if self.session.get(USER_KEY) is not None:
            audit.record("logout", self.message, account=self.session[USER_KEY])
        self.session.end()
        self.current_user = None
