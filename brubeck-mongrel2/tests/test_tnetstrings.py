"""Typed netstrings, by the plain decoder and by the one in C where it is installed."""

from __future__ import annotations

import pytest
from brubeck.mongrel2.tnetstrings import dump, pop, pop_plain
from hypothesis import given
from hypothesis import strategies as st

VALUES = st.recursive(
    st.binary(max_size=20) | st.integers(-(2**60), 2**60) | st.booleans() | st.none(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.binary(max_size=5), inner, max_size=4),
    max_leaves=12,
)


@pytest.fixture(params=[pop_plain, pop], ids=["plain", "installed"])
def popper(request):
    return request.param


@given(value=VALUES, tail=st.binary(max_size=10))
def test_what_is_dumped_is_popped(value, tail):
    for popper in (pop_plain, pop):
        assert popper(dump(value) + tail) == (value, tail)


@given(data=st.binary(max_size=60))
def test_both_decoders_agree_on_any_bytes(data):
    results = []
    for popper in (pop_plain, pop):
        try:
            results.append(popper(data))
        except (ValueError, RecursionError):
            results.append(None)

    # the plain one may refuse more: floats, numbers and nesting that Mongrel2 never sends
    assert results[0] == results[1] or results[0] is None


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b":",
        b"3",
        b"3:abc",
        b"3:ab,",
        b"03:abc,",
        b"-1:,",
        b" 3:abc,",
        b"99999999999:a,",
        b"3:abc?",
        b"6:1:a,0:}",
    ],
)
def test_what_is_no_tnetstring_is_refused(popper, data):
    with pytest.raises(ValueError, match="tnetstring"):
        popper(data)


def test_nesting_ends_somewhere(popper):
    data = b"0:]"
    for _ in range(3000):
        data = b"%d:%b]" % (len(data), data)

    with pytest.raises((ValueError, RecursionError)):
        popper(data)


def test_what_cannot_be_dumped_is_named():
    with pytest.raises(TypeError, match="object object"):
        dump([object()])
