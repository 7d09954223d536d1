"""The pages. Those that live in a frame of another are complete pages too, for browsers without frames."""

import hashlib
import secrets
from pathlib import Path

from brubeck.request_handling import HTTPError, WebMessageHandler
from brubeck.auth import CookieUserMixin, CSRFMixin, safe_next, web_authenticated
from brubeck.templating import MustacheRendering

from nojs.names import MAX_TEXT_CHARACTERS, clean_name, clean_room, clean_text, iso_time, say_when
from nojs.stores import KEPT_MESSAGES, LIST, RoomsFull

SHOWN_MESSAGES = 50
NAMES_AN_HOUR = 30
LINES_IN_TEN_S = 15
MAX_VERSION_DIGITS = 20

STYLE = (Path(__file__).parent / "style.css").read_bytes()


def digest(secret: str) -> str:
    """Return what the store keeps of a secret: whoever reads the store can use none."""
    return hashlib.sha256(secret.encode()).hexdigest()


class Style(WebMessageHandler):
    content_type = "text/css; charset=utf-8"

    def get(self):
        self.headers["Cache-Control"] = "max-age=3600"
        return STYLE


class Page(WebMessageHandler, MustacheRendering, CookieUserMixin, CSRFMixin):
    """Knows by the cookie who is asking: a name, and the secret that shows whose it is."""

    def load_user(self, claim):
        name, secret = claim
        return name if self.db_conn.holds(name, digest(secret)) else None

    def field(self, name):
        """Return a field of the form; the query, which ends up in logs and links, does not count."""
        values = self.message.form.fields.get(name)
        return values[-1] if values else ""

    def is_over(self, key, limit, window_s):
        """Count one more, and say whether there were too many in so many seconds."""
        count, _ = self.application.settings["counters"].add(key, window_s)
        return count > limit

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
        typed, wanted = self.field("name"), safe_next(self.field("next")) or ""
        try:
            name = clean_name(typed)
        except ValueError as exc:
            return self.front(422, typed=typed, next=wanted, name_error=str(exc))
        if self.is_over(f"names:{self.message.remote_addr}", NAMES_AN_HOUR, 3600):
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


class Live(Page):
    """A page that asks for itself again: with `seen`, the answer waits until there is something new."""

    def wait_for_change(self, key, own_path):
        """Wait where the client has seen all; return what the page says about asking again."""
        seen = self.get_argument("seen", "")
        if seen.isascii() and seen.isdigit() and len(seen) < MAX_VERSION_DIGITS:
            self.db_conn.wait(key, int(seen))
        version = self.db_conn.version(key)  # before what the page shows: never newer than it
        is_paused = self.get_argument("pause") is not None
        return {"is_paused": is_paused, "again": f"{own_path}?seen={version}", "own_path": own_path}

    def is_refused(self):
        """Return the answer to whoever has lost his name: a link for the whole window, not for the frame."""
        return None if self.current_user else self.render_template("lost", 403)


class Rooms(Live):
    """The list of rooms, live; and the door to each."""

    def get(self):
        refused = self.is_refused()
        if refused:
            return refused
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

    @web_authenticated
    def post(self):
        typed = self.field("room")
        try:
            room = clean_room(typed)
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
        refused = self.is_refused()
        if refused:
            return refused
        if not self.db_conn.stay(room, self.current_user):
            return self.render_template("door", 403, room=room)
        live = self.wait_for_change(room, f"/rooms/{room}/messages")
        now_ms = int(self.db_conn.get_time() * 1000)
        messages = [self.describe(message, now_ms) for message in self.db_conn.messages(room, self.limit())]
        people = self.db_conn.people(room)
        is_alone = people == [self.current_user]
        return self.render_template(
            "messages", room=room, messages=messages, people=people, is_alone=is_alone, **live
        )

    def limit(self):
        """Return how many messages are shown, never more than are kept."""
        wanted = self.get_argument("limit", "")
        is_number = wanted.isascii() and wanted.isdigit() and len(wanted) < 6
        return max(1, min(int(wanted), KEPT_MESSAGES)) if is_number else SHOWN_MESSAGES

    def describe(self, message, now_ms):
        return {
            "name": message.name,
            "is_own": message.name == self.current_user,
            "text": message.text,
            "when": say_when(message.time_ms, now_ms),
            "iso": iso_time(message.time_ms),
        }


class Say(Page):
    """The line to type into: a page of its own, so that sending does not reload the messages."""

    def get(self, room):
        return self.form(self.existing_room(room))

    def post(self, room):
        room, typed = self.existing_room(room), self.field("text")
        if not self.current_user:
            return self.render_template("lost", 403)
        try:
            text = clean_text(typed)
        except ValueError as exc:
            return self.form(room, 422, typed=typed, error=str(exc))
        if self.is_over(f"lines:{self.current_user}", LINES_IN_TEN_S, 10):
            return self.form(room, 429, typed=typed, error="That was too much at once. Take a breath.")
        if not self.db_conn.stay(room, self.current_user):
            return self.render_template("door", 403, room=room)
        self.db_conn.say(room, self.current_user, text)
        return self.see_other(f"/rooms/{room}/say#text")  # the fragment puts the cursor back into the line

    def form(self, room, status=200, **values):
        if not self.current_user:
            return self.render_template("lost", 403)
        return self.render_template("say", status, room=room, max=MAX_TEXT_CHARACTERS, **values)


class Leave(Page):
    @web_authenticated
    def post(self, room):
        self.db_conn.leave(self.existing_room(room), self.current_user)
        return self.see_other("/")
