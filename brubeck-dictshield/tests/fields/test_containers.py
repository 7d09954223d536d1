"""Lists, sorted lists, dictionaries and points."""

import datetime as dt

import pytest
from brubeck.dictshield import (
    BaseField,
    DictField,
    Document,
    GeoPointField,
    IntField,
    InvalidShield,
    ListField,
    MultiValueDict,
    MultiValueDictField,
    ShieldException,
    SortedListField,
    StringField,
    UUIDField,
)


class Holder(Document):
    numbers = ListField(IntField())
    mixed = ListField([IntField(), StringField()])
    anything = ListField([])
    ordered = SortedListField(IntField())
    free = DictField()
    many = MultiValueDictField()
    point = GeoPointField()


def test_items_are_converted_by_validate():
    document = Holder(numbers=["2", "3"], ordered=["3", 1], mixed=["1", "a"])
    before = document.numbers
    document.validate()

    assert (before, document.numbers) == (["2", "3"], [2, 3])
    assert document.ordered == [1, 3]
    assert document.mixed == [1, "a"]
    assert document.to_python()["numbers"] == [2, 3]


def test_a_list_that_is_valid_stays_the_same_object():
    numbers = [1, 2]
    document = Holder(numbers=numbers)
    document.validate()

    assert document.numbers is numbers


def test_to_python_converts_without_validate():
    assert Holder(numbers=["2"], ordered=["3", "1"]).to_python()["ordered"] == [1, 3]


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"numbers": ["2", "horse"]}, "Invalid ListField item"),
        ({"numbers": 2}, "Only lists and tuples may be used in a list field"),
        ({"ordered": ["x"]}, "Invalid ListField item"),
        ({"mixed": [[]]}, "Invalid ListField item"),
        ({"free": [1]}, "Only dictionaries may be used in a DictField"),
        (
            {"free": {"a.b": 1}},
            'Invalid dictionary key name - keys may not contain "." or "$" characters',
        ),
        ({"free": {1: 2}}, "Invalid dictionary key name - keys must be strings"),
        ({"many": 3}, "Only dictionaries or MultiValueDict may be used in a DictField"),
        ({"point": [1]}, "Value must be a two-dimensional point"),
        ({"point": [1, "x"]}, "Both values in point must be float or int"),
        ({"point": {"x": 1, "y": "z"}}, "Both values in point must be float or int"),
        ({"point": [1, float("nan")]}, "Both values in point must be finite"),
        (
            {"point": "ab"},
            "GeoPointField can only accept tuples, lists of (x, y), or dicts of {k1: v1, k2: v2}",
        ),
    ],
)
def test_refusals(values, reason):
    with pytest.raises(ShieldException) as caught:
        Holder(**values).validate()
    assert caught.value.reason == reason


@pytest.mark.parametrize("point", [[1, 2], (1, 2.5), {"x": 1, "y": 2}])
def test_points(point):
    document = Holder(point=point)

    assert document.validate()
    assert document.point == point


def test_an_empty_list_of_fields_takes_anything():
    document = Holder(anything=[1, "a", None])

    assert document.validate()
    assert document.to_python()["anything"] == [1, "a", None]


@pytest.mark.parametrize("fields", [3, None, [3], IntField])
def test_a_list_needs_fields(fields):
    with pytest.raises(
        InvalidShield, match="Argument to ListField constructor must be a valid field or list"
    ):
        ListField(fields)


def test_sorting_by_a_key_and_what_cannot_be_sorted():
    field = SortedListField(DictField(), ordering="a")

    assert field.for_python([{"a": 2}, {"a": 1}]) == [{"a": 1}, {"a": 2}]
    with pytest.raises(ShieldException, match="List items cannot be sorted"):
        field.validate([{"a": 2}, {"b": 1}])


def test_items_have_their_own_form_in_json():
    class Ids(Document):
        ids = ListField(UUIDField())

    document = Ids(ids=["12345678-1234-5678-1234-567812345678"])
    document.validate()

    assert document.to_json() == '{"ids": ["12345678-1234-5678-1234-567812345678"]}'


def test_moments_in_a_free_dictionary_have_a_form_in_json():
    assert Holder(free={"at": dt.date(2012, 1, 2)}).to_json().count('"at": "2012-01-02"') == 1
    with pytest.raises(ShieldException, match="type object has no form in JSON"):
        Holder(free={"at": object()}).to_json()


def test_several_values_to_a_key():
    document = Holder(many={"a": ["1", "2"], "b": "x"})

    assert document.many["a"] == "2"
    assert isinstance(document.to_python()["many"], MultiValueDict)
    assert document.to_json(encode=False)["many"] == {"a": ["1", "2"], "b": ["x"]}


def test_the_class_of_a_dictionarys_members():
    assert isinstance(DictField(StringField).lookup_member("x"), StringField)
    assert type(DictField().lookup_member("x")) is BaseField
    assert StringField().lookup_member("x") is None
    with pytest.raises(InvalidShield, match="basecls is not subclass of BaseField"):
        DictField(int)
