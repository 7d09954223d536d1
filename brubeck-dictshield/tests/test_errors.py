"""Exceptions and what they carry."""

import pickle

import pytest
from brubeck.dictshield import (
    DictPunch,
    FieldError,
    FormPunch,
    InvalidShield,
    ShieldDocException,
    ShieldException,
)
from brubeck.dictshield.base import subclass_exception


def test_the_text_and_the_attributes_are_those_of_0_4_4():
    refusal = ShieldException("Not Int", "age", "old")

    assert str(refusal) == "Not Int - age:old"
    assert (refusal.reason, refusal.field_name, refusal.field_value) == ("Not Int", "age", "old")
    assert str(ShieldDocException("User", [refusal])) == "Document had 1 errors - ['Not Int - age:old']"


def test_errors_are_data():
    inner = ShieldException("Not Int", "age", "old")
    outer = ShieldException("Not Int", "age", "old", errors=inner.located("pets", 1, "age"))

    assert inner.errors == (FieldError(("age",), "Not Int", "old"),)
    assert outer.errors == (FieldError(("pets", 1, "age"), "Not Int", "old"),)
    assert outer.as_dict() == {"pets.1.age": ["Not Int"]}


@pytest.mark.parametrize("value", ["x" * 10_000, ["x"] * 10_000])
def test_a_long_value_is_cut_in_the_text_and_kept_in_the_attribute(value):
    """What a stranger sent is not to fill the log."""
    refusal = ShieldException("String value is too long", "name", value)

    assert len(str(refusal)) < 300
    assert refusal.field_value is value


def test_a_value_that_cannot_be_shown():
    class Hostile:
        def __str__(self):
            raise RuntimeError

    assert str(ShieldException("No", "a", Hostile())) == "No - a:<Hostile>"


def test_kinds():
    assert DictPunch is ShieldException
    assert issubclass(ShieldDocException, ShieldException)
    assert issubclass(ShieldException, ValueError)
    assert issubclass(FormPunch, InvalidShield)
    assert not issubclass(InvalidShield, ValueError)


@pytest.mark.parametrize(
    "error",
    [
        ShieldException("No", "a", 1, errors=[FieldError(("a", 2), "No", 1)]),
        ShieldDocException("User", [ShieldException("No", "a", 1)]),
    ],
)
def test_pickles(error):
    again = pickle.loads(pickle.dumps(error))

    assert (str(again), again.errors) == (str(error), error.errors)


def test_subclass_exception():
    made = subclass_exception("Gone", (ShieldException,), "elsewhere")

    assert (made.__name__, made.__module__, issubclass(made, ShieldException)) == ("Gone", "elsewhere", True)
