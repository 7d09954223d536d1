"""A client for tests: it asks an application with no socket between, or a server through a real one."""

from __future__ import annotations

import http.client
import json as jsonlib
import secrets
from collections.abc import Iterable, Mapping
from http.cookies import SimpleCookie
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import quote, urlencode, urlsplit

from brubeck.core.headers import Headers
from brubeck.core.requests import Request, decode_path

if TYPE_CHECKING:
    from brubeck.core.application import Brubeck

__all__ = ["Client", "ClientResponse", "SocketClient"]

Pairs = Iterable[tuple[str, str]]
SAFE_IN_PATH = "/:@!$&'()*+,;=~-._%"


class ClientResponse:
    """What came back.

    Args:
        status_code: The status.
        reason: The phrase beside it.
        headers: Found by name in any case; `headers.get_all` gives repeated ones.
        body: The whole content.
    """

    def __init__(self, status_code: int, reason: str, headers: Headers, body: bytes) -> None:
        self.status_code = status_code
        self.reason = reason
        self.headers = headers
        self.body = body

    @property
    def text(self) -> str:
        """The body as text, by the charset of `Content-Type`, else UTF-8."""
        charset = (
            self.headers.get("Content-Type", "").partition("charset=")[2].partition(";")[0].strip(" \"'")
        )
        return self.body.decode(charset or "utf-8", "replace")

    @property
    def cookies(self) -> dict[str, str]:
        """The cookies this response sets, deleted ones as empty strings."""
        return {name: value for name, value, _ in read_set_cookies(self.headers)}

    def json(self) -> Any:
        """Return the body read as JSON."""
        return jsonlib.loads(self.body)

    def __repr__(self) -> str:
        return f"<ClientResponse {self.status_code} {self.reason}>"


class Client:
    """Asks *application* in process, through the dispatch that every transport uses.

    Cookies are kept between calls in `cookies`, a plain dict. Redirects are not followed. In a `with` block the plugins
    of the application start before the first request and stop behind the last, as they do around `run()`; what
    `add_task` added is not called.

    Args:
        application: The one to ask.
        base_url: What the requests seem to be sent to.
    """

    def __init__(self, application: Brubeck | None = None, base_url: str = "http://localhost") -> None:
        self.application = application
        self.base = urlsplit(base_url)
        self.cookies: dict[str, str] = {}

    def __enter__(self) -> Self:
        """Call `brubeck_startup` of each plugin; where one fails, `brubeck_shutdown` too.

        Raises:
            PluginError: A plugin failed.
        """
        if self.application is not None:
            try:
                self.application.plugins.startup(self.application)
            except BaseException:
                self.application.plugins.shutdown(self.application)
                raise
        return self

    def __exit__(self, *exception: object) -> None:
        """Call `brubeck_stopping` and `brubeck_shutdown` of each plugin."""
        if self.application is not None:
            self.application.plugins.stopping(self.application)
            self.application.plugins.shutdown(self.application)

    def get(self, path: str, **options: Any) -> ClientResponse:
        """Send GET; see `request`."""
        return self.request("GET", path, **options)

    def head(self, path: str, **options: Any) -> ClientResponse:
        """Send HEAD; see `request`."""
        return self.request("HEAD", path, **options)

    def post(self, path: str, **options: Any) -> ClientResponse:
        """Send POST; see `request`."""
        return self.request("POST", path, **options)

    def put(self, path: str, **options: Any) -> ClientResponse:
        """Send PUT; see `request`."""
        return self.request("PUT", path, **options)

    def patch(self, path: str, **options: Any) -> ClientResponse:
        """Send PATCH; see `request`."""
        return self.request("PATCH", path, **options)

    def delete(self, path: str, **options: Any) -> ClientResponse:
        """Send DELETE; see `request`."""
        return self.request("DELETE", path, **options)

    def options(self, path: str, **options: Any) -> ClientResponse:
        """Send OPTIONS; see `request`."""
        return self.request("OPTIONS", path, **options)

    def request(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, Any] | str | None = None,
        data: Mapping[str, Any] | str | bytes | None = None,
        json: Any = None,
        headers: Mapping[str, str] | Pairs | None = None,
        cookies: Mapping[str, str] | None = None,
        files: Mapping[str, Any] | None = None,
    ) -> ClientResponse:
        """Send one request and return its response.

        Args:
            method: Any method.
            path: From the slash on; may hold a query.
            query: Added to the query of *path*.
            data: A mapping, sent as a form; or the body as it is.
            json: Sent as a JSON body.
            headers: Beside those that follow from the other arguments.
            cookies: Sent once, beside those that are kept.
            files: By field name: bytes, or (filename, bytes[, content type]), or a list of such.
        """
        content_type, body = encode_body(data, json, files)
        pairs = list(headers.items() if isinstance(headers, Mapping) else headers or ())
        names = {name.lower() for name, _ in pairs}
        if content_type and "content-type" not in names:
            pairs.append(("Content-Type", content_type))
        sent_cookies = {**self.cookies, **(cookies or {})}
        if sent_cookies and "cookie" not in names:
            pairs.append(("Cookie", "; ".join(f"{name}={value}" for name, value in sent_cookies.items())))
        if "host" not in names:
            pairs.insert(0, ("Host", self.base.netloc))
        response = self.exchange(method, join_query(path, query), pairs, body)
        self._keep_cookies(response)
        return response

    def exchange(
        self, method: str, target: str, headers: list[tuple[str, str]], body: bytes
    ) -> ClientResponse:
        """Give the request to the application; a subclass sends it elsewhere."""
        if self.application is None:
            raise TypeError("Client needs an application.")
        raw_path, _, query = target.partition("?")
        if body:
            headers.append(("Content-Length", str(len(body))))
        message = Request(
            method,
            decode_path(raw_path.encode()),
            query,
            headers=headers,
            body=body,
            scheme=self.base.scheme,
            remote_addr="127.0.0.1",
            server=(self.base.hostname or "", self.base.port or 80),
            raw_path=raw_path,
        )
        response = self.application.dispatch(message)
        try:
            content = response.body if isinstance(response.body, bytes) else b"".join(response.body)
        finally:
            response.close()
        received = Headers(response.headers)
        if "Content-Length" not in received and not response.bodiless:
            received["Content-Length"] = str(len(content))
        return ClientResponse(response.status_code, response.reason, received, content)

    def _keep_cookies(self, response: ClientResponse) -> None:
        for name, value, is_deleted in read_set_cookies(response.headers):
            if is_deleted:
                self.cookies.pop(name, None)
            else:
                self.cookies[name] = value


class SocketClient(Client):
    """Asks a server at *base_url* through a socket, one connection for each request.

    Args:
        base_url: Scheme, host and port.
        timeout_s: How long a server may stay silent.
    """

    def __init__(self, base_url: str, timeout_s: float = 10.0) -> None:
        super().__init__(None, base_url)
        self.timeout_s = timeout_s

    def exchange(
        self, method: str, target: str, headers: list[tuple[str, str]], body: bytes
    ) -> ClientResponse:
        """Send the request through a new connection."""
        connection = http.client.HTTPConnection(
            self.base.hostname or "localhost", self.base.port, timeout=self.timeout_s
        )
        try:
            connection.putrequest(method, target, skip_host=True, skip_accept_encoding=True)
            for name, value in headers:
                connection.putheader(name, value.encode("utf-8"))
            if body or method in ("POST", "PUT", "PATCH"):
                connection.putheader("Content-Length", str(len(body)))
            connection.endheaders(body or None)
            answer = connection.getresponse()
            return ClientResponse(answer.status, answer.reason, Headers(answer.getheaders()), answer.read())
        finally:
            connection.close()


def read_set_cookies(headers: Headers) -> Iterable[tuple[str, str, bool]]:
    """Yield name, value and whether it is a deletion, for each `Set-Cookie`."""
    for line in headers.get_all("Set-Cookie"):
        cookie: SimpleCookie = SimpleCookie()
        cookie.load(line)
        for name, morsel in cookie.items():
            is_deleted = morsel["max-age"] in ("0", "-1") or "1970" in morsel["expires"]
            yield name, morsel.coded_value, is_deleted


def join_query(path: str, query: Mapping[str, Any] | str | None) -> str:
    """Return the request target: *path* as sent, with *query* behind it."""
    raw_path, mark, old = path.partition("?")
    new = urlencode(query, doseq=True) if isinstance(query, Mapping) else query or ""
    joined = "&".join(part for part in (old, new) if part)
    target = quote(raw_path, safe=SAFE_IN_PATH)
    return f"{target}?{joined}" if joined or mark else target


def encode_body(data: Any, json: Any, files: Mapping[str, Any] | None) -> tuple[str, bytes]:
    """Return the content type and the bytes of a body."""
    if json is not None:
        return "application/json", jsonlib.dumps(json).encode()
    if files:
        return encode_multipart(data or {}, files)
    if isinstance(data, Mapping):
        return "application/x-www-form-urlencoded", urlencode(data, doseq=True).encode()
    if isinstance(data, str):
        return "text/plain; charset=utf-8", data.encode()
    return "", data or b""


def encode_multipart(fields: Mapping[str, Any], files: Mapping[str, Any]) -> tuple[str, bytes]:
    """Return the content type and the bytes of a multipart form."""
    boundary = secrets.token_hex(16)
    parts = [
        f'Content-Disposition: form-data; name="{name}"\r\n\r\n{item}'.encode()
        for name, value in fields.items()
        for item in (value if isinstance(value, list | tuple) else [value])
    ]
    for name, value in files.items():
        parts.extend(encode_file(name, upload) for upload in (value if isinstance(value, list) else [value]))
    lines = [b"--" + boundary.encode() + b"\r\n" + part + b"\r\n" for part in parts]
    body = b"".join(lines) + f"--{boundary}--\r\n".encode()
    return f"multipart/form-data; boundary={boundary}", body


def encode_file(name: str, upload: bytes | tuple[Any, ...]) -> bytes:
    """Return one file as a part."""
    filename, content, *rest = (name, upload) if isinstance(upload, bytes) else upload
    content_type = rest[0] if rest else "application/octet-stream"
    head = (
        f'Content-Disposition: form-data; name="{name}"; filename="{filename}"\r\n'
        f"Content-Type: {content_type}\r\n\r\n"
    )
    return head.encode() + bytes(content)
