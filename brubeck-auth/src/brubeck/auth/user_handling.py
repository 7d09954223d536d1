"""Who is asking: the mixin that every other way of knowing a user refines."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    from brubeck.core.handlers import MessageHandler

__all__ = ["UserHandlingMixin"]

_UNASKED: Any = object()


class UserHandlingMixin:
    """Gives a handler a `current_user`.

    Adds: `current_user`, `current_userprofile`, `has_role`, `auth_error`.
    Needs: `get_current_user` of yours, or one of the mixins that bring it.
    Answers: nothing by itself; the decorators ask it.
    """

    provides: ClassVar[tuple[str, ...]] = ("users",)
    asks: ClassVar[tuple[str, ...]] = (
        "auth_error",
        "get_current_user",
        "get_current_userprofile",
        "has_role",
    )

    auth_challenge: ClassVar[str] = 'Cookie realm="site"'
    """The `WWW-Authenticate` of a 401, which may not be sent without one (RFC 9110 section 15.5.2)."""

    _current_user: Any = _UNASKED
    _current_userprofile: Any = _UNASKED

    def get_current_user(self) -> Any:
        """Return the user who sent this message, or None. Called once at most."""

    def get_current_userprofile(self) -> Any:
        """Return the profile of the current user, or None. Called once at most."""

    @property
    def current_user(self) -> Any:
        """The user who sent this message; None is a stranger. May be assigned, for example in `prepare`."""
        if self._current_user is _UNASKED:
            self._current_user = self.get_current_user()
        return self._current_user

    @current_user.setter
    def current_user(self, user: Any) -> None:
        self._current_user = user

    @property
    def current_userprofile(self) -> Any:
        """The profile of the current user."""
        if self._current_userprofile is _UNASKED:
            self._current_userprofile = self.get_current_userprofile()
        return self._current_userprofile

    def has_role(self, role: str) -> bool:
        """Say whether the current user has *role*; asked by `requires`.

        Looks into the user's `roles`, an attribute or a key.
        """
        user = self.current_user
        roles = user.get("roles") if isinstance(user, Mapping) else getattr(user, "roles", None)
        return not isinstance(roles, str) and role in (roles or ())

    def auth_error(self: MessageHandler) -> Any:  # type: ignore[misc]  # a mixin of handlers
        """Answer a stranger: 401. What is no response here is replaced by one."""
        response = self.render_error(401)
        response.set_header("WWW-Authenticate", self.auth_challenge)  # type: ignore[attr-defined]
        return response
