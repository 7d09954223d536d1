"""Fields that users write, in the way of 0.4.4 and in today's."""

import pytest
from brubeck.dictshield import (
    BaseField,
    Document,
    IntField,
    InvalidShield,
    ListField,
    ShieldException,
    StringField,
    URLField,
)


class UpperField(StringField):
    """With descriptors of its own, as 0.4.4's users wrote them."""

    def __set__(self, instance, value):
        instance._data[self.field_name] = value and value.upper()

    def __get__(self, instance, owner):
        if instance is None:
            return self
        value = instance._data.get(self.field_name)
        return value and f"{value}!"


class EvenField(IntField):
    def validate(self, value):
        if super().validate(value) % 2:
            raise ShieldException("Odd", self.field_name, value)


class AssertingField(BaseField):
    def validate(self, value):
        assert value.startswith("x")


class HiddenField(StringField):
    def for_json(self, value):
        return "*" * len(value)


class Holder(Document):
    upper = UpperField(max_length=3)
    even = EvenField(max_value=10)
    asserting = AssertingField()
    hidden = HiddenField()
    evens = ListField(EvenField())
    plain = StringField(required=True)


def test_descriptors_of_ones_own():
    document = Holder(upper="abc", plain="x")

    assert document.upper == "ABC!"
    assert document.to_python()["upper"] == "ABC!"
    assert '"upper": "ABC!"' in document.to_json()
    assert isinstance(Holder.upper, UpperField)
    with pytest.raises(ShieldException, match="String value is too long"):
        document.validate()


def test_a_validate_of_ones_own_is_asked_though_the_engine_would_take_the_value():
    assert Holder(even=4, plain="x").validate()
    with pytest.raises(ShieldException, match="Odd - even:3"):
        Holder(even=3, plain="x").validate()
    with pytest.raises(ShieldException, match="above max_value"):
        Holder(even=12, plain="x").validate()
    with pytest.raises(ShieldException, match="Invalid ListField item"):
        Holder(evens=[2, 3], plain="x").validate()


@pytest.mark.parametrize("value", [3, "y"])
def test_mishaps_of_a_validate_are_refusals(value):
    with pytest.raises(ShieldException, match="Invalid value"):
        Holder(asserting=value, plain="x").validate()


def test_a_form_of_ones_own_in_json():
    document = Holder(hidden="abc", plain="x")

    assert '"hidden": "***"' in document.to_json()
    assert document.to_python()["hidden"] == "abc"


def test_a_subclass_is_found_by_its_schema():
    class PhoneBook(URLField):
        @classmethod
        def _from_jsonschema_formats(cls):
            return ["x-phone-book"]

    made = Document.from_jsonschema(
        {"title": "T", "properties": {"a": {"type": "string", "format": "x-phone-book"}}}
    )

    assert type(made.a) is PhoneBook


def test_a_subclass_takes_no_place_that_it_did_not_ask_for():
    """In 0.4.4 the last subclass of StringField to be made was the field of every text."""
    made = Document.from_jsonschema({"title": "T", "properties": {"a": {"type": "string"}}})

    assert type(made.a) is StringField


def test_validation_must_be_callable():
    with pytest.raises(InvalidShield, match="validation must be a callable that takes the value, got 3"):
        StringField(validation=3)
