"""Everything that happens to a message, in the order in which it happens. Read `dispatch` first.

Every message gets exactly one response, whatever fails on the way: a guard, the router, the handler, its error page,
a plugin. `dispatch` itself never raises an `Exception`, nor a `gevent.Timeout`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Any, cast

from brubeck.core.encoding import declared_length
from brubeck.core.errors import ClientDisconnected, HTTPError
from brubeck.core.requests import Request
from brubeck.core.responses import BODILESS_STATUSES, NONSENSE, Response, http_response, is_body
from brubeck.core.routing import Route
from gevent import Timeout

if TYPE_CHECKING:
    from brubeck.core.application import Brubeck
    from brubeck.core.handlers import MessageHandler

__all__ = ["dispatch"]

OK_STATUS = 200
FAILURES = (Exception, Timeout)
"""What is answered and logged. A Timeout, which is no Exception, is a failure of whoever let it pass."""


def dispatch(application: Brubeck, message: Request) -> Response:
    """Return the one response to *message*. The caller sends it and then calls its `close()`.

    This is `Brubeck.dispatch`: the application is what it is called on. `on_finish` of the handler always runs.

    Blocks:
        The calling greenlet, as long as the handler does; the hub only where the handler's own code does.
    """
    message.limits = application.limits
    handler: Any = None
    response: Response | None = None
    has_finish = False
    # The stages have the names of Brubeck 0.4. Two of them stand here and not in functions: 3.9 us, not 4.3.
    try:
        if application.request_hooks:
            response = ask_guards(application, message)
        if response is None:
            # route_message; `find` looks into `found` too, but is a call
            router, path = application.router, message.path
            route, match = router.found.get(path) or router.find(path) or UNROUTED
            if route.is_class:
                handler = route.target(application, message)
            else:
                handler = FunctionHandler(route, application, message)
            # request_handler
            has_finish = route.has_finish
            response = call(handler, message, route, match) if route.has_groups else handler.__call__()
            if type(response.body) is not bytes:
                response.body = begin_stream(response.body)
                check_length(response)
    except FAILURES as exc:
        discard(application, message, response)
        response = answer_exception(application, message, handler, exc)
    finally:
        if has_finish:
            finish(application, message, handler, response)
    if message.opened_form is not None:
        response.on_close(message.close)
    # result_handler
    if not application.response_hooks and message.method != "HEAD" and response.status_code == OK_STATUS:
        return response
    try:
        return result_handler(application, message, response)
    except FAILURES as exc:
        discard(application, message, response)
        return last_resort(application, message, exc)


def ask_guards(application: Brubeck, message: Request) -> Response | None:
    """Return the first response with which a plugin ends the matter before routing, or None."""
    for guard in application.request_hooks:
        response = guard(application, message)
        if response is not None:
            return response
    return None


def route_message(application: Brubeck, message: Request) -> Callable[..., Any]:
    """Return the callable that answers *message*, its arguments bound: what `dispatch` makes and calls."""
    route, match = application.router.find(message.path) or UNROUTED
    make = route.target if route.is_class else partial(FunctionHandler, route)
    arguments, keywords = take_arguments(message, route, match)
    return partial(make(application, message), *arguments, **keywords)


def call(handler: Callable[..., Response], message: Request, route: Route, match: re.Match[str]) -> Response:
    """Call *handler* with what its route took from the path."""
    arguments, keywords = take_arguments(message, route, match)
    return handler(*arguments, **keywords)


def take_arguments(
    message: Request, route: Route, match: re.Match[str]
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Return what *route* takes from the path, and note on *message* what it names."""
    arguments, keywords = route.arguments(match)
    message.route_arguments = keywords
    return arguments, keywords


def discard(application: Brubeck, message: Request, response: Response | None) -> None:
    """Close a response that is not sent; a failure is logged and changes no answer."""
    if not isinstance(response, Response):
        return
    try:
        response.close()
    except FAILURES as exc:
        application.log_exception("Closing an answer failed", message, exc)


def result_handler(application: Brubeck, message: Request, response: Response) -> Response:
    """Let plugins see or replace *response*, and take the body from what may not have one."""
    if application.response_hooks:
        response = ask_watchers(application, message, response)
        check_length(response)
    return without_needless_body(message, response)


def without_needless_body(message: Request, response: Response) -> Response:
    """Take the body from an answer to HEAD, and from a status that has none."""
    if message.method == "HEAD":
        response.drop_body(keep_length=response.status_code not in BODILESS_STATUSES)
    elif response.status_code in BODILESS_STATUSES:
        response.drop_body(keep_length=False)
    return response


def ask_watchers(application: Brubeck, message: Request, response: Response) -> Response:
    """Give *response* to each plugin that looks at responses; return it, or what replaced it."""
    for hook in application.response_hooks:
        replaced = hook(application, message, response)
        if replaced is not None and replaced is not response:
            discard(application, message, response)
            response = replaced
    return response


class Unrouted:
    """Answers what no route matches: the application's `no_handler`, else a 404 page.

    `OPTIONS *` asks the server itself (RFC 9110 section 9.3.7), so that it needs no route.
    """

    __slots__ = ("application", "message")

    def __init__(self, application: Brubeck, message: Request) -> None:
        self.application = application
        self.message = message

    def __call__(self) -> Response:
        no_handler = self.application.no_handler
        if self.message.method == "OPTIONS" and self.message.path == "*":
            return Response(b"", 204)
        if no_handler is None:
            return self.application.make_error_handler(self.message).render_error(404)
        if isinstance(no_handler, type):
            return self._call(no_handler(self.application, self.message))
        return answer_of(no_handler(self.application, self.message), no_handler)

    def _call(self, handler: MessageHandler) -> Response:
        response: Response | None = None
        try:
            response = handler()
        finally:
            if handler.has_finish:
                finish(self.application, self.message, handler, response)
        return response


NO_ROUTE = Route("", Unrouted)
"""Matches every path and takes nothing from it."""
UNROUTED = (NO_ROUTE, cast("re.Match[str]", NO_ROUTE.match("")))


class FunctionHandler:
    """Gives a function the same life as a handler class: its methods, its errors, its result."""

    __slots__ = ("application", "message", "route")

    def __init__(self, route: Route, application: Brubeck, message: Request) -> None:
        self.route = route
        self.application = application
        self.message = message

    def __call__(self, *args: Any, **kwargs: Any) -> Response:
        target = self.route.target_for(self.message.method)
        if target is None:
            return self._substitute()
        return answer_of(target(self.application, self.message, *args, **kwargs), target)

    def _substitute(self) -> Response:
        allow = ", ".join(self.route.allowed_methods)
        if self.message.method == "OPTIONS":
            return Response(b"", 204, headers=[("Allow", allow)])
        response = self.application.make_error_handler(self.message).render_error(405)
        response.set_header("Allow", allow)
        return response


def answer_of(result: Any, function: Any) -> Response:
    """Return the response that *result*, given back by *function*, stands for.

    Raises:
        TypeError: It stands for none.
    """
    if isinstance(result, Response):
        return result
    if result is None:
        return Response(b"", 204)
    if is_body(result):
        return http_response(result)
    name = getattr(function, "__qualname__", repr(function))
    raise TypeError(f"{NONSENSE}, but {name} returned {result!r}.")


def answer_exception(
    application: Brubeck, message: Request, handler: Any, exception: Exception | Timeout
) -> Response:
    """Return the error page for what a handler raised; what is not the client's fault is logged once."""
    if not isinstance(exception, HTTPError):
        report(application, message, exception)
    renderer: MessageHandler = (
        handler if hasattr(handler, "render_error") else application.make_error_handler(message)
    )
    try:
        return render_exception(renderer, exception)
    except FAILURES as exc:
        application.log_exception("The error page failed", message, exc)
        return plain_failure()


def render_exception(renderer: MessageHandler, exception: Exception | Timeout) -> Response:
    """Have *renderer* draw the page for *exception*."""
    if not isinstance(exception, HTTPError):
        return renderer.render_error(500, exception=exception)
    response = renderer.render_error(exception.status_code, exception.message or None, exception)
    for name, value in exception.headers.items():
        response.set_header(name, value)
    return response


def report(application: Brubeck, message: Request, exception: Exception | Timeout) -> None:
    """Log *exception* with its traceback, once, and tell the plugins that track errors."""
    if isinstance(exception, ClientDisconnected):
        return
    application.log_exception("A handler failed", message, exception)
    for hook in application.exception_hooks:
        try:
            hook(application, message, exception)
        except FAILURES as exc:
            application.log_exception("A plugin's brubeck_exception failed", message, exc)


def check_length(response: Response) -> None:
    """Find what is no length while there can be another answer; where the body is bytes, the transport knows it.

    Raises:
        HeaderError: A stream announces a length that is none.
    """
    if not isinstance(response.body, bytes) and response.status_code not in BODILESS_STATUSES:
        declared_length(response)


def begin_stream(body: bytes | Iterable[bytes]) -> bytes | Iterator[bytes]:
    """Take the first piece of *body* now, so that a failure before it is still a clean error page."""
    if isinstance(body, bytes):
        return bytes(body)  # of a subclass
    pieces = iter(body)
    first = next(pieces, b"")
    if not isinstance(first, bytes):
        raise TypeError(f"A streamed body yields bytes, got {first!r}.")
    return Stream(first, pieces, body)


class Stream:
    """A body that goes on from its first piece; closing it closes what it came from."""

    __slots__ = ("_body", "_first", "_pieces")

    def __init__(self, first: bytes, pieces: Iterator[bytes], body: Iterable[bytes]) -> None:
        self._first: bytes | None = first
        self._pieces = pieces
        self._body = body

    def __iter__(self) -> Stream:
        return self

    def __next__(self) -> bytes:
        if self._first is not None:
            first, self._first = self._first, None
            return first
        piece = next(self._pieces)
        if not isinstance(piece, bytes):
            raise TypeError(f"A streamed body yields bytes, got {piece!r}.")
        return piece

    def close(self) -> None:
        """Close the iterable and what it iterates."""
        for closable in (self._pieces, self._body):
            close = getattr(closable, "close", None)
            if close is not None:
                close()


def finish(application: Brubeck, message: Request, handler: Any, response: Response | None) -> None:
    """Run the handler's `on_finish` now, or when its stream ends; a failure is logged and changes no answer."""
    if response is not None and type(response.body) is not bytes:
        response.on_close(partial(finish, application, message, handler, None))
        return
    try:
        handler.on_finish()
    except FAILURES as exc:
        application.log_exception("on_finish failed", message, exc)


def last_resort(application: Brubeck, message: Request, exception: Exception | Timeout) -> Response:
    """Answer for a plugin that failed on a finished response; no plugin is asked again."""
    return without_needless_body(message, answer_exception(application, message, None, exception))


def plain_failure() -> Response:
    """Return the answer that needs nothing to work."""
    return Response(
        b"500 Internal Server Error\n", 500, headers=[("Content-Type", "text/plain; charset=utf-8")]
    )
