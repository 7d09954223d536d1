"""`Brubeck`: the settings of one application, and how its parts are wired."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from difflib import get_close_matches
from typing import Any, TypeVar

from brubeck.core import greenlets
from brubeck.core.connections import Connection
from brubeck.core.dispatch import dispatch
from brubeck.core.errors import ConfigurationError
from brubeck.core.forms import FormLimits
from brubeck.core.handlers import MessageHandler, WebMessageHandler, refuse_abstract
from brubeck.core.mixins import check_handler
from brubeck.core.plugins import PluginManager
from brubeck.core.requests import Request
from brubeck.core.responses import Response
from brubeck.core.routing import Route, Router

__all__ = ["Brubeck"]

Target = TypeVar("Target", bound=Callable[..., Any])
log = logging.getLogger("brubeck")

DRAIN_TIMEOUT_S = 30.0
"""How long answers in work may take after SIGTERM; what process managers allow before they kill."""


class Brubeck:
    """One application: routes, settings, plugins and a connection.

    Args:
        mongrel2_pair: The two addresses of a Mongrel2 handler, in the place of *msg_conn*.
        handler_tuples: (pattern, callable) pairs, tried in this order; a third item names the route.
        msg_conn: A `Connection`, or the name of one that a plugin registers.
        pool: A `gevent.pool.Pool`, or how many messages may be in work at once.
        no_handler: Called as (application, message) where no route matches, in the place of a 404 page.
        base_handler: The handler class that draws 404 and other pages no handler is there for.
        template_loader: A function that returns a template engine, from one of the `load_…_env`.
        template_engine: The registered name of an engine, with *template_dir*.
        template_dir: A folder of templates, or several.
        log_level: For the logger `brubeck`.
        login_url: Where `web_authenticated` sends strangers.
        db_conn: Given to handlers as `db_conn`.
        cookie_secret: What cookies are signed with; a list signs with its first and accepts all.
        debug: Show tracebacks to the client. Never in production.
        limits: How large bodies and forms may be.
        plugins: Modules or objects with hooks, beside the installed ones.
        disable_plugins: Names of installed plugins to leave out; they are not imported.
        settings: Whatever plugins and handlers read from `application.settings`.

    Raises:
        ConfigurationError: A setting cannot work; the sentence says which and why.
        PluginError: A plugin is broken, and `BRUBECK_STRICT=1` is set.
    """

    def __init__(
        self,
        mongrel2_pair: Sequence[str] | None = None,
        handler_tuples: Iterable[tuple[Any, ...]] | None = None,
        *,
        msg_conn: Connection | str | None = None,
        pool: Any = None,
        no_handler: Callable[..., Any] | None = None,
        base_handler: type[MessageHandler] = WebMessageHandler,
        template_loader: Callable[[], Any] | None = None,
        template_engine: str | None = None,
        template_dir: Any = None,
        log_level: int | str | None = None,
        login_url: str | None = None,
        db_conn: Any = None,
        cookie_secret: Any = None,
        debug: bool = False,
        limits: FormLimits | None = None,
        plugins: Iterable[Any] = (),
        disable_plugins: Iterable[str] = (),
        settings: Mapping[str, Any] | None = None,
        **unknown: Any,
    ) -> None:
        refuse_unknown(unknown)
        set_log_level(log_level)
        self.pool = greenlets.make_pool(pool)
        self.router = Router()
        self.login_url = login_url
        self.db_conn = db_conn
        self.cookie_secret = cookie_secret
        self.debug = debug
        self.limits = limits or FormLimits()
        self.settings: dict[str, Any] = dict(settings or {})
        self.no_handler = no_handler
        self.base_handler = base_handler
        self._signers: dict[Any, Any] = {}
        self.plugins = PluginManager(plugins, disabled=disable_plugins)
        self.plugins.load()
        self._set_templates(template_loader, template_engine, template_dir)
        self.msg_conn = self._choose_connection(mongrel2_pair, msg_conn)
        for rule in handler_tuples or ():
            self._add_rule(rule)
        self._freeze_hooks()
        self.plugins.configure(self)

    # Routes

    def add_route(
        self, pattern: Any, method: str | Iterable[str] | None = None, name: str | None = None
    ) -> Callable[[Target], Target]:
        """Return a decorator that routes *pattern* to a function or handler class.

        Functions decorated with the same pattern and other methods share its place in the order.
        """

        def decorate(target: Target) -> Target:
            self._add(Route(pattern, target, method, name))
            return target

        return decorate

    def add_route_rule(self, pattern: Any, target: Callable[..., Any], name: str | None = None) -> None:
        """Route *pattern* to *target*, a handler class or a function (application, message, …)."""
        self._add(Route(pattern, target, None, name))

    def _add_rule(self, rule: tuple[Any, ...]) -> None:
        if not isinstance(rule, tuple | list) or len(rule) not in (2, 3):
            raise ConfigurationError(f"handler_tuples holds (pattern, callable) pairs, got {rule!r}.")
        self.add_route_rule(*rule)

    def _add(self, route: Route) -> None:
        if not callable(route.target):
            raise ConfigurationError(f"The route {route.pattern!r} leads to {route.target!r}, not a callable.")
        refuse_abstract(route.target)
        check_handler(route.target, self)
        self.router.add(route)
