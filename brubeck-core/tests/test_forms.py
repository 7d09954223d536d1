"""brubeck.core.forms, .multiparts and .uploads: queries, urlencoded bodies, multipart bodies, files."""

import os
import tempfile
import time
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode

import pytest
from brubeck.core.errors import ConfigurationError, HTTPError
from brubeck.core.forms import Form, FormLimits, parse_form, parse_query
from brubeck.core.headers import Headers
from brubeck.core.uploads import Upload, clean_filename
from hypothesis import example, given, settings
from hypothesis import strategies as st

BOUNDARY = "b0undary"
MULTIPART = f"multipart/form-data; boundary={BOUNDARY}"
URLENCODED = "application/x-www-form-urlencoded"
SMALL = FormLimits(
    max_body_bytes=20_000,
    max_memory_bytes=1000,
    max_fields=5,
    max_files=3,
    max_part_header_bytes=200,
    spool_bytes=64,
)

Part = tuple[str, str | None, bytes]


def encode_part(name: str, filename: str | None, content: bytes, *headers: str) -> bytes:
    """Encode a part as browsers do (HTML, multipart/form-data encoding algorithm)."""
    escape = {"\r": "%0D", "\n": "%0A", '"': "%22"}
    disposition = f'form-data; name="{name.translate(str.maketrans(escape))}"'
    if filename is not None:
        disposition += f'; filename="{filename.translate(str.maketrans(escape))}"'
    lines = [f"--{BOUNDARY}", f"Content-Disposition: {disposition}", *headers, "", ""]
    return "\r\n".join(lines).encode() + content + b"\r\n"


def encode(*parts: bytes, tail: bytes = b"\r\n") -> bytes:
    return b"".join(parts) + f"--{BOUNDARY}--".encode() + tail


def contents(form: Form) -> tuple[dict[str, list[str]], dict[str, list[tuple[str, str, bytes]]]]:
    """Return what *form* holds as plain values, and close it."""
    files = {
        name: [(upload.filename, upload.content_type, upload.body) for upload in uploads]
        for name, uploads in form.files.items()
    }
    form.close()
    return form.fields, files


class Trickle:
    """A body that arrives in pieces of the given sizes, over and over."""

    def __init__(self, content: bytes, sizes: list[int]) -> None:
        self._content = BytesIO(content)
        self._sizes = sizes
        self._reads = 0

    def read(self, size: int, /) -> bytes:
        self._reads += 1
        return self._content.read(min(size, self._sizes[self._reads % len(self._sizes)]))


class Endless:
    """A client that does not stop."""

    def __init__(self, head: bytes, piece: bytes) -> None:
        self._pieces = iter([head])
        self._piece = piece

    def read(self, size: int, /) -> bytes:
        return next(self._pieces, self._piece)


@contextmanager
def bounded(seconds: float = 1.5, megabytes: float | None = None) -> Iterator[None]:
    """Fail when what is done inside takes more time of the CPU, or more memory, than this."""
    started = time.process_time()
    if megabytes is not None:
        tracemalloc.start()
    try:
        yield
        peak = tracemalloc.get_traced_memory()[1] / 1e6
    finally:
        tracemalloc.stop()
    assert time.process_time() - started < seconds
    assert megabytes is None or peak < megabytes


def refused(content: Any, content_type: str = MULTIPART, limits: FormLimits = FormLimits()) -> HTTPError:  # noqa: B008
    """Return the error that *content* is answered with; nothing may stay open."""
    before = descriptors()
    with pytest.raises(HTTPError) as caught:
        parse_form(content_type, content, limits)
    assert descriptors() == before
    return caught.value


def descriptors() -> int:
    return len(os.listdir("/proc/self/fd")) if os.path.isdir("/proc/self/fd") else 0  # noqa: PTH112, PTH208


# Queries


@pytest.mark.parametrize(
    ("query", "arguments"),
    [
        ("", {}),
        ("a=1&b=2", {"a": ["1"], "b": ["2"]}),
        ("a=1&a=2&a=", {"a": ["1", "2", ""]}),
        ("a", {"a": [""]}),
        ("=1", {"": ["1"]}),
        ("&&a=1&", {"a": ["1"]}),
        ("a=b=c", {"a": ["b=c"]}),
        ("a;b=1;c", {"a;b": ["1;c"]}),
        ("a+b=c%20d%2B", {"a b": ["c d+"]}),
        ("a=%C3%A9", {"a": ["é"]}),
        ("a=%c3%a9", {"a": ["é"]}),
        ("a=%ff", {"a": ["\ufffd"]}),
        ("a=%2525", {"a": ["%25"]}),
        ("a=%&b=%z1&%4=%", {"a": ["%"], "b": ["%z1"], "%4": ["%"]}),
        ("%26=%3D%0a%00", {"&": ["=\n\x00"]}),
        (b"a=\xc3\xa9", {"a": ["é"]}),
        (b"a=\xc3\xa9".decode("latin-1"), {"a": ["é"]}),
        ("a=ž", {"a": ["ž"]}),
    ],
)
def test_query(query: str | bytes, arguments: dict[str, list[str]]) -> None:
    assert parse_query(query) == arguments


def test_query_of_too_many_arguments() -> None:
    assert len(parse_query("a&" * 999 + "a")["a"]) == 1000

    with pytest.raises(HTTPError, match="400 The query has more than 1000 arguments"):
        parse_query("a&" * 1000 + "a")


@given(st.binary(max_size=40) | st.text("%=&+;aF0\n", max_size=20).map(str.encode))
@example(b"%=\n%\r\n=41")
def test_query_is_read_as_the_standard_library_does(raw: bytes) -> None:
    expected = parse_qs(raw.decode("latin-1"), keep_blank_values=True, encoding="latin-1")

    arguments = parse_query(raw)

    def utf8(text: str) -> str:
        return text.encode("latin-1").decode("utf-8", "replace")

    merged: dict[str, list[str]] = {}
    for name, values in expected.items():
        merged.setdefault(utf8(name), []).extend(map(utf8, values))
    assert arguments.keys() == merged.keys()
    assert all(sorted(arguments[name]) == sorted(values) for name, values in merged.items())


TEXT = st.text("".join(map(chr, range(128))) + "éž\x85\u2028♫\U0001f3b7", max_size=12)


@given(st.lists(st.tuples(TEXT, TEXT), max_size=5))
def test_what_is_encoded_is_decoded(pairs: list[tuple[str, str]]) -> None:
    expected: dict[str, list[str]] = {}
    for name, value in pairs:
        expected.setdefault(name, []).append(value)

    assert parse_query(urlencode(pairs)) == expected
    assert contents(parse_form(URLENCODED, urlencode(pairs).encode())) == (expected, {})


# Urlencoded bodies


@pytest.mark.parametrize("content_type", [URLENCODED, URLENCODED.upper() + " ; charset=latin-1"])
def test_urlencoded(content_type: str) -> None:
    assert contents(parse_form(content_type, b"a=%C3%A9&a=2")) == ({"a": ["é", "2"]}, {})


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"a&" * 1000 + b"a", "more than 1000 fields"),
        (b"a=" + b"x" * 4 * 1024 * 1024, "longer than 4194304 bytes"),
        (Endless(b"a=", b"x" * 1000), "longer than 4194304 bytes"),
    ],
)
def test_urlencoded_past_a_limit(content: Any, says: str) -> None:
    """CVE-2026-54283: limits that held for multipart bodies only."""
    error = refused(content, URLENCODED)

    assert (error.status_code, says in error.message) == (413, True)


@pytest.mark.parametrize("piece", [b"a;", b"%41", b"%", b"=", b"+", b"&&a"], ids=repr)
def test_urlencoded_takes_linear_time_and_memory(piece: bytes) -> None:
    """CVE-2026-53539: quadratic with `;`. The standard library takes 80 bytes of memory a byte of `%41`."""
    content = piece * (256 * 1024 // len(piece))

    with bounded(megabytes=4):
        outcome(lambda: parse_form(URLENCODED, content))


@pytest.mark.parametrize(
    "content_type", ["", "application/json", "text/plain", "multipart/mixed; boundary=b", ";", "é"]
)
def test_what_is_no_form_is_not_read(content_type: str) -> None:
    body = BytesIO(b"a=1")

    assert contents(parse_form(content_type, body)) == ({}, {})
    assert body.tell() == 0


# Multipart bodies


def test_fields_and_files() -> None:
    body = encode(
        encode_part("title", None, "Take five ♫".encode()),
        encode_part("cover", "é.png", b"\x89PNG", "Content-Type: image/PNG; x=y"),
        encode_part("title", None, b""),
        encode_part("cover", "b", b""),
    )

    fields, files = contents(parse_form(MULTIPART, body))

    assert fields == {"title": ["Take five ♫", ""]}
    assert files == {"cover": [("é.png", "image/png", b"\x89PNG"), ("b", "application/octet-stream", b"")]}


def test_no_file_chosen_is_no_file() -> None:
    """Browsers send an empty file with an empty name for a file input that was left alone."""
    body = encode(encode_part("a", "", b""), encode_part("b", "", b"x"))

    assert contents(parse_form(MULTIPART, body)) == ({}, {"b": [("", "application/octet-stream", b"x")]})


@pytest.mark.parametrize(
    ("charset", "content", "text"),
    [
        ("utf-8", b"\xc3\xa9\xff", "é\ufffd"),
        ("US-ASCII", b"\xc3\xa9", "é"),
        ("ISO-8859-1", b"\xe9", "é"),
        ("windows-1252", b"\x80\x81", "€\ufffd"),
    ],
)
def test_charset_of_a_field(charset: str, content: bytes, text: str) -> None:
    body = encode(encode_part("a", None, content, f"Content-Type: text/plain; charset={charset}"))

    assert contents(parse_form(MULTIPART, body)) == ({"a": [text]}, {})


@pytest.mark.parametrize(
    "charset", ["utf-7", "punycode", "idna", "zip", "unicode_escape", "undefined", "x", '""']
)
def test_other_charsets_are_refused(charset: str) -> None:
    body = encode(encode_part("a", None, b"+ADw-", f"Content-Type: text/plain; charset={charset}"))

    assert (refused(body).status_code, refused(body).message[-11:]) == (400, "Send UTF-8.")


@pytest.mark.parametrize("content", [b"", b"\r\n", b"before\r\n"])
@pytest.mark.parametrize("tail", [b"", b"\r\n", b"\r\nafter", b"\r\n" * 30_000])
def test_what_stands_around_the_parts(content: bytes, tail: bytes) -> None:
    body = content + encode(encode_part("a", None, b"1"), tail=tail)

    assert contents(parse_form(MULTIPART, body)) == ({"a": ["1"]}, {})


def test_no_part_at_all() -> None:
    assert contents(parse_form(MULTIPART, encode())) == ({}, {})


def test_the_last_line_break_may_stand_anywhere() -> None:
    """A strict parser refuses what follows the last boundary, were it in a block of its own."""
    edge = 2 * 65_536 - len(encode(encode_part("a", None, b"")))
    for length in range(edge - 5, edge + 20):
        fields, _ = contents(parse_form(MULTIPART, encode(encode_part("a", None, b"x" * length))))

        assert len(fields["a"][0]) == length


@pytest.mark.parametrize(
    "content_type",
    [
        "multipart/form-data",
        "multipart/form-data; boundary=",
        'multipart/form-data; boundary=""',
        "multipart/form-data; boundary=a; boundary=b",
        "multipart/form-data; boundary=a, multipart/form-data; boundary=b",
        "multipart/form-data; boundary=" + "x" * 71,
        'multipart/form-data; boundary="a\\"b"',
        'multipart/form-data; boundary="a "',
        'multipart/form-data; boundary="a\rb"',
        "multipart/form-data; boundary=é",
        "multipart/form-data; x boundary=a",
    ],
)
def test_a_boundary_that_is_none(content_type: str) -> None:
    error = refused(b"--a--", content_type)

    assert (error.status_code, "needs one boundary" in error.message) == (400, True)


@pytest.mark.parametrize(
    "boundary", ["a", '"a b:c/d"', "'()+_,-./:=?'", '"' + "x" * 70 + '"', '"=_Part_1=="']
)
def test_boundaries_that_clients_send(boundary: str) -> None:
    plain = boundary.strip('"')
    if boundary.startswith("'"):
        boundary = f'"{boundary}"'
    body = f'--{plain}\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n--{plain}--'.encode()

    assert contents(parse_form(f"multipart/form-data;Boundary={boundary}", body)) == ({"a": ["1"]}, {})


GOOD = encode(encode_part("a", None, b"1"), encode_part("f", "f", b"x" * 100))


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"a=1",
        b"--b0undary",
        b"--b0undary\n" + GOOD[12:],
        GOOD.replace(b"\r\n", b"\n"),
        GOOD.replace(b"form-data", b"attachment"),
        GOOD.replace(b'; name="a"', b""),
        GOOD.replace(b"Content-Disposition", b"Content-Type"),
        GOOD.replace(b"Disposition: ", b"Disposition "),
        GOOD.replace(b'name="a"', b'name="\xff"'),
        GOOD.replace(b'name="a"', b'name="a"\r\n folded'),
        GOOD.replace(b'name="a"', b'name="a"\r\nBad Name: x'),
        GOOD.replace(b'name="a"', b'name="a"\r\ncontent-disposition: form-data; name="b"'),
        GOOD.replace(b'name="a"', b'name="a"\nX-Evil: x'),
        GOOD.replace(b'name="a"', b'name="a"\r'),
        GOOD.replace(b'name="a"', b'name="a\x00"'),
        GOOD.replace(b'name="a"', b'name="a"\r\nContent-Length: 2'),
        GOOD.replace(b'name="a"', b'name="a"\r\nContent-Length: +1'),
        GOOD.replace(b'name="a"', b'name="a"\r\nContent-Length: 1\r\nContent-Length: 1'),
        GOOD.replace(b"--b0undary\r", b"--b0undaryX\r"),
    ],
)
def test_malformed(body: bytes) -> None:
    error = refused(body, limits=SMALL)

    assert (error.status_code, error.message[:32]) == (400, "The multipart body is malformed:")


def test_cut_anywhere_it_is_malformed() -> None:
    """CVE-2024-30251 (aiohttp): a body without its end was read for ever."""
    for length in range(len(GOOD) - 4):
        assert refused(GOOD[:length], limits=SMALL).status_code == 400


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (encode(*[encode_part("a", None, b"")] * 6), "more than 5 fields"),
        (encode(*[encode_part("f", "f", b"x" * 100)] * 4), "more than 3 files"),
        (encode(*[encode_part("f", "", b"")] * 4), "more than 3 files"),
        (encode(encode_part("a", None, b"x" * 1000)), "text is longer than 1000"),
        (encode(*[encode_part("a", None, b"x" * 300)] * 4), "text is longer than 1000"),
        (
            encode(*[encode_part("n" * 150, None, b"")] * 5, encode_part("a", None, b"x" * 300)),
            "more than 5 fields",
        ),
        (encode(*[encode_part("n" * 150, None, b"x" * 60)] * 5), "text is longer than 1000"),
        (encode(encode_part("n" * 200, None, b"")), "headers of a part"),
        (encode(encode_part("a", None, b"", "X: " + "x" * 200)), "headers of a part"),
        (encode(encode_part("a", None, b"", *["X: y"] * 8)), "headers of a part"),
        (f"--{BOUNDARY}\r\nX: ".encode() + b"x" * 500, "headers of a part"),
        (encode(encode_part("f", "f", b"x" * 20_000)), "longer than 20000"),
        (Endless(encode_part("f", "f", b""), b"x"), "longer than 20000"),
    ],
)
def test_past_a_limit(body: Any, says: str) -> None:
    """GHSA-qjxf-f2mg-c6mc (Tornado), CVE-2023-25577 (Werkzeug), CVE-2026-42561, CVE-2026-34516."""
    error = refused(body, limits=SMALL)

    assert (error.status_code, says in error.message) == (413, True)


def test_limits_are_checked() -> None:
    with pytest.raises(ConfigurationError, match="max_files must be a positive int, got 0"):
        FormLimits(max_files=0)
    with pytest.raises(ConfigurationError, match="max_body_bytes must be a positive int, got None"):
        FormLimits(max_body_bytes=None)  # type: ignore[arg-type]


MIB = 1024 * 1024


def long_header(value: bytes) -> bytes:
    return f"--{BOUNDARY}\r\n".encode() + b"Content-Disposition: form-data; " + value + b"\r\n\r\nx\r\n"


@pytest.mark.parametrize(
    ("body", "status_code"),
    [
        pytest.param(b"\r\n" * MIB, 400, id="CVE-2024-53981 and CVE-2026-40347: a preamble of line breaks"),
        pytest.param(b"\r" * 2 * MIB, 400, id="a preamble of carriage returns"),
        pytest.param(b"--b0undar" * 200_000, 400, id="a preamble of almost boundaries"),
        pytest.param(encode(tail=b"\r\n" * MIB), 400, id="CVE-2026-40347: an epilogue of 2 MiB"),
        pytest.param(encode(tail=b"--b0undary\r\n" * 200_000), 400, id="boundaries after the last"),
        pytest.param(
            encode_part("f", "f", b"\r\n" * MIB),
            400,
            id="CVE-2023-46136: a part that begins with CR LF and goes on",
        ),
        pytest.param(
            encode_part("f", "f", b"\r\n--b0undar" * 200_000), 400, id="a file of almost boundaries"
        ),
        pytest.param(encode_part("f", "f", b"\r" * 2 * MIB), 400, id="a file of carriage returns"),
        pytest.param(
            b"".join([encode_part("a", None, b"")] * 30_000), 413, id="CVE-2023-25577: 30,000 parts"
        ),
        pytest.param(b"--b0undary\r\n" * 200_000, 400, id="CVE-2025-47287: 200,000 malformed parts"),
        pytest.param(
            b"".join([long_header(b'name="a' + b";" * 4000 + b'"')] * 1001),
            413,
            id="CVE-2025-67726: separators in the disposition",
        ),
        pytest.param(
            b"".join([long_header(b'name="a"' + b"; x=\\" * 700)] * 1001),
            413,
            id="CVE-2024-24762: backslashes",
        ),
        pytest.param(
            b"".join([long_header(b"; " * 1900 + b'name="a')] * 1001),
            400,
            id="CVE-2024-24762: quotes left open",
        ),
        pytest.param(
            f"--{BOUNDARY}\r\nX: y\r\n".encode() + b" \r\n" * 500_000,
            400,
            id="CVE-2026-42561: folded headers",
        ),
        pytest.param(
            f"--{BOUNDARY}\r\n".encode() + b"X: y\r\n" * 300_000, 413, id="CVE-2026-34517: part headers"
        ),
        pytest.param(
            encode(*[encode_part("a", None, b"x" * MIB)] * 5),
            413,
            id="CVE-2024-47874, CVE-2024-49767: form memory",
        ),
    ],
)
def test_hostile_bodies_cost_little(body: bytes, status_code: int) -> None:
    with bounded(seconds=3, megabytes=20):
        error = refused(body)

    assert error.status_code == status_code


@pytest.mark.parametrize(
    "content_type",
    [
        "multipart/form-data; boundary=" + '"' + "\\" * 100_000,
        "multipart/form-data; boundary=" + '"' + '\\"' * 100_000,
        "multipart/form-data" + ";" * 100_000,
        "multipart/form-data" + "; " * 100_000,
        "multipart/form-data;" + " " * 100_000,
        "multipart/form-data; boundary" + " " * 100_000,
        "multipart/form-data" + '; a="' * 50_000,
        "multipart/form-data" + "; boundary=a" * 50_000,
    ],
    ids=lambda content_type: content_type[:36],
)
def test_hostile_content_types_take_linear_time(content_type: str) -> None:
    """CVE-2024-24762, CVE-2026-28356: quoted strings that were read again and again."""
    with bounded():
        assert refused(b"", content_type).status_code == 400


def test_single_bytes_take_linear_time() -> None:
    """CVE-2025-69229: the cost was one of pieces, not of bytes."""
    body = encode(encode_part("f", "f", b"x" * 300_000))

    with bounded():
        _, files = contents(parse_form(MULTIPART, Trickle(body, [1])))

    assert files["f"][0][2] == b"x" * 300_000


def test_a_large_file_is_not_held_in_memory() -> None:
    """CVE-2024-47874 and CVE-2025-54121: little of it is in memory, and little is written at once."""
    content = b"x" * 8 * MIB
    body = BytesIO(encode(encode_part("f", "f", content)))

    with bounded(megabytes=1):
        form = parse_form(MULTIPART, body)

    assert form.files["f"][0].size == len(content)
    assert contents(form)[1]["f"][0][2] == content


# Any split gives the same form

CONTENTS = st.lists(
    st.sampled_from([b"\r", b"\n", b"--", b"-", b"b0undary", b"x" * 50, b"\xc3\xa9", b"\r\n--b0"]), max_size=8
)
PARTS = st.tuples(
    st.text("ab\"'\\;=é\r\n \t", max_size=6),
    st.none() | st.text("ab./\\:\"';=é\r\n ", max_size=8),
    CONTENTS.map(b"".join).filter(lambda content: b"\r\n--b0undary" not in content),
)


@settings(max_examples=40)
@given(st.lists(PARTS, max_size=4))
def test_what_a_browser_encodes_is_decoded(parts: list[Part]) -> None:
    fields: dict[str, list[str]] = {}
    files: dict[str, list[tuple[str, bytes]]] = {}
    for name, filename, content in parts:
        # The package takes backslash and quote for an escape of old browsers, which did not write %22.
        assert '\\"' not in name.replace('"', "%22")
        if filename is None:
            fields.setdefault(name, []).append(content.decode("utf-8", "replace"))
        elif filename or content:
            files.setdefault(name, []).append((clean_filename(filename), content))

    form = parse_form(MULTIPART, encode(*(encode_part(*part) for part in parts)))

    got_fields, got_files = contents(form)
    assert got_fields == fields
    assert {name: [(file[0], file[2]) for file in found] for name, found in got_files.items()} == files


def outcome(parse: Callable[[], Form]) -> Any:
    try:
        return contents(parse())
    except HTTPError as error:
        return error.args


@settings(max_examples=40)
@given(
    st.lists(PARTS, max_size=3),
    st.binary(max_size=3),
    st.binary(max_size=30),
    st.integers(0, 400),
    st.lists(st.integers(1, 40), min_size=1, max_size=4),
)
def test_any_split_gives_the_same_form(
    parts: list[Part], head: bytes, tail: bytes, cut: int, sizes: list[int]
) -> None:
    body = (head + encode(*(encode_part(*part) for part in parts)) + tail)[: cut or None]

    whole = outcome(lambda: parse_form(MULTIPART, body, SMALL))

    assert outcome(lambda: parse_form(MULTIPART, Trickle(body, sizes), SMALL)) == whole
    assert outcome(lambda: parse_form(MULTIPART, Trickle(body, [1]), SMALL)) == whole


@settings(max_examples=30)
@given(st.integers(65_500, 65_600), st.integers(100, 70_000))
def test_a_boundary_over_the_edge_of_a_block(length: int, size: int) -> None:
    parts = [
        encode_part("f", "f", b"x" * length),
        encode_part("a", None, b"y" * 65_500),
        encode_part("b", None, b"z"),
    ]

    fields, files = contents(parse_form(MULTIPART, Trickle(encode(*parts), [size])))

    assert (len(files["f"][0][2]), len(fields["a"][0]), fields["b"]) == (length, 65_500, ["z"])


# Files


@pytest.mark.parametrize("size", [0, 10, 65_536, 65_537, 300_000])
def test_upload(size: int, tmp_path: Path) -> None:
    content = os.urandom(size)
    form = parse_form(
        MULTIPART, encode(encode_part("f", "a.bin", content, "Content-Type: image/png", "X-A: b"))
    )
    upload = form.files["f"][0]

    assert upload.file.read(3) == content[:3]
    assert (upload.size, upload.body, upload.headers["x-a"]) == (size, content, "b")
    assert (upload["filename"], upload["content_type"], upload["body"]) == ("a.bin", "image/png", content)
    assert upload.save(tmp_path / "copy") == size
    assert upload.save(str(tmp_path / "copy")) == size
    assert (tmp_path / "copy").read_bytes() == content
    assert upload.file.read() == content[3:]
    assert repr(upload) == f"<Upload 'a.bin' image/png {size} bytes>"
    with pytest.raises(KeyError, match="file"):
        upload["file"]

    form.close()
    form.close()
    assert upload.file.closed


def test_a_file_on_the_disk_has_no_name(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    before = descriptors()

    form = parse_form(MULTIPART, encode(encode_part("f", "f", b"x" * 100_000)))

    assert (descriptors(), list(tmp_path.iterdir())) == (before + 1, [])
    form.close()
    assert descriptors() == before


@pytest.mark.parametrize(
    ("filename", "shown"),
    [
        ("a.txt", "a.txt"),
        ("../../etc/passwd", "passwd"),
        ("/etc/passwd", "passwd"),
        ("C:\\Users\\dave\\take.mp3", "take.mp3"),
        ("\\\\host\\share\\a", "a"),
        ("a/", ""),
        ("..", ""),
        ("a/..", ""),
        (".\x00.", ""),
        (".", ""),
        ("", ""),
        ("...", "..."),
        (".htaccess", ".htaccess"),
        ("a\x00.php\r\n.txt\x7f\x85", "a.php.txt"),
        ("..\x1f/b", "b"),
        ("cod\u202egpj.exe", "codgpj.exe"),
        ("♫ é 12:30.mp3", "♫ é 12:30.mp3"),
    ],
)
def test_filename(filename: str, shown: str) -> None:
    """CVE-2026-24486 (python-multipart): a file's name led out of the directory."""
    assert clean_filename(filename) == shown


@given(st.text("./\\:\x00\r\n\x85\u202eab", max_size=8))
def test_filenames_are_one_component(filename: str) -> None:
    shown = clean_filename(filename)

    assert shown.isprintable()
    assert not {"/", "\\"} & set(shown)
    assert shown not in (".", "..")
    assert clean_filename(shown) == shown


@pytest.mark.parametrize(
    ("sent", "read"),
    [
        ("text/html; charset=x", "text/html"),
        ("A/B", "a/b"),
        ("<b>", "application/octet-stream"),
        ("", "application/octet-stream"),
    ],
)
def test_content_type_of_a_file(sent: str, read: str) -> None:
    assert Upload("f", Headers([("Content-Type", sent)]), BytesIO()).content_type == read


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="/dev/full is Linux's disk that is always full")
@pytest.mark.parametrize("size", [66_000, 300_000])
def test_a_full_disk_is_the_servers_fault(size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    def full_disk(**_: Any) -> Any:
        return open("/dev/full", "wb")  # noqa: PTH123

    monkeypatch.setattr(tempfile, "TemporaryFile", full_disk)

    error = refused(encode(encode_part("a", "a", b"small"), encode_part("f", "f", b"x" * size)))

    assert (error.status_code, error.message) == (500, "The server cannot store the file now.")
    assert isinstance(error.__cause__, OSError)


def test_a_client_that_goes_away_leaves_nothing_open() -> None:
    class Gone:
        def __init__(self) -> None:
            self._pieces = iter([encode_part("f", "f", b"x" * 500_000)[:-2]])

        def read(self, size: int, /) -> bytes:
            try:
                return next(self._pieces)
            except StopIteration:
                raise ConnectionResetError from None

    before = descriptors()
    with pytest.raises(ConnectionResetError):
        parse_form(MULTIPART, Gone())

    assert descriptors() == before
