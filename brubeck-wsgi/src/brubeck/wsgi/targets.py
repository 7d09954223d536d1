"""The request target and the host, by the grammar of RFC 9112 section 3.2 and RFC 3986."""

from __future__ import annotations

import re
import socket
from typing import TYPE_CHECKING

from brubeck.wsgi.refusals import Refusal

if TYPE_CHECKING:
    from brubeck.wsgi.heads import Head

__all__ = ["check_host", "is_authority", "split_target"]

# Without the comma, which the grammar allows: it is what two Host headers look like once a proxy has joined them.
_NAME = rb"(?:[A-Za-z0-9\-._~!$&'()*+;=]|%[0-9A-Fa-f]{2})*"
_LITERAL = rb"\[(?:[0-9A-Fa-f:.]{2,45}|[vV][0-9A-Fa-f]+\.[A-Za-z0-9\-._~!$&'()*+,;=:]+)\]"
_authority = re.compile(rb"(?:" + _LITERAL + rb"|" + _NAME + rb")(?::([0-9]{0,5}))?").fullmatch
_absolute = re.compile(rb"(https?)://([^/?#]*)([^?#]*)(?:\?([^#]*))?", re.IGNORECASE).fullmatch

_known_hosts: set[bytes] = set()
_MAX_KNOWN_HOSTS = 256


def check_host(value: bytes) -> None:
    """Refuse what is no `host[:port]` (RFC 9112 section 3.2). Empty is allowed (RFC 9110 section 7.2)."""
    if value in _known_hosts:
        return
    if not is_authority(value):
        raise Refusal(400, "The Host header names no host.")
    if len(_known_hosts) < _MAX_KNOWN_HOSTS and len(value) < 256:
        _known_hosts.add(value)


def is_authority(value: bytes, *, needs_port: bool = False) -> bool:
    """Say whether *value* is `host` or `host:port`, the host a name, an IPv4 or a bracketed IPv6 address."""
    match = _authority(value)
    if match is None or int(match[1] or 0) > 65535 or (needs_port and not match[1]):
        return False
    if value[:1] != b"[" or value[1:2] in (b"v", b"V"):
        return True
    try:
        socket.inet_pton(socket.AF_INET6, value[1:].partition(b"]")[0].decode())
    except OSError:
        return False
    return True


def split_target(head: Head) -> None:
    """Read a target that is no plain path: absolute-form, authority-form or `*`."""
    target = head.target
    if head.method == "CONNECT":
        if not is_authority(target, needs_port=True):
            raise Refusal(400, "CONNECT takes a host and a port.")
        raise Refusal(501, "This server is no proxy.")
    if target == b"*":
        if head.method != "OPTIONS":
            raise Refusal(400, "Only OPTIONS has the target *.")
        return
    match = _absolute(target)
    if match is None or not match[2]:
        raise Refusal(400, "The request target is a path or a http URL.")
    check_host(match[2])
    path = match[3] or (b"*" if head.method == "OPTIONS" and match[4] is None else b"/")
    head.path, head.query = path.decode("latin-1"), (match[4] or b"").decode("latin-1")
    _replace_host(head, match[2])


def _replace_host(head: Head, authority: bytes) -> None:
    """RFC 9112 section 3.2.2: the host of the target counts, the Host header is ignored."""
    headers = [pair for pair in head.fields.headers if pair[0].lower() != b"host"]
    head.fields.headers = [(b"Host", authority), *headers]
