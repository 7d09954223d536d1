"""What a WSGI application says to `start_response`: read, checked and encoded once for all answers that begin so."""

from __future__ import annotations

from brubeck.core.encoding import encode_start
from brubeck.core.responses import BODILESS_STATUSES, Response

__all__ = ["Start", "read_start"]

_known: dict[tuple[str, tuple[tuple[str, str], ...]], Start] = {}
"""Most applications have few starts that differ; those that do push each other out."""
_MAX_KNOWN = 256
_MAX_KNOWN_HEADERS = 16
_MAX_KNOWN_CHARACTERS = 1024
_OF_THE_SERVER = frozenset(("date", "server"))


class Start:
    """A status and headers that may be sent. Shared by answers: nobody changes it.

    Args:
        response: What was checked; it has no body.
    """

    __slots__ = ("declared", "has_body", "headers", "reason", "sets_own", "status_code", "usual")

    def __init__(self, response: Response) -> None:
        self.status_code = response.status_code
        self.reason = response.reason
        self.headers = response.headers
        self.declared = response.get_header("Content-Length")
        self.has_body = self.status_code not in BODILESS_STATUSES and self.status_code >= 200
        self.sets_own = any(name.lower() in _OF_THE_SERVER for name, _ in self.headers)
        """Whether a header is among them that the server would add."""
        self.usual = self.encode("HTTP/1.1", keep_alive=True)

    def encode(self, version: str, *, keep_alive: bool) -> bytes:
        """Return status line and headers without those of the server and the length."""
        return encode_start(self.make_response(b""), version, keep_alive)

    def make_response(self, body: bytes) -> Response:
        """Return a response of its own that begins so."""
        return Response.of_checked(body, self.status_code, self.reason, self.headers.copy())


def read_start(status: str, headers: list[tuple[str, str]]) -> Start:
    """Return what *status* and *headers* say.

    Raises:
        ValueError: The status is no `200 OK`: the application's fault.
        HeaderError: A header cannot be sent: the application's fault.
    """
    key = (status, tuple(headers))
    try:
        known = _known.get(key)
    except TypeError:  # pairs that are lists
        key = (status, tuple((name, value) for name, value in headers))
        known = None
    if known is not None:
        return known
    code, _, reason = status.partition(" ")
    if len(code) != 3 or not (code.isascii() and code.isdigit()):
        raise ValueError(f"A WSGI status is three digits, a space and a reason, got {status!r}.")
    start = Start(Response(b"", int(code), reason, headers))
    remember(key, start)
    return start


def remember(key: tuple[str, tuple[tuple[str, str], ...]], start: Start) -> None:
    """Keep *start*, if it is short."""
    length = sum(len(name) + len(value) for name, value in start.headers)
    if len(start.headers) > _MAX_KNOWN_HEADERS or length > _MAX_KNOWN_CHARACTERS:
        return
    if len(_known) >= _MAX_KNOWN:
        _known.clear()
    _known[key] = start
