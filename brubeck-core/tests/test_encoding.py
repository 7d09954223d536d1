"""brubeck.core.encoding: a response as bytes, and how its end is known."""

import pytest
from brubeck.core.encoding import (
    LAST_CHUNK,
    Framing,
    encode_chunk,
    encode_head,
    encode_parts,
    encode_whole,
    measured,
)
from brubeck.core.errors import HeaderError, IncompleteBody
from brubeck.core.responses import Response


def head(
    response: Response, version: str = "HTTP/1.1", keep_alive: bool = True
) -> tuple[list[bytes], Framing]:
    data, framing = encode_head(response, version=version, keep_alive=keep_alive, extra=b"Server: x\r\n")
    assert data.endswith(b"\r\n\r\n")
    return data[:-4].split(b"\r\n"), framing


def test_whole_is_one_message_with_its_length() -> None:
    response = Response(
        "Take five", headers=[("Content-Type", "text/plain"), ("Set-Cookie", "a=1"), ("Set-Cookie", "b=2")]
    )

    data = encode_whole(response, version="HTTP/1.1", keep_alive=True, extra=b"Server: x\r\n")

    assert data == (
        b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\n"
        b"Server: x\r\nContent-Length: 9\r\n\r\nTake five"
    )


@pytest.mark.parametrize(
    ("version", "keep_alive", "line"),
    [
        ("HTTP/1.1", True, None),
        ("HTTP/1.1", False, b"Connection: close"),
        ("HTTP/1.0", True, b"Connection: keep-alive"),
        ("HTTP/1.0", False, b"Connection: close"),
    ],
)
def test_connection_line(version: str, keep_alive: bool, line: bytes | None) -> None:
    lines, _ = head(Response(b"x"), version, keep_alive)
    whole = encode_whole(Response(b"x"), version=version, keep_alive=keep_alive)

    for found in (lines, whole.split(b"\r\n")):
        assert [one for one in found if one.startswith(b"Connection")] == ([line] if line else [])


@pytest.mark.parametrize(("keep_alive", "line"), [(True, b"Upgrade"), (False, b"close, Upgrade")])
def test_a_426_names_the_protocol_that_is_required(keep_alive: bool, line: bytes) -> None:
    """RFC 9110 sections 15.5.22 and 7.8; no handler may set these headers itself."""
    lines, _ = head(Response(b"x", 426), keep_alive=keep_alive)
    whole = encode_whole(Response(b"x", 426), version="HTTP/1.1", keep_alive=keep_alive).split(b"\r\n")

    for found in (lines, whole):
        assert found[0] == b"HTTP/1.1 426 Upgrade Required"
        assert found[1:3] == [b"Upgrade: websocket", b"Connection: " + line]


def test_a_wrong_length_of_the_application_is_corrected() -> None:
    response = Response(b"abc", headers=[("content-length", "7")])

    data = encode_whole(response, version="HTTP/1.1", keep_alive=True)

    assert data == b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc"


def test_head_answers_keep_the_length_and_send_nothing() -> None:
    response = Response(b"abc")
    response.drop_body(keep_length=True)

    assert head(response) == ([b"HTTP/1.1 200 OK", b"Server: x", b"Content-Length: 3"], Framing.NONE)
    assert encode_whole(response, version="HTTP/1.1", keep_alive=True).endswith(b"Content-Length: 3\r\n\r\n")


@pytest.mark.parametrize("status_code", [204, 304, 101])
def test_statuses_without_content(status_code: int) -> None:
    response = Response(b"must not be sent", status_code)

    lines, framing = head(response)

    assert framing is Framing.NONE
    assert not any(line.lower().startswith(b"content-length") for line in lines)
    assert encode_whole(response, version="HTTP/1.1", keep_alive=True).endswith(b"\r\n\r\n")


def test_a_304_may_tell_the_length_it_would_have() -> None:
    lines, _ = head(Response(b"", 304, headers=[("Content-Length", "12")]))

    assert b"Content-Length: 12" in lines


@pytest.mark.parametrize(
    ("version", "headers", "framing", "line"),
    [
        ("HTTP/1.1", [], Framing.CHUNKED, b"Transfer-Encoding: chunked"),
        ("HTTP/1.1", [("Content-Length", "6")], Framing.LENGTH, b"Content-Length: 6"),
        (
            "HTTP/1.1",
            [("Content-Length", "6"), ("content-length", "6")],
            Framing.LENGTH,
            b"Content-Length: 6",
        ),
        ("HTTP/1.0", [], Framing.CLOSE, b"Connection: close"),
        ("HTTP/1.0", [("Content-Length", "6")], Framing.LENGTH, b"Content-Length: 6"),
    ],
)
def test_framing_of_a_stream(
    version: str, headers: list[tuple[str, str]], framing: Framing, line: bytes
) -> None:
    lines, found = head(Response(iter([b"abc", b"def"]), headers=headers), version)

    assert found is framing
    assert lines.count(line) == 1
    assert (b"Transfer-Encoding: chunked" in lines) == (framing is Framing.CHUNKED)


@pytest.mark.parametrize("values", [("6", "7"), ("+6",), ("0x6",), ("",), ("6_0",), ("٦",)])
def test_a_length_that_is_none_is_refused(values: tuple[str, ...]) -> None:
    response = Response(iter([b"abc"]))
    response.headers.extend(("Content-Length", value) for value in values)

    with pytest.raises(HeaderError, match="Content-Length must be one decimal number"):
        encode_head(response, version="HTTP/1.1", keep_alive=True)


def test_chunks() -> None:
    assert encode_chunk(b"x" * 26) + LAST_CHUNK == b"1a\r\n" + b"x" * 26 + b"\r\n0\r\n\r\n"
    assert encode_chunk(b"") == b""


def test_an_invented_reason_is_kept_and_an_unknown_status_has_none() -> None:
    assert head(Response(b"", 200, "Swinging"))[0][0] == b"HTTP/1.1 200 Swinging"
    assert head(Response(b"", 299))[0][0] == b"HTTP/1.1 299 "


def test_values_are_latin_1() -> None:
    assert b"X-Name: Andr\xe9" in head(Response(b"", headers=[("X-Name", "André")]))[0]


@pytest.mark.parametrize(
    "headers", [[], [("Content-Type", "a/b")], [("Content-Type", "a/b"), ("date", "then")]]
)
def test_the_date_of_the_transport_is_a_part_unless_the_application_has_one(
    headers: list[tuple[str, str]],
) -> None:
    for response in (Response(b"x", headers=headers), Response(b"", 304, headers=headers)):
        parts = [encode_parts(response, "HTTP/1.1", True, b"Date: now\r\n") for _ in range(2)]

        assert parts[0] == parts[1]
        assert parts[0][1] == (b"" if len(headers) == 2 else b"Date: now\r\n")


def test_a_length_of_thousands_of_digits_is_none() -> None:
    response = Response(iter([b"x"]), headers=[("Content-Length", 5000 * "1")])
    with pytest.raises(HeaderError):
        encode_head(response, version="HTTP/1.1", keep_alive=True)


@pytest.mark.parametrize("status", [200, 304])
def test_the_lines_of_the_transport_stand_before_the_length(status: int) -> None:
    """With a body and without one: a HEAD has the head that its GET has (RFC 9110 section 9.3.2)."""
    response = Response(b"Take five", status, headers=[("X-Take", "5")])
    if status == 200:
        whole = encode_whole(response, "HTTP/1.1", True, b"Server: x\r\n")
        response.drop_body(keep_length=True)
        assert encode_whole(response, "HTTP/1.1", True, b"Server: x\r\n") == whole.removesuffix(b"Take five")
    assert encode_head(response, version="HTTP/1.1", keep_alive=True, extra=b"Server: x\r\n")[
        0
    ] == encode_whole(response, "HTTP/1.1", True, b"Server: x\r\n")


def test_one_header_that_is_a_date_is_the_only_date() -> None:
    response = Response(b"x", headers=[("Date", "then")])
    for _ in range(2):
        assert encode_parts(response, "HTTP/1.1", True, b"Date: now\r\n")[:2] == (
            b"HTTP/1.1 200 OK\r\nDate: then\r\n",
            b"",
        )


@pytest.mark.parametrize(("length", "sent"), [(0, []), (3, [b"abc"]), (4, [b"abc"]), (6, [b"abc", b"de"])])
def test_a_body_has_no_more_and_no_fewer_bytes_than_announced(length: int, sent: list[bytes]) -> None:
    body = measured(iter([b"abc", b"de"]), length)

    assert [next(body) for _ in sent] == sent
    with pytest.raises(IncompleteBody, match=rf"\b{length} "):
        next(body)


def test_a_body_as_long_as_announced_is_whole() -> None:
    assert list(measured(iter([b"abc", b"", b"de"]), 5)) == [b"abc", b"", b"de"]
