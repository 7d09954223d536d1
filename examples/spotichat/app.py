"""The application: its settings out of the environment, its routes, and what runs beside the messages."""

import json
import os
import secrets
from pathlib import Path

from brubeck.request_handling import Brubeck, ConfigurationError
from brubeck import auth
from brubeck.plugins import hookimpl
from brubeck.templating import load_jinja2_env

from spotichat import api, oauth, pages
from spotichat.stores import MemoryStore, RedisStore

HERE = Path(__file__).parent

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; form-action 'self'; "
    "frame-ancestors 'none'; base-uri 'none'"
)

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
    (r"^/static/(?P<file>chat\.js|style\.css)$", pages.Static),
    (rf"^/api/rooms/{SONG}/socket$", api.Socket),
]


class Chat(Brubeck):
    """A Brubeck that wakes those who wait for a message before it drains, so that Ctrl-C takes no 25 s."""

    def stop(self, timeout_s=30.0):
        self.db_conn.close_doors()
        super().stop(timeout_s)


class Housekeeping:
    """Opens and closes the store, and says with every page what browsers may do with it."""

    name = "spotichat"

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


def connect(url):
    """Return a client of Redis for some thousand greenlets: they take turns at 32 connections."""
    import redis

    options = {"socket_timeout": 5, "health_check_interval": 30, "decode_responses": True}
    pool = redis.BlockingConnectionPool.from_url(url, max_connections=32, timeout=20, **options)
    return redis.Redis(connection_pool=pool)


def make_app(environ=os.environ) -> Brubeck:
    """Return the application that the variables `SPOTICHAT_…` describe; the README lists them."""
    redis_url, secret = environ.get("SPOTICHAT_REDIS_URL"), environ.get("SPOTICHAT_SECRET")
    if redis_url and not secret:
        raise ConfigurationError(
            "With SPOTICHAT_REDIS_URL give SPOTICHAT_SECRET too, at least 32 random bytes: processes that share "
            "rooms must also know each other's cookies."
        )
    poll_s = float(environ.get("SPOTICHAT_POLL_S", "25"))
    client = connect(redis_url) if redis_url else None
    store = RedisStore(client, poll_s) if client else MemoryStore(poll_s)
    kept = auth.RedisSessionStore(client, "sp:session:") if client else auth.MemorySessionStore()
    sessions = auth.Sessions(kept, idle_timeout_s=7 * 86400, absolute_timeout_s=30 * 86400)
    counters = auth.RedisCounters(client, "sp:count:") if client else auth.MemoryCounters()
    settings = {"counters": counters, "login_throttle": auth.LoginThrottle(counters)}
    settings["oauth"] = oauth.read_providers(environ.get("SPOTICHAT_OAUTH"))
    settings["url"] = environ.get("SPOTICHAT_URL")
    if environ.get("SPOTICHAT_SEED"):
        sow(store)
    return Chat(
        handler_tuples=ROUTES,
        base_handler=pages.Page,
        template_loader=load_jinja2_env(HERE / "templates"),
        cookie_secret=secret or secrets.token_urlsafe(32),
        login_url="/login",
        db_conn=store,
        plugins=[sessions, auth.CSRFProtection(), Housekeeping()],
        settings=settings,
    )


def sow(store):
    """Put something to read into rooms that have nothing."""
    for song in json.loads((HERE / "seed.json").read_text()):
        store.set_title(song["song"], song["title"])
        for name, text in song["lines"] if not store.messages(song["song"]) else ():
            store.say(song["song"], name, text)


app = make_app()
