"""A login page, a page behind it, and a way out. Log in as jd with the password foo.

The user's name is kept in a signed cookie. With a secret that changes at each start, so do the logins end; a site
sets COOKIE_SECRET.
"""

import os
import secrets
from pathlib import Path

from brubeck.request_handling import Brubeck, WebMessageHandler
from brubeck.auth import CookieUserMixin, User, check_login, safe_next, web_authenticated
from brubeck.templating import Jinja2Rendering, load_jinja2_env

demo_user = User.create_user("jd", "foo")


class BaseHandler(WebMessageHandler, Jinja2Rendering, CookieUserMixin):
    """Knows the one user there is."""

    def load_user(self, username):
        return demo_user if username == demo_user.username else None


class LandingHandler(BaseHandler):
    @web_authenticated
    def get(self):
        return self.render_template("landing.html", name=self.current_user.username)


class LoginHandler(BaseHandler):
    def get(self):
        return self.render_template("login.html", next=safe_next(self.get_argument("next")) or "/")

    def post(self):
        fields = self.message.form.fields
        username, password, wanted = (fields.get(name, [""])[-1] for name in ("username", "password", "next"))
        user = self.load_user(username)
        if not check_login(user, password):
            return self.redirect(self.application.login_url)
        self.login_user(user.username)
        return self.redirect(safe_next(wanted) or "/")


class LogoutHandler(BaseHandler):
    def get(self):
        self.logout_user()
        return self.redirect(self.application.login_url)


app = Brubeck(
    handler_tuples=[(r"^/login", LoginHandler), (r"^/logout", LogoutHandler), (r"^/$", LandingHandler)],
    template_loader=load_jinja2_env(Path(__file__).parent / "auth_templates"),
    login_url="/login",
    cookie_secret=os.environ.get("COOKIE_SECRET") or secrets.token_urlsafe(32),
)

if __name__ == "__main__":
    app.run()
