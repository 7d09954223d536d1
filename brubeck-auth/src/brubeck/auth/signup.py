"""The page to make an account, to be subclassed.

class Create(SignupHandler, Page):
    signup_template = "create.html"

    def add_user(self, user):
        return self.db_conn.insert(user.to_python())        # False where somebody has the name
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from brubeck.auth import audit
from brubeck.auth.locations import safe_next
from brubeck.auth.login import MAX_TYPED_CHARACTERS, AccountPage
from brubeck.auth.names import check_username
from brubeck.auth.new_passwords import check_new_password
from brubeck.auth.throttling import Throttle, network_of
from brubeck.auth.users import User
from brubeck.core.errors import ConfigurationError

if TYPE_CHECKING:
    from brubeck.core.application import Brubeck

__all__ = ["SignupHandler"]

SIGNUP_FORM = """<p role="alert">{error}</p>
<form method="post" action="{action}">
{csrf_field}<input type="hidden" name="next" value="{next}">
<p><label>Username
<input name="username" value="{username}" autocomplete="username" autocapitalize="none" required autofocus>
</label></p>
<p><label>Password
<input name="password" type="password" autocomplete="new-password" required>
</label></p>
<p><button>Create account</button></p>
</form>"""


class SignupHandler(AccountPage):
    """Asks for a name and a password, and makes an account of them that is logged in at once.

    Needs: `CookieUserMixin` or `SessionUserMixin` beside it, and your `add_user(user)`. Set `signup_template` where a
        rendering mixin stands beside it too. Accounts from one address are throttled by
        `settings['signup_throttle']`, ten an hour by default.
    """

    signup_template: ClassVar[str | None] = None
    """A template that gets `errors` (a sentence by the field), `username` as it was typed, and `next`."""

    home_url: ClassVar[str] = "/"
    """Where to go afterwards without `next`."""

    user_class: ClassVar[type[User]] = User

    min_password_characters: ClassVar[int] = 10
    unlike_passwords: ClassVar[tuple[str, ...]] = ()
    """What a password must not be, beside the username: the name of the site."""

    throttled_message: ClassVar[str] = "Too many accounts came from your address. Try again in an hour."
    taken_message: ClassVar[str] = "This name is taken. Take another one."

    @classmethod
    def check_application(cls, application: Brubeck) -> None:
        """Refuse what `AccountPage` refuses; have one throttle for all accounts of *application*."""
        super().check_application(application)
        if cls.add_user is SignupHandler.add_user:
            raise ConfigurationError(f"{cls.__qualname__} needs an add_user(user) that stores the user.")
        application.settings.setdefault("signup_throttle", Throttle(10, 3600, name="signup"))

    def add_user(self, user: Any) -> bool:
        """Store *user*; return False where somebody has the name, as the unique index of the database says."""
        raise NotImplementedError(f"{type(self).__qualname__} needs an add_user(user).")

    def find_errors(self, username: str, password: str) -> dict[str, str]:
        """Return what cannot be, a sentence for each field. Extend it for fields of your own."""
        errors = {}
        try:
            check_username(username)
        except ValueError as exc:
            errors["username"] = str(exc)
        unlike = [username, *self.unlike_passwords]
        try:
            check_new_password(password, min_characters=self.min_password_characters, unlike=unlike)
        except ValueError as exc:
            errors["password"] = str(exc)
        return errors

    def make_user(self, username: str, password: str) -> Any:
        """Return the new user. Extend it for fields of your own."""
        return self.user_class.create_user(username, password)

    def get(self) -> Any:
        """Answer with the form."""
        return self.render_signup({})

    def post(self: Any) -> Any:
        """Make the account."""
        refusal = self.refuse_other_sites()
        if refusal is not None:
            return refusal
        username, password = self.get_form_argument("username", ""), self.get_form_argument("password", "")
        errors = self.find_errors(username, password)
        if errors:
            return self.render_signup(errors, 422)
        address = self.message.remote_addr
        wait_s = address and self.application.settings["signup_throttle"].take(network_of(address))
        if wait_s:
            response = self.render_signup({"username": self.throttled_message}, 429)
            response.set_header("Retry-After", str(wait_s))
            return response
        user = self.make_user(username, password)
        if not self.add_user(user):
            return self.render_signup({"username": self.taken_message}, 409)
        audit.record("account.created", self.message, account=user.username)
        self.login_user(user.username, user)
        return self.redirect(safe_next(self.get_form_argument("next")) or self.home_url, 303)

    def render_signup(self: Any, errors: dict[str, str], status_code: int = 200) -> Any:
        """Return the page with the form; *errors* says what was wrong with which field."""
        self.headers["Cache-Control"] = "no-store"
        wanted = safe_next(self.get_form_argument("next") or self.get_argument("next")) or ""
        values = {"username": self.get_form_argument("username", "")[:MAX_TYPED_CHARACTERS], "next": wanted}
        if self.signup_template is not None:
            return self.render_template(self.signup_template, status_code, errors=errors, **values)
        page = self.page("Create account", SIGNUP_FORM, error=" ".join(errors.values()), **values)
        self.set_body(page, status_code=status_code)
        return self.render()
