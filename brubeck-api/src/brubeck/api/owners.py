"""Handlers of what belongs to somebody."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from brubeck.api.arguments import get_single, refuse_argument
from brubeck.core.errors import ConfigurationError, HTTPError

if TYPE_CHECKING:
    from brubeck.core.application import Brubeck

__all__ = ["OwnedHandlerMixin"]

Owned = TypeVar("Owned")


class OwnedHandlerMixin:
    """Lets users at what is theirs, and at nothing else.

    Adds: `owner_fields`, `is_owner`, `require_owned`, `get_owner_username`.
    Needs: `current_user`, from `UserHandlingMixin` or of your own.
    Answers: 404 to whoever asks for what belongs to another.
    """

    max_owner_characters: ClassVar[int] = 30
    """Of the argument `owner`, as many as a username has."""

    @classmethod
    def check_application(cls, application: Brubeck) -> None:
        """Refuse a handler that knows no users."""
        if not hasattr(cls, "current_user"):
            raise ConfigurationError(
                f"{cls.__qualname__} asks who owns what, but has no current_user. Add UserHandlingMixin "
                "(pip install brubeck-auth), or give the class a current_user."
            )

    @property
    def owner_fields(self: Any) -> dict[str, Any]:
        """`owner_id` and `owner_username` of the current user, for a new `OwnedModelMixin` document.

        Raises:
            HTTPError: 401, nobody is logged in.
        """
        user = self.current_user
        if user is None:
            challenge = getattr(self, "auth_challenge", 'Cookie realm="site"')  # RFC 9110 section 15.5.2
            raise HTTPError(401, "Log in first.", headers={"WWW-Authenticate": challenge})
        return {"owner_id": read(user, "id"), "owner_username": read(user, "username")}

    def is_owner(self: Any, document: Any) -> bool:
        """Say whether *document*, or a row with an `owner_id`, belongs to the current user."""
        user = self.current_user
        ids = (None, None) if user is None else (read(user, "id"), read(document, "owner_id"))
        return None not in ids and str(ids[0]) == str(ids[1])  # a UUID, and the text of it from a database

    def require_owned(self: Any, document: Owned | None) -> Owned:
        """Return *document* where it belongs to the current user.

        Raises:
            HTTPError: 404, there is none, or it is another's; who asks does not learn which.
        """
        if document is None or not self.is_owner(document):
            raise HTTPError(404)
        return document

    def get_owner_username(self: Any, default_username: str | None = None) -> str | None:
        """Return the argument `owner`: whose items are asked for. It says nothing about who asks.

        Raises:
            Problem: 400, it cannot be a username: the client's fault.
        """
        name = get_single(self, "owner")
        if name is not None and (len(name) > self.max_owner_characters or not name.isprintable()):
            raise refuse_argument(
                "owner", f"must be a username of {self.max_owner_characters} characters", name
            )
        return default_username if name is None else name


def read(thing: Any, name: str) -> Any:
    """Return the attribute or the key *name* of a document, a mapping or a row; None where there is none."""
    if isinstance(thing, Mapping):
        return thing.get(name)
    value = getattr(thing, name, None)
    if value is None and hasattr(thing, "keys"):  # sqlite3.Row is a mapping in all but name
        return thing[name] if name in thing.keys() else None  # noqa: SIM118 - a Row is iterated by value
    return value
