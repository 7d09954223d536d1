"""The pages. They work without scripts; with them a room is live."""

import json
from pathlib import Path

from brubeck.request_handling import StaticFileHandler, WebMessageHandler
from brubeck import auth
from brubeck.templating import Jinja2Rendering

from spotichat.songs import MAX_TEXT_CHARACTERS, MAX_TITLE_CHARACTERS, clean_line, clean_song
from spotichat.stores import KEPT_S


class Static(StaticFileHandler):
    folder = Path(__file__).parent / "static"


class Listener(auth.SessionUserMixin):
    """What pages and the API know of whoever asks, by way of the session."""

    def load_user(self, username):
        user = self.db_conn.get_user(username)
        return user if user and user.is_active else None

    def say(self, song, typed):
        """Say what was typed; raise ValueError with a sentence for whoever typed it."""
        text = clean_line(typed)
        if self.application.settings["lines"].take(self.current_user.username):
            raise ValueError("That was too much at once. Take a breath.")
        self.db_conn.say(song, self.current_user.username, text)


class Page(WebMessageHandler, Listener, Jinja2Rendering):
    pass


class Index(Page):
    def get(self, status=200, **values):
        store = self.db_conn
        rooms = [
            (song, store.get(f"title:{song}") or song, len(store.people(song))) for song in store.songs()
        ]
        rooms.sort(key=lambda room: (-room[2], room[1]))
        values |= {"rooms": rooms[:50], "max_title": MAX_TITLE_CHARACTERS}
        return self.render_template("index.html", status, **values)


class Create(auth.SignupHandler, Page):
    signup_template = "create.html"
    unlike_passwords = ("spotichat",)

    def add_user(self, user):
        return self.db_conn.add_user(user)


class Login(auth.LoginHandler, Page):
    login_template = "login.html"

    def on_login(self, user):
        self.db_conn.save_user(user)


class Logout(auth.LogoutHandler, Page):
    after_url = "/"


class Rooms(Index):
    """Opens the room of a song."""

    @auth.web_authenticated
    def post(self):
        typed, title = self.get_form_argument("song", ""), self.get_form_argument("title", "")
        try:
            song = clean_song(typed)
            if title.strip():
                self.db_conn.put_new(f"title:{song}", clean_line(title, MAX_TITLE_CHARACTERS), KEPT_S)
        except ValueError as exc:
            return self.get(422, song=typed, title=title, error=str(exc))
        return self.redirect(f"/rooms/{song}", 303, same_site=True)


@auth.web_authenticated
class Room(Page):
    """The room of a song: what was said, as of now. Without scripts one reloads; with them it is live."""

    def get(self, song, status=200, **values):
        values["messages"] = [json.loads(line) for line in self.db_conn.messages(song)]
        values["title"] = self.db_conn.get(f"title:{song}") or "A song without a title"
        values |= {"song": song, "people": self.db_conn.people(song), "max": MAX_TEXT_CHARACTERS}
        return self.render_template("room.html", status, **values)

    def post(self, song):
        text = self.get_form_argument("text", "")
        try:
            self.say(song, text)
        except ValueError as exc:
            return self.get(song, 422, text=text, error=str(exc))
        return self.redirect(f"/rooms/{song}#text", 303, same_site=True)
