"""What is sent back: a status, headers and a body, as a value. Nothing here knows a transport."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from http import HTTPStatus
from typing import Any

from brubeck.core.errors import HeaderError
from brubeck.core.headers import check_header

__all__ = ["HTML", "JSON", "Response", "dump_json", "http_response", "reason_phrase", "render"]

HTML = "text/html; charset=utf-8"
JSON = "application/json"

BODILESS_STATUSES = frozenset((204, 304))
"""Statuses that never have content (RFC 9110 sections 15.3.5 and 15.4.5)."""

REASONS = {status.value: status.phrase for status in HTTPStatus} | {
    413: "Content Too Large",
    414: "URI Too Long",
    416: "Range Not Satisfiable",
    422: "Unprocessable Content",
}
"""The phrases of RFC 9110, which Python has since 3.13."""
_HOP_BY_HOP = frozenset(
    ("connection", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade")
)
"""Framing is the transport's; an application that sets these would contradict it (RFC 9110 section 7.6.1)."""


def reason_phrase(status_code: int) -> str:
    """Return the registered phrase for *status_code*, or an empty string."""
    return REASONS.get(status_code, "")


class Response:
    """An answer, ready for any transport.

    The transport sends `body` (bytes, or an iterable of bytes that it iterates once) and calls `close()` in every
    case, after the last byte or after a failure.

    Args:
        body: The whole content, or an iterable of bytes that is sent as it comes. Text is encoded as UTF-8.
        status_code: From 200 to 599; 101 for an upgrade.
        reason: The phrase beside the status; the registered one by default.
        headers: Name and value pairs; names may repeat (`Set-Cookie`).

    Raises:
        HeaderError: A header or the reason holds CR, LF, NUL or another control character.
        ValueError: The status is out of range.
    """

    body: bytes | Iterable[bytes]
    headers: list[tuple[str, str]]
    bodiless = False
    """Whether the content was taken away, so that the transport adds no length of its own."""
    closers: list[Callable[[], object]] | None = None
    """What `close` calls once, beside closing a streamed body; see `on_close`. Where it is None and the body is bytes,
    there is nothing to close, and transports spare the call."""

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        if cls.close is not Response.close:
            cls.closers = []  # never None: the class's own `close` is called

    def __init__(
        self,
        body: str | bytes | Iterable[bytes] = b"",
        status_code: int = 200,
        reason: str | None = None,
        headers: Iterable[tuple[str, str]] = (),
    ) -> None:
        self.body = body.encode("utf-8", "replace") if isinstance(body, str) else body
        self.status_code = check_status(status_code)
        self.reason = reason_phrase(status_code) if reason is None else check_reason(reason)
        self.headers = [check_pair(name, value) for name, value in headers]

    @staticmethod
    def of_checked(
        body: bytes | Iterable[bytes], status_code: int, reason: str, headers: list[tuple[str, str]]
    ) -> Response:
        """Return a response of parts that were all checked before, and check none again.

        Saves 1.0 of the 1.3 us that the constructor takes (`benchmarks/dispatch.py`): the way of a handler that
        sets no header of its own.
        """
        response = Response.__new__(Response)
        response.body = body
        response.status_code = status_code
        response.reason = reason
        response.headers = headers
        response.closers = None
        response.bodiless = False  # read for every answer: three times as fast here as a default of the class
        return response

    @property
    def is_streamed(self) -> bool:
        """Whether the body comes in pieces of unknown number."""
        return not isinstance(self.body, bytes)

    def get_header(self, name: str) -> str | None:
        """Return the first value of the header *name*, or None."""
        wanted = name.lower()
        return next((value for key, value in self.headers if key.lower() == wanted), None)

    def set_header(self, name: str, value: str) -> None:
        """Put *name* in the place of every header of that name."""
        pair = check_pair(name, value)
        self.headers = [kept for kept in self.headers if kept[0].lower() != name.lower()]
        self.headers.append(pair)

    def add_header(self, name: str, value: str) -> None:
        """Append a header, leaving others of that name where they are."""
        self.headers.append(check_pair(name, value))

    def on_close(self, closer: Callable[[], object]) -> None:
        """Have *closer* called once when the transport is done with this response."""
        self.closers = [*(self.closers or ()), closer]

    def close(self) -> None:
        """Close a streamed body and call what `on_close` was given; a second call does nothing."""
        body = self.body
        if self.closers is None and type(body) is bytes:
            return
        self.body = b""
        closers, self.closers = self.closers, None
        try:
            close_body = getattr(body, "close", None)
            if close_body is not None:
                close_body()
        finally:
            for closer in closers or ():
                closer()

    def drop_body(self, *, keep_length: bool) -> None:
        """Take the content away: for HEAD (*keep_length*: the length stays known), 204 and 304."""
        body, self.body = self.body, b""
        self.bodiless = True
        if not keep_length:
            self.headers = [pair for pair in self.headers if pair[0].lower() != "content-length"]
        elif isinstance(body, bytes):
            self.set_header("Content-Length", str(len(body)))
        close_body = getattr(body, "close", None)
        if close_body is not None:
            close_body()

    def __repr__(self) -> str:
        return f"<Response {self.status_code} {self.reason}>"


def check_status(status_code: int) -> int:
    """Return *status_code* when it can stand in a final answer."""
    if type(status_code) is not int:
        if not isinstance(status_code, int):
            raise ValueError(f"status_code must be an int from 200 to 599, got {status_code!r}.")
        status_code = int(status_code)
    if not (200 <= status_code <= 599 or status_code == 101):
        raise ValueError(f"status_code must be an int from 200 to 599, got {status_code!r}.")
    return status_code


def check_reason(reason: str) -> str:
    """Return *reason* when it can stand in a status line (RFC 9112 section 4)."""
    if not reason.isprintable() or not reason.isascii():
        raise HeaderError(f"A reason phrase is printable ASCII without line breaks, got {reason!r}.")
    return reason


def check_pair(name: str, value: str) -> tuple[str, str]:
    """Return the pair when it may be sent by an application."""
    check_header(name, value)
    if name.lower() in _HOP_BY_HOP:
        raise HeaderError(
            f"{name!r} belongs to the connection and is set by the transport, not by a handler."
        )
    return name, value


def header_pairs(headers: Mapping[str, Any] | Iterable[tuple[str, Any]] | None) -> Iterator[tuple[str, str]]:
    """Yield pairs from what users give: a mapping (a list value repeats the header) or pairs."""
    if not headers:
        return
    for name, value in headers.items() if isinstance(headers, Mapping) else headers:
        if isinstance(value, list | tuple):
            yield from ((name, str(item)) for item in value)
        else:
            yield name, value if type(value) is str else str(value)


def has_header(pairs: Iterable[tuple[str, str]], name: str) -> bool:
    """Say whether *name* (lower case) is among *pairs*."""
    return any(key.lower() == name for key, _ in pairs)


NONSENSE = "A handler returns a response, str, bytes, an iterable of bytes or None"
"""How the error for any other result begins."""


def is_body(result: Any) -> bool:
    """Say whether *result* can be the content of a response."""
    return isinstance(result, str | bytes) or (
        isinstance(result, Iterable) and not isinstance(result, Mapping)
    )


def http_response(
    body: str | bytes | Iterable[bytes],
    code: int = 200,
    status: str | None = None,
    headers: Mapping[str, Any] | Iterable[tuple[str, Any]] | None = None,
) -> Response:
    """Return a response of HTML, unless *headers* name another `Content-Type`.

    Args:
        body: The content; text is encoded as UTF-8.
        code: The status code.
        status: The reason phrase.
        headers: A mapping or pairs.
    """
    pairs = list(header_pairs(headers))
    if code not in BODILESS_STATUSES and not has_header(pairs, "content-type"):
        pairs.insert(0, ("Content-Type", HTML))
    return Response(body, code, status, pairs)


def render(
    body: str | bytes | Iterable[bytes],
    status_code: int = 200,
    status_msg: str | None = None,
    headers: Mapping[str, Any] | Iterable[tuple[str, Any]] | None = None,
) -> Response:
    """Do what `http_response` does; the name that function handlers of Brubeck 0.4 used."""
    return http_response(body, status_code, status_msg, headers)


def dump_json(value: Any) -> bytes:
    """Return *value* as JSON in UTF-8.

    Objects with a `to_python()` (documents) are dumped as what it returns.

    Raises:
        TypeError: *value* holds something JSON cannot.
        ValueError: *value* holds a NaN or an infinity, which JSON does not have (RFC 8259 section 6).
    """
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"), default=_dump_object)
    return text.encode("utf-8", "replace")


def _dump_object(value: Any) -> Any:
    to_python = getattr(value, "to_python", None)
    if callable(to_python):
        return to_python()
    raise TypeError(f"{type(value).__qualname__} is not JSON serializable: {value!r}")
