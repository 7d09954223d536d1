"""What this distribution brings to an application: hooks and strings, nothing imported before it is used."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from brubeck.core.hookimpl import hookimpl

if TYPE_CHECKING:
    from brubeck.auth.signing import Signer
    from brubeck.core.application import Brubeck


@hookimpl
def brubeck_mixins() -> Mapping[str, str | type]:
    """Name the handler mixins."""
    return {
        "user_handling": "brubeck.auth.user_handling:UserHandlingMixin",
        "cookie_user": "brubeck.auth.schemes:CookieUserMixin",
        "basic_auth": "brubeck.auth.schemes:BasicAuthMixin",
        "bearer_auth": "brubeck.auth.schemes:BearerAuthMixin",
        "session": "brubeck.auth.session_mixins:SessionMixin",
        "session_user": "brubeck.auth.session_mixins:SessionUserMixin",
        "csrf": "brubeck.auth.csrf_mixin:CSRFMixin",
    }


@hookimpl
def brubeck_cookie_signer(application: Brubeck) -> Signer:
    """Bring the signer behind `secret=`; refuse a secret that is none."""
    from brubeck.auth.signing import DEFAULT_MAX_AGE_S, Signer

    max_age_s = application.settings.get("cookie_max_age_s", DEFAULT_MAX_AGE_S)
    return Signer(application.cookie_secret, max_age_s=max_age_s)


@hookimpl
def brubeck_configure(application: Brubeck) -> None:
    """Refuse an application whose `cookie_secret` anybody could guess."""
    if application.cookie_secret is not None:
        from brubeck.auth.keys import check_secrets

        check_secrets(application.cookie_secret)
