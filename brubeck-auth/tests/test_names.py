import pytest
from brubeck.auth import check_username, normalize_username
from hypothesis import given
from hypothesis import strategies as st


@given(st.text())
def test_normalizing_twice_changes_nothing(name):
    once = normalize_username(name)

    assert normalize_username(once) == once


@given(st.text(max_size=40))
def test_a_checked_name_is_its_own_spelling(name):
    try:
        checked = check_username(name)
    except ValueError:
        return

    assert check_username(checked) == checked == normalize_username(name)
    assert 1 <= len(checked) <= 30
    assert checked.isprintable()
    assert not set(checked) & set("<>&\"' /\\:;%")


@pytest.mark.parametrize(
    ("typed", "name"),
    [
        ("JD", "jd"),
        (" jd ", "jd"),
        ("\uff2a\uff24", "jd"),
        ("Straße", "strasse"),
        ("J2_D2", "j2_d2"),
        ("jd@example.com", "jd@example.com"),
        ("Ω", "ω"),
        ("ﬁ", "fi"),
    ],
)
def test_one_name_has_one_spelling(typed, name):
    assert check_username(typed) == name


@pytest.mark.parametrize(
    "typed", ["p\u0430ypal", "\u0391B", "jd\u202e", "j\u00add", "🎷", "a\nb", "root\u0000"], ids=ascii
)
def test_what_looks_like_another_name_is_refused(typed):
    with pytest.raises(ValueError, match="username"):
        check_username(typed)
