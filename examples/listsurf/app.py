"""The application: its settings out of the environment, its routes, and what runs beside the messages."""

import json
import os
import secrets
import time
from pathlib import Path

from brubeck.request_handling import Brubeck, ConfigurationError
from brubeck.auth import CSRFProtection, LoginThrottle, MemoryCounters, User
from brubeck.plugins import hookimpl
from brubeck.templating import load_jinja2_env

from listsurf import api, pages
from listsurf.links import clean_title, clean_url, iso_time, say_when
from listsurf.stores import PostgresStore, open_store

HERE = Path(__file__).parent

POLICY = "default-src 'none'; style-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
HEADERS = {
    "Content-Security-Policy": POLICY,
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
}

ROUTES = [
    (r"^/$", pages.Links),
    (r"^/login$", pages.Login),
    (r"^/logout$", pages.Logout),
    (r"^/create$", pages.Create),
    (r"^/add_item$", pages.Add),
    (r"^/remove_item$", pages.Remove),
    (r"^/api$", api.Feed),
    (r"^/style\.css$", pages.Style),
]


class Housekeeping:
    """Opens and closes the store, and says with every page what browsers may do with it."""

    name = "listsurf"

    @hookimpl
    def brubeck_startup(self, application):
        application.db_conn.start()
        if application.settings["seed"]:
            sow(application.db_conn)

    @hookimpl
    def brubeck_shutdown(self, application):
        application.db_conn.stop()

    @hookimpl
    def brubeck_request(self, application, message):
        if application.settings["url"].startswith("https:"):  # a proxy ends TLS, and says nothing of it
            message.scheme = "https"

    @hookimpl
    def brubeck_response(self, application, message, response):
        for name, value in HEADERS.items():
            response.set_header(name, value)
        if response.get_header("Cache-Control") is None:
            response.set_header("Cache-Control", "private, no-cache")


def make_app(environ=os.environ) -> Brubeck:
    """Return the application that the variables `LISTSURF_…` describe; the README lists them."""
    store = open_store(environ.get("LISTSURF_DATABASE") or "listsurf.sqlite3")
    secret = environ.get("LISTSURF_SECRET")
    if isinstance(store, PostgresStore) and not secret:
        raise ConfigurationError(
            "With PostgreSQL give LISTSURF_SECRET too, at least 32 random bytes: processes that share a database "
            "must also know each other's cookies."
        )
    counters = MemoryCounters()
    return Brubeck(
        handler_tuples=ROUTES,
        base_handler=pages.Page,
        template_loader=load_jinja2_env(
            HERE / "templates", setup=lambda engine: engine.filters.update(ago=say_when, iso=iso_time)
        ),
        cookie_secret=secret or secrets.token_urlsafe(32),
        login_url="/login",
        db_conn=store,
        plugins=[Housekeeping(), CSRFProtection()],
        settings={
            "counters": counters,
            "login_throttle": LoginThrottle(counters),
            "url": (environ.get("LISTSURF_URL") or "").rstrip("/"),
            "seed": environ.get("LISTSURF_SEED"),
        },
    )


def sow(store):
    """Make the accounts of seed.json, each with its links, where nobody has their names."""
    for name, seeded in json.loads((HERE / "seed.json").read_text()).items():
        if store.add_user(User.create_user(name, seeded["password"]).to_python()):
            for minutes, url, title in seeded["links"]:
                then_ms = int((time.time() - minutes * 60) * 1000)
                store.save_link(name, clean_url(url), clean_title(title), then_ms)


app = make_app()
