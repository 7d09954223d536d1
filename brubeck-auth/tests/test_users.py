import logging

import pytest
from brubeck.auth import User, check_login, hash_password, needs_rehash
from brubeck.dictshield import ListField, ShieldException, StringField

BCRYPT = "$2b$04$Qklff8s.pXpfHqY4tI3ZcOx8mHFvE78XAs/AuRr2Ee72iG9GgQ7je"
"""For "take five", made by bcrypt with the least cost."""
OLD = f"bcrypt|||{BCRYPT[:29]}|||{BCRYPT}"


def test_a_user_is_created_ready_to_log_in(clock):
    user = User.create_user("JD", "take five", email="J2@Example.COM")

    user.validate()
    assert (user.username, user.email, user.is_active) == ("jd", "J2@example.com", True)
    assert user.date_joined == user.last_login == 1_800_000_000_000
    assert user.check_password("take five")
    assert not user.check_password("take fivE")


def test_a_bare_document_is_active_for_nobody():
    assert not User(username="jd").is_active


def test_fields_are_as_the_contract_says():
    limits = {name: User._fields[name].max_length for name in ("username", "email", "password")}

    assert limits == {"username": 30, "email": 100, "password": 128}
    assert set(User._fields) >= {"is_active", "last_login", "date_joined"}
    with pytest.raises(ShieldException):
        User().validate()


def test_the_password_does_not_leave():
    user = User.create_user("jd", "take five")
    stored = user.to_python()

    assert stored["password"].startswith("$argon2id$")
    assert "password" not in User.make_ownersafe(stored)
    assert "password" not in User.make_publicsafe(stored)
    assert "argon2" not in repr(user)


def test_a_stored_user_comes_back():
    stored = User.create_user("jd", "take five").to_python()

    assert User(**stored).check_password("take five")


@pytest.mark.parametrize("stored", [BCRYPT, OLD])
def test_an_old_line_is_renewed_by_the_right_password_only(stored, caplog):
    pytest.importorskip("bcrypt")
    user = User(username="jd", password=stored)

    assert not user.check_password("wrong")
    assert user.password == stored
    with caplog.at_level(logging.INFO, "brubeck.audit"):
        assert user.check_password("take five")
    assert not needs_rehash(user.password)
    assert user.check_password("take five")
    assert [record.audit["event"] for record in caplog.records] == ["password.rehashed"]


@pytest.mark.parametrize("stored", [None, "", "!", "$argon2id$broken", "plain text"])
def test_a_user_without_a_readable_line_has_no_right_password(stored, caplog):
    user = User(username="jd", password=stored)

    assert not any(user.check_password(password) for password in ("", "!", "plain text", "$argon2id$broken"))
    assert stored is None or len(stored) < 3 or stored not in caplog.text


@pytest.mark.parametrize(
    "username",
    ["", " ", "x" * 31, "a b", "<b>", "jd\x00", "j\u200bd", "p\u0430ypal", "\ud800", "j/d"],
    ids=ascii,
)
def test_a_name_that_cannot_be_one_is_refused(username):
    with pytest.raises(ValueError, match="username"):
        User.create_user(username, "take five")


@pytest.mark.parametrize(
    "email", ["a", "a@b", "a b@example.com", "a@example.com\nb", f"{'x' * 100}@example.com"]
)
def test_an_address_that_cannot_be_one_is_refused_at_once(email):
    """It was kept until somebody called `validate()`."""
    with pytest.raises(ValueError, match="email"):
        User.create_user("jd", "take five", email=email)


def test_a_subclass_may_know_more():
    class Member(User):
        roles = ListField(StringField(), default=list)

    member = Member.create_user("jd", "take five", roles=["admin"])

    assert (member.roles, type(member)) == (["admin"], Member)


def test_check_login():
    user = User.create_user("jd", "take five")
    gone = User.create_user("gone", "take five", is_active=False)

    assert check_login(user, "take five")
    assert not check_login(user, "wrong")
    assert not check_login(gone, "take five")
    assert not check_login(None, "take five")


def test_a_line_made_elsewhere_is_taken():
    assert User(username="jd", password=hash_password("take five")).check_password("take five")
