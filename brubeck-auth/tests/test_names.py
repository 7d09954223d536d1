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


@pytest.mark.parametrize("code", [0x34F, 0x115F, 0x1160, 0x17B4, 0x180B, 0x3164, 0xFE0F, 0xFFA0, 0xE0100])
def test_what_is_shown_as_nothing_is_refused(code):
    """They count as letters and marks, and made a second `jd` that looks like the first."""
    for typed in (f"j{chr(code)}d", f"jd{chr(code)}", chr(code)):
        with pytest.raises(ValueError, match="invisible"):
            check_username(typed)


@pytest.mark.parametrize("typed", [".", "..", " .. ", "\u2025", "\uff0e"], ids=ascii)
def test_a_step_in_a_path_is_no_name(typed):
    """Browsers make `/` of `/people/..`, so that its page could not be reached."""
    with pytest.raises(ValueError, match="username"):
        check_username(typed)


def test_names_with_dots_are_names():
    assert [check_username(name) for name in ("j.d", ".jd", "...")] == ["j.d", ".jd", "..."]
