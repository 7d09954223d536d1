"""Requests that are malformed, odd or meant to smuggle another, each with what a careful server answers.

A case is a name, the bytes, and the statuses of all answers in order. Wherever the last status is 400 or more by the
server's own word, the connection is closed behind it, and nothing that follows is ever answered.
"""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["CASES", "Case"]


class Case(NamedTuple):
    """One entry; `clause` is the rule behind the expectation."""

    name: str
    data: bytes
    statuses: tuple[int, ...]
    clause: str = ""

    @property
    def is_refused(self) -> bool:
        return self.statuses[-1] >= 400


def request(
    line: bytes = b"GET / HTTP/1.1", *headers: bytes, body: bytes = b"", host: bytes | None = b"Host: x"
) -> bytes:
    lines = [line, *([host] if host is not None else []), *headers, b"", b""]
    return b"\r\n".join(lines) + body


def get(*headers: bytes) -> bytes:
    return request(b"GET / HTTP/1.1", *headers)


def post(*headers: bytes, body: bytes = b"") -> bytes:
    return request(b"POST / HTTP/1.1", *headers, body=body)


def chunked(body: bytes) -> bytes:
    return post(b"Transfer-Encoding: chunked", body=body)


VALID = [
    Case("plain", get(), (200,)),
    Case("lower-case header names", request(b"GET / HTTP/1.1", host=b"host: x"), (200,), "RFC 9110 5.1"),
    Case("no space behind the colon", request(host=b"Host:x"), (200,), "RFC 9112 5.1"),
    Case("tabs around a value", get(b"A: \t b \t "), (200,), "RFC 9110 5.5"),
    Case("empty value", get(b"A:"), (200,), "RFC 9110 5.5"),
    Case("obs-text in a value", get(b"A: \xe9\xff"), (200,), "RFC 9110 5.5"),
    Case("every token character in a name", get(b"!#$%&'*+-.^_`|~09azAZ: x"), (200,), "RFC 9110 5.6.2"),
    Case("repeated Accept", get(b"Accept: a/b", b"Accept: c/d"), (200,), "RFC 9110 5.3"),
    Case("CRLF before the request line", b"\r\n" + get(), (200,), "RFC 9112 2.2"),
    Case("two CRLFs before it", b"\r\n\r\n" + get(), (200,), "RFC 9112 2.2"),
    Case("query", request(b"GET /?a=b&c HTTP/1.1"), (200,)),
    Case("query with a question mark", request(b"GET /?a=b?c HTTP/1.1"), (200,), "RFC 3986 3.4"),
    Case("double slash", request(b"GET //a HTTP/1.1"), (200,)),
    Case("percent escapes", request(b"GET /%2e%2e/%00 HTTP/1.1"), (200,)),
    Case("a bare percent", request(b"GET /% HTTP/1.1"), (200,)),
    Case("absolute-form", request(b"GET http://x/a HTTP/1.1"), (200,), "RFC 9112 3.2.2"),
    Case("absolute-form without a path", request(b"GET http://x HTTP/1.1"), (200,), "RFC 9112 3.2.2"),
    Case(
        "absolute-form, other Host",
        request(b"GET http://x/a HTTP/1.1", host=b"Host: y"),
        (200,),
        "RFC 9112 3.2.2",
    ),
    Case("absolute-form, upper-case scheme", request(b"GET HTTP://x/a HTTP/1.1"), (200,), "RFC 3986 3.1"),
    Case("OPTIONS *", request(b"OPTIONS * HTTP/1.1"), (200,), "RFC 9112 3.2.4"),
    Case("HEAD", request(b"HEAD / HTTP/1.1"), (200,)),
    Case("DELETE", request(b"DELETE / HTTP/1.1"), (200,)),
    Case("PATCH", request(b"PATCH / HTTP/1.1"), (200,)),
    Case("HTTP/1.0", request(b"GET / HTTP/1.0"), (200,)),
    Case("HTTP/1.0 without Host", request(b"GET / HTTP/1.0", host=None), (200,), "RFC 9112 3.2"),
    Case("HTTP/1.0 keep-alive", request(b"GET / HTTP/1.0", b"Connection: keep-alive"), (200,)),
    Case("Connection: close", get(b"Connection: close"), (200,), "RFC 9112 9.6"),
    Case("Connection: Close", get(b"Connection: Close"), (200,), "RFC 9110 7.6.1"),
    Case("Connection: x, close", get(b"Connection: x, close"), (200,), "RFC 9110 7.6.1"),
    Case("Content-Length: 0 on GET", get(b"Content-Length: 0"), (200,)),
    Case(
        "a body on GET",
        request(b"GET / HTTP/1.1", b"Content-Length: 3", body=b"abc"),
        (200,),
        "RFC 9110 9.3.1",
    ),
    Case("a body", post(b"Content-Length: 3", body=b"abc"), (200,)),
    Case("leading zeros in a length", post(b"Content-Length: 0003", body=b"abc"), (200,), "RFC 9110 8.6"),
    Case("POST without a body", post(), (200,), "RFC 9112 6.3"),
    Case("chunked", chunked(b"3\r\nabc\r\n0\r\n\r\n"), (200,), "RFC 9112 7.1"),
    Case("chunked, two chunks", chunked(b"1\r\na\r\n2\r\nbc\r\n0\r\n\r\n"), (200,)),
    Case("chunked, upper-case digits", chunked(b"A\r\n0123456789\r\n0\r\n\r\n"), (200,)),
    Case("chunked, leading zeros", chunked(b"0003\r\nabc\r\n000\r\n\r\n"), (200,)),
    Case("chunked, extension", chunked(b"3;a=b\r\nabc\r\n0\r\n\r\n"), (200,), "RFC 9112 7.1.1"),
    Case("chunked, quoted extension", chunked(b'3;a="b;c"\r\nabc\r\n0\r\n\r\n'), (200,), "RFC 9112 7.1.1"),
    Case("chunked, extension without a value", chunked(b"3;a\r\nabc\r\n0\r\n\r\n"), (200,)),
    Case("chunked, trailer", chunked(b"3\r\nabc\r\n0\r\nX: y\r\n\r\n"), (200,), "RFC 9112 7.1.2"),
    Case("chunked, empty", chunked(b"0\r\n\r\n"), (200,)),
    Case(
        "Transfer-Encoding: Chunked",
        post(b"Transfer-Encoding: Chunked", body=b"0\r\n\r\n"),
        (200,),
        "RFC 9112 7",
    ),
    Case("chunked with spaces around", post(b"Transfer-Encoding:  chunked ", body=b"0\r\n\r\n"), (200,)),
    Case(
        "an offer to upgrade",
        get(b"Connection: Upgrade, HTTP2-Settings", b"Upgrade: h2c"),
        (200,),
        "RFC 9110 7.8",
    ),
    Case("two requests", get() + get(), (200, 200), "RFC 9112 9.3.2"),
    Case("a body, then a request", post(b"Content-Length: 3", body=b"abc") + get(), (200, 200)),
    Case("chunks, then a request", chunked(b"3\r\nabc\r\n0\r\n\r\n") + get(), (200, 200)),
    Case("CRLF between requests", get() + b"\r\n" + get(), (200, 200), "RFC 9112 2.2"),
    Case("Host with a port", request(host=b"Host: x:80"), (200,)),
    Case("Host in IPv6", request(host=b"Host: [::1]:80"), (200,)),
    Case("empty Host", request(host=b"Host:"), (200,), "RFC 9110 7.2"),
    Case("a higher minor version", request(b"GET / HTTP/1.2"), (200,), "RFC 9110 6.2"),
]

LINES = {
    "nothing but a method": b"GET",
    "no target": b"GET HTTP/1.1",
    "no version (HTTP/0.9)": b"GET /",
    "two spaces behind the method": b"GET  / HTTP/1.1",
    "two spaces before the version": b"GET /  HTTP/1.1",
    "a tab between": b"GET\t/ HTTP/1.1",
    "a space in front": b" GET / HTTP/1.1",
    "a space behind": b"GET / HTTP/1.1 ",
    "a space in the target": b"GET /a b HTTP/1.1",
    "a control character in the target": b"GET /\x01 HTTP/1.1",
    "DEL in the target": b"GET /\x7f HTTP/1.1",
    "NUL in the target": b"GET /\x00 HTTP/1.1",
    "beyond ASCII in the target": b"GET /\xe9 HTTP/1.1",
    "a fragment": b"GET /#a HTTP/1.1",
    "a quote in the target": b'GET /" HTTP/1.1',
    "a relative target": b"GET a HTTP/1.1",
    "a bare query": b"GET ?a HTTP/1.1",
    "* with GET": b"GET * HTTP/1.1",
    "authority-form with GET": b"GET x:80 HTTP/1.1",
    "another scheme": b"GET ftp://x/ HTTP/1.1",
    "no host in absolute-form": b"GET http:///a HTTP/1.1",
    "userinfo in absolute-form": b"GET http://a@x/ HTTP/1.1",
    "lower-case protocol": b"GET / http/1.1",
    "version without a minor": b"GET / HTTP/1",
    "version of two digits": b"GET / HTTP/1.10",
    "version with a letter": b"GET / HTTP/1.x",
    "version with a sign": b"GET / HTTP/+1.1",
    "version with a comma": b"GET / HTTP/1,1",
    "another protocol": b"GET / ICY/1.1",
    "a colon in the method": b"GE:T / HTTP/1.1",
    "a bracket in the method": b"G[T / HTTP/1.1",
    "a control character in the method": b"G\x00T / HTTP/1.1",
    "CONNECT without a port": b"CONNECT x HTTP/1.1",
}
OTHER_LINES = {
    "HTTP/2.0": (b"GET / HTTP/2.0", 505),
    "HTTP/0.9 written out": (b"GET / HTTP/0.9", 505),
    "HTTP/3.0": (b"GET / HTTP/3.0", 505),
    "an unknown method": (b"BREW / HTTP/1.1", 501),
    "a lower-case method": (b"get / HTTP/1.1", 501),
    "CONNECT": (b"CONNECT x:80 HTTP/1.1", 501),
    "a long target": (b"GET /" + b"a" * 9000 + b" HTTP/1.1", 414),
}
HEADERS = {
    "no colon": b"Abc",
    "a space before the colon": b"A : b",
    "a tab before the colon": b"A\t: b",
    "an empty name": b": b",
    "a space in the name": b"A b: c",
    "a space before the name": b" A: b",
    "NUL in the name": b"A\x00: b",
    "NUL in the value": b"A: b\x00c",
    "a control character in the value": b"A: b\x01c",
    "DEL in the value": b"A: b\x7fc",
    "CR in the value": b"A: b\rc",
    "CR before CRLF": b"A: b\r",
    "a bare LF": b"A: b\nC: d",
    "a folded line": b"A: b\r\n c",
    "a folded line with a tab": b"A: b\r\n\tc",
    "a slash in the name": b"A/b: c",
    "a quote in the name": b'A": c',
    "beyond ASCII in the name": b"\xe9: c",
    "a parenthesis in the name": b"A(: c",
    "a comma in the name": b"A,b: c",
    "an at sign in the name": b"A@: c",
    "two Hosts": b"Host: y",
    "the same Host twice": b"Host: x",
    "two lengths": b"Content-Length: 1\r\nContent-Length: 2",
    "the same length twice": b"Content-Length: 1\r\nContent-Length: 1",
    "a list of lengths": b"Content-Length: 1, 1",
    "a signed length": b"Content-Length: +1",
    "a negative length": b"Content-Length: -1",
    "a hexadecimal length": b"Content-Length: 0x1",
    "a length with an underscore": b"Content-Length: 1_0",
    "a length with a dot": b"Content-Length: 1.0",
    "a length with a space": b"Content-Length: 1 0",
    "an empty length": b"Content-Length:",
    "a length in words": b"Content-Length: one",
    "a length in other digits": b"Content-Length: \xd9\xa1",
    "a length behind a vertical tab": b"Content-Length: \x0b1",
    "a length before NBSP": b"Content-Length: 1\xa0",
    "an enormous length": b"Content-Length: " + b"9" * 30,
    "length and coding": b"Content-Length: 1\r\nTransfer-Encoding: chunked",
    "coding and length": b"Transfer-Encoding: chunked\r\nContent-Length: 1",
    "two codings": b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
    "a folded coding": b"Transfer-Encoding:\r\n chunked",
    "a space before the coding's colon": b"Transfer-Encoding : chunked",
    "a vertical tab before the coding": b"Transfer-Encoding: \x0bchunked",
    "a length with a space before its colon": b"Content-Length : 1",
}
CODINGS = [b"identity", b"gzip", b"chunked, identity", b"gzip, chunked", b"chunked, chunked", b"xchunked",
           b"chunked;q=1",
           b'"chunked"', b"", b"chunked,", b",chunked", b"chunk\xe9d", b"chunked\xa0"]  # fmt: skip
HOSTS = [
    b"a b", b"a/b", b"a@b", b"a:b", b"a:99999", b"[::1", b"a,b", b"a?b", b"a#b", b"a\\b", b"<a>", b"a:80:80",
    b"http://a", b'"a"', b"a:-1", b"a^", b"\xe9",
]  # fmt: skip
CHUNKS = {
    "no size": b"\r\nabc\r\n0\r\n\r\n",
    "a size in words": b"three\r\nabc\r\n0\r\n\r\n",
    "a signed size": b"+3\r\nabc\r\n0\r\n\r\n",
    "a negative size": b"-3\r\nabc\r\n0\r\n\r\n",
    "a size with 0x": b"0x3\r\nabc\r\n0\r\n\r\n",
    "a size with an underscore": b"1_0\r\nabc\r\n0\r\n\r\n",
    "a space before the size": b" 3\r\nabc\r\n0\r\n\r\n",
    "a space behind the size": b"3 \r\nabc\r\n0\r\n\r\n",
    "a tab behind the size": b"3\t\r\nabc\r\n0\r\n\r\n",
    "a size ended by LF": b"3\nabc\r\n0\r\n\r\n",
    "a size ended by CR": b"3\rabc\r\n0\r\n\r\n",
    "data longer than its size": b"3\r\nabcd\r\n0\r\n\r\n",
    "data shorter than its size": b"4\r\nabc\r\n0\r\n\r\n",
    "data ended by LF": b"3\r\nabc\n0\r\n\r\n",
    "data ended by nothing": b"3\r\nabc0\r\n\r\n",
    "LF in an extension": b"3;a\nb\r\nabc\r\n0\r\n\r\n",
    "CR in an extension": b"3;a\rb\r\nabc\r\n0\r\n\r\n",
    "NUL in an extension": b"3;a\x00\r\nabc\r\n0\r\n\r\n",
    "an extension without a name": b"3;=b\r\nabc\r\n0\r\n\r\n",
    "an open quote in an extension": b'3;a="b\r\nabc\r\n0\r\n\r\n',
    "a long extension": b"3;" + b"a" * 5000 + b"\r\nabc\r\n0\r\n\r\n",
    "an enormous size": b"fffffffffffffffff\r\nabc\r\n0\r\n\r\n",
    "a trailer without a colon": b"0\r\nabc\r\n\r\n",
    "a trailer with a space in its name": b"0\r\nA b: c\r\n\r\n",
    "a folded trailer": b"0\r\nA: b\r\n c\r\n\r\n",
    "NUL in a trailer": b"0\r\nA: \x00\r\n\r\n",
    "LF behind the last chunk": b"0\n\r\n",
    "a trailer ended by LF": b"0\r\nA: b\n\r\n",
    "a request in the place of a trailer": b"0\r\nGET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n",
}
OTHERS = [
    Case("no Host", request(host=None), (400,), "RFC 9112 3.2"),
    Case("LF line ends", b"GET / HTTP/1.1\nHost: x\n\n", (400,), "RFC 9112 2.2"),
    Case("CR line ends", b"GET / HTTP/1.1\rHost: x\r\r", (400,), "RFC 9112 2.2"),
    Case("LF before the request line", b"\n" + get(), (400,), "RFC 9112 2.2"),
    Case("Transfer-Encoding in HTTP/1.0", request(b"POST / HTTP/1.0", b"Transfer-Encoding: chunked", body=b"0\r\n\r\n"),
         (400,), "RFC 9112 6.1"),
    Case("an unknown expectation", post(b"Expect: x", b"Content-Length: 0"), (417,), "RFC 9110 10.1.1"),
    Case("too many headers", get(*[b"A: b"] * 200), (431,)),
    Case("a large header", get(b"A: " + b"b" * 40_000), (431,)),
    Case("a TLS handshake", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00" * 40 + b"\r\n\r\n", (400,)),
    Case("the preface of HTTP/2", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", (505,), "RFC 9113 3.4"),
    Case("garbage behind a request", get() + b"\x00\x01garbage\r\n\r\n", (200, 400)),
    Case("a bad request behind a good one", get() + request(b"GET / HTTP/1.1", b"A : b"), (200, 400)),
]  # fmt: skip

CASES: list[Case] = [
    *VALID,
    *(Case(f"line: {name}", request(line), (400,), "RFC 9112 3") for name, line in LINES.items()),
    *(Case(f"line: {name}", request(line), (status,)) for name, (line, status) in OTHER_LINES.items()),
    *(Case(f"header: {name}", post(header, body=b"a"), (400,), "RFC 9112 5, 6") for name, header in HEADERS.items()),
    *(Case(f"coding: {value!r}", post(b"Transfer-Encoding: " + value, body=b"0\r\n\r\n"), (501,), "RFC 9112 6.1")
      for value in CODINGS),
    *(Case(f"host: {value!r}", request(host=b"Host: " + value), (400,), "RFC 9112 3.2") for value in HOSTS),
    *(Case(f"chunk: {name}", chunked(body), (400,), "RFC 9112 7.1") for name, body in CHUNKS.items()),
    *OTHERS,
]  # fmt: skip
