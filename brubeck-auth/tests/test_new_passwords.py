import pytest
from brubeck.auth import check_new_password
from brubeck.auth.new_passwords import COMMON_PASSWORDS, MIN_PASSWORD_CHARACTERS


@pytest.mark.parametrize(
    "password", ["blue rondo", "ü" * 4 + "abcd", "correct horse", "x1" * 3 + "yz", "🎷🎺🥁🎹🎸🎻🪕🪘"]
)
def test_what_is_long_and_rare_will_do(password):
    assert check_new_password(password) == password


@pytest.mark.parametrize(
    ("password", "reason"),
    [
        ("", "at least 8"),
        ("seven77", "at least 8"),
        ("\ufb01" * 3, "at least 8"),
        ("PassWord123", "tried first"),
        ("aaaaaaaaaaaa", "tried first"),
        ("JD@Example.com", "tried first"),
        ("x" * 2000, "at most 1024 bytes"),
        ("\ud800" * 9, "at most 1024 bytes"),
    ],
)
def test_what_will_not_do_says_why(password, reason):
    with pytest.raises(ValueError, match=reason):
        check_new_password(password, unlike=["jd@example.com"])


def test_the_least_length_is_a_choice():
    with pytest.raises(ValueError, match="at least 15"):
        check_new_password("blue rondo", min_characters=15)


def test_no_common_password_is_there_in_vain():
    assert [password for password in COMMON_PASSWORDS if len(password) < MIN_PASSWORD_CHARACTERS] == []
