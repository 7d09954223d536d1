"""The application, whole or one half of it: `app`, `web` and `api`. Its settings are in the environment."""

import os
import time
from pathlib import Path

from brubeck.request_handling import Brubeck
from brubeck import auth
from brubeck.api import CrossOrigin
from brubeck.core.forms import FormLimits
from brubeck.templating import load_jinja2_env

from readify import feed, pages
from readify.store import Store

HERE = Path(__file__).parent
POLICY = "default-src 'none';style-src 'self';img-src 'self';form-action 'self';frame-ancestors 'none';base-uri 'none'"

PAGES = [
    (r"^/(?P<shown>liked|archived|deleted)?$", pages.Links),
    (r"^/add$", pages.Edit),
    (r"^/links/(?P<link_id>[0-9]{1,15})/edit$", pages.Edit),
    (r"^/links/(?P<link_id>[0-9]{1,15})/(?P<un>(?:un)?)(?P<flag>like|archive|delete)$", pages.Flag),
    (r"^/people/(?P<username>[^/]+)(?:/(?P<picture>picture))?$", pages.Person),
    (r"^/settings(?:/(?P<part>picture|key))?$", pages.Settings),
    (r"^/create$", pages.Create),
    (r"^/login$", pages.Login),
    (r"^/logout$", pages.Logout),
    (r"^/style\.css$", pages.style),
]
API = [(r"^/api/links$", feed.Links), (r"^/api/", feed.Nothing)]
PARTS = {"app": API + PAGES, "web": PAGES, "api": API}


def make_app(part="app", environ=os.environ):
    """Return one of `PARTS` as the variables `READIFY_…` want it; the README lists them."""
    store = Store(environ.get("READIFY_DATABASE") or "readify.sqlite3")
    if environ.get("READIFY_SEED"):
        words = {"password": auth.hash_password(environ["READIFY_SEED"]), "now": int(time.time() * 1000)}
        with store.database.transaction() as connection:
            store.run(HERE / "seed.sql", connection, **words)
    sessions = auth.Sessions(store, idle_timeout_s=7 * 86400, absolute_timeout_s=30 * 86400)
    return Brubeck(
        handler_tuples=PARTS[part],
        template_loader=load_jinja2_env(HERE / "templates"),
        cookie_secret=environ.get("READIFY_SECRET") or store.secret(),
        login_url="/login",
        db_conn=store,
        limits=FormLimits(max_body_bytes=8 * 1024 * 1024, max_memory_bytes=65_536, max_files=1),
        plugins=[
            sessions,
            auth.CSRFProtection(),
            CrossOrigin("*", paths="/api/"),
            auth.SecurityHeaders(POLICY),
        ],
        settings={"counters": auth.MemoryCounters()},
    )


def __getattr__(name):
    """Make the part that `brubeck run readify.app:NAME` asks for, and no other."""
    if name not in PARTS:
        raise AttributeError(name)
    return make_app(name)
