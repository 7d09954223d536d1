"""The pages. None needs a script."""

import json
from pathlib import Path
from urllib.parse import quote

from brubeck.request_handling import StaticFileHandler, WebMessageHandler
from brubeck import auth
from brubeck.api import StreamedHandlerMixin
from brubeck.templating import Jinja2Rendering

from listsurf.links import MAX_TITLE_CHARACTERS, MAX_URL_CHARACTERS, clean_title, clean_url
from listsurf.stores import ORDER

NO_EMAIL = "This is no e-mail address. One looks like dave@example.com."


class Style(StaticFileHandler):
    folder = Path(__file__).parent / "static"


class Member:
    """What pages and the feed know of whoever asks, by way of the signed cookie."""

    def load_user(self, username):
        record = None if "\0" in username else self.db_conn.get_user(username)
        user = auth.User(**record) if record else None
        return user if user and user.is_active else None


class Page(Member, WebMessageHandler, Jinja2Rendering, auth.CookieUserMixin, auth.CSRFMixin):
    @property
    def origin(self):
        """Where the site is for those who visit it."""
        asked = self.message.url_parts
        return self.application.settings["url"] or f"{asked.scheme}://{asked.netloc}"


class Create(auth.SignupHandler, Page):
    """Makes an account, with an address or without. A name that is taken stays whose it is."""

    signup_template = "create.html"

    @property
    def email(self):
        return self.get_form_argument("email", "").strip()

    @property
    def unlike_passwords(self):
        return ("listsurf", self.email)

    @property
    def taken_message(self):
        name = auth.normalize_username(self.get_form_argument("username", ""))
        return f"{name} is taken. Take another name."

    def find_errors(self, username, password):
        """Return what cannot be, in the order of the fields."""
        errors = super().find_errors(username, password)
        try:
            auth.User.validate_class_partial({"email": self.email} if self.email else {})
        except ValueError:
            errors["email"] = NO_EMAIL
        return {name: errors[name] for name in ("username", "email", "password") if name in errors}

    def make_user(self, username, password):
        return auth.User.create_user(username, password, self.email)

    def add_user(self, user):
        return self.db_conn.add_user(user.to_python())


class Login(auth.LoginHandler, Page):
    login_template = "login.html"

    def on_login(self, user):
        self.db_conn.save_login(user.username, user.password, user.last_login)


class Logout(auth.LogoutHandler, Page):
    """Only a form of ours signs out; a link, which any site can show, leads to that form."""

    def get(self):
        return self.render_template("logout.html")


@auth.web_authenticated
class Links(Page, StreamedHandlerMixin):
    """The list, newest first."""

    stream_id_type = int
    default_count = max_count = 50

    def get(self):
        page = self.get_stream_page()
        found = self.finish_page(page, self.db_conn.links(self.current_user.username, page), ORDER.key)
        is_newest = page.cursor is None or bool(found.items and not found.prev_link)
        return self.render_template("links.html", found=found, now=self.current_time, is_newest=is_newest)


@auth.web_authenticated
class Add(Page):
    """Saves a link. The bookmarklet comes with the page's address in `u`, and its title in `t`."""

    def get(self):
        return self.show(200, self.get_argument("u", ""), clean_title(self.get_argument("t", "")))

    def post(self):
        username = self.current_user.username
        typed, title = self.get_form_argument("url", ""), self.get_form_argument("title", "")
        try:
            url = clean_url(typed)
        except ValueError as exc:
            return self.show(422, typed, title, str(exc))
        if self.application.settings["links"].take(username):
            return self.show(429, typed, title, "That was too much at once. Try again in a minute.")
        if not self.db_conn.save_link(username, url, clean_title(title), self.current_time):
            return self.show(409, typed, title, "Your list is full. Remove a link first.")
        return self.redirect("/", 303)

    def show(self, status, url, title, error=""):
        errors = {"url": error} if error else {}
        values = {"url": url, "title": title, "errors": errors, "bookmarklet": self.bookmarklet()}
        values |= {"max_url": MAX_URL_CHARACTERS, "max_title": MAX_TITLE_CHARACTERS}
        return self.render_template("add.html", status, **values)

    def bookmarklet(self):
        """Return the script that brings the page one is on here; as a link, so encoded."""
        there = json.dumps(f"{self.origin}/add_item?u=")
        script = f"location.href={there}+encodeURIComponent(location.href)+'&t='+encodeURIComponent(document.title)"
        return f"javascript:{quote(script, safe='')}"


@auth.web_authenticated
class Remove(Page):
    def post(self):
        self.db_conn.remove_link(self.current_user.username, self.get_number("id", 0))
        return self.redirect("/", 303)
