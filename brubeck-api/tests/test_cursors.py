import base64
import uuid

import pytest
from brubeck.api import Cursor, dump_cursor, parse_cursor
from hypothesis import example, given
from hypothesis import strategies as st

TIMESTAMPS = st.integers(-(2**53) + 1, 2**53 - 1)
TEXTS = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=60)


@pytest.mark.parametrize(
    ("id_type", "ids"), [(int, st.integers(-(2**63) + 1, 2**63 - 1)), (str, TEXTS), (uuid.UUID, st.uuids())]
)
@given(data=st.data())
def test_a_cursor_comes_back_as_it_went(id_type, ids, data):
    cursor = Cursor(data.draw(TIMESTAMPS), data.draw(ids), is_backward=data.draw(st.booleans()))

    text = dump_cursor(cursor)

    assert parse_cursor(text, id_type) == cursor
    assert text.replace("-", "a").replace("_", "a").isalnum()
    assert text.isascii()


@pytest.mark.parametrize("id_type", [int, str, uuid.UUID, float])
@given(text=st.one_of(st.text(), st.binary().map(lambda raw: base64.urlsafe_b64encode(raw).decode())))
@example("")
@example("=")
@example("A" * 10_000)
def test_what_is_taken_is_what_would_be_written(id_type, text):
    try:
        cursor = parse_cursor(text, id_type)
    except ValueError as exc:
        assert str(exc) == "is no cursor of this stream"
    else:
        assert dump_cursor(cursor) == text


def encode(plain):
    return base64.urlsafe_b64encode(plain.encode()).decode().rstrip("=")


@pytest.mark.parametrize(
    "plain",
    [
        "",
        "f",
        "f.",
        "f5",
        "f5.",
        "x5.1",
        "5.1",
        "f05.1",
        "f+5.1",
        "f 5.1",
        "f5_0.1",
        "f5.1_0",
        "f5.01",
        "f5.+1",
        "f5. 1",
        "f5.1\n",
        "f\u0665.1",
        "f5.\u0661",
        "f5.\uff11",
        "f5.1.0",
        "f5e3.1",
        "f5.0x1",
        "f5.-0",
        "fnan.1",
        f"f{2**53}.1",
        f"f-{2**53}.1",
        f"f5.{2**63}",
        f"f5.-{2**63}",
        f"f{'9' * 200}.1",
        f"f5.{'9' * 200}",
    ],
    ids=ascii,
)
def test_a_forged_cursor_of_numbers_is_refused(plain):
    """Each of these is a number to `int`, or one that fails in the driver of a database."""
    with pytest.raises(ValueError, match="is no cursor of this stream"):
        parse_cursor(encode(plain), int)


@pytest.mark.parametrize(
    "text", ["ZjUuMQ==", "ZjUuMQ=", "ZjUuMR", " ZjUuMQ", "ZjUu MQ", "ZjUuM", "ZjUu/Q", "ZjU\0uMQ"]
)
def test_a_cursor_has_one_spelling(text):
    assert parse_cursor("ZjUuMQ", int) == Cursor(5, 1)
    with pytest.raises(ValueError, match="is no cursor"):
        parse_cursor(text, int)


@pytest.mark.parametrize(
    "plain", ["f5.a\0b", f"f5.{'x' * 300}", "f5.{6C84FB90-12C4-11E1-840D-7B25C5EE775A}"], ids=ascii
)
def test_a_forged_id_that_a_database_refuses_does_not_get_to_it(plain):
    """PostgreSQL takes no NUL in text, and no text for a uuid but one."""
    with pytest.raises(ValueError, match="is no cursor"):
        parse_cursor(encode(plain), uuid.UUID if "{" in plain else str)


@pytest.mark.parametrize(
    ("cursor", "sentence"),
    [
        (Cursor(1.5, 1), "timestamp is an int of milliseconds, got 1.5"),
        (Cursor(None, 1), "timestamp is an int of milliseconds, got None"),
        (Cursor(True, 1), "timestamp is an int of milliseconds, got True"),
        (Cursor(2**53, 1), "timestamp is an int of milliseconds, got 9007199254740992"),
        (Cursor(1, 2**63), "id fits in 64 bits, got 9223372036854775808"),
        (Cursor(1, "a\0"), "id has no NUL"),
        (Cursor(1, "a" * 300), "id has no NUL and about 300 bytes"),
        (Cursor(1, "\ud800"), "surrogates not allowed"),
    ],
)
def test_what_cannot_come_back_does_not_go(cursor, sentence):
    with pytest.raises(ValueError, match=sentence):
        dump_cursor(cursor)
