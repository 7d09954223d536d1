import base64
import hashlib
import pickle

import pytest
from brubeck.auth.signing import MAX_CLOCK_SKEW_S, MAX_SIGNED_BYTES, Signer
from brubeck.core.errors import HeaderError
from hypothesis import given
from hypothesis import strategies as st
from itsdangerous import URLSafeTimedSerializer

NEW, OLD, FOREIGN = "n" * 32, "o" * 32, "f" * 32
DAY_S = 24 * 3600

json_values = st.recursive(
    st.booleans() | st.integers() | st.text() | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@given(name=st.text(), value=json_values)
def test_what_was_signed_comes_back(name, value):
    signer = Signer(NEW)

    assert signer.unsign(name, signer.sign(name, value)) == value


@given(name=st.text(), value=json_values, other=st.text())
def test_a_value_counts_for_its_name_only(name, value, other):
    signer = Signer(NEW)

    assert other == name or signer.unsign(other, signer.sign(name, value)) is None


@given(st.text() | st.text(alphabet=st.characters(codec="latin-1")) | st.text(alphabet="aA0._-=~\x00"))
def test_what_a_client_makes_up_is_none(text):
    assert Signer(NEW).unsign("user_id", text) is None


@pytest.mark.parametrize(
    "junk",
    [
        "",
        ".",
        "..",
        "...",
        "\ud800",
        "a.\udfff.b",
        "\x00",
        "a.b.c\x00",
        "ü.ü.ü",
        "." * 4096,
        "A" * 1_000_000,
        None,
        b"a",
        1,
    ],
    ids=ascii,
)
def test_junk_is_none(junk):
    assert Signer(NEW).unsign("user_id", junk) is None


def test_each_character_of_a_cookie_counts():
    """Base64 can spell a signature in four ways, and skips what it does not know: only one of them is ours."""
    signer = Signer(NEW)
    signed = signer.sign("user_id", "jd")

    accepted = [
        signed[:place] + character + signed[place + 1 :]
        for place in range(len(signed))
        for character in "ABCDwxyz0189-_.!="
        if character != signed[place]
        and signer.unsign("user_id", signed[:place] + character + signed[place + 1 :]) is not None
    ]
    longer = [signed + tail for tail in ("=", "==", "!", "\n", " ", ".")]
    assert accepted == []
    assert [text for text in longer if signer.unsign("user_id", text) is not None] == []


def test_the_format_is_that_of_itsdangerous():
    settings = {"key_derivation": "hmac", "digest_method": hashlib.sha256}
    theirs = URLSafeTimedSerializer(NEW, salt="brubeck.cookie:user_id", signer_kwargs=settings)

    assert theirs.loads(Signer(NEW).sign("user_id", {"a": 1})) == {"a": 1}
    assert Signer(NEW).unsign("user_id", theirs.dumps("jd")) == "jd"


def test_a_purpose_is_not_another():
    assert Signer(NEW, purpose="token").unsign("a", Signer(NEW, purpose="cookie").sign("a", "jd")) is None


def test_name_and_purpose_cannot_be_joined_in_two_ways():
    assert Signer(NEW, purpose="a").unsign("b:c", Signer(NEW, purpose="a:b").sign("c", "jd")) in (None, "jd")
    assert Signer(NEW).unsign("x", Signer(NEW).sign("x:", "jd")) is None


def test_rotation_signs_with_the_first_and_accepts_all():
    signed_before = Signer(OLD).sign("user_id", "jd")
    signed_after = Signer([NEW, OLD]).sign("user_id", "jd")

    assert Signer([NEW, OLD]).unsign("user_id", signed_before) == "jd"
    assert Signer(NEW).unsign("user_id", signed_after) == "jd"
    assert Signer(OLD).unsign("user_id", signed_after) is None
    assert Signer(NEW).unsign("user_id", signed_before) is None
    assert Signer([NEW, OLD]).unsign("user_id", Signer(FOREIGN).sign("user_id", "jd")) is None


def test_it_counts_until_it_is_too_old(clock):
    signed = Signer(NEW).sign("user_id", "jd")

    clock.go(60)
    assert Signer(NEW).unsign("user_id", signed, 60) == "jd"
    clock.go(1)
    assert Signer(NEW).unsign("user_id", signed, 60) is None


def test_without_an_age_it_counts_for_a_month(clock):
    signed = Signer(NEW).sign("user_id", "jd")

    clock.go(31 * DAY_S)
    assert Signer(NEW).unsign("user_id", signed) == "jd"
    clock.go(1)
    assert Signer(NEW).unsign("user_id", signed) is None
    assert Signer(NEW, max_age_s=60 * DAY_S).unsign("user_id", signed) == "jd"


@pytest.mark.parametrize("ahead_s", [MAX_CLOCK_SKEW_S + 1, 3600, 30 * DAY_S, 10**10, 10**18])
@pytest.mark.parametrize("max_age", [None, 3600])
def test_a_time_in_the_future_does_not_count(clock, ahead_s, max_age):
    """Django and Tornado accept a stamp from the far future, which never gets too old."""
    clock.go(ahead_s)
    signed = Signer(NEW).sign("user_id", "jd")
    clock.go(-ahead_s)

    assert Signer(NEW).unsign("user_id", signed, max_age) is None


def test_a_clock_that_is_a_little_ahead_is_forgiven(clock):
    clock.go(MAX_CLOCK_SKEW_S)
    signed = Signer(NEW).sign("user_id", "jd")
    clock.go(-MAX_CLOCK_SKEW_S)

    assert Signer(NEW).unsign("user_id", signed, 3600) == "jd"


def test_a_stamp_that_is_no_date_does_not_count():
    """Signed with our own key, so that only the stamp is wrong."""
    signer = Signer(NEW)
    keys = signer._keys_for("user_id")

    for stamp in (b"", b"A", b"!!!!", b"_" * 12, b"_" * 4000):
        body = keys.dump_payload("jd") + b"." + stamp
        assert signer.unsign("user_id", (body + b"." + keys.sign(body)).decode()) is None


def test_a_payload_that_is_no_json_does_not_count():
    signer = Signer(NEW)
    keys = signer._keys_for("user_id")
    stamp = signer.sign("user_id", "").split(".")[1].encode()

    for payload in (b"", b"AAAA", b".AAAA", base64.urlsafe_b64encode(pickle.dumps("jd")), b"W" * 3000):
        body = payload + b"." + stamp
        assert signer.unsign("user_id", (body + b"." + keys.sign(body)).decode()) is None


def test_what_is_too_long_is_refused_with_a_way_out():
    with pytest.raises(HeaderError, match=r"browsers keep 4096.*Sessions"):
        Signer(NEW).sign("basket", [f"thing {number * 7919}" for number in range(1500)])


def test_what_fits_is_not_refused():
    assert len(Signer(NEW).sign("basket", "x" * 50_000)) < MAX_SIGNED_BYTES


@pytest.mark.parametrize("value", [float("nan"), object(), {1, 2}, b"bytes"], ids=repr)
def test_what_json_cannot_hold_is_refused(value):
    with pytest.raises((TypeError, ValueError)):
        Signer(NEW).sign("user_id", value)
