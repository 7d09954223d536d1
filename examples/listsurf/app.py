"""The application: its settings out of the environment, its routes, and what runs beside the messages."""

import json
import os
import time
from pathlib import Path

from brubeck.request_handling import Brubeck, ConfigurationError
from brubeck.auth import CSRFProtection, SecurityHeaders, Throttle, User, load_secret
from brubeck.connections import WSGIConnection
from brubeck.plugins import hookimpl

from listsurf import api, pages
from listsurf.links import clean_title, clean_url
from listsurf.stores import PostgresStore, open_store

HERE = Path(__file__).parent

POLICY = "default-src 'none'; style-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"

ROUTES = [
    (r"^/$", pages.Links),
    (r"^/login$", pages.Login),
    (r"^/logout$", pages.Logout),
    (r"^/create$", pages.Create),
    (r"^/add_item$", pages.Add),
    (r"^/remove_item$", pages.Remove),
    (r"^/api$", api.Feed),
    (r"^/(?P<file>style\.css)$", pages.Style),
]


class Housekeeping:
    """Opens and closes the store."""

    name = "listsurf"

    @hookimpl
    def brubeck_startup(self, application):
        application.db_conn.start()
        if application.settings["seed"]:
            sow(application.db_conn)

    @hookimpl
    def brubeck_shutdown(self, application):
        application.db_conn.stop()


def make_app(environ=os.environ) -> Brubeck:
    """Return the application that the variables `LISTSURF_…` describe; the README lists them."""
    database = environ.get("LISTSURF_DATABASE") or "listsurf.sqlite3"
    store = open_store(database)
    secret = environ.get("LISTSURF_SECRET")
    if isinstance(store, PostgresStore) and not secret:
        raise ConfigurationError(
            "With PostgreSQL give LISTSURF_SECRET too, at least 32 random bytes: processes that share a database "
            "must also know each other's cookies."
        )
    return Brubeck(
        handler_tuples=ROUTES,
        msg_conn=WSGIConnection(trusted_fronts=(environ.get("LISTSURF_FRONTS") or "").split()),
        base_handler=pages.Page,
        template_engine="jinja2",
        template_dir=HERE / "templates",
        cookie_secret=secret or load_secret(f"{database}.secret"),
        login_url="/login",
        db_conn=store,
        plugins=[
            *(Housekeeping(), CSRFProtection()),
            SecurityHeaders(POLICY, cache_control="private, no-cache"),
        ],
        settings={
            "links": Throttle(30, 60, name="links"),
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


def __getattr__(name):
    """Make `app` when it is asked for: whoever only imports this module makes no files."""
    if name != "app":
        raise AttributeError(name)
    return make_app()
