"""The pages. Those that live in a frame of another are complete pages too, for browsers without frames."""

import hashlib
import secrets
from pathlib import Path

from brubeck.request_handling import HTTPError, StaticFileHandler, WebMessageHandler
from brubeck.auth import CookieUserMixin, safe_next, web_authenticated
from brubeck.templating import MustacheRendering, time_tag

from nojs.names import MAX_TEXT_CHARACTERS, clean_name, clean_room, clean_text
from nojs.stores import KEPT_MESSAGES, LIST, RoomsFull

SHOWN_MESSAGES = 50


def digest(secret: str) -> str:
    """Return what the store keeps of a secret: whoever reads the store can use none."""
    return hashlib.sha256(secret.encode()).hexdigest()


class Style(StaticFileHandler):
    folder = Path(__file__).parent / "static"


class Page(WebMessageHandler, MustacheRendering, CookieUserMixin):
    """Knows by the cookie who is asking: a name, and the secret that shows whose it is."""

    def load_user(self, claim):
        name, secret = claim
        return name if self.db_conn.holds(name, digest(secret)) else None

    def existing_room(self, typed):
        """Return the room of a path; 404 where no room can be called so."""
        try:
            if clean_room(typed) == typed:
                return typed
        except ValueError:
            pass
        raise HTTPError(404, "There is no such room.")

    def see_other(self, path):
        return self.redirect(path, 303, same_site=True)

    def front(self, status=200, **values):
        """Return the front page, for strangers and for people with a name."""
        return self.render_template("index", status, is_in=bool(self.current_user), **values)


class Index(Page):
    def get(self):
        return self.front(next=safe_next(self.get_argument("next")) or "")


class Name(Page):
    """Gives a name to whoever asks first."""

    def post(self):
        typed, wanted = self.get_form_argument("name", ""), safe_next(self.get_form_argument("next")) or ""
        try:
            name = clean_name(typed)
        except ValueError as exc:
            return self.front(422, typed=typed, next=wanted, name_error=str(exc))
        if self.application.settings["names"].take(self.message.remote_addr):
            error = "Too many names were taken from your address. Try again in an hour."
            return self.front(429, typed=typed, next=wanted, name_error=error)
        secret = secrets.token_urlsafe(16)
        if not self.db_conn.claim(name, digest(secret)):
            return self.front(
                409, typed=typed, next=wanted, name_error=f"{name} is taken. Take another name."
            )
        if self.current_user:
            self.give_up(self.current_user)
        self.login_user([name, secret], name)
        return self.see_other(wanted or "/")

    def give_up(self, name):
        self.db_conn.leave_all(name)
        self.db_conn.release(name)


class Release(Name):
    """Lets others have the name."""

    @web_authenticated
    def post(self):
        self.give_up(self.current_user)
        self.logout_user()
        return self.see_other("/")


class Framed(Page):
    """A page in a frame: whoever has lost his name gets a link for the whole window."""

    def prepare(self):
        return None if self.current_user else self.render_template("lost", 403)


class Live(Framed):
    """A page that asks for itself again: with `seen`, the answer waits until there is something new."""

    def wait_for_change(self, key, own_path):
        """Wait where the client has seen all; return what the page says about asking again."""
        seen = self.get_number("seen")
        if seen is not None:
            self.db_conn.wait(key, seen)
        version = self.db_conn.version(key)  # before what the page shows: never newer than it
        is_paused = self.get_argument("pause") is not None
        return {"is_paused": is_paused, "again": f"{own_path}?seen={version}", "own_path": own_path}


class Rooms(Live):
    """The list of rooms, live; and the door to each."""

    def get(self):
        live = self.wait_for_change(LIST, "/rooms")
        rooms = [
            {
                "room": room,
                "count": count,
                "people": "person" if count == 1 else "people",
                "is_empty": not count,
            }
            for room, count in self.db_conn.rooms()
        ]
        return self.render_template("rooms", rooms=rooms, **live)

    def post(self):
        typed = self.get_form_argument("room", "")
        try:
            room = clean_room(typed)
            if self.application.settings["doors"].take(self.current_user):
                return self.front(429, room_typed=typed, room_error="Too many doors at once. Take a breath.")
            self.db_conn.join(room, self.current_user)
        except ValueError as exc:
            return self.front(422, room_typed=typed, room_error=str(exc))
        except RoomsFull:
            return self.front(429, room_typed=typed, room_error="There are too many rooms. Join one of them.")
        return self.see_other(f"/rooms/{room}")


class Room(Page):
    @web_authenticated
    def get(self, room):
        room = self.existing_room(room)
        if not self.db_conn.stay(room, self.current_user):
            return self.render_template("door", 403, room=room)
        return self.render_template("room", room=room)


class Messages(Live):
    """What is said in a room, and who is there; looking is what keeps one there."""

    def get(self, room):
        room = self.existing_room(room)
        if not self.db_conn.stay(room, self.current_user):
            return self.render_template("door", 403, room=room)
        live = self.wait_for_change(room, f"/rooms/{room}/messages")
        limit = max(1, min(self.get_number("limit", SHOWN_MESSAGES), KEPT_MESSAGES))
        messages = [self.describe(message) for message in self.db_conn.messages(room, limit)]
        people = self.db_conn.people(room)
        is_alone = people == [self.current_user]
        return self.render_template(
            "messages", room=room, messages=messages, people=people, is_alone=is_alone, **live
        )

    def describe(self, message):
        time = time_tag(message.time_ms)
        return {
            "name": message.name,
            "is_own": message.name == self.current_user,
            "text": message.text,
            "time": time,
        }


class Say(Framed):
    """The line to type into: a page of its own, so that sending does not reload the messages."""

    def get(self, room):
        return self.form(self.existing_room(room))

    def post(self, room):
        room, typed = self.existing_room(room), self.get_form_argument("text", "")
        try:
            text = clean_text(typed)
        except ValueError as exc:
            return self.form(room, 422, typed=typed, error=str(exc))
        if self.application.settings["lines"].take(self.current_user):
            return self.form(room, 429, typed=typed, error="That was too much at once. Take a breath.")
        if not self.db_conn.stay(room, self.current_user):
            return self.render_template("door", 403, room=room)
        self.db_conn.say(room, self.current_user, text)
        return self.see_other(f"/rooms/{room}/say#text")  # the fragment puts the cursor back into the line

    def form(self, room, status=200, **values):
        return self.render_template("say", status, room=room, max=MAX_TEXT_CHARACTERS, **values)


class Leave(Page):
    @web_authenticated
    def post(self, room):
        self.db_conn.leave(self.existing_room(room), self.current_user)
        return self.see_other("/")
