"""The handler classes: one instance for each message, thrown away with it."""

from __future__ import annotations

import time
import traceback
from collections.abc import Iterable, Mapping
from contextlib import suppress
from html import escape
from typing import TYPE_CHECKING, Any, ClassVar, overload

from brubeck.core.cookies import dump_cookie, dump_cookie_removal
from brubeck.core.errors import ConfigurationError, HeaderError
from brubeck.core.headers import Headers, check_header, check_location
from brubeck.core.mixins import compose
from brubeck.core.requests import Request
from brubeck.core.responses import (
    BODILESS_STATUSES,
    HTML,
    JSON,
    NONSENSE,
    REASONS,
    Response,
    check_status,
    dump_json,
    has_header,
    header_pairs,
    is_body,
    reason_phrase,
)
from brubeck.core.routing import METHODS

if TYPE_CHECKING:
    from brubeck.core.application import Brubeck

__all__ = ["JSONMessageHandler", "MessageHandler", "WebMessageHandler"]

new_response = Response.__new__
OK_REASON = REASONS[200]
METHOD_NAMES = {method: method.lower() for method in METHODS}


class MessageHandler:
    """Answers one message: `initialize`, `prepare`, the method named like the request's, `on_finish`.

    Subclasses define `get`, `post`, `put`, `patch`, `delete`, `head`, `options`, …; what is not defined is answered
    with 405. Mixins add to it from either side of the bases.
    """

    content_type: ClassVar[str] = "text/plain; charset=utf-8"
    """Sent as `Content-Type` where the handler sets no other."""

    _content_type_pair: ClassVar[tuple[str, str]] = ("Content-Type", "text/plain; charset=utf-8")
    _has_prelude: ClassVar[bool] = False
    _is_plain: bool = True
    """Whether no header, cookie or reason was set; one look in the place of three."""
    _plain_pair: tuple[str, str] | None = _content_type_pair
    """The one header of an answer of which only the body was set, else None. What a class keeps for its instances takes
    a tenth of a microsecond to read here, so that this is read for most answers, and nothing else."""
    has_finish: ClassVar[bool] = False
    """Whether the class has an `on_finish` of its own; not calling the empty ones saves 0.3 us of 5 a message."""
    _status_code: int | None = None
    _reason: str | None = None
    _body: str | bytes | Iterable[bytes] | None = None
    _headers: Headers | None = None
    _set_cookies: list[str] | None = None
    _payload: dict[str, Any] | None = None
    _current_time: int | None = None

    def __init_subclass__(cls, **choices: type) -> None:
        super().__init_subclass__()
        compose(cls, choices, MessageHandler)
        check_header("Content-Type", cls.content_type)
        cls._content_type_pair = cls._plain_pair = ("Content-Type", cls.content_type)
        cls._has_prelude = (
            cls.initialize is not MessageHandler.initialize or cls.prepare is not MessageHandler.prepare
        )
        cls.has_finish = cls.on_finish is not MessageHandler.on_finish

    def __init__(self, application: Brubeck, message: Request) -> None:
        self.application = application
        self.message = message

    # The life of a message

    def initialize(self) -> None:
        """Come first; for what every method of the class needs."""

    def prepare(self) -> Any:
        """Come after `initialize`. What it returns, if anything, is the answer, and the method is not called."""

    def on_finish(self) -> None:
        """Come last, always: after the answer was made or its stream has ended, after an error too."""

    def __call__(self, *args: Any, **kwargs: Any) -> Response:
        """Run the handler for its message and return the answer; errors are the dispatcher's to answer."""
        if self._has_prelude:
            self.initialize()
            result = self.prepare()
            if result is not None:
                return self.answer(result)
        try:
            method = getattr(self, METHOD_NAMES[self.message.method])
        except (KeyError, AttributeError):
            method = self._substitute()
        result = method(*args, **kwargs) if args or kwargs else method()
        return result if type(result) is Response else self.answer(result)

    def _substitute(self) -> Any:
        """Return what answers a method the class does not define."""
        if self.message.method == "HEAD":
            return getattr(self, "get", self.unsupported)
        return self.unsupported

    def options(self, *args: Any, **kwargs: Any) -> Response:
        """Answer OPTIONS with the methods this handler has."""
        return Response(b"", 204, headers=[("Allow", ", ".join(self.supported_methods))])

    def unsupported(self, *args: Any, **kwargs: Any) -> Response:
        """Answer a method this handler does not have: 405 with `Allow` (RFC 9110 section 15.5.6)."""
        response = self.render_error(405)
        response.set_header("Allow", ", ".join(self.supported_methods))
        return response

    @property
    def supported_methods(self) -> list[str]:
        """The methods this handler answers, HEAD by way of `get` among them."""
        names = [method for method, name in METHOD_NAMES.items() if hasattr(self, name)]
        if "GET" in names and "HEAD" not in names:
            names.insert(1, "HEAD")
        return names

    # What the handler knows

    @property
    def db_conn(self) -> Any:
        """The application's `db_conn`."""
        return self.application.db_conn

    @property
    def current_time(self) -> int:
        """Milliseconds since 1970 when this message was first asked for the time; the same until it is done."""
        if self._current_time is None:
            self._current_time = int(time.time() * 1000)
        return self._current_time

    @overload
    def get_argument(self, name: str, default: str, strip: bool = True) -> str: ...
    @overload
    def get_argument(self, name: str, default: None = None, strip: bool = True) -> str | None: ...

    def get_argument(self, name: str, default: str | None = None, strip: bool = True) -> str | None:
        """Return the last value of the argument *name*, from the query or a form, or *default*."""
        return self.message.get_argument(name, default, strip)

    @overload
    def get_arguments(self, name: str, default: list[str], strip: bool = True) -> list[str]: ...
    @overload
    def get_arguments(self, name: str, default: None = None, strip: bool = True) -> list[str] | None: ...

    def get_arguments(
        self, name: str, default: list[str] | None = None, strip: bool = True
    ) -> list[str] | None:
        """Return every value of the argument *name*, or *default* where there is none."""
        return self.message.get_arguments(name, default, strip)

    @overload
    def get_number(self, name: str, default: int) -> int: ...
    @overload
    def get_number(self, name: str, default: None = None) -> int | None: ...

    def get_number(self, name: str, default: int | None = None) -> int | None:
        """Return the argument *name* as a whole number that is not negative, or *default* where it is none."""
        return self.message.get_number(name, default)

    @overload
    def get_form_argument(self, name: str, default: str, strip: bool = False) -> str: ...
    @overload
    def get_form_argument(self, name: str, default: None = None, strip: bool = False) -> str | None: ...

    def get_form_argument(self, name: str, default: str | None = None, strip: bool = False) -> str | None:
        """Return the last value of the field *name* of a form, as it was typed, or *default*; never of the query."""
        return self.message.get_form_argument(name, default, strip)

    # What the handler answers

    @property
    def headers(self) -> Headers:
        """The headers of the answer, to be set and added to."""
        if self._headers is None:
            self._headers = Headers()
            self._is_plain, self._plain_pair = False, None
        return self._headers

    def set_status(self, status_code: int, status_msg: str | None = None) -> None:
        """Set the status of the answer, and the phrase beside it."""
        self._status_code = check_status(status_code)
        self._plain_pair = None
        self._reason = status_msg
        if status_msg is not None:
            self._is_plain, self._plain_pair = False, None

    @property
    def status_code(self) -> int:
        """The status set so far; 200 where none was."""
        return 200 if self._status_code is None else self._status_code

    def set_body(
        self,
        body: str | bytes | Iterable[bytes],
        headers: Mapping[str, Any] | None = None,
        status_code: int = 200,
    ) -> None:
        """Set the content of the answer, headers beside it, and its status.

        A status set before stays, unless *status_code* names another than 200.
        """
        self._body = body
        if status_code != 200:
            self._status_code = check_status(status_code)
            self._plain_pair = None
        elif body is None and self._status_code is None:
            self._status_code = 200
        if headers:
            for name, value in header_pairs(headers):
                self.headers[name] = value

    def add_to_payload(self, key: str, value: Any) -> None:
        """Put *value* into the payload under *key*."""
        if self._payload is None:
            self._payload = {}
        self._payload[key] = value

    def clear_payload(self) -> None:
        """Forget the payload, the body and the headers set so far; cookies and the status stay."""
        if self._body is not None and self._status_code is None:
            self._status_code = 200  # the body's
        self._payload = None
        self._body = None
        self._headers = None

    @property
    def payload(self) -> dict[str, Any]:
        """What `add_to_payload` collected."""
        return self._payload or {}

    def render(self, status_code: int | None = None) -> Response:
        """Return what was set as a response.

        Args:
            status_code: In the place of the one that was set.
        """
        return self.make_response(b"" if self._body is None else self._body, status_code)

    def make_response(self, body: str | bytes | Iterable[bytes], status_code: int | None = None) -> Response:
        """Return a response of *body* with the status, headers and cookies that were set."""
        if type(body) is str or isinstance(body, str):
            try:
                body = body.encode()
            except UnicodeEncodeError:  # a lone surrogate
                body = str(body).encode("utf-8", "replace")
        code, reason, pair = 200, OK_REASON, self._plain_pair
        if pair is None or status_code is not None:
            code = status_code or self._status_code or 200
            if not self._is_plain or code in BODILESS_STATUSES:
                return self._make_rare(body, code)
            reason, pair = reason_phrase(code), self._content_type_pair
        # `Response.of_checked`, without the call.
        response = new_response(Response)
        response.body = body
        response.status_code = code
        response.reason = reason
        response.headers = [pair]
        response.closers = None
        response.bodiless = False
        return response

    def _make_rare(self, body: bytes | Iterable[bytes], code: int) -> Response:
        """Return a response that has more, or less, than a body and its type."""
        pairs = list(self._headers.items()) if self._headers is not None else []
        if code not in BODILESS_STATUSES and not has_header(pairs, "content-type"):
            pairs.append(("Content-Type", self.content_type))
        if self._set_cookies is not None:
            pairs.extend(("Set-Cookie", cookie) for cookie in self._set_cookies)
        return Response(body, code, self._reason if code == self._status_code else None, pairs)

    def answer(self, result: Any) -> Response:
        """Return the response that *result*, given back by a method, stands for.

        Raises:
            TypeError: It stands for none.
        """
        if type(result) is str or type(result) is bytes:
            return self.make_response(result)
        if isinstance(result, Response):
            return result
        if result is None:
            return self._answer_nothing()
        if is_body(result):
            return self.make_response(result)
        raise TypeError(f"{NONSENSE}, but {type(self).__qualname__} returned {result!r}.")

    def _answer_nothing(self) -> Response:
        if self._body is None and self._status_code is None and self._payload is None:
            return self.make_response(b"", 204)
        return self.render()

    def redirect(self, url: str, status_code: int = 302, *, same_site: bool = False) -> Response:
        """Return a redirect to *url*, an absolute path or URL, sent as given.

        Args:
            url: Where to; never taken from a client without *same_site*.
            status_code: 301, 302, 303, 307 or 308.
            same_site: Refuse whatever a browser could read as another host.

        Raises:
            HeaderError: *url* holds a control character, or leaves this host though *same_site* is set.
        """
        self.clear_payload()
        self.set_status(status_code)
        self.headers["Location"] = check_location(url, same_site=same_site)
        return self.make_response(b"")

    def render_error(
        self, status_code: int, message: str | None = None, exception: BaseException | None = None
    ) -> Response:
        """Return an error page: drawn by the renderer the class was composed with, else a plain one.

        Args:
            status_code: From 400 to 599.
            message: For the client; the registered phrase by default.
            exception: What went wrong; shown only in debug mode.
        """
        self.clear_payload()
        self.set_status(status_code)
        message = message or reason_phrase(status_code) or "Error"
        if exception is not None and status_code >= 500 and self.application.debug:
            message = "".join(traceback.format_exception(exception))
        page = self._draw_error(status_code, message, exception)
        if isinstance(page, Response):
            return page
        return self.make_response(
            self.plain_error(status_code, message) if page is None else page, status_code
        )

    def _draw_error(self, status_code: int, message: str, exception: BaseException | None) -> Any:
        """Ask the open hook `error_page(status_code, message, exception)`, which a renderer may bring."""
        error_page = getattr(self, "error_page", None)
        if error_page is None:
            return None
        try:
            return error_page(status_code, message, exception)
        except Exception as exc:
            self.application.log_exception("The error page failed", self.message, exc)
            self.clear_payload()
            return None

    def plain_error(self, status_code: int, message: str) -> str:
        """Return the content of an error answer where no renderer draws one."""
        return f"{status_code} {message}\n"

    # Cookies

    @overload
    def get_cookie(self, name: str, default: None = None, secret: None = None) -> str | None: ...
    @overload
    def get_cookie(self, name: str, default: str, secret: None = None) -> str: ...
    @overload
    def get_cookie(
        self, name: str, default: Any = None, secret: Any = None, *, max_age: int | None = None
    ) -> Any: ...

    def get_cookie(
        self, name: str, default: Any = None, secret: Any = None, *, max_age: int | None = None
    ) -> Any:
        """Return the cookie *name*, or *default* where there is none or its signature does not hold.

        Args:
            name: The cookie's name.
            default: What stands for a missing, tampered, expired or foreign cookie.
            secret: The application's `cookie_secret`, for a cookie that was set with it.
            max_age: Seconds after which a signed cookie no longer counts.

        Raises:
            MissingPlugin: *secret* is given and no installed distribution signs cookies.
        """
        value = self.message.cookies.get(name)
        if secret is None:
            return default if value is None else value
        signer = self.application.get_cookie_signer(secret)
        if value is None:
            return default
        unsigned = signer.unsign(name, value, max_age)
        return default if unsigned is None else unsigned

    def set_cookie(self, name: str, value: Any, secret: Any = None, **attributes: Any) -> None:
        """Set the cookie *name* with the answer, signed where *secret* is given.

        Args:
            name: The cookie's name.
            value: A str; with *secret*, anything JSON can hold.
            secret: The application's `cookie_secret`.
            attributes: `path`, `domain`, `expires`, `max_age`, `secure`, `httponly`, `samesite`, `partitioned`.

        Raises:
            HeaderError: The name, value or an attribute cannot be sent.
        """
        if secret is not None:
            signer = self.application.get_cookie_signer(secret)
            for key, default in getattr(signer, "cookie_attributes", {}).items():
                attributes.setdefault(key, default)
            if getattr(signer, "secure_when_https", False) and self.message.is_secure:
                attributes.setdefault("secure", True)
            value = signer.sign(name, value)
        if self._set_cookies is None:
            self._set_cookies = []
            self._is_plain, self._plain_pair = False, None
        self._set_cookies.append(dump_cookie(name, value, **attributes))

    def delete_cookie(self, name: str, path: str = "/", domain: str | None = None) -> None:
        """Have the client forget the cookie *name*; *path* and *domain* as it was set with."""
        if self._set_cookies is None:
            self._set_cookies = []
            self._is_plain, self._plain_pair = False, None
        self._set_cookies.append(dump_cookie_removal(name, path=path, domain=domain))

    def delete_cookies(self) -> None:
        """Have the client forget every cookie it sent, but those whose names no server could have set."""
        for name in self.message.cookies:
            with suppress(HeaderError):
                self.delete_cookie(name)


class WebMessageHandler(MessageHandler):
    """Answers with HTML, unless told otherwise."""

    content_type = HTML

    def plain_error(self, status_code: int, message: str) -> str:
        """Return a small page with the status and *message*, escaped."""
        title = escape(f"{status_code} {reason_phrase(status_code)}".strip())
        text = escape(message)
        return (
            f'<!doctype html>\n<html lang="en"><meta charset="utf-8"><title>{title}</title>'
            f'<h1>{title}</h1><p style="white-space: pre-wrap">{text}</p></html>\n'
        )


class JSONMessageHandler(WebMessageHandler):
    """Answers with its payload as JSON, the status and a timestamp beside it."""

    content_type = JSON

    def render(self, status_code: int | None = None, hide_status: bool = False) -> Response:
        """Return the payload as JSON.

        Args:
            status_code: In the place of the one that was set.
            hide_status: Send only what was added under `data`, with nothing around it.
        """
        if self._body is not None:
            return super().render(status_code)
        code = status_code or self.status_code
        if hide_status and "data" in self.payload:
            return self.make_response(dump_json(self.payload["data"]), code)
        return self.make_response(dump_json({**self._status_fields(code), **self.payload}), code)

    def _status_fields(self, code: int) -> dict[str, Any]:
        message = (
            self._reason if self._reason is not None and code == self._status_code else reason_phrase(code)
        )
        return {"status_code": code, "status_msg": message, "timestamp": self.current_time}

    def plain_error(self, status_code: int, message: str) -> str:
        """Return the status as JSON, with *message*."""
        return dump_json({**self._status_fields(status_code), "message": message}).decode()


def refuse_abstract(target: Any) -> None:
    """Refuse a handler class that does not descend from `MessageHandler`."""
    if isinstance(target, type) and not issubclass(target, MessageHandler):
        raise ConfigurationError(
            f"A handler class descends from MessageHandler; {target.__qualname__} does not."
        )
