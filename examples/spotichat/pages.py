"""The pages. They work without scripts; with them a room is live."""

import json
import time
from pathlib import Path

from brubeck.request_handling import WebMessageHandler
from brubeck import auth
from brubeck.templating import Jinja2Rendering

from spotichat.songs import MAX_TEXT_CHARACTERS, MAX_TITLE_CHARACTERS, clean_line, clean_song

STATIC = Path(__file__).parent / "static"
FILES = {"chat.js": "text/javascript; charset=utf-8", "style.css": "text/css; charset=utf-8"}
ACCOUNTS_AN_HOUR = 10
LINES_IN_TEN_S = 15
MIN_PASSWORD_CHARACTERS = 10


class Static(WebMessageHandler):
    def get(self, file):
        self.headers["Content-Type"] = FILES[file]
        self.headers["Cache-Control"] = "no-cache"
        return (STATIC / file).read_bytes()


class Listener:
    """What pages and the API know of whoever asks, by way of the session."""

    def load_user(self, username):
        record = self.db_conn.get_user(username)
        user = auth.User(**json.loads(record)) if record else None
        return user if user and user.is_active else None

    def is_over(self, key, limit, window_s):
        """Count one more, and say whether there were too many in so many seconds."""
        count, _ = self.application.settings["counters"].add(key, window_s)
        return count > limit

    def say(self, song, typed):
        """Say what was typed; raise ValueError with a sentence for whoever typed it."""
        text = clean_line(typed)
        if self.is_over(f"lines:{self.current_user.username}", LINES_IN_TEN_S, 10):
            raise ValueError("That was too much at once. Take a breath.")
        self.db_conn.say(song, self.current_user.username, text)


class Page(Listener, WebMessageHandler, Jinja2Rendering, auth.SessionUserMixin, auth.CSRFMixin):
    def field(self, name):
        """Return a field of the form; the query, which ends up in logs and links, does not count."""
        values = self.message.form.fields.get(name)
        return values[-1] if values else ""


class Index(Page):
    def get(self):
        return self.front()

    def front(self, status=200, **values):
        store = self.db_conn
        rooms = [(song, store.title(song) or song, len(store.people(song))) for song in store.songs()]
        rooms.sort(key=lambda room: (-room[2], room[1]))
        values |= {"rooms": rooms[:50], "max_title": MAX_TITLE_CHARACTERS}
        return self.render_template("index.html", status, **values)


class Create(Page):
    """Makes an account. A name that is taken stays whose it is."""

    def get(self):
        return self.render_template("create.html", next=auth.safe_next(self.get_argument("next")) or "")

    def post(self):
        username, password = self.field("username"), self.field("password")
        try:
            auth.check_new_password(
                password, min_characters=MIN_PASSWORD_CHARACTERS, unlike=[username, "spotichat"]
            )
        except ValueError as exc:
            return self.refuse(422, "password", exc)
        if self.is_over(f"accounts:{self.message.remote_addr}", ACCOUNTS_AN_HOUR, 3600):
            return self.refuse(
                429, "username", "Too many accounts came from your address. Try again in an hour."
            )
        try:
            user = auth.User.create_user(username, password)
        except ValueError as exc:
            return self.refuse(422, "username", exc)
        if not self.db_conn.add_user(user.username, json.dumps(user.to_python())):
            return self.refuse(409, "username", f"{user.username} is taken. Take another name.")
        self.login_user(user.username, user)
        return self.redirect(auth.safe_next(self.field("next")) or "/", 303)

    def refuse(self, status, field, error):
        values = {"username": self.field("username"), "next": self.field("next")}
        return self.render_template("create.html", status, wrong=field, error=str(error), **values)


class Login(auth.LoginHandler, Page):
    login_template = "login.html"

    def find_user(self, username):
        return self.load_user(username)

    def on_login(self, user):
        self.db_conn.save_user(user.username, json.dumps(user.to_python()))


class Logout(auth.LogoutHandler, Page):
    after_url = "/"


class Rooms(Index):
    """Opens the room of a song."""

    @auth.web_authenticated
    def post(self):
        typed, title = self.field("song"), self.field("title")
        try:
            song = clean_song(typed)
            if title.strip():
                self.db_conn.set_title(song, clean_line(title, MAX_TITLE_CHARACTERS))
        except ValueError as exc:
            return self.front(422, song=typed, title=title, error=str(exc))
        return self.redirect(f"/rooms/{song}", 303, same_site=True)


class Room(Page):
    """The room of a song: what was said, as of now. Without scripts one reloads; with them it is live."""

    @auth.web_authenticated
    def get(self, song):
        return self.show(song)

    @auth.web_authenticated
    def post(self, song):
        try:
            self.say(song, self.field("text"))
        except ValueError as exc:
            return self.show(song, 422, text=self.field("text"), error=str(exc))
        return self.redirect(f"/rooms/{song}#text", 303, same_site=True)

    def show(self, song, status=200, **values):
        messages = [json.loads(line) for line in self.db_conn.messages(song)]
        now_s = self.db_conn.get_time()
        for message in messages:
            message["iso"] = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(message["time"] / 1000))
            message["when"] = say_when(now_s - message["time"] / 1000)
        values |= {"people": self.db_conn.people(song), "max": MAX_TEXT_CHARACTERS}
        values["has_sockets"] = getattr(self.application.msg_conn, "carries_websockets", False)
        title = self.db_conn.title(song) or "A song without a title"
        return self.render_template("room.html", status, song=song, title=title, messages=messages, **values)


def say_when(seconds):
    """Return how long ago that was, as people say it."""
    for size, unit in ((86400, "day"), (3600, "hour"), (60, "minute")):
        count = round(seconds / size)
        if seconds >= size * 0.9:
            return f"{max(1, count)} {unit}{'s' if count > 1 else ''} ago"
    return "just now"
