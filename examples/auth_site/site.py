"""A site with accounts, as one would go online with.

Sessions on the server, forms that no other site can send, throttled logins, a page for admins.

Accounts are kept in a dict; a site has a database with a unique index on the name. The first account is an admin.
"""

import os
import secrets
from pathlib import Path

from brubeck.request_handling import Brubeck, WebMessageHandler
from brubeck.auth import (
    CSRFMixin,
    CSRFProtection,
    LoginHandler,
    LogoutHandler,
    MemorySessionStore,
    RedisSessionStore,
    Sessions,
    SessionUserMixin,
    User,
    check_new_password,
    requires,
    web_authenticated,
)
from brubeck.dictshield import ListField, StringField
from brubeck.templating import Jinja2Rendering, load_jinja2_env


class Member(User):
    roles = ListField(StringField(), default=list)


class Page(WebMessageHandler, Jinja2Rendering, SessionUserMixin, CSRFMixin):
    """What all pages know: the user of the session, and the token for their forms."""

    def load_user(self, username):
        member = self.db_conn.get(username)
        return member if member and member.is_active else None


class Home(Page):
    def get(self):
        return self.render_template("home.html")


@web_authenticated
class Notes(Page):
    """Remembers what you write, until the session ends."""

    def get(self):
        return self.render_template("notes.html", notes=self.session.get("notes", []))

    def post(self):
        note = self.message.form.fields.get("note", [""])[-1]
        self.session["notes"] = [*self.session.get("notes", []), note][-20:]
        return self.redirect("/notes")


class Admin(Page):
    @web_authenticated
    @requires("admin")
    def get(self):
        return self.render_template("admin.html", members=list(self.db_conn.values()))


class Create(Page):
    """Makes an account. A name that is taken stays whose it is."""

    def get(self):
        return self.render_template("create.html")

    def post(self):
        fields = self.message.form.fields
        username, password = (fields.get(name, [""])[-1] for name in ("username", "password"))
        try:
            check_new_password(password, unlike=[username])
            member = Member.create_user(username, password, roles=[] if self.db_conn else ["admin"])
        except ValueError as exc:
            return self.render_template("create.html", _status_code=422, username=username, error=str(exc))
        if self.db_conn.setdefault(member.username, member) is not member:
            error = "This name is taken."
            return self.render_template("create.html", _status_code=409, username=username, error=error)
        self.login_user(member.username, member)
        return self.redirect("/notes")


class Login(LoginHandler, Page):
    login_template = "login.html"
    home_url = "/notes"

    def find_user(self, username):
        return self.db_conn.get(username)


class Logout(LogoutHandler, Page):
    after_url = "/"


redis_url = os.environ.get("REDIS_URL")
app = Brubeck(
    handler_tuples=[
        (r"^/$", Home),
        (r"^/notes$", Notes),
        (r"^/admin$", Admin),
        (r"^/create$", Create),
        (r"^/login$", Login),
        (r"^/logout$", Logout),
    ],
    template_loader=load_jinja2_env(Path(__file__).parent / "templates"),
    login_url="/login",
    cookie_secret=os.environ.get("COOKIE_SECRET") or secrets.token_urlsafe(32),
    db_conn={},
    plugins=[Sessions(RedisSessionStore(redis_url) if redis_url else MemorySessionStore()), CSRFProtection()],
)

if __name__ == "__main__":
    app.run()
