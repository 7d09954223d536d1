"""Cross-origin requests (CORS, https://fetch.spec.whatwg.org): which pages of other sites may read our answers.

It opens and never closes: what another site may *send* is the business of CSRF protection and of authentication.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING

from brubeck.core.errors import ConfigurationError
from brubeck.core.responses import Response
from brubeck.plugins import hookimpl

if TYPE_CHECKING:
    from brubeck.core.application import Brubeck
    from brubeck.core.requests import Request

__all__ = ["CrossOrigin"]

ANY = "*"
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
HEADERS = ("Authorization", "Content-Type", "If-Match", "If-None-Match", "X-CSRF-Token")
EXPOSED = ("ETag", "Link", "Location", "Retry-After")

_is_origin = re.compile(r"[a-z][a-z0-9+.\-]*://(?:[a-z0-9._\-]+|\[[0-9a-f:.]+\])(?::[0-9]{1,5})?").fullmatch
_is_token = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+").fullmatch


class CrossOrigin:
    """The plugin that lets pages of other origins read our answers: `Brubeck(plugins=[CrossOrigin([…])])`.

    Error pages too, so that a script can tell what went wrong. Preflights are answered before routing.

    Args:
        origins: As browsers write them, `https://app.example.com`; or `*` for whatever anybody may read.
        credentials: Whether cookies and HTTP authentication of the user go along. Never with `*`.
        methods: That a script may use.
        headers: That a script may send beside the harmless ones.
        exposed: Headers of the answer that a script may read beside the harmless ones.
        max_age_s: How long a browser may keep the answer to a preflight; browsers have caps of 2 to 24 hours.
        paths: An expression that the path begins with; all by default.
        name: Of the plugin, where there are several.

    Raises:
        ConfigurationError: An origin is none, or `*` is to go with credentials.
    """

    def __init__(
        self,
        origins: str | Iterable[str],
        *,
        credentials: bool = False,
        methods: Collection[str] = METHODS,
        headers: Collection[str] = HEADERS,
        exposed: Collection[str] = EXPOSED,
        max_age_s: int = 600,
        paths: str = "",
        name: str = "cross_origin",
    ) -> None:
        self.name = name
        self.origins = frozenset([origins] if isinstance(origins, str) else origins)
        self.credentials = credentials
        self.paths = re.compile(paths)
        check_origins(self.origins, credentials=credentials)
        self._exposed = join_tokens("exposed", exposed)
        self._preflight = [
            ("Access-Control-Allow-Methods", join_tokens("methods", methods)),
            ("Access-Control-Allow-Headers", join_tokens("headers", headers)),
            ("Access-Control-Max-Age", f"{int(max_age_s)}"),
        ]

    @hookimpl
    def brubeck_request(self, application: Brubeck, message: Request) -> Response | None:
        """Answer a preflight of an origin that may ask."""
        if message.method != "OPTIONS" or not self.paths.match(message.path):
            return None
        if "Access-Control-Request-Method" not in message.headers or self.allowed_origin(message) is None:
            return None
        return Response(b"", 204, headers=[pair for pair in self._preflight if pair[1]])

    @hookimpl
    def brubeck_response(self, application: Brubeck, message: Request, response: Response) -> None:
        """Say whether the page that asked may read *response*."""
        if not self.paths.match(message.path):
            return
        if ANY not in self.origins:
            add_vary(response)
        origin = self.allowed_origin(message)
        if origin is None:
            return
        response.set_header("Access-Control-Allow-Origin", origin)
        if self.credentials:
            response.set_header("Access-Control-Allow-Credentials", "true")
        if self._exposed:
            response.set_header("Access-Control-Expose-Headers", self._exposed)

    def allowed_origin(self, message: Request) -> str | None:
        """Return what to answer as the origin that may read, None where the asking one may not."""
        origin = message.headers.get("Origin")
        if origin is None:
            return None
        return ANY if ANY in self.origins else origin if origin in self.origins else None


def check_origins(origins: frozenset[str], *, credentials: bool) -> None:
    """Refuse origins that no browser sends, and `*` with credentials."""
    if not origins:
        raise ConfigurationError("CrossOrigin needs at least one origin, such as 'https://app.example.com'.")
    if ANY in origins and (credentials or len(origins) > 1):
        raise ConfigurationError(
            "The origin '*' stands alone and without credentials: name the origins instead."
        )
    for origin in origins - {ANY}:
        if not _is_origin(origin):
            raise ConfigurationError(
                f"An origin is scheme://host[:port] in lower case and nothing behind it, got {origin!r}."
            )


def join_tokens(setting: str, values: Collection[str]) -> str:
    """Return *values* as a header has them."""
    if isinstance(values, str) or not all(isinstance(one, str) and _is_token(one) for one in values):
        raise ConfigurationError(f"CrossOrigin takes {setting} as a list of names, got {values!r}.")
    return ", ".join(values)


def add_vary(response: Response) -> None:
    """Have caches keep the answers to different origins apart, also where this message came from none."""
    said = ",".join(value for key, value in response.headers if key.lower() == "vary")
    names: dict[str, str] = {}
    for name in filter(None, map(str.strip, said.split(","))):
        names.setdefault(name.lower(), name)
    if not names.keys() & {"origin", ANY}:
        response.set_header("Vary", ", ".join([*names.values(), "Origin"]))
