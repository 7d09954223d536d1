"""The head of a request, from bytes to a value. Takes bytes, gives `Head`; knows no socket.

llhttp reads the lines and refuses what is no HTTP: bare LF or CR, NUL, folded lines, bad names, a
`Content-Length` beside `Transfer-Encoding`. What it leaves to a server is checked here, each rule beside its clause.
It is given exactly one head at a time, so that what follows in the same packet is only looked at when its turn
comes.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from brubeck.wsgi.limits import Limits
from brubeck.wsgi.refusals import Refusal
from brubeck.wsgi.targets import check_host, split_target
from httptools import HttpParserError, HttpParserUpgrade, HttpRequestParser

__all__ = ["Fields", "Head", "HeadReader", "KnownHeads"]

_NAMES = (
    "GET HEAD POST PUT PATCH DELETE OPTIONS TRACE CONNECT COPY LOCK MKCOL MOVE PROPFIND PROPPATCH SEARCH UNLOCK "
    "BIND REBIND UNBIND ACL REPORT MKACTIVITY CHECKOUT MERGE M-SEARCH NOTIFY SUBSCRIBE UNSUBSCRIBE PURGE "
    "MKCALENDAR LINK UNLINK QUERY"
)
METHODS = {name.encode(): name for name in _NAMES.split()}
"""What is served; the handler answers 405 for its part. Any other is 501 (RFC 9110 section 9.1)."""

_PLAIN_METHODS = {sent: name for sent, name in METHODS.items() if name != "CONNECT"}

_FRAMING_NAMES = frozenset(
    (b"host", b"content-length", b"transfer-encoding", b"connection", b"expect", b"content-type")
)

# RFC 9112 section 3: single spaces. The target takes what browsers send unencoded ([ ] | \ ^ ` { }), but no quote,
# "<", ">", "#", and nothing beyond ASCII.
_request_line = re.compile(rb"([A-Z\-]+) ([!$-;=?-~]+) HTTP/1\.([0-9])\r\n").match
_other_version = re.compile(rb"[A-Z\-]+ [!-~]+ HTTP/[0-9]\.[0-9]\r\n").match
_other_method = re.compile(rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+ [!-~]+ HTTP/1\.[0-9]\r\n").match
_unfinished_line = re.compile(
    rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]{1,32}(?:\Z| [!-~]*(?:\Z| (?:H|HT|HTT|HTTP|HTTP/|HTTP/[0-9](?:\.(?:[0-9]\r?)?)?)?\Z))"
).match
_plain_target = re.compile(rb"/[!$-;=?-~]*").fullmatch
_is_token = re.compile(rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+").fullmatch
_MAX_KNOWN_BLOCKS = 256  # of either
_MAX_KNOWN_BLOCK = 2048  # bytes; what is remembered stays under a MiB
_LINE_ENDS = (b"\r", b"\n")
_VERSIONS = (b"0", b"1")
_MAX_EMPTY_LINES = 16
"""Before a request line; RFC 9112 section 2.2 asks for one."""
_MAX_LINE_EXTRA = 48  # method, version and spaces beside the target


class Fields:
    """What the lines behind the request line say; requests that come with the same lines share it."""

    __slots__ = ("chunked", "environ", "expects_continue", "headers", "keep_alive", "length", "version")

    def __init__(self, version: str, headers: Sequence[tuple[bytes, bytes]]) -> None:
        self.version = version
        self.headers = headers
        self.length = 0
        self.chunked = False
        self.expects_continue = False
        self.keep_alive = version != "HTTP/1.0"
        self.environ: tuple[dict[str, Any], dict[str, Any]] | None = None
        """What a WSGI application is told: the base that the server made, and the two together."""

    @property
    def has_body(self) -> bool:
        """Whether content follows."""
        return self.chunked or self.length > 0


class Head:
    """What a request says before its body."""

    __slots__ = ("fields", "method", "path", "query", "target")

    def __init__(self, method: str, target: bytes, fields: Fields) -> None:
        self.method = method
        self.target = target
        self.fields = fields
        self.path, _, self.query = target.decode("latin-1").partition("?")
        # As sent, still encoded; `*` for `OPTIONS *`.


class HeadReader:
    """Reads one head after another, each from bytes that arrive in any number of pieces.

    Args:
        limits: What a head may be.
        known: Heads that were read under the same limits.
    """

    __slots__ = (
        "_complete",
        "_empty_lines",
        "_fed",
        "_headers",
        "_is_last",
        "_known",
        "_limits",
        "_line",
        "_parser",
        "_seen",
    )

    def __init__(self, limits: Limits, known: KnownHeads | None = None) -> None:
        self._limits = limits
        self._known = KnownHeads(limits) if known is None else known
        self._parser: HttpRequestParser | None = None
        self._begin()

    def _begin(self) -> None:
        self._seen = b""
        self._empty_lines = 0
        self._fed = 0
        self._line: re.Match[bytes] | None = None
        self._headers: list[tuple[bytes, bytes]] = []
        self._complete = False

    @property
    def is_between(self) -> bool:
        """Whether no byte of a head has been read."""
        return not self._seen

    def reset(self) -> None:
        """Forget an unfinished head."""
        self._parser = None
        self._begin()

    def read(self, data: bytes) -> tuple[Head, bytes] | None:
        """Return the head that *data* completes and the bytes behind it, or None while more is needed.

        Raises:
            Refusal: This can become no request: the client's fault.
        """
        try:
            return self._read(data)
        except Refusal as refusal:  # RFC 9110 section 9.3.2
            refusal.has_content = not (self._seen + data).lstrip(b"\r\n").startswith(b"HEAD ")
            raise

    def _read(self, data: bytes) -> tuple[Head, bytes] | None:
        if self._seen:
            data = self._seen + data
        if data[:1] in _LINE_ENDS:
            data = self._skip_empty_lines(data)
            if data in (b"", b"\r"):
                self._seen = data
                return None
        end = data.find(b"\r\n\r\n", max(len(self._seen) - 3, 0)) + 4
        if end == 3:
            self._read_part(data)
            return None
        if end == len(data):
            return self._read_whole(data), b""
        return self._read_whole(data[:end]), data[end:]

    def _skip_empty_lines(self, data: bytes) -> bytes:
        """Return *data* behind its leading CRLFs, of which there are a few at most; a lone LF is none."""
        while data.startswith(b"\r\n") and self._empty_lines < _MAX_EMPTY_LINES:
            data = data[2:]
            self._empty_lines += 1
        if data[:1] == b"\n" or (data[:1] == b"\r" and len(data) > 1):
            raise Refusal(400, "A request begins with its request line, and lines end with CR LF.")
        return data

    def _read_whole(self, data: bytes) -> Head:
        """Read *data*, a head up to its empty line."""
        limits = self._limits
        head = None if self._fed else self._known.recall(data)
        if head is None:
            line = self._line or _request_line(data)
            if line is None or line[1] not in METHODS:
                raise self._refuse_line(data)
            if len(data) > limits.max_head_bytes:
                raise Refusal(431, "The headers are too large.")
            head = self._read_new(line, data)
        self._begin()
        return head

    def _read_new(self, line: re.Match[bytes], data: bytes) -> Head:
        fields = Fields("HTTP/1.0" if line[3] == b"0" else "HTTP/1.1", self._headers)
        head = Head(METHODS[line[1]], line[2], fields)
        self._feed(line, data)
        if not self._complete:
            raise Refusal(400, "The headers are not HTTP.")
        if len(head.target) > self._limits.max_target_bytes:
            raise Refusal(414, "The request target is too long.")
        if len(fields.headers) > self._limits.max_headers:
            raise Refusal(431, "There are too many headers.")
        interpret(head)
        if fields.has_body or not fields.keep_alive:
            self._parser = None  # it would wait for a body that it is not given
        elif self._parser is not None:  # a handshake has a key of its own, which nobody sends again
            self._known.remember(head, data[line.end(2) + 1 :])
            if self._is_last:
                self._parser = None  # it would refuse the next head, which may be another client's
        return head

    def _read_part(self, data: bytes) -> None:
        """Look at *data*, the beginning of a head, so that what can become none is refused at once."""
        self._seen = data
        if self._line is None:
            self._line = _request_line(data)
            if self._line is None:
                if b"\n" in data or not _unfinished_line(data):
                    raise self._refuse_line(data)
                if len(data) > self._limits.max_target_bytes + _MAX_LINE_EXTRA:
                    raise Refusal(414, "The request target is too long.")
                return
            if self._line[1] not in METHODS:
                raise self._refuse_line(data)
        if len(data) > self._limits.max_head_bytes:
            raise Refusal(431, "The headers are too large.")
        self._feed(self._line, data)

    def _feed(self, line: re.Match[bytes], data: bytes) -> None:
        """Give llhttp what it has not seen of *data*, which begins with the request *line*."""
        if self._fed:
            fresh = data[self._fed :]
        elif (
            line[3] not in _VERSIONS
        ):  # RFC 9110 section 6.2: a higher minor version is served as the highest known
            fresh = b"%b %b HTTP/1.1\r\n%b" % (line[1], line[2], data[line.end() :])
        else:
            fresh = data
        self._fed = len(data)
        if self._parser is None:
            self._parser = HttpRequestParser(self)
        try:
            self._parser.feed_data(fresh)
        except HttpParserUpgrade:
            # RFC 9110 section 7.8: an offer to upgrade may be ignored; the rest is an ordinary request.
            self._parser = None
        except HttpParserError as exc:
            raise Refusal(400, "The headers are not HTTP.") from exc

    def _refuse_line(self, data: bytes) -> Refusal:
        """Return what is wrong with the request line that *data* begins with."""
        if _other_method(data):
            method = data.partition(b" ")[0]
            if method not in METHODS and len(method) <= 32:
                return Refusal(501, "The method is not known here.")
        elif _other_version(data):
            return Refusal(505, "This server speaks HTTP/1.1 and HTTP/1.0.")
        return Refusal(400, "The request line is not HTTP.")

    # What llhttp calls

    def on_header(self, name: bytes, value: bytes) -> None:
        """Keep a header line; after the head there are none, since llhttp is given no body."""
        self._headers.append((name, value))

    def on_headers_complete(self) -> None:
        """Note that the empty line was reached, and whether llhttp takes it for the last.

        It does for `Proxy-Connection: close` too, which no RFC knows and nobody else heeds.
        """
        self._complete = True
        parser = self._parser
        self._is_last = parser is None or not parser.should_keep_alive()


class KnownHeads:
    """Heads that came before, and that *limits* allow: what is found here is measured no more.

    Args:
        limits: Those of all readers that share it.
    """

    __slots__ = ("_blocks", "_heads", "_limits")

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._blocks: dict[bytes, Fields] = {}
        self._heads: dict[bytes, Head] = {}

    def remember(self, head: Head, block: bytes) -> None:
        """Keep what was read of *block*, a protocol version and headers without a body, for when it comes again.

        A client sends the same headers with nearly every request of a connection. Looking them up takes a third of the
        time of llhttp and `interpret` (`benchmarks/heads.py`).
        """
        plain = head.target[:1] == b"/" and head.method != "CONNECT" and not head.fields.expects_continue
        if plain and len(block) <= _MAX_KNOWN_BLOCK:
            if len(self._blocks) >= _MAX_KNOWN_BLOCKS:
                self._blocks.clear()
            self._blocks[block] = head.fields

    def recall(self, data: bytes) -> Head | None:
        """Return the head that *data* is when it came before, or is a plain request line before a known block.

        A head that comes again takes a third of the time of one that shares its block with others
        (`benchmarks/heads.py`): clients poll, monitors ask for one page, many browsers for the same file.
        """
        head = self._heads.get(data)
        if head is None:
            head = self._recall_block(data)
            if head is not None and len(data) <= _MAX_KNOWN_BLOCK:
                if len(self._heads) >= _MAX_KNOWN_BLOCKS:
                    self._heads.clear()
                self._heads[data] = head
        return head

    def _recall_block(self, data: bytes) -> Head | None:
        try:
            method, target, block = data.split(b" ", 2)
        except ValueError:
            return None
        fields = self._blocks.get(block)
        if fields is None or not _plain_target(target):
            return None
        limits = self._limits
        if len(target) > limits.max_target_bytes or len(data) > limits.max_head_bytes:
            return None
        name = _PLAIN_METHODS.get(method)
        return None if name is None else Head(name, target, fields)


def interpret(head: Head) -> None:  # noqa: C901, PLR0912 - one pass over the headers, for every request
    """Read the headers that decide about framing, and the target."""
    hosts: list[bytes] = []
    lengths: list[bytes] = []
    codings: list[bytes] = []
    options: list[bytes] = []
    has_type = False
    fields = head.fields
    headers = list(fields.headers)
    fields.headers = headers
    for place, (name, value) in enumerate(headers):
        if value[-1:] in (b" ", b"\t"):  # RFC 9110 section 5.5: whitespace around a value is not part of it
            value = value.rstrip(b" \t")  # noqa: PLW2901
            headers[place] = (name, value)
        name = name.lower()  # noqa: PLW2901
        if name in _FRAMING_NAMES:
            if name == b"host":
                hosts.append(value)
            elif name == b"content-length":
                lengths.append(value)
            elif name == b"transfer-encoding":
                codings.append(value)
            elif name == b"connection":
                options.append(value)
            elif name == b"content-type":
                if has_type:  # RFC 9110 section 8.3: it has one value, and each reader would choose its own
                    raise Refusal(400, "A request has one Content-Type header.")
                has_type = True
            else:
                _read_expect(fields, value)
    if lengths or codings:
        _read_framing(fields, lengths, codings)
        if head.method == "TRACE" and fields.has_body:  # RFC 9110 section 9.3.8
            raise Refusal(400, "TRACE has no content.")
    if options:
        _read_connection(fields, options)
    if len(hosts) > 1 or (not hosts and fields.version == "HTTP/1.1"):  # RFC 9112 section 3.2
        raise Refusal(400, "A request has one Host header.")
    if hosts:
        check_host(hosts[0])
    if head.target[:1] != b"/" or head.method == "CONNECT":
        split_target(head)


def _read_connection(fields: Fields, values: list[bytes]) -> None:
    """RFC 9112 section 9.3: `close` wins over whatever else is said."""
    options = [option.strip(b" \t").lower() for option in b",".join(values).split(b",")]
    if b"close" in options:
        fields.keep_alive = False
    elif b"keep-alive" in options:
        fields.keep_alive = True


def _read_expect(fields: Fields, value: bytes) -> None:
    """RFC 9110 section 10.1.1: an expectation in HTTP/1.0 is ignored, an unknown one may be refused."""
    if fields.version == "HTTP/1.0":
        return
    if value.lower() != b"100-continue":
        raise Refusal(417, "The only expectation that can be met is 100-continue.")
    fields.expects_continue = True


def _read_framing(fields: Fields, lengths: list[bytes], codings: list[bytes]) -> None:
    """RFC 9112 section 6: one length of digits alone, or the coding chunked alone; never both."""
    if codings:
        if lengths:
            raise Refusal(400, "A request has Content-Length or Transfer-Encoding, not both.")
        if fields.version == "HTTP/1.0":
            raise Refusal(400, "There is no Transfer-Encoding in HTTP/1.0.")
        if len(codings) > 1:
            raise Refusal(400, "A request has one Transfer-Encoding header.")
        if codings[0].lower() != b"chunked":
            raise _refuse_coding(codings[0])
        fields.chunked = True
        return
    if len(lengths) > 1 or not lengths[0].isdigit() or len(lengths[0]) > 19:
        raise Refusal(400, "Content-Length is one decimal number.")
    fields.length = int(lengths[0])


def _refuse_coding(value: bytes) -> Refusal:
    """RFC 9112 section 6.3: without chunked at the end no length is known, and before it a coding may be unknown."""
    *others, last = (coding.strip(b" \t").lower() for coding in value.split(b","))
    if last == b"chunked" and others and all(map(_is_token, others)) and last not in others:
        return Refusal(501, "The only transfer coding that is known here is chunked.")
    return Refusal(400, "A request with Transfer-Encoding ends with one chunked.")
