"""Dictionaries with several values to a key."""

import copy
import pickle

import pytest
from brubeck.dictshield import MultiValueDict, MultiValueDictKeyError


@pytest.fixture
def many():
    return MultiValueDict({"a": ["1", "2"], "empty": []})


def test_it_reads_like_one_of_the_last_values(many):
    assert (many["a"], many["empty"], many.get("a"), many.get("x", 4), many.get("empty", 5)) == (
        "2",
        [],
        "2",
        4,
        5,
    )
    assert sorted(many.items()) == [("a", "2"), ("empty", [])]
    assert list(many.iteritems()) == many.items()
    assert many.values() == list(many.itervalues()) == ["2", []]
    assert many.dict() == {"a": "2", "empty": []}


def test_it_knows_all_values(many):
    assert (many.getlist("a"), many.getlist("x"), many.getlist("x", 3)) == (["1", "2"], [], 3)
    assert list(many.lists()) == list(many.iterlists()) == [("a", ["1", "2"]), ("empty", [])]


def test_a_key_that_is_not_there(many):
    with pytest.raises(MultiValueDictKeyError, match="Key 'x' not found in <MultiValueDict:"):
        many["x"]


def test_it_changes(many):
    many["b"] = 1
    many.appendlist("a", "3")
    many.update({"a": "9"}, c="4")
    many.update(MultiValueDict({"q": [1, 2]}))
    many.setlist("z", [1])

    assert many.setdefault("y", 1) == 1
    assert many.setlistdefault("w", [1, 2]) == [1, 2]
    assert many.setlistdefault("v") == []
    assert sorted(many.lists()) == [
        ("a", ["1", "2", "3", "9"]),
        ("b", [1]),
        ("c", ["4"]),
        ("empty", []),
        ("q", [1, 2]),
        ("v", []),
        ("w", [1, 2]),
        ("y", [1]),
        ("z", [1]),
    ]


def test_what_update_does_not_take(many):
    with pytest.raises(TypeError, match="at most 1 argument, got 2"):
        many.update({}, {})
    with pytest.raises(ValueError, match="update takes a MultiValueDict or a dictionary, got 3"):
        many.update(3)


@pytest.mark.parametrize("duplicate", [MultiValueDict.copy, copy.copy, copy.deepcopy])
def test_copies_have_lists_of_their_own(many, duplicate):
    twin = duplicate(many)
    twin.appendlist("a", "3")

    assert many.getlist("a") == ["1", "2"]
    assert type(twin) is MultiValueDict


def test_pickles(many):
    assert pickle.loads(pickle.dumps(many)) == many
