"""Numbers and their bounds."""

from decimal import Decimal
from fractions import Fraction

import pytest
from brubeck.dictshield import (
    BooleanField,
    DecimalField,
    Document,
    FloatField,
    IntField,
    LongField,
    NumberField,
    ShieldException,
)
from hypothesis import given
from hypothesis import strategies as st


class Numbers(Document):
    i = IntField(min_value=1, max_value=5)
    long = LongField()
    f = FloatField(min_value=-1.5)
    d = DecimalField(max_value=Decimal("9.99"))
    n = NumberField(Fraction, "Fraction", max_value=Fraction(1, 2))


@pytest.mark.parametrize(
    ("name", "given_", "kept"),
    [
        ("i", "3", 3),
        ("i", 3.7, 3),
        ("i", " 3 ", 3),
        ("i", True, 1),
        ("long", 2**70, 2**70),
        ("f", "7", 7.0),
        ("f", 3, 3.0),
        ("n", "1/3", Fraction(1, 3)),
    ],
)
def test_numbers_are_made_when_they_are_set(name, given_, kept):
    document = Numbers(**{name: given_})

    assert document[name] == kept
    assert type(document[name]) is type(kept)
    assert document.validate()


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("i", "x", "Not Int"),
        ("i", [], "Not Int"),
        ("long", "x", "Not Long"),
        ("f", "x", "Not Float"),
        ("n", "1/0", "Not Fraction"),
    ],
)
def test_what_is_no_number_is_refused_when_it_is_set(name, value, reason):
    document = Numbers()

    with pytest.raises(ShieldException, match=reason):
        setattr(document, name, value)


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("i", 0, "Int value below min_value: 1"),
        ("i", 9, "Int value above max_value: 5"),
        ("f", -2, "Float value below min_value: -1.5"),
        ("f", "nan", "Float value is not finite"),
        ("f", float("inf"), "Float value is not finite"),
        ("d", "10", "Decimal value above max_value: 9.99"),
        ("d", "x", "Could not convert to decimal"),
        ("d", "sNaN", "Decimal value is not finite"),
        ("n", 1, "Fraction value above max_value: 1/2"),
    ],
)
def test_bounds(name, value, reason):
    document = Numbers(**{name: value})

    with pytest.raises(ShieldException) as caught:
        document.validate()
    assert caught.value.reason == reason


@pytest.mark.parametrize(
    ("number_class", "value"),
    [
        (complex, Decimal("NaN")),
        (complex, complex("inf")),
        (Decimal, "NaN"),
        (Decimal, "sNaN"),
        (Decimal, "-Infinity"),
    ],
)
def test_numbers_of_any_class_are_finite(number_class, value):
    """A NaN made by a class other than float was valid, and its document did not equal itself when read again."""

    class Odd(Document):
        number = NumberField(number_class, "Odd")

    with pytest.raises(ShieldException, match="Odd value is not finite"):
        Odd(number=value).validate()


def test_a_bound_beyond_64_bits():
    class Wide(Document):
        number = IntField(max_value=2**64)

    assert Wide(number=2**64).validate()
    with pytest.raises(ShieldException, match="above max_value"):
        Wide(number=2**64 + 1).validate()


def test_validate_of_a_field_gives_the_number():
    assert IntField().validate("3") == 3
    assert DecimalField(min_value=3).validate("3.0") == Decimal("3.0")
    with pytest.raises(ShieldException, match="Decimal value below min_value: 3"):
        DecimalField(min_value=3).validate("1")


def test_a_decimal_loses_no_digit_in_json():
    document = Numbers(d="1.20")

    assert document.to_json(encode=False) == {"d": "1.20"}
    assert document.to_python() == {"d": Decimal("1.20")}


@pytest.mark.parametrize("value", [1, 0, "true", "False", 1.0])
def test_a_boolean_is_true_or_false(value):
    with pytest.raises(ShieldException, match="Not a boolean"):
        BooleanField().validate(value)
    assert BooleanField().validate(False) is False


@given(st.one_of(st.integers(), st.floats(), st.text(alphabet="0123456789.e-+ nainf"), st.booleans()))
def test_any_number_is_valid_or_refused_and_survives(value):
    try:
        document = Numbers(i=value, long=value, f=value, d=value)
        document.validate()
    except ShieldException:
        return

    assert Numbers(**document.to_python()) == document
