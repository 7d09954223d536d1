import threading
import time

import gevent
import pytest
from brubeck.auth import (
    PasswordCost,
    hash_password,
    needs_rehash,
    set_password_cost,
    verify_nobody,
    verify_password,
)
from brubeck.auth.hashing import THREADS, run_in_thread
from brubeck.auth.passwords import get_password_cost
from brubeck.core.errors import ConfigurationError
from hypothesis import example, given
from hypothesis import strategies as st

BCRYPT = "$2b$04$Qklff8s.pXpfHqY4tI3ZcOx8mHFvE78XAs/AuRr2Ee72iG9GgQ7je"
"""For "take five", made by bcrypt with the least cost."""
SALT = BCRYPT[:29]
OLD = f"bcrypt|||{SALT}|||{BCRYPT}"

passwords = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=40)


@given(passwords)
def test_a_password_matches_its_own_line(password):
    assert verify_password(password, hash_password(password))


@given(passwords, passwords)
@example("take five", "take fivE")
@example("a\x00b", "a\x00c")
def test_a_password_matches_no_other_line(password, other):
    same = encode(password) == encode(other)

    assert verify_password(other, hash_password(password)) is same


def encode(password):
    from brubeck.auth.passwords import encode_password

    return encode_password(password)


def test_new_lines_are_argon2id_each_with_a_salt():
    one, other = hash_password("take five"), hash_password("take five")

    assert one.startswith("$argon2id$v=19$m=8,t=1,p=1$")
    assert one != other
    assert len(one) <= 128


def test_a_line_of_the_default_cost_fits_into_the_field():
    assert len("$argon2id$v=19$m=47104,t=1,p=1$" + "s" * 22 + "$" + "d" * 43) <= 128


def test_the_keyboard_does_not_matter():
    """An é in one character or in two; a ligature."""
    assert verify_password("cafe\u0301 fi", hash_password("caf\u00e9 \ufb01"))


@pytest.mark.parametrize("stored", [BCRYPT, OLD, "$2a$" + BCRYPT[4:], "$2y$" + BCRYPT[4:]])
def test_old_lines_are_read(stored):
    pytest.importorskip("bcrypt")
    assert verify_password("take five", stored)
    assert not verify_password("take fivE", stored)
    assert needs_rehash(stored)


def test_what_bcrypt_cut_counts_as_it_did():
    pytest.importorskip("bcrypt")
    stored = "$2b$04$EIn0Z97mDvAJZnE.iaQcOu2ZdgRuWGKV8IzHrGSdHBXgaIcyUEHvG"

    assert verify_password("x" * 100, stored)
    assert not verify_password("x" * 71, stored)


@pytest.mark.parametrize(
    "stored",
    [
        "",
        "take five",
        "$argon2id$",
        "$argon2id$v=19$m=8,t=1,p=1$AAAA",
        "bcrypt|||a|||b",
        f"bcrypt|||{SALT}|||{SALT[:9]}",
        "md5$a$b",
    ],
)
def test_a_line_of_another_kind_is_an_error_that_does_not_repeat_it(stored):
    with pytest.raises(ValueError, match="stored line") as raised:
        verify_password("take five", stored)

    assert len(stored) < 3 or stored not in str(raised.value)


@pytest.mark.parametrize("password", ["", "x" * 1025, "ü" * 600, "\ud800", None, 5, b"take five"], ids=ascii)
def test_what_cannot_be_a_password_matches_nothing_and_is_not_stored(password):
    assert not verify_password(password, hash_password("take five"))
    with pytest.raises(ValueError, match="from 1 to 1024 bytes"):
        hash_password(password)


def test_bcrypt_that_is_missing_says_so(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "bcrypt", None)

    with pytest.raises(ConfigurationError, match=r"pip install 'brubeck-auth\[bcrypt\]'"):
        verify_password("take five", BCRYPT)


@pytest.fixture
def another_cost():
    before = get_password_cost()
    yield PasswordCost(memory_kib=16, passes=2, lanes=1)
    set_password_cost(before)


def test_another_cost_is_a_reason_to_hash_again(another_cost):
    line = hash_password("take five")

    assert not needs_rehash(line)
    set_password_cost(another_cost)
    assert needs_rehash(line)
    assert verify_password("take five", line)
    assert hash_password("take five").startswith("$argon2id$v=19$m=16,t=2,p=1$")


def test_a_cost_that_argon2_cannot_have_is_refused():
    set_password_cost(get_password_cost())
    with pytest.raises((ValueError, TypeError)):
        set_password_cost(PasswordCost(memory_kib="much"))  # type: ignore[arg-type]


def test_nobody_has_the_right_password():
    assert not verify_nobody()
    assert not verify_nobody("x" * 5000)


def test_a_name_that_nobody_has_takes_as_long(another_cost):
    """With a cost that can be measured, in CPU time; the minimum of several, because the machine is shared."""
    set_password_cost(PasswordCost(memory_kib=4096, passes=2, lanes=1))
    line = hash_password("take five")

    def fastest(check):
        def once():
            begun = time.process_time()
            check()
            return time.process_time() - begun

        return min(once() for _ in range(12))

    known = fastest(lambda: verify_password("wrong", line))
    unknown = fastest(lambda: verify_nobody("wrong"))

    assert 0.6 < unknown / known < 1.6


# Beside the hub


def test_the_hub_goes_on_while_a_password_is_hashed(another_cost):
    set_password_cost(PasswordCost(memory_kib=8192, passes=3, lanes=1))
    ticks = []

    def tick():
        while True:
            ticks.append(True)
            gevent.sleep(0)

    ticker = gevent.spawn(tick)
    try:
        hash_password("take five")
    finally:
        ticker.kill()

    assert len(ticks) > 20


def test_no_more_than_two_are_hashed_at_once():
    at_once, most = [], []
    lock = threading.Lock()

    def work():
        with lock:
            at_once.append(True)
            most.append(len(at_once))
        time.sleep(0.005)
        with lock:
            at_once.pop()

    gevent.joinall([gevent.spawn(run_in_thread, work) for _ in range(8)], raise_error=True)

    assert max(most) <= THREADS


def test_an_error_in_the_thread_is_raised_where_it_was_called():
    with pytest.raises(ZeroDivisionError):
        run_in_thread(lambda: 1 / 0)
