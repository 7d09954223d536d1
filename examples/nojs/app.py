"""The application: its settings out of the environment, its routes, and what runs beside the messages."""

import json
import os
import secrets
from pathlib import Path

from brubeck.request_handling import Brubeck, ConfigurationError
from brubeck.auth import CSRFProtection, MemoryCounters, RedisCounters
from brubeck.plugins import hookimpl
from brubeck.templating import load_mustache_env

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
    (r"^/style\.css$", pages.Style),
]


class Chat(Brubeck):
    """A Brubeck that wakes those who wait for a message before it drains, so that Ctrl-C takes no 25 s."""

    def stop(self, timeout_s=30.0):
        self.db_conn.close_doors()
        super().stop(timeout_s)


class Housekeeping:
    """Opens and closes the store, and says with every page what browsers may do with it."""

    name = "nojs"

    @hookimpl
    def brubeck_startup(self, application):
        application.db_conn.start()

    @hookimpl
    def brubeck_shutdown(self, application):
        application.db_conn.stop()

    @hookimpl
    def brubeck_response(self, application, message, response):
        response.set_header("Content-Security-Policy", POLICY)
        response.set_header("Referrer-Policy", "same-origin")
        response.set_header("X-Content-Type-Options", "nosniff")
        if response.get_header("Cache-Control") is None:
            response.set_header("Cache-Control", "no-store")


def make_app(environ=os.environ) -> Brubeck:
    """Return the application that the variables `NOJS_…` describe; the README lists them."""
    redis_url, secret = environ.get("NOJS_REDIS_URL"), environ.get("NOJS_SECRET")
    if redis_url and not secret:
        raise ConfigurationError(
            "With NOJS_REDIS_URL give NOJS_SECRET too, at least 32 random bytes: processes that share rooms "
            "must also know each other's cookies."
        )
    kept = [clean_room(name) for name in environ.get("NOJS_ROOMS", "lobby").split(",")]
    options = {"kept": kept, "poll_s": float(environ.get("NOJS_POLL_S", "25"))}
    store = RedisStore(redis_url, **options) if redis_url else MemoryStore(**options)
    if environ.get("NOJS_SEED"):
        sow(store)
    return Chat(
        handler_tuples=ROUTES,
        base_handler=pages.Page,
        template_loader=load_mustache_env(HERE / "templates"),
        cookie_secret=secret or secrets.token_urlsafe(32),
        login_url="/",
        db_conn=store,
        plugins=[CSRFProtection(), Housekeeping()],
        settings={
            "counters": RedisCounters(redis_url, "nojs:count:") if redis_url else MemoryCounters(),
            "user_cookie_name": "nojs",
        },
    )


def sow(store):
    """Put something to read into rooms that have nothing."""
    for room, lines in json.loads((HERE / "seed.json").read_text()).items():
        store.kept.add(room)
        for name, text in lines if not store.messages(room, 1) else ():
            store.say(room, name, text)


app = make_app()
