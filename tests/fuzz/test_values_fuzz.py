"""Headers, cookies, redirects and forms against longer and wilder input than their own tests use.

Whatever comes in, a reader gives a value or an `HTTPError` of 400 or 413, a writer gives one line or a
`HeaderError`, and both within the time that the length of the input allows.
"""

import random
import time
from io import BytesIO
from typing import Any

import pytest
from brubeck.core.cookies import MAX_COOKIE_BYTES, MAX_COOKIES, dump_cookie, parse_cookies
from brubeck.core.errors import HeaderError, HTTPError
from brubeck.core.forms import FormLimits, parse_form, parse_query
from brubeck.core.headers import Headers, check_header, check_location
from hypothesis import given, settings
from hypothesis import strategies as st

pytestmark = pytest.mark.fuzz
often = settings(max_examples=1500, deadline=None)

LIMITS = FormLimits(
    max_body_bytes=200_000,
    max_memory_bytes=5000,
    max_fields=20,
    max_files=5,
    max_part_header_bytes=300,
    spool_bytes=100,
)
TYPE = "multipart/form-data; boundary=b"
GOOD = b"\r\n".join(
    (
        b'--b\r\nContent-Disposition: form-data; name="a"\r\n\r\none',
        b'--b\r\nContent-Disposition: form-data; name="f"; filename="C:\\x\\y.png"',
        b"Content-Type: image/png\r\n\r\n" + b"\x89PNG\r\n" * 40,
        b"--b\r\nContent-Type: text/plain; charset=latin-1",
        b'Content-Disposition: form-data; name="\xc3\xa9"',
        b"\r\n\xe9\r\n--b--\r\n",
    )
)
PIECES = [
    *(
        b"\r\n",
        b"\r",
        b"\n",
        b"--b",
        b"--b--",
        b"--",
        b"\r\n--b\r\n",
        b"\r\n--b--\r\n",
        b"\r\n\r\n",
        b"\x00",
        b"\xff",
    ),
    *(
        b": ",
        b"; ",
        b"=",
        b'"',
        b"\\",
        b"%22",
        b"%0D",
        b" ",
        b"\t",
        b"form-data",
        b"attachment",
        b'name="a"',
        b"name=a",
    ),
    *(
        b'filename="x"',
        b"filename*=utf-8''x",
        b"Content-Disposition: ",
        b"Content-Type: ",
        b"text/plain; charset=utf-7",
    ),
    *(b"Content-Length: 5", b"Content-Transfer-Encoding: base64", b"x" * 300, b"\r\n" * 50),
    b'Content-Disposition: form-data; name="a"\r\n\r\n',
]
PIECE = st.sampled_from(PIECES)


@st.composite
def mutated(draw: st.DrawFn) -> bytes:
    """Draw a good body in which something was put in, left out or repeated a few times."""
    body = GOOD
    for _ in range(draw(st.integers(0, 4))):
        start = draw(st.integers(0, len(body)))
        length = draw(st.integers(0, 30))
        body = body[:start] + draw(PIECE | st.just(body[start : start + length] * 2)) + body[start + length :]
    return body


def form_of(content_type: str, body: Any) -> Any:
    """Return the form as plain values, or the error a client would see."""
    try:
        form = parse_form(content_type, body, LIMITS)
    except HTTPError as error:
        assert error.status_code in (400, 413)
        assert error.message.isprintable()
        return error.args
    uploads = [upload for group in form.files.values() for upload in group]
    try:
        assert sum(map(len, form.fields.values())) <= LIMITS.max_fields
        assert len(uploads) <= LIMITS.max_files
        assert all(upload.filename.isprintable() and upload.size == len(upload.body) for upload in uploads)
        files = {name: [(u.filename, u.body) for u in group] for name, group in form.files.items()}
        return form.fields, files
    finally:
        form.close()


class Dribble(BytesIO):
    """A body that arrives in pieces of random size."""

    random = random.Random(5)

    def read(self, size: int | None = -1, /) -> bytes:
        assert size is not None
        return super().read(min(size, self.random.randint(1, 50)))


@often
@given(mutated() | st.lists(PIECE, max_size=30).map(b"".join) | st.binary(max_size=200))
def test_multipart_bodies(body: bytes) -> None:
    assert form_of(TYPE, Dribble(body)) == form_of(TYPE, body)


def file_part(length: int) -> bytes:
    return b'--b\r\nContent-Disposition: form-data; name="z"; filename="z"\r\n\r\n' + b"z" * length + b"\r\n"


@often
@given(mutated(), st.integers(0, 420))
def test_the_edge_of_a_block_changes_nothing(body: bytes, place: int) -> None:
    """The parser sees blocks of 64 KiB; the same parts are read with the edge at *place* and without it."""
    tail = body.removesuffix(b"--b--\r\n") + file_part(70_000) + b"--b--\r\n"
    head = file_part(65_536 - len(file_part(0)) - place)

    whole = form_of(TYPE, file_part(1000) + tail)
    cut = form_of(TYPE, head + tail)

    for _, files in (whole, cut):
        if isinstance(files, dict):
            del files["z"][0]
    # What follows the last boundary is passed over, unless it is more than the rest of a block. A bare line feed
    # in front of a header's name is seen at the end of a block only.
    if "after end" not in str(cut) and "line break" not in str(cut):
        assert cut == whole


@often
@given(st.text(max_size=60) | st.text('; ="\\bx', max_size=40).map("multipart/form-data; boundary=b".__add__))
def test_content_types(content_type: str) -> None:
    form_of(content_type, GOOD)


@pytest.mark.parametrize("piece", PIECES, ids=repr)
@pytest.mark.parametrize("place", [0, 5, 47, 60, 150, len(GOOD) - 4, len(GOOD)])
def test_a_repeated_piece_takes_time_by_its_length(piece: bytes, place: int) -> None:
    limits = FormLimits()
    body = GOOD[:place] + piece * (1_000_000 // len(piece)) + GOOD[place:]
    started = time.process_time()

    try:
        parse_form(TYPE, body, limits).close()
    except HTTPError as error:
        assert error.status_code in (400, 413)

    assert time.process_time() - started < 1


@often
@given(st.binary(max_size=300) | st.text("%=&+;aF0é", max_size=300))
def test_queries(query: bytes | str) -> None:
    arguments = parse_query(query)

    assert sum(map(len, arguments.values())) <= len(query) + 1
    assert all(text.encode() is not None for values in arguments.values() for text in values)


@often
@given(st.text("%4é\n=", min_size=1, max_size=12), st.integers(4080, 4100))
def test_long_values_are_decoded_as_short_ones(text: str, length: int) -> None:
    value = "x" * length + text
    alone = parse_query("a=" + text)["a"][0]

    assert parse_query("a=" + value)["a"][0] == "x" * length + alone


@often
@given(st.text(max_size=300) | st.text('=;" \t\\0123aé', max_size=300))
def test_cookie_headers(header: str) -> None:
    cookies = parse_cookies(header)

    assert len(cookies) <= MAX_COOKIES
    assert all(name.strip(" \t") == name != "" for name in cookies)


@often
@given(st.text("abcXYZ019!#$%&'*+-.^_`|~", min_size=1, max_size=30), st.text(max_size=600))
def test_cookie_values(name: str, value: str) -> None:
    try:
        line = dump_cookie(name, value, path=None)
    except HeaderError as error:
        assert (
            "surrogate" in str(error)
            or len(value.encode("utf-8")) * 4 > MAX_COOKIE_BYTES - 100
            or name[:2] == "__"
        )
        return

    check_header("Set-Cookie", line)
    assert parse_cookies(line) == {name: value}


@often
@given(
    st.dictionaries(st.sampled_from(["path", "domain", "expires", "samesite"]), st.text(max_size=20)),
    st.text(max_size=9),
)
def test_cookie_attributes(attributes: dict[str, str], name: str) -> None:
    try:
        line = dump_cookie(name, "x", **attributes)  # type: ignore[arg-type]
    except HeaderError:
        return

    check_header("Set-Cookie", line)
    keys = [part.partition("=")[0].lower() for part in line.split("; ")[1:]]
    assert sorted(keys) == sorted({"path", *attributes})


@often
@given(st.text(max_size=40), st.text(max_size=40))
def test_outgoing_headers(name: str, value: str) -> None:
    try:
        check_header(name, value)
    except HeaderError:
        return

    line = f"{name}: {value}".encode("latin-1")
    assert line.splitlines() == [line]
    assert b"\x00" not in line


@often
@given(st.lists(st.tuples(st.binary(max_size=9), st.binary(max_size=9)), max_size=9), st.text(max_size=9))
def test_incoming_headers(pairs: list[tuple[bytes, bytes]], name: str) -> None:
    headers = Headers(pairs)

    assert [(key.encode("latin-1"), value.encode("latin-1")) for key, value in headers.items()] == pairs
    assert len(headers.get_all(name)) == sum(
        key.decode("latin-1").lower() == name.lower() for key, _ in pairs
    )


@often
@given(st.text(max_size=40) | st.text("/\\:@?#.%\t\r\n httpsHS[]é", max_size=20), st.booleans())
def test_redirects(url: str, same_site: bool) -> None:
    try:
        location = check_location(url, same_site=same_site)
    except HeaderError:
        return

    assert location.isascii()
    assert location.isprintable()
    assert " " not in location
    assert not location.replace("\\", "/").startswith("//")
    assert check_location(location, same_site=same_site) == location
