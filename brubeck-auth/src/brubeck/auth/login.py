"""The pages to come in and to go out, to be subclassed.

class Login(LoginHandler, CookieUserMixin):
    def load_user(self, username):
        return self.db_conn.users.get(username)

class Logout(LogoutHandler, CookieUserMixin):
    load_user = Login.load_user
"""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any, ClassVar, cast

from brubeck.auth import audit
from brubeck.auth.csrf import field_for
from brubeck.auth.locations import safe_next
from brubeck.auth.names import normalize_username
from brubeck.auth.origins import is_cross_site
from brubeck.auth.schemes import LoadsUsers
from brubeck.auth.throttling import LoginThrottle
from brubeck.core.errors import ConfigurationError
from brubeck.core.handlers import WebMessageHandler

if TYPE_CHECKING:
    from brubeck.core.application import Brubeck

__all__ = ["LoginHandler", "LogoutHandler"]

MAX_TYPED_CHARACTERS = 256

PAGE = """<!doctype html>
<html lang="en"><meta charset="utf-8"><title>{title}</title>
<h1>{title}</h1>
{content}
</html>
"""

LOGIN_FORM = """<p role="alert">{error}</p>
<form method="post" action="{action}">
{csrf_field}<input type="hidden" name="next" value="{next}">
<p><label>Username
<input name="username" value="{username}" autocomplete="username" autocapitalize="none" required autofocus>
</label></p>
<p><label>Password
<input name="password" type="password" autocomplete="current-password" required>
</label></p>
<p><button>Log in</button></p>
</form>"""

LOGOUT_FORM = """<form method="post" action="{action}">{csrf_field}<p><button>Log out</button></p></form>"""


class AccountPage(WebMessageHandler):
    """What both pages share."""

    trusted_origins: ClassVar[tuple[str, ...]] = ()
    """Other origins whose pages may send the form."""

    @classmethod
    def check_application(cls, application: Brubeck) -> None:
        """Refuse a page that has no way to remember who came in."""
        if not hasattr(cls, "login_user"):
            raise ConfigurationError(
                f"{cls.__qualname__} cannot log anybody in. Add a base that remembers users: "
                "CookieUserMixin or SessionUserMixin."
            )

    def refuse_other_sites(self) -> Any:
        """Return the answer for a form that another site sent, or None. Holds without `CSRFMixin` too."""
        if not is_cross_site(self.message, self.trusted_origins):
            return None
        audit.record("csrf.refused", self.message, reason="another site")
        return self.render_error(403)

    def page(self, title: str, form: str, **values: str) -> str:
        """Return a plain page with *form*, its values escaped."""
        escaped = {name: escape(value) for name, value in values.items()}
        content = form.format(csrf_field=field_for(self), action=escape(self.message.path), **escaped)
        return PAGE.format(title=escape(title), content=content)


class LoginHandler(AccountPage):
    """Asks for a name and a password, and lets in whoever has them.

    Needs: `CookieUserMixin` or `SessionUserMixin` beside it, with your `load_user(username)`. Where users are
        known by another id, your `find_user(username)` and `user_id_of(user)` too. Set `login_template` where a
        rendering mixin stands beside it.
    """

    login_template: ClassVar[str | None] = None
    """A template that gets `username`, `next`, `error`; a plain page otherwise."""

    home_url: ClassVar[str] = "/"
    """Where to go after a login without `next`."""

    error_message: ClassVar[str] = "Username or password is wrong."
    """One sentence for every reason: it must not tell which names exist."""

    throttled_message: ClassVar[str] = "Too many attempts. Try again later."

    @classmethod
    def check_application(cls, application: Brubeck) -> None:
        """Refuse what `AccountPage` refuses; have one throttle for all logins of *application*."""
        super().check_application(application)
        is_default = cls.check_credentials is LoginHandler.check_credentials
        if is_default and cls.find_user is LoginHandler.find_user and not cls.loads_by_name():
            raise ConfigurationError(f"{cls.__qualname__} needs a find_user(username) that returns the user.")
        application.settings.setdefault("login_throttle", LoginThrottle())

    @classmethod
    def loads_by_name(cls) -> bool:
        """Say whether there is a `load_user`, and the id that it is given is the username."""
        load_user = getattr(cls, "load_user", LoadsUsers.load_user)
        return load_user is not LoadsUsers.load_user and cls.user_id_of is LoginHandler.user_id_of

    def find_user(self, username: str) -> Any:
        """Return the user with *username* (normalized), or None: by default what `load_user` of the mixin finds."""
        return cast("Any", self).load_user(username)

    def user_id_of(self, user: Any) -> Any:
        """Return what `load_user` will know *user* by; it must be JSON."""
        return user.username

    def on_login(self, user: Any) -> None:
        """Store *user*: the time of this login, and a password line that was renewed. Called before the answer."""

    def get(self) -> Any:
        """Answer with the form."""
        return self.render_login()

    def post(self) -> Any:
        """Let in whoever has the right name and password; they count in the form only, never in the query."""
        refusal = self.refuse_other_sites()
        if refusal is not None:
            return refusal
        username = self.get_form_argument("username", "")[:MAX_TYPED_CHARACTERS]
        account = normalize_username(username)
        throttle: LoginThrottle = self.application.settings["login_throttle"]
        wait_s = throttle.take(account, self.message.remote_addr)
        if wait_s:
            return self.refuse_for_now(account, username, wait_s)
        user = self.check_credentials(account, self.get_form_argument("password", ""))
        if user is None:
            audit.record("login.failed", self.message, account=account)
            return self.render_login(username, self.error_message, 401)
        throttle.forgive(account)
        return self.let_in(user)

    def check_credentials(self, account: str, password: str) -> Any:
        """Return the user, or None where the password is not his, or he may not come in."""
        from brubeck.auth.users import check_login

        user = self.find_user(account)
        return user if check_login(user, password) else None

    def let_in(self: Any, user: Any) -> Any:
        """Log *user* in, and send the client on."""
        if hasattr(user, "last_login"):
            user.last_login = self.current_time
        self.on_login(user)
        self.login_user(self.user_id_of(user), user)
        return self.redirect(safe_next(self.get_form_argument("next")) or self.home_url)

    def refuse_for_now(self, account: str, username: str, wait_s: int) -> Any:
        """Answer 429, with the time to wait."""
        audit.record("login.throttled", self.message, account=account)
        response = self.render_login(username, self.throttled_message, 429)
        response.set_header("Retry-After", str(wait_s))
        return response

    def render_login(self: Any, username: str = "", error: str = "", status_code: int = 200) -> Any:
        """Return the page with the form; *error* says what was wrong."""
        wanted = safe_next(self.get_form_argument("next") or self.get_argument("next")) or ""
        self.headers["Cache-Control"] = "no-store"
        if status_code == 401:
            self.headers["WWW-Authenticate"] = self.auth_challenge
        values = {"username": username, "next": wanted, "error": error}
        if self.login_template is not None:
            return self.render_template(self.login_template, _status_code=status_code, **values)
        self.set_body(self.page("Log in", LOGIN_FORM, **values), status_code=status_code)
        return self.render()


class LogoutHandler(AccountPage):
    """Lets out whoever sends the form; a link, which any site can show, only leads to it.

    Needs: the same mixin beside it as the login.
    """

    after_url: ClassVar[str | None] = None
    """Where to go afterwards; `login_url` otherwise."""

    def get(self) -> Any:
        """Answer with a button."""
        self.headers["Cache-Control"] = "no-store"
        self.set_body(self.page("Log out", LOGOUT_FORM))
        return self.render()

    def post(self: Any) -> Any:
        """Let the user out."""
        refusal = self.refuse_other_sites()
        if refusal is not None:
            return refusal
        self.logout_user()
        return self.redirect(self.after_url or self.application.login_url or "/")
