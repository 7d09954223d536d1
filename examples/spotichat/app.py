"""The application: its settings out of the environment, its routes, and what runs beside the messages."""

import json
import os
import secrets
from pathlib import Path

from brubeck.request_handling import Brubeck, LongPolls
from brubeck import auth

from spotichat import api, oauth, pages
from spotichat.stores import MemoryStore, RedisStore

HERE = Path(__file__).parent

SONG = r"(?P<song>spotify:(?:track|episode):[0-9A-Za-z]{22})"
ROUTES = [
    (r"^/$", pages.Index),
    (r"^/create$", pages.Create),
    (r"^/login$", pages.Login),
    (r"^/logout$", pages.Logout),
    (r"^/rooms$", pages.Rooms),
    (rf"^/rooms/{SONG}$", pages.Room),
    (rf"^/api/rooms/{SONG}/feed$", api.Feed),
    (rf"^/api/rooms/{SONG}/people$", api.People),
    (r"^/oauth/(?P<provider>[a-z0-9-]{1,30})/login$", oauth.Begin),
    (r"^/oauth/(?P<provider>[a-z0-9-]{1,30})/callback$", oauth.Callback),
    (r"^/static/(?P<file>.+)$", pages.Static),
    (rf"^/api/rooms/{SONG}/socket$", api.Socket),
]


def make_app(environ=os.environ) -> Brubeck:
    """Return the application that the variables `SPOTICHAT_…` describe; the README lists them."""
    polls = LongPolls(float(environ.get("SPOTICHAT_POLL_S", "25")))
    secret, redis_url = environ.get("SPOTICHAT_SECRET"), environ.get("SPOTICHAT_REDIS_URL")
    if redis_url:
        client = auth.connect_redis(redis_url, decode_responses=True)
        store, kept = RedisStore(client, polls), auth.RedisSessionStore(client, "sp:session:")
        counters = auth.RedisCounters(client, "sp:count:")
        secret = secret or auth.load_secret("spotichat.secret")
    else:
        store, kept, counters = MemoryStore(polls), auth.MemorySessionStore(), auth.MemoryCounters()
    sessions = auth.Sessions(kept, idle_timeout_s=7 * 86400, absolute_timeout_s=30 * 86400)
    if environ.get("SPOTICHAT_SEED"):
        sow(store)
    app = Brubeck(
        handler_tuples=ROUTES,
        template_engine="jinja2",
        template_dir=HERE / "templates",
        cookie_secret=secret or secrets.token_urlsafe(32),
        login_url="/login",
        db_conn=store,
        plugins=[sessions, auth.CSRFProtection(), auth.SecurityHeaders(), polls],
        settings={
            "comings": auth.Throttle(10, 60, counters, name="comings"),
            "lines": auth.Throttle(15, 10, counters, name="lines"),
            "login_throttle": auth.LoginThrottle(counters),
            "signup_throttle": auth.Throttle(10, 3600, counters, name="accounts"),
            "oauth": oauth.read_providers(environ.get("SPOTICHAT_OAUTH")),
            "url": environ.get("SPOTICHAT_URL"),
        },
    )
    app.add_task(store.sweep, every_s=10)
    if redis_url:
        app.add_task(store.hear, every_s=1)
    return app


def sow(store):
    """Put something to read into rooms that have nothing."""
    for song in json.loads((HERE / "seed.json").read_text()):
        store.put_new(f"title:{song['song']}", song["title"])
        for name, text in song["lines"] if not store.messages(song["song"]) else ():
            store.say(song["song"], name, text)


app = make_app()
