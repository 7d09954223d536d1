"""What the script of a room speaks with: a feed by long polling or by WebSocket, and who is here."""

import json

import gevent

from brubeck.request_handling import HTTPError, JSONMessageHandler, WebSocketMessageHandler
from brubeck.auth import CSRFMixin, SessionUserMixin, authenticated

from spotichat.pages import Listener


def dump_feed(lines, is_here):
    return f'{{"is_here": {json.dumps(is_here)}, "messages": [{", ".join(lines)}]}}'


@authenticated
class Api(Listener, JSONMessageHandler, SessionUserMixin, CSRFMixin):
    """Answers strangers with 401; asks whatever changes something for the token of its page."""

    def feed(self, lines, is_here):
        """Return messages, which are JSON already."""
        self.headers["Cache-Control"] = "no-store"
        self.set_body(dump_feed(lines, is_here))
        return self.render()


class Feed(Api):
    def get(self, song):
        """Answer with what came after `since`; sleep until something comes."""
        is_here = self.db_conn.stay(song, self.current_user.username)
        since = self.get_argument("since", "")
        return self.feed(self.db_conn.wait(song, since) if since else self.db_conn.messages(song), is_here)

    def post(self, song):
        sent = self.message.json()
        try:
            self.say(song, sent.get("text") if isinstance(sent, dict) else None)
        except ValueError as exc:
            self.add_to_payload("message", str(exc))
            return self.render(422)
        return self.render(201)


class People(Api):
    """Who is here: the name of the session comes and goes, and no other."""

    def get(self, song):
        self.add_to_payload("people", self.db_conn.people(song))
        return self.render()

    def post(self, song):
        self.db_conn.join(song, self.current_user.username)
        return self.get(song)

    def delete(self, song):
        self.db_conn.leave(song, self.current_user.username)
        return self.get(song)


class Socket(Listener, WebSocketMessageHandler, SessionUserMixin):
    """The feed over a WebSocket. Core lets pages of our own origin connect only."""

    max_message_bytes = 1024

    def prepare(self):
        if not self.current_user:
            raise HTTPError(401)

    def on_open(self):
        self.teller = gevent.spawn(self.tell)

    def on_close(self, code, reason):
        self.teller.kill()

    def tell(self):
        song, name = self.message.route_arguments["song"], self.current_user.username
        since = self.get_argument("since", "") or "0-0"
        while self.is_open:
            lines = self.db_conn.wait(song, since)
            if lines:
                since = json.loads(lines[-1])["id"]
            self.send(dump_feed(lines, self.db_conn.stay(song, name)))
            if self.db_conn.is_closed:
                self.close(1001, "The server is about to stop.")
