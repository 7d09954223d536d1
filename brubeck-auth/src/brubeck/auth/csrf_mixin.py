"""CSRF protection of some handlers, and the token for their pages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from brubeck.auth.guards import guard_class

if TYPE_CHECKING:
    from brubeck.auth.csrf import HiddenField
    from brubeck.core.application import Brubeck

__all__ = ["CSRFMixin"]


def refuse_forged(handler: Any) -> None:
    """Ask the message of *handler* for its token."""
    from brubeck.auth.csrf import is_marked, refuse_forgery

    if not is_marked(type(handler)):
        refuse_forgery(handler.application, handler.message, handler.csrf_trusted_origins)


class CSRFMixin:
    """Lets only our own pages send what changes something; gives pages the token.

    Adds: `csrf_token`, `csrf_field`, found by templates of all engines.
    Needs: `cookie_secret`.
    Answers: 403 to what another site sent, before `prepare`.
    """

    csrf_trusted_origins: ClassVar[tuple[str, ...]] = ()
    """Other origins whose pages may send, such as `https://admin.example.com`."""

    def __init_subclass__(cls, **choices: Any) -> None:
        super().__init_subclass__(**choices)
        guard_class(cls, refuse_forged, after_prepare=False)

    @classmethod
    def check_application(cls, application: Brubeck) -> None:
        """Refuse an application without `cookie_secret`, and look after the guard."""
        from brubeck.auth.schemes import need_secret

        need_secret(cls, application)
        # A class takes the `prepare` of a mixin after this one, at the right of the handler, was told of it.
        guard_class(cls, refuse_forged, after_prepare=False)

    @property
    def csrf_token(self: Any) -> str:
        """A token for a form or a script of this answer."""
        from brubeck.auth.csrf import get_csrf_token, take_unsent_cookie

        token = get_csrf_token(self.application, self.message)
        cookie = take_unsent_cookie(self.message)
        if cookie is not None:
            self.set_cookie(**cookie)
        return token

    @property
    def csrf_field(self) -> HiddenField:
        """The token as a hidden field."""
        from brubeck.auth.csrf import hidden_field

        return hidden_field(self.csrf_token)
