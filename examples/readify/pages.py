"""The pages. Nothing changes but by POST with a token, and each POST leads back to a page."""

import secrets
from hashlib import sha256
from pathlib import Path
from urllib.parse import quote

from brubeck.request_handling import HTTPError, WebMessageHandler, http_response
from brubeck import auth
from brubeck.api import OwnedHandlerMixin, StreamedHandlerMixin
from brubeck.dictshield import ShieldException
from brubeck.templating import Jinja2Rendering
from gevent import get_hub

from readify.documents import Link, Member, clean_line, clean_tags, clean_url, redraw
from readify.store import BY_CREATION, Taken

STYLE = Path(__file__).with_name("style.css").read_bytes()
ACCOUNTS_AN_HOUR, PICTURES_AN_HOUR, LINKS_A_MINUTE = 10, 20, 60
MIN_PASSWORD_CHARACTERS, MAX_PICTURE_BYTES = 10, 5 * 1024 * 1024
FLAGS = {"like": "liked", "archive": "archived", "delete": "deleted"}


class Visitor(OwnedHandlerMixin):
    """What pages and the API know of whoever asks."""

    def find_member(self, column, value):
        row = self.db_conn.user(column, clean_line(value))
        return Member(**row | {"is_active": True}) if row else None

    def load_user(self, username):
        return self.find_member("username", username)

    def load_bearer_user(self, key):
        return self.find_member("key_digest", sha256(key.encode()).hexdigest())


def style(application, message):
    return http_response(STYLE, 200, "OK", {"Content-Type": "text/css; charset=utf-8"})


class Page(Visitor, WebMessageHandler, Jinja2Rendering, auth.SessionUserMixin):
    def typed(self, *names):
        return {name: self.get_form_argument(name, "") for name in names}

    def form(self, file, typed, errors=None, **values):
        """Return a form with what was typed, and what is wrong with it by field: a dict, or a document's refusal."""
        if isinstance(errors, ShieldException):
            errors = {path.partition(".")[0]: why[0] for path, why in errors.as_dict().items()}
        values |= {"typed": typed, "errors": errors or {}}
        return self.render_template(file, 422 if errors else 200, **values)

    def own_link(self, link_id):
        return self.require_owned(self.db_conn.link(self.current_user.id, "id", int(link_id)))

    def see_other(self, path=None):
        """Lead to *path*, or to what everybody sees of the user."""
        return self.redirect(path or f"/people/{quote(self.current_user.username)}", 303, same_site=True)

    def check_rate(self, what, limit, window_s):
        """Count one more; raise where there were too many in so many seconds."""
        if self.application.settings["counters"].add(what, window_s)[0] > limit:
            raise HTTPError(429, "That was too much at once. Try again later.")


class Create(Page):
    """Makes an account. A name that is taken stays whose it is."""

    def get(self):
        return self.form("create.html", {"next": auth.safe_next(self.get_argument("next")) or ""})

    def post(self):
        typed, field = self.typed("username", "password", "next"), "password"
        name, password, least = typed["username"], typed["password"], MIN_PASSWORD_CHARACTERS
        try:
            auth.check_new_password(password, min_characters=least, unlike=(name, "readify"))
            self.check_rate(f"accounts:{self.message.remote_addr}", ACCOUNTS_AN_HOUR, 3600)
            field = "username"
            user = Member.create_user(name, password)
            self.db_conn.add_user(user)
        except ValueError as exc:
            return self.form("create.html", typed, {field: str(exc)})
        self.login_user(user.username, user)
        return self.see_other(auth.safe_next(typed["next"]) or "/")


class Login(auth.LoginHandler, Page):
    login_template = "login.html"

    def on_login(self, user):
        self.db_conn.save_user(user.id, password=user.password, last_login=user.last_login)


class Logout(auth.LogoutHandler, Page):
    after_url = "/"


class Links(Page, StreamedHandlerMixin):
    """A list of links, the newest first: one's own, or what another shows."""

    stream_id_type = int

    @auth.web_authenticated
    def get(self, shown="reading"):
        return self.show("list.html", self.current_user, shown)

    def show(self, file, owner, shown, **values):
        page, tags = self.get_stream_page(), clean_tags(",".join(self.get_arguments("tag", [])))
        found = self.finish_page(page, self.db_conn.links(owner.id, page, shown, tags), BY_CREATION.key)
        return self.render_template(file, found=found, tags=tags, shown=shown, **values)


class Person(Links):
    """What everybody may see of somebody."""

    def get(self, username, picture=None):
        member = self.load_user(auth.normalize_username(username))
        if not member or (picture and not member.picture):
            raise HTTPError(404, "" if member else "Nobody here has this name.")
        if not picture:
            return self.show("person.html", member, "public", person=Member.make_publicsafe(member))
        self.headers["Content-Type"] = "image/webp"
        self.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
        self.headers["Cache-Control"] = "max-age=31536000, immutable"  # pages name its version
        return self.db_conn.picture(member.id)


@auth.web_authenticated
class Flag(Page):
    def post(self, link_id, un, flag):
        self.db_conn.flag_link(self.own_link(link_id), FLAGS[flag], not un, self.current_time)
        return self.see_other(auth.safe_next(self.get_form_argument("next")) or "/")


@auth.web_authenticated
class Edit(Page):
    """Adds a link, or changes one."""

    names = ("url", "title", "tags")

    def get(self, link_id=None):
        typed = {name: self.get_argument(name, "") for name in self.names}
        if link_id:
            typed = self.own_link(link_id)
            typed["tags"] = ", ".join(typed["tags"])
        return self.form("link.html", typed, link_id=link_id)

    def post(self, link_id=None):
        typed, same, user = self.typed(*self.names), None, self.current_user
        self.check_rate(f"links:{user.id}", LINKS_A_MINUTE, 60)
        values = {"url": clean_url(typed["url"]), "title": clean_line(typed["title"])}
        try:
            link = Link(**self.owner_fields, **values, tags=clean_tags(typed["tags"]))
            link.id = self.own_link(link_id)["id"] if link_id else None
            link.touch(self.current_time)
            link.validate()
            self.db_conn.save_link(link)
            return self.see_other("/")
        except ShieldException as exc:
            errors = exc
        except Taken:
            errors = {"url": "You have saved this already."}
            same = self.db_conn.link(user.id, "url", link.url)
        return self.form("link.html", typed, errors, link_id=link_id, same=same)


@auth.web_authenticated
class Settings(Page):
    """Who one is, what one looks like, and the key to the API."""

    names = ("name", "bio", "location_text", "website", "email")

    def get(self, errors=None, typed=None, **values):
        return self.form("settings.html", typed or self.current_user, errors, **values)

    def post(self, part=None):
        return {"picture": self.post_picture, "key": self.post_key}.get(part, self.post_profile)()

    def post_profile(self):
        typed = self.typed(*self.names)
        values = {name: clean_line(value) for name, value in typed.items()}
        values["website"] = clean_url(typed["website"])
        try:
            Member(username=self.current_user.username, **values).validate()
        except ShieldException as exc:
            return self.get(exc, typed)
        self.db_conn.save_user(self.current_user.id, **values)
        return self.see_other()

    def post_picture(self):
        self.check_rate(f"pictures:{self.current_user.id}", PICTURES_AN_HOUR, 3600)
        sent = self.message.files.get("picture", [None])[0]
        if sent is None and not self.get_form_argument("remove"):
            return self.get({"picture": "Choose a picture first."})
        if sent and sent.size > MAX_PICTURE_BYTES:
            return self.get({"picture": "This picture is too large; at most 5 MB, please."})
        try:
            octets = get_hub().threadpool.apply(redraw, (sent.body,)) if sent else b""
        except ValueError as exc:
            return self.get({"picture": str(exc)})
        self.db_conn.save_picture(self.current_user.id, octets)
        return self.see_other()

    def post_key(self):
        """Make a key, which is shown this once, or take it away."""
        key = None if self.get_form_argument("remove") else secrets.token_urlsafe(32)
        self.db_conn.save_user(self.current_user.id, key_digest=key and sha256(key.encode()).hexdigest())
        return self.get(key=key) if key else self.see_other("/settings")
