"""Cross-site request forgery: only our own pages may have a browser change something.

A message with a method that changes things must come from our origin, as far as its browser says where it
comes from, and must bring a token that we gave to this session and no other: as the field `csrf_token` of a
form, or in the header `X-CSRF-Token`. A message with a bearer token needs none: no other site can make a
browser send that header.

For a whole application: `Brubeck(plugins=[CSRFProtection()])`. For some handlers: `CSRFMixin`.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from collections.abc import Callable, Collection, Iterable
from html import escape
from typing import TYPE_CHECKING, Any, TypeVar

from brubeck.auth import audit
from brubeck.auth.origins import is_cross_site, is_safe_method
from brubeck.auth.schemes import need_secret, parse_bearer, purpose_signer, user_cookie_name
from brubeck.core.cookies import dump_cookie
from brubeck.core.errors import HTTPError
from brubeck.core.hookimpl import hookimpl

if TYPE_CHECKING:
    from brubeck.core.application import Brubeck
    from brubeck.core.handlers import MessageHandler
    from brubeck.core.requests import Request
    from brubeck.core.responses import Response

__all__ = [
    "CSRF_FIELD",
    "CSRF_HEADER",
    "CSRFProtection",
    "HiddenField",
    "csrf_exempt",
    "field_for",
    "find_forgery",
    "get_csrf_field",
    "get_csrf_token",
]

CSRF_FIELD = "csrf_token"
CSRF_HEADER = "X-CSRF-Token"
SESSION_KEY = "csrf"
REFUSAL = "This form has expired, or another site sent it. Go back, load the page again, and send it again."

_KEPT_ON_MESSAGE = "_brubeck_csrf_nonce"
_UNSENT_COOKIE = "_brubeck_csrf_cookie"
_NONCE_BYTES = 16

Target = TypeVar("Target", bound=Any)


def csrf_exempt(target: Target) -> Target:
    """Let a handler class or function take messages without a token: one that checks a signature of its own."""
    target.csrf_exempt = True
    return target


def get_csrf_token(application: Brubeck, message: Request) -> str:
    """Return a token for the forms of the answer to *message*; another one each time, all of them good.

    Under `CSRFProtection` the cookie that goes with it is sent with the answer.
    """
    nonce = read_nonce(application, message)
    if nonce is None:
        nonce = make_nonce(application, message)
    salt = secrets.token_urlsafe(_NONCE_BYTES)
    return purpose_signer(application, "csrf").sign("token", [salt, bind(application, message, nonce)])


def find_forgery(application: Brubeck, message: Request, trusted_origins: Collection[str] = ()) -> str | None:
    """Return why *message* may be forged, or None where it is not."""
    if is_safe_method(message):
        return None
    if is_cross_site(message, trusted_origins):
        return "another site"
    if parse_bearer(message.headers.get("Authorization", "")):
        return None
    nonce = read_nonce(application, message)
    if nonce is None:
        return "no cookie"
    token = message.headers.get(CSRF_HEADER) or message.get_form_argument(CSRF_FIELD)
    if not token:
        return "no token"
    value = purpose_signer(application, "csrf").unsign("token", token)
    bound = value[1] if isinstance(value, list) and len(value) == 2 else ""
    return None if hmac.compare_digest(bound, bind(application, message, nonce)) else "wrong token"


def bind(application: Brubeck, message: Request, nonce: str) -> str:
    """Return what ties a token to this client and to whoever it is logged in as."""
    user = message.cookies.get(user_cookie_name(application), "")
    return hashlib.sha256(f"{nonce}|{user}".encode("utf-8", "surrogatepass")).hexdigest()[:32]


def read_nonce(application: Brubeck, message: Request) -> str | None:
    """Return the secret that this client's tokens are bound to, or None."""
    kept = vars(message).get(_KEPT_ON_MESSAGE)
    if kept is None:
        sessions = sessions_of(application)
        if sessions is not None:
            kept = sessions.get(application, message).get(SESSION_KEY)
        elif (signed := message.cookies.get(cookie_name(message))) is not None:
            kept = purpose_signer(application, "csrf").unsign("cookie", signed)
    return kept if isinstance(kept, str) else None


def make_nonce(application: Brubeck, message: Request) -> str:
    """Return a new secret, which goes into the session, or else into a cookie of its own."""
    nonce = secrets.token_urlsafe(_NONCE_BYTES)
    sessions = sessions_of(application)
    if sessions is not None:
        sessions.get(application, message)[SESSION_KEY] = nonce
        return nonce
    vars(message)[_KEPT_ON_MESSAGE] = nonce
    vars(message)[_UNSENT_COOKIE] = {
        "name": cookie_name(message),
        "value": purpose_signer(application, "csrf").sign("cookie", nonce),
        "secure": message.is_secure,
        "httponly": True,
        "samesite": "Lax",
    }
    return nonce


def take_unsent_cookie(message: Request) -> dict[str, Any] | None:
    """Return the cookie that has to go with the answer, once."""
    cookie: dict[str, Any] | None = vars(message).pop(_UNSENT_COOKIE, None)
    return cookie


def cookie_name(message: Request) -> str:
    """Return the name of the cookie: over https one that no other host of the domain can set."""
    return "__Host-csrf" if message.is_secure else "csrf"


def sessions_of(application: Brubeck) -> Any:
    """Return the application's `Sessions`, or None."""
    from brubeck.auth.sessions import Sessions

    return application.plugins.find(Sessions)


class HiddenField(str):
    """HTML already, so that template engines leave it as it is."""

    __slots__ = ()

    def __html__(self) -> str:
        """Return it as it is."""
        return str(self)


def hidden_field(token: str) -> HiddenField:
    """Return *token* as the hidden field of a form."""
    return HiddenField(f'<input type="hidden" name="{CSRF_FIELD}" value="{escape(token)}">')


def get_csrf_field(application: Brubeck, message: Request) -> HiddenField:
    """Return the token of `get_csrf_token` as the hidden field of a form."""
    return hidden_field(get_csrf_token(application, message))


def field_for(handler: Any) -> str:
    """Return the field for a form of *handler*; empty where nobody asks for it."""
    if hasattr(type(handler), "csrf_field"):
        return str(handler.csrf_field)
    if handler.application.plugins.find(CSRFProtection) is None:
        return ""
    return get_csrf_field(handler.application, handler.message)


class CSRFProtection:
    """The plugin that asks every message of an application for its token, and gives every template `csrf_field`.

    Args:
        trusted_origins: Other origins whose pages may send, such as `https://admin.example.com`.
        exempt: Expressions for paths that take messages without a token; `csrf_exempt` marks handlers
            likewise.
    """

    name = "csrf"

    def __init__(self, *, trusted_origins: Iterable[str] = (), exempt: Iterable[str] = ()) -> None:
        self.trusted_origins = frozenset(trusted_origins)
        self.exempt = tuple(re.compile(pattern) for pattern in exempt)

    @hookimpl
    def brubeck_configure(self, application: Brubeck) -> None:
        """Refuse an application that cannot sign; let templates of all its handlers have the token."""
        need_secret(CSRFProtection, application)
        makers = {"csrf_token": get_csrf_token, "csrf_field": get_csrf_field}
        for name, make in makers.items():
            application.template_helpers.setdefault(name, by_handler(make))

    @hookimpl
    def brubeck_request(self, application: Brubeck, message: Request) -> Response | None:
        """Refuse a forged message, before any handler sees it."""
        if not is_safe_method(message) and not self.is_exempt(application, message):
            refuse_forgery(application, message, self.trusted_origins)
        return None

    @hookimpl
    def brubeck_response(self, application: Brubeck, message: Request, response: Response) -> None:
        """Send the cookie of a token that was given out without a handler."""
        cookie = take_unsent_cookie(message)
        if cookie is not None:
            response.add_header("Set-Cookie", dump_cookie(**cookie))

    def is_exempt(self, application: Brubeck, message: Request) -> bool:
        """Say whether *message* goes where no token is asked for."""
        if any(pattern.match(message.path) for pattern in self.exempt):
            return True
        found = application.router.find(message.path)
        return found is not None and is_marked(found[0].target_for(message.method))


def by_handler(make: Callable[[Brubeck, Request], str]) -> Callable[[MessageHandler], str]:
    """Return *make*, to be called with the handler whose template asks."""
    return lambda handler: make(handler.application, handler.message)


def is_marked(target: Any) -> bool:
    """Say whether `csrf_exempt` stands on *target* itself; a subclass of a marked class is not marked."""
    return target is not None and bool(vars(target).get("csrf_exempt", False))


def refuse_forgery(application: Brubeck, message: Request, trusted_origins: Collection[str] = ()) -> None:
    """Raise HTTPError 403 where *message* may be forged."""
    reason = find_forgery(application, message, trusted_origins)
    if reason is not None:
        audit.record("csrf.refused", message, reason=reason)
        raise HTTPError(403, REFUSAL)
