"""The application: its settings out of the environment, its routes, and what runs beside the messages."""

import json
import os
import secrets
from pathlib import Path

from brubeck.request_handling import Brubeck, LongPolls
from brubeck import auth

from nojs import pages
from nojs.names import clean_room
from nojs.stores import MemoryStore, RedisStore

HERE = Path(__file__).parent

# What a browser may do with our pages. Scripts are not among it, neither ours nor anybody's.
POLICY = (
    "default-src 'none'; style-src 'self'; frame-src 'self'; form-action 'self'; frame-ancestors 'self'; "
    "base-uri 'none'"
)

ROUTES = [
    (r"^/$", pages.Index),
    (r"^/name$", pages.Name),
    (r"^/name/release$", pages.Release),
    (r"^/rooms$", pages.Rooms),
    (r"^/rooms/(?P<room>[^/]+)$", pages.Room),
    (r"^/rooms/(?P<room>[^/]+)/messages$", pages.Messages),
    (r"^/rooms/(?P<room>[^/]+)/say$", pages.Say),
    (r"^/rooms/(?P<room>[^/]+)/leave$", pages.Leave),
    (r"^/(?P<file>style\.css)$", pages.Style),
]


def make_app(environ=os.environ) -> Brubeck:
    """Return the application that the variables `NOJS_…` describe; the README lists them."""
    polls = LongPolls(float(environ.get("NOJS_POLL_S", "25")))
    kept = [clean_room(name) for name in environ.get("NOJS_ROOMS", "lobby").split(",")]
    secret, redis_url = environ.get("NOJS_SECRET"), environ.get("NOJS_REDIS_URL")
    if redis_url:
        client = auth.connect_redis(redis_url, decode_responses=True)
        store, counters = RedisStore(client, polls, kept), auth.RedisCounters(client, "nojs:count:")
        secret = secret or auth.load_secret("nojs.secret")
    else:
        store, counters = MemoryStore(polls, kept), auth.MemoryCounters()
    if environ.get("NOJS_SEED"):
        sow(store)
    app = Brubeck(
        handler_tuples=ROUTES,
        template_engine="mustache",
        template_dir=HERE / "templates",
        cookie_secret=secret or secrets.token_urlsafe(32),
        login_url="/",
        db_conn=store,
        plugins=[auth.CSRFProtection(), auth.SecurityHeaders(POLICY, cache_control="no-store"), polls],
        settings={
            "names": auth.Throttle(30, 3600, counters, name="names"),
            "doors": auth.Throttle(20, 60, counters, name="doors"),
            "lines": auth.Throttle(15, 10, counters, name="lines"),
            "user_cookie_name": "nojs",
        },
    )
    app.add_task(store.sweep, every_s=5)
    if redis_url:
        app.add_task(store.hear, every_s=1)
    return app


def sow(store):
    """Put something to read into rooms that have nothing."""
    for room, lines in json.loads((HERE / "seed.json").read_text()).items():
        store.kept.add(room)
        for name, text in lines if not store.messages(room, 1) else ():
            store.say(room, name, text)


app = make_app()
