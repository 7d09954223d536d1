import pytest
from brubeck.auth import LoginThrottle, MemoryCounters, Throttle
from brubeck.auth.throttling import network_of


def test_so_many_attempts_for_an_account_and_then_a_pause(clock):
    throttle = LoginThrottle(account_limit=3, window_s=60)

    assert [throttle.take("jd", f"192.0.2.{number}") for number in range(3)] == [0, 0, 0]
    clock.go(20)
    assert throttle.take("jd", "192.0.2.9") == 40
    assert throttle.take("dave", "192.0.2.9") == 0
    clock.go(40)
    assert throttle.take("jd", "192.0.2.9") == 0


def test_so_many_attempts_from_an_address_and_then_a_pause(clock):
    throttle = LoginThrottle(address_limit=3, window_s=60)

    assert [throttle.take(f"user{number}", "192.0.2.1") for number in range(4)] == [0, 0, 0, 60]
    assert throttle.take("jd", "192.0.2.2") == 0


def test_an_address_that_has_to_wait_counts_for_no_account():
    """It locked accounts out for everybody, though none of its attempts was looked at."""
    throttle = LoginThrottle(account_limit=2, address_limit=1)
    for _ in range(5):
        throttle.take("jd", "192.0.2.1")

    assert throttle.take("jd", "192.0.2.2") == 0


def test_an_address_that_has_to_wait_pushes_no_count_out():
    """With a name invented for each attempt it began again for an account that had to wait."""
    throttle = LoginThrottle(MemoryCounters(max_keys=10), account_limit=1, address_limit=2)
    for _ in range(2):
        throttle.take("jd", "192.0.2.9")
    for number in range(100):
        throttle.take(f"user{number}", "192.0.2.1")

    assert throttle.take("jd", "192.0.2.2") > 0


def test_a_success_begins_again_for_the_account_and_not_for_the_address():
    throttle = LoginThrottle(account_limit=2, address_limit=3)
    for _ in range(2):
        throttle.take("jd", "192.0.2.1")
    throttle.forgive("jd")

    assert throttle.take("jd", "192.0.2.1") == 0
    assert throttle.take("jd", "192.0.2.1") > 0


def test_without_an_address_the_account_is_still_counted():
    throttle = LoginThrottle(account_limit=1, address_limit=1)

    assert [throttle.take("a", ""), throttle.take("b", ""), throttle.take("a", "")][:2] == [0, 0]
    assert throttle.take("a", "") > 0


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("somewhere", "somewhere"),
    ],
)
def test_an_address_is_what_one_client_can_hardly_leave(address, network):
    assert network_of(address) == network


def test_memory_has_a_bound():
    counters = MemoryCounters(max_keys=100)
    for number in range(1000):
        counters.add(f"{number}", 60)

    assert len(counters._counts) == 100


def test_names_do_not_lie_about():
    throttle = LoginThrottle()
    throttle.take("my password typed into the wrong field", "192.0.2.1")

    assert "password" not in str(throttle.counters._counts)


def test_a_throttle_counts_by_key_and_says_how_long_to_wait(clock):
    throttle = Throttle(2, 60)

    assert [throttle.take("jd"), throttle.take("jd"), throttle.take("jd"), throttle.take("dave")] == [
        0,
        0,
        60,
        0,
    ]
    clock.go(60)
    assert throttle.take("jd") == 0


def test_throttles_of_other_names_share_counters_and_no_count():
    counters = MemoryCounters()
    lines, names = Throttle(1, 60, counters, name="lines"), Throttle(1, 60, counters, name="names")

    assert [lines.take("jd"), names.take("jd"), lines.take("jd") > 0] == [0, 0, True]
