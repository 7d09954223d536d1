"""What the script of a room speaks with: a feed by WebSocket or by long polling, and who is here."""

import json

from brubeck.request_handling import HTTPError, JSONMessageHandler, WebSocketMessageHandler
from brubeck.auth import authenticated

from spotichat.pages import Listener


def dump_feed(lines):
    """Return messages, each of which is JSON already."""
    return f'{{"messages": [{", ".join(lines)}]}}'


@authenticated
class Feed(JSONMessageHandler, Listener):
    """Answers strangers with 401, as all of the API does."""

    def get(self, song):
        """Answer with what came after `since`; sleep until something comes."""
        since = self.get_number("since")
        lines = self.db_conn.messages(song) if since is None else self.db_conn.wait(song, since)
        self.headers["Cache-Control"] = "no-store"
        self.set_body(dump_feed(lines))
        return self.render()

    def post(self, song):
        sent = self.message.json()
        try:
            self.say(song, sent.get("text") if isinstance(sent, dict) else None)
        except ValueError as exc:
            self.add_to_payload("message", str(exc))
            return self.render(422)
        return self.render(201)


@authenticated
class People(JSONMessageHandler, Listener):
    """Who is here: the name of the session comes, says now and then that it stays, and goes; and no other."""

    def get(self, song):
        self.add_to_payload("people", self.db_conn.people(song))
        return self.render()

    def post(self, song):
        name = self.current_user.username
        if name not in self.db_conn.people(song) and self.application.settings["comings"].take(name):
            raise HTTPError(429, "You come and go too often. Take a breath.")
        self.db_conn.join(song, name)
        return self.get(song)

    def delete(self, song):
        self.db_conn.leave(song, self.current_user.username)
        return self.get(song)


@authenticated
class Socket(WebSocketMessageHandler, Listener):
    """The feed over a WebSocket. Core lets pages of our own origin connect only."""

    max_message_bytes = 1024

    def on_open(self):
        song, since = self.message.route_arguments["song"], self.get_number("since", 0)
        while self.is_open and not self.db_conn.polls.is_closed:
            lines = self.db_conn.wait(song, since)
            if lines:
                since = json.loads(lines[-1])["id"]
            self.send(dump_feed(lines))  # an empty one too: proxies cut off who is silent
