"""`Brubeck`: the settings of one application, and how its parts are wired."""

from __future__ import annotations

import inspect
import logging
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from difflib import get_close_matches
from functools import partial
from typing import Any, ClassVar, TypeVar, cast
from urllib.parse import quote, unquote

from brubeck.core import greenlets
from brubeck.core.connections import DRAIN_TIMEOUT_S, Connection
from brubeck.core.dispatch import dispatch, route_message
from brubeck.core.error_pages import ErrorPageHandler
from brubeck.core.errors import ConfigurationError
from brubeck.core.forms import FormLimits
from brubeck.core.handlers import MessageHandler, refuse_abstract
from brubeck.core.mixins import check_handler
from brubeck.core.plugins import PluginManager
from brubeck.core.rendering import TemplateEngines, read_loaders
from brubeck.core.requests import Request
from brubeck.core.routing import Route, Router, build_path

__all__ = ["Brubeck"]

Target = TypeVar("Target", bound=Callable[..., Any])
log = logging.getLogger("brubeck")

PAIR = 2


class Brubeck:
    """One application: routes, settings, plugins and a connection.

    Args:
        mongrel2_pair: The two addresses of a Mongrel2 handler, in the place of *msg_conn*.
        handler_tuples: (pattern, callable) pairs, tried in this order; a third item names the route.
        msg_conn: A `Connection`, or the name of one that a plugin registers.
        pool: A `gevent.pool.Pool`, or how many messages may be in work at once.
        no_handler: Called as (application, message) where no route matches, in the place of a 404 page.
        base_handler: The handler class that draws 404 and other pages no handler is there for; by default one that
            uses the template `errors.html` where the application has it.
        template_loader: A function that returns a template engine, from one of the `load_…_env`; for several engines,
            a dict of such functions by the engines' names.
        template_engine: The registered name of an engine, or several, with *template_dir*.
        template_dir: A folder of templates, or several.
        static_url: Where static files are served from; or a function from a file's path to its URL.
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

    _deferred: ClassVar[list[Brubeck] | None] = None

    def __init__(
        self,
        mongrel2_pair: Sequence[str] | None = None,
        handler_tuples: Iterable[tuple[Any, ...]] | None = None,
        *,
        msg_conn: Connection | str | None = None,
        pool: Any = None,
        no_handler: Callable[..., Any] | None = None,
        base_handler: type[MessageHandler] = ErrorPageHandler,
        template_loader: Callable[[], Any] | Mapping[str, Callable[[], Any]] | None = None,
        template_engine: str | Iterable[str] | None = None,
        template_dir: Any = None,
        static_url: str | Callable[[str], str] = "/static/",
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
        self.on_serving: Callable[[Connection], Any] = announce
        self._is_stopping = self._is_signalled = self._is_announced = False
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
        self.template_helpers: dict[str, Callable[[MessageHandler], Any]] = {}
        self._tasks: list[tuple[Callable[[], Any], float]] = []
        self._signers: dict[Any, Any] = {}
        self._wsgi: Callable[..., Any] | None = None
        self._engine: Any = None
        self.plugins = PluginManager(plugins, disabled=disable_plugins)
        self.plugins.load()
        self.templates = TemplateEngines(
            self, read_loaders(template_loader, template_engine, template_dir, self.plugins)
        )
        self._static_url = static_url
        self.msg_conn = self._choose_connection(mongrel2_pair, msg_conn)
        for rule in handler_tuples or ():
            self._add_rule(rule)
        self.plugins.configure(self)
        self._freeze_hooks()

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
            raise ConfigurationError(
                f"The route {route.pattern!r} leads to {route.target!r}, not a callable."
            )
        refuse_abstract(route.target)
        check_handler(route.target, self)
        self.router.add(route)

    def url_for(self, name: str, /, **arguments: Any) -> str:
        """Return the path of the route called *name*, with *arguments* in its groups.

        Raises:
            ConfigurationError: No route has that name, or its pattern cannot be filled with *arguments*.
        """
        for route in self.router:
            if route.name == name:
                return fill_pattern(route, arguments)
        names = [route.name for route in self.router if route.name]
        near = get_close_matches(name, names, 1)
        hint = f" Did you mean {near[0]!r}?" if near else ""
        raise ConfigurationError(f"No route is named {name!r}.{hint}")

    def static_url(self, path: str) -> str:
        """Return the URL of the static file *path*, under the setting `static_url`."""
        if callable(self._static_url):
            return self._static_url(path)
        return f"{self._static_url.rstrip('/')}/{quote(path.lstrip('/'))}"

    # Messages

    dispatch = dispatch

    def route_message(self, message: Request) -> Callable[..., Any]:
        """Return the callable that answers *message*, its arguments bound."""
        return route_message(self, message)

    def make_error_handler(self, message: Request) -> MessageHandler:
        """Return a handler to draw an error page with, where no handler was reached."""
        return self.base_handler(self, message)

    def log_exception(self, what: str, message: Request, exception: BaseException) -> None:
        """Log *exception* with its traceback, beside the message that met it."""
        log.error("%s: %s %r", what, message.method, message.path, exc_info=exception)

    # What plugins bring

    @property
    def template_engine(self) -> Any:
        """The engine of `template_loader`, or of `template_engine` and `template_dir`; of several, each file's own.

        Raises:
            ConfigurationError: Neither was given.
        """
        return self.templates.get()

    @property
    def has_templates(self) -> bool:
        """Whether a template engine was configured."""
        return bool(self.templates)

    def render_template(self, file: str, **context: Any) -> str:
        """Return the text of the template *file*, with *context* filled in."""
        return cast("str", self.template_engine.render(file, context))

    def get_cookie_signer(self, secret: Any) -> Any:
        """Return what signs cookies with *secret*.

        Raises:
            MissingPlugin: No installed distribution signs cookies; the message says what to install.
        """
        key = tuple(secret) if isinstance(secret, list) else secret
        signer = self._signers.get(key)
        if signer is None:
            settings = self if secret == self.cookie_secret else WithSecret(self, secret)
            signer = self._signers[key] = self.plugins.cookie_signer(cast("Brubeck", settings))
        return signer

    @property
    def wsgi(self) -> Callable[..., Any]:
        """This application as a WSGI callable, for Gunicorn, uWSGI and others.

        Raises:
            MissingPlugin: brubeck-wsgi is not installed.
        """
        if self._wsgi is None:
            self._wsgi = self.plugins.get_connection("wsgi").as_wsgi(self)
        return self._wsgi

    # Running

    @classmethod
    @contextmanager
    def runs_deferred(cls) -> Iterator[list[Brubeck]]:
        """While the block lasts, have `run()` only note its application in the list: for loading scripts."""
        deferred: list[Brubeck] = []
        cls._deferred = deferred
        try:
            yield deferred
        finally:
            cls._deferred = None

    def use_connection(self, name: str | None, options: Mapping[str, Any]) -> None:
        """Use the connection *name* in the place of the application's own, or the own one with other *options*."""
        if name is not None:
            self.msg_conn = self.plugins.get_connection(name).from_options(**options)
        elif options:
            self.msg_conn = self.connection.with_options(**options)

    def run(self) -> None:
        """Serve until SIGINT or SIGTERM, then answer what was taken and return.

        Raises:
            ConfigurationError: The connection cannot be opened: a port is taken, an address is wrong.

        Blocks:
            As long as the application runs.
        """
        if self._deferred is not None:
            self._deferred.append(self)
            return
        self._is_stopping = self._is_signalled = False
        connection = self.connection
        connection.bind()
        with ExitStack() as bound:
            bound.callback(connection.close)
            bound.callback(greenlets.on_signals(self._stop))
            with self.started(), bound.pop_all():
                if not self._is_stopping:  # a signal may have come while the plugins started
                    connection.open(self)
                    self.on_serving(connection)
                    connection.serve()

    @contextmanager
    def started(self) -> Iterator[None]:
        """Hold what `run()` puts around its transport: the tasks, `brubeck_startup` and `brubeck_shutdown`.

        For a server that answers with `dispatch` or `wsgi` and brings processes and sockets of its own. It calls
        `announce_stop` when it begins to drain.

        Raises:
            PluginError: A plugin failed to start.
        """
        running: list[Callable[[], None]] = []
        self._is_announced = False
        try:
            self.plugins.startup(self)
            running = [greenlets.repeat(attempt, every_s) for attempt, every_s in self._tasks]
            yield
        finally:
            for end in running:
                end()
            self.plugins.shutdown(self)

    def announce_stop(self) -> None:
        """Tell the plugins, once, that a drain begins: the hook `brubeck_stopping`."""
        if not self._is_announced:
            self._is_announced = True
            self.plugins.stopping(self)

    def add_task(self, function: Callable[[], Any], every_s: float) -> None:
        """Have `run()` call *function* beside the messages: at the start, and again *every_s* seconds after each end.

        What it raises is logged, and it is called again all the same. It ends with the application, wherever it is:
        for a function that listens for ever, *every_s* is the pause before it is called again after a failure.

        Args:
            function: Called without arguments; it may block as a handler may.
            every_s: The pause.
        """
        self._tasks.append((partial(self._attempt, function), every_s))

    def _attempt(self, function: Callable[[], Any]) -> None:
        try:
            function()
        except Exception:
            log.exception("The task %s failed", getattr(function, "__qualname__", function))

    def stop(self, timeout_s: float = DRAIN_TIMEOUT_S) -> None:
        """Have `run()` drain and return; what is unanswered after *timeout_s* seconds is given up.

        The first call tells the plugins, by the hook `brubeck_stopping`.
        """
        self._is_stopping = True
        self.announce_stop()
        self.connection.stop(timeout_s)

    def _stop(self) -> None:
        """Drain at the first signal, give up at the second."""
        timeout_s = 0 if self._is_signalled else DRAIN_TIMEOUT_S
        self._is_signalled = True
        self.stop(timeout_s)

    @property
    def connection(self) -> Connection:
        """The transport: the one that was given, else the embedded server.

        Raises:
            MissingPlugin: None was given, and brubeck-wsgi is not installed.
        """
        if self.msg_conn is None:
            self.msg_conn = self.plugins.get_connection("wsgi")()
        return cast("Connection", self.msg_conn)

    def _choose_connection(self, pair: Any, msg_conn: Any) -> Connection | None:
        if pair is not None and msg_conn is not None:
            raise ConfigurationError("Give mongrel2_pair or msg_conn, not both.")
        if pair is not None:
            if isinstance(pair, str) or len(pair) != PAIR:
                raise ConfigurationError(f"mongrel2_pair is (pull address, pub address), got {pair!r}.")
            return cast("Connection", self.plugins.get_connection("mongrel2")(*pair))
        if isinstance(msg_conn, str):
            return cast("Connection", self.plugins.get_connection(msg_conn)())
        if msg_conn is not None and not isinstance(msg_conn, Connection):
            raise ConfigurationError(
                f"msg_conn must be a Connection such as WSGIConnection(port=6767), got {msg_conn!r}."
            )
        return msg_conn

    def _freeze_hooks(self) -> None:
        self.request_hooks = self.plugins.request_hooks
        self.response_hooks = self.plugins.response_hooks
        self.exception_hooks = self.plugins.exception_hooks


class WithSecret:
    """An application seen with another `cookie_secret`, for one signer."""

    def __init__(self, application: Brubeck, cookie_secret: Any) -> None:
        self._application = application
        self.cookie_secret = cookie_secret

    def __getattr__(self, name: str) -> Any:
        return getattr(self._application, name)


def announce(connection: Connection) -> None:
    """Say on stderr where the application is; a stderr that is full or closed stops nobody from serving."""
    with suppress(OSError, AttributeError):
        sys.stderr.write(f"Brubeck serves {connection.address} (Ctrl-C to stop)\n")


def refuse_unknown(unknown: Mapping[str, Any]) -> None:
    """Refuse keywords that `Brubeck` does not know, naming the nearest that it does."""
    if not unknown:
        return
    known = [
        name for name in inspect.signature(Brubeck.__init__).parameters if name not in ("self", "unknown")
    ]
    name = next(iter(unknown))
    near = get_close_matches(name, known, 1)
    hint = f"Did you mean {near[0]!r}?" if near else f"It knows {', '.join(known)}."
    raise ConfigurationError(f"Brubeck has no setting {name!r}. {hint}")


def set_log_level(log_level: int | str | None) -> None:
    """Set the level of the logger `brubeck`, and give a program without logging one handler to stderr."""
    if log_level is None:
        return
    try:
        log.setLevel(log_level)
    except (ValueError, TypeError) as exc:
        raise ConfigurationError(f"log_level must be a level of logging, got {log_level!r}: {exc}.") from None
    if not logging.getLogger().handlers:
        logging.basicConfig()


def fill_pattern(route: Route, arguments: Mapping[str, Any]) -> str:
    """Return a path that *route* matches with *arguments* in its named groups."""
    path = build_path(route.pattern, {name: quote(str(value), safe="") for name, value in arguments.items()})
    match = route.match(unquote(path)) if path is not None else None
    given = {name: str(value) for name, value in arguments.items()}
    taken = {name: value for name, value in match.groupdict().items() if value is not None} if match else None
    if path is None or taken != given:
        raise ConfigurationError(f"The route {route.pattern!r} cannot be filled with {dict(arguments)!r}.")
    return path
