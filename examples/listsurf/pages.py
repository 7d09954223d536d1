"""The pages. None needs a script."""

import json
from pathlib import Path
from urllib.parse import quote

from brubeck.request_handling import WebMessageHandler
from brubeck import auth
from brubeck.api import StreamedHandlerMixin
from brubeck.templating import Jinja2Rendering

from listsurf.links import MAX_TITLE_CHARACTERS, MAX_URL_CHARACTERS, clean_title, clean_url
from listsurf.stores import ORDER

STYLE = Path(__file__).with_name("style.css").read_bytes()
ACCOUNTS_AN_HOUR = 10
LINKS_A_MINUTE = 30
MIN_PASSWORD_CHARACTERS = 10
NO_EMAIL = "This is no e-mail address. One looks like dave@example.com."


class Style(WebMessageHandler):
    content_type = "text/css; charset=utf-8"

    def get(self):
        self.headers["Cache-Control"] = "no-cache"
        return STYLE


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

    def field(self, name):
        """Return a field of the form; the query, which ends up in logs and links, does not count."""
        return self.get_form_argument(name, "")

    def is_over(self, key, limit, window_s):
        """Count one more, and say whether there were too many in so many seconds."""
        count, _ = self.application.settings["counters"].add(key, window_s)
        return count > limit


class Create(Page):
    """Makes an account. A name that is taken stays whose it is."""

    def get(self):
        return self.show(200, {}, next=auth.safe_next(self.get_argument("next")) or "")

    def post(self):
        errors = self.find_errors()
        if errors:
            return self.show(422, errors)
        if self.is_over(f"accounts:{self.message.remote_addr}", ACCOUNTS_AN_HOUR, 3600):
            sentence = "Too many accounts came from your address. Try again in an hour."
            return self.show(429, {"username": sentence})
        username, password, email = self.field("username"), self.field("password"), self.field("email")
        user = auth.User.create_user(username, password, email.strip())
        if not self.db_conn.add_user(user.to_python()):
            return self.show(409, {"username": f"{user.username} is taken. Take another name."})
        self.login_user(user.username, user)
        return self.redirect(auth.safe_next(self.field("next")) or "/", 303)

    def find_errors(self):
        """Return what cannot be, by field: a sentence for each."""
        username, email, password = (
            self.field("username"),
            self.field("email").strip(),
            self.field("password"),
        )
        checks = {
            "username": lambda: auth.check_username(username),
            "email": lambda: auth.User.validate_class_partial({"email": email} if email else {}),
            "password": lambda: auth.check_new_password(
                password, min_characters=MIN_PASSWORD_CHARACTERS, unlike=[username, email, "listsurf"]
            ),
        }
        errors = {name: sentence for name, check in checks.items() if (sentence := why_not(check))}
        return errors | ({"email": NO_EMAIL} if "email" in errors else {})

    def show(self, status, errors, **values):
        values = {name: self.field(name) for name in ("username", "email", "next")} | values
        self.headers["Cache-Control"] = "no-store"
        values |= {"errors": errors, "least": MIN_PASSWORD_CHARACTERS}
        return self.render_template("create.html", status, **values)


def why_not(check):
    """Return the sentence with which *check* refuses; an empty one where it does not."""
    try:
        check()
    except ValueError as exc:
        return str(exc)
    return ""


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
        values = {"found": found, "now": self.current_time, "is_first": page.cursor is None}
        return self.render_template("links.html", **values)


@auth.web_authenticated
class Add(Page):
    """Saves a link. The bookmarklet comes with the page's address in `u`, and its title in `t`."""

    def get(self):
        url, title = self.get_argument("u", ""), clean_title(self.get_argument("t", ""))
        return self.show(200, {}, url=url, title=title)

    def post(self):
        username, title = self.current_user.username, clean_title(self.field("title"))
        try:
            url = clean_url(self.field("url"))
        except ValueError as exc:
            return self.show(422, {"url": str(exc)})
        if self.is_over(f"links:{username}", LINKS_A_MINUTE, 60):
            return self.show(429, {"url": "That was too much at once. Try again in a minute."})
        if not self.db_conn.save_link(username, url, title, self.current_time):
            return self.show(409, {"url": "Your list is full. Remove a link first."})
        return self.redirect("/", 303)

    def show(self, status, errors, **values):
        values = {name: self.field(name) for name in ("url", "title")} | values
        values |= {"errors": errors, "bookmarklet": self.bookmarklet()}
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
