"""Frames between the balancer and its workers."""

from __future__ import annotations

import pytest
from brubeck.mongrel2.wire import Verb, pack_numbers, pack_work, unpack_numbers, unpack_work
from hypothesis import given
from hypothesis import strategies as st

SERIALS = st.integers(0, 2**64 - 1)


@given(work=st.lists(st.tuples(SERIALS, st.binary(max_size=50)), max_size=10))
def test_work_comes_back(work):
    frame = pack_work(Verb.WORK, [serial for serial, _ in work], [message for _, message in work])

    assert unpack_work(frame) == work


@given(serials=st.lists(SERIALS, max_size=20), credit=st.integers(0, 65535))
def test_numbers_come_back(serials, credit):
    returned, numbers = unpack_numbers(pack_numbers(Verb.DONE, serials, credit))

    assert (returned, list(numbers)) == (credit, serials)


@given(cut=st.integers(3, 60))
def test_a_frame_that_was_cut_is_refused(cut):
    frame = pack_work(Verb.WORK, [1, 2], [b"first message", b"second message"])

    with pytest.raises(ValueError, match=r"."):
        unpack_work(frame[:cut])
