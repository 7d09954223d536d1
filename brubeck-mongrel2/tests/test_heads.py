"""Heads that are known, and those that only look so."""

from __future__ import annotations

import pytest
from brubeck.core.requests import decode_path
from brubeck.mongrel2 import heads
from brubeck.mongrel2.heads import keeps_alive
from brubeck.mongrel2.intake import read_request
from brubeck.mongrel2.messages import MessageError, split_message
from hypothesis import given
from hypothesis import strategies as st

CLIENT = ((b"host", b"example.org"), (b"x-forwarded-for", b"10.0.0.1"))


def message(path=b"/", query=b"", client=CLIENT, body=b"", version=b"HTTP/1.1", peer=b"10.0.0.1"):
    """Return a message as Mongrel2 writes it."""
    url = path + b"?" + query if query else path
    pairs = [(b"REMOTE_ADDR", peer), (b"METHOD", b"GET"), (b"URL_SCHEME", b"http"), (b"PATTERN", b"/")]
    pairs += [(b"QUERY", query)] if query else []
    pairs += [(b"URI", url), (b"VERSION", version), (b"PATH", path), *client]
    block = b"".join(b"%d:%b,%d:%b," % (len(name), name, len(value), value) for name, value in pairs)
    return b"m2 7 %b %d:%b}%d:%b," % (path, len(block), block, len(body), body)


@pytest.fixture(autouse=True)
def _forgotten():
    heads.known.clear()
    heads.repeated.clear()


def read_in_full(data):
    """Return what `read_request` should, by the decoder alone."""
    sender, number, path, headers, body = split_message(data)
    query = headers.pop(b"QUERY", b"")
    for name in (b"URI", b"PATH", b"FRAGMENT"):
        headers.pop(name, None)
    return sender, number, path, headers, query, body


def read(data):
    message = read_request(data)
    path = message.target.wire_path
    assert message.path == decode_path(path)
    return (
        message.sender,
        message.number,
        path,
        message.head.headers,
        message.query.encode("latin-1"),
        message.body,
    )


def test_other_urls_of_a_client_have_the_same_head():
    first = read_request(message(b"/one", b"a=1"))
    second = read_request(message(b"/two"))
    third = read_request(message(b"/three", b"b=22"))

    assert first.head is second.head is third.head
    assert (third.raw_path, third.query) == ("/three", "b=22")


def test_a_message_that_names_another_path_than_its_headers_is_not_taken_for_one_that_does_not():
    data = message(b"/one")
    read(data), read(data)
    odd = data.replace(b"m2 7 /one ", b"m2 7 /two ")

    assert read(odd) == read_in_full(odd)


@pytest.mark.parametrize(
    "other",
    [
        message(peer=b"10.0.0.2"),
        message(client=((b"host", b"example.com"), (b"x-forwarded-for", b"10.0.0.1"))),
        message(version=b"HTTP/1.0"),
        message(body=b"x"),
    ],
)
def test_whoever_says_something_else_has_another_head(other):
    known = read_request(message()).head

    assert read_request(other).head is not known
    assert read(other) == read_in_full(other)


@pytest.mark.parametrize(
    "query",
    [
        b"a=3:URI,1:/,7:VERSION,8:HTTP/1.1,4:PATH,1:/,",
        b",3:URI,1:/,7:VERSION,8:HTTP/1.1,4:PATH,1:/,4:host,1:x,}0:,",
        b"7:PATTERN,1:/,3:URI,1:/,",
        b"5:QUERY,1:a,",
    ],
)
def test_a_query_that_looks_like_headers_is_a_query(query):
    data = message(b"/", query)
    read_request(message(b"/"))

    assert read(data) == read(data) == read_in_full(data)


pieces = st.lists(
    st.sampled_from(
        [b"3:URI,", b"5:QUERY,", b",7:PATTERN,", b"4:PATH,1:/,", b"1:", b"/", b",", b"}0:,", b"a"]
    )
)
texts = st.builds(b"".join, pieces) | st.binary(max_size=20).map(lambda data: data.replace(b" ", b""))


@given(path=texts, queries=st.lists(texts, max_size=3), value=texts)
def test_what_is_known_is_what_would_be_read(path, queries, value):
    client = ((b"x", value), *CLIENT)
    for query in [*queries, *queries]:
        data = message(b"/" + path, query, client)
        assert read(data) == read_in_full(data)


def test_no_more_than_so_many_are_kept():
    for number in range(2 * heads.MAX_KNOWN):
        read_request(message(client=((b"x", b"%d" % number),)))
        read_request(message(b"/%d" % number))

    assert 0 < len(heads.known) <= heads.MAX_KNOWN
    assert 0 < len(heads.repeated) <= heads.MAX_KNOWN


def test_large_heads_are_not_kept():
    read_request(message(client=((b"x", b"y" * heads.MAX_KNOWN_BYTES),)))

    assert not heads.known


def test_large_messages_are_not_kept():
    for path in (b"/", b"/" + b"x" * heads.MAX_KNOWN_BYTES):
        read_request(message(path))
        read_request(message(path))

    assert len(heads.repeated) == 1


@pytest.mark.parametrize("block", [b"", b"6:METHOD,0:]", b"6:METHOD,3:GET,5:QUERY,4:1:a,]"])
def test_what_no_server_sends_is_refused(block):
    with pytest.raises(MessageError, match="no message of Mongrel2"):
        read_request(b"m2 7 / %d:%b}0:," % (len(block), block))


@pytest.mark.parametrize(
    ("version", "connection", "expected"),
    [
        ("HTTP/1.1", None, True),
        ("HTTP/1.1", b"keep-alive", True),
        ("HTTP/1.1", b"Close", False),
        ("HTTP/1.1", [b"x", b"te, close"], False),
        ("HTTP/1.0", None, False),
        ("HTTP/1.0", b"Keep-Alive", True),
    ],
)
def test_who_keeps_a_connection(version, connection, expected):
    headers = {} if connection is None else {b"connection": connection}

    assert keeps_alive(headers, version) is expected
