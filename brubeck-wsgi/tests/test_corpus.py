"""The corpus, in memory: each request whole, byte by byte, and with another request behind it."""

import importlib.util
import sys
from itertools import pairwise
from pathlib import Path

import pytest
from brubeck.wsgi.bodies import decoder_for
from brubeck.wsgi.heads import HeadReader
from brubeck.wsgi.limits import Limits
from brubeck.wsgi.refusals import Refusal
from hypothesis import given, settings
from hypothesis import strategies as st

FILE = Path(__file__).parents[2] / "tests" / "http_corpus" / "corpus.py"
pytestmark = pytest.mark.skipif(not FILE.exists(), reason="the corpus is in the checkout, not in the sdist")
TAIL = b"GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n"


def load():
    if not FILE.exists():
        return []
    spec = importlib.util.spec_from_file_location("http_corpus", FILE)
    module = importlib.util.module_from_spec(spec)
    sys.modules["http_corpus"] = module
    spec.loader.exec_module(module)
    return module.CASES


CASES = load()
LIMITS = Limits()


def read(pieces):
    """Return what a server would answer: 200 and the target for each request, and the status of a refusal."""
    reader, decoder, answers, held = HeadReader(LIMITS), None, [], b""
    try:
        for piece in pieces:
            held = piece
            while held:
                if decoder is None:
                    found = reader.read(held)
                    if found is None:
                        break
                    head, held = found
                    decoder = decoder_for(head.fields.length, head.fields.chunked, LIMITS)
                    if head.fields.has_body and not held:
                        break
                if not decoder.is_complete:
                    held = decode(decoder, held)
                if not decoder.is_complete:
                    break
                answers.append((200, head.target))
                decoder = None
                if not head.fields.keep_alive:
                    return answers
    except Refusal as refusal:
        answers.append((refusal.status_code, None))
    return answers


def decode(decoder, data):
    """Return what lies behind the body."""
    _, rest = decoder.decode(data)
    if decoder.failure:
        raise decoder.failure
    return rest


def statuses(answers):
    return tuple(status for status, _ in answers)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_whole(case):
    assert statuses(read([case.data])) == case.statuses


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_byte_by_byte(case):
    assert statuses(read([case.data[place : place + 1] for place in range(len(case.data))])) == case.statuses


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_with_a_tail(case):
    answers = read([case.data + TAIL])

    if case.is_refused:
        assert statuses(answers) == case.statuses
        assert (200, b"/smuggled") not in answers
    else:
        assert statuses(answers)[: len(case.statuses)] == case.statuses
        assert len(answers) <= len(case.statuses) + 1


def test_there_are_enough():
    assert len(CASES) >= 150
    assert len({case.name for case in CASES}) == len(CASES)


@pytest.mark.parametrize(
    ("data", "has_content"),
    [(b"HEAD / HTTP/1.1\r\n\r\n", False), (b"GET / HTTP/1.1\r\n\r\n", True), (b"\r\nHEAD /\x00", False)],
)
def test_a_refusal_is_put_into_words_but_for_head(data, has_content):
    """RFC 9110 section 9.3.2: the answer to HEAD has no content, whatever it says."""
    with pytest.raises(Refusal) as caught:
        HeadReader(LIMITS).read(data)

    assert caught.value.has_content == has_content


def test_a_head_that_is_remembered_keeps_its_connection_open():
    """The second HTTP/1.0 request with keep-alive was taken for one without."""
    data = b"GET / HTTP/1.0\r\nHost: remembered\r\nConnection: keep-alive\r\n\r\n"

    reader = HeadReader(LIMITS)

    assert [reader.read(data)[0].fields.keep_alive for _ in range(3)] == [True] * 3


def test_what_one_server_allows_is_not_remembered_for_another():
    """The second server of a process took heads with more lines than it allows, once the first had read them."""
    data = b"GET / HTTP/1.1\r\nHost: a\r\n" + b"X: y\r\n" * 20 + b"\r\n"
    HeadReader(LIMITS).read(data)

    for limits in (Limits(max_headers=10), Limits(max_head_bytes=100)):
        with pytest.raises(Refusal) as caught:
            HeadReader(limits).read(data)
        assert caught.value.status_code == 431


@pytest.mark.parametrize(
    ("limits", "status"), [(Limits(max_head_bytes=100), 431), (Limits(max_target_bytes=50), 414)]
)
def test_known_headers_behind_a_long_target_are_measured(limits, status):
    """The limit of a head was not asked for where its headers had come before."""
    reader = HeadReader(limits)
    reader.read(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")

    with pytest.raises(Refusal) as caught:
        reader.read(b"GET /%b HTTP/1.1\r\nHost: a\r\n\r\n" % (b"x" * 90))
    assert caught.value.status_code == status


@pytest.mark.parametrize("name", [b"Proxy-Connection", b"proxy-connection", b"X-Connection"])
@pytest.mark.parametrize("size", [7, 1000])
def test_a_header_that_only_llhttp_heeds_is_not_held_against_the_next_head(name, size):
    """llhttp ended at `Proxy-Connection: close`, and the reader, which all clients share, refused the next one."""
    reader = HeadReader(LIMITS)
    data = b"GET /a HTTP/1.1\r\nHost: a\r\nX: %d\r\n%b: close\r\n\r\n" % (size, name)
    for place in range(0, len(data), size):
        found = reader.read(data[place : place + size])
    following, _ = reader.read(b"GET /b HTTP/1.1\r\nHost: b\r\nCookie: %d\r\n\r\n" % (size + len(name)))

    assert found[0].fields.keep_alive
    assert following.path == "/b"


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_any_split_gives_the_same(data):
    case = data.draw(st.sampled_from(CASES))
    places = sorted(data.draw(st.lists(st.integers(0, len(case.data)), max_size=6)))
    edges = [0, *places, len(case.data)]
    pieces = [case.data[start:end] for start, end in pairwise(edges) if end > start]

    assert statuses(read(pieces)) == case.statuses


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_mutated_requests_are_answered_or_refused_and_never_raise(data):
    raw = bytearray(data.draw(st.sampled_from(CASES)).data[:2000])
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, max(len(raw) - 1, 0)))
        raw[place : place + data.draw(st.integers(0, 2))] = data.draw(st.binary(max_size=3))

    answers = read([bytes(raw)])

    assert all(status == 200 or status >= 400 for status, _ in answers)
