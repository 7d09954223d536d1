"""Making, changing, validating and comparing documents."""

import copy
import pickle

import pytest
from brubeck.dictshield import (
    BaseField,
    BooleanField,
    DecimalField,
    Document,
    EmailField,
    EmbeddedDocument,
    IntField,
    ListField,
    LongField,
    ShieldDocException,
    ShieldException,
    StringField,
    UUIDField,
)


class User(Document):
    username = StringField(max_length=30, required=True)
    email = EmailField(max_length=100)
    is_active = BooleanField(default=False)
    age = IntField(min_value=0, max_value=150)
    made = LongField(default=lambda: 7)
    price = DecimalField()
    tags = ListField(StringField(max_length=5))


class Nickname(Document):
    name = StringField(uniq_field="nom")
    nickname = StringField(minimized_field_name="n")
    alias = StringField(field_name="aka")


def test_values_become_attributes_and_defaults_fill_the_rest():
    user = User(username="j2d2", age="31")

    assert (user.username, user.age, user.is_active, user.made, user.email) == ("j2d2", 31, False, 7, None)
    assert user.tags == []
    assert user.validate() is True


def test_unknown_keys_are_dropped():
    user = User(username="j2d2", shoe_size=44)

    assert "shoe_size" not in user.to_python()
    assert not hasattr(user, "shoe_size")


def test_a_value_that_cannot_be_converted_is_refused_at_once_with_all_others():
    with pytest.raises(ShieldException, match="Not Int - age:old") as caught:
        User(age="old", email="nowhere")

    assert [(e.path, e.reason) for e in caught.value.errors] == [
        (("age",), "Not Int"),
        (("username",), "Required field missing"),
        (("email",), "Invalid email address"),
    ]


def test_a_refusal_is_a_value_error_as_it_was():
    with pytest.raises(ValueError, match="Not Int"):
        User(age="old")


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({}, "Required field missing"),
        ({"username": ""}, "Required field missing"),
        ({"username": "x" * 31}, "String value is too long"),
        ({"username": "x", "email": "x"}, "Invalid email address"),
        ({"username": "x", "age": 151}, "Int value above max_value: 150"),
        ({"username": "x", "is_active": "yes"}, "Not a boolean"),
        ({"username": "x", "tags": "abc"}, "Only lists and tuples may be used in a list field"),
        ({"username": 3}, "Invalid value"),
    ],
)
def test_validate_tells_the_first_reason(values, reason):
    user = User(**values)

    with pytest.raises(ShieldException) as caught:
        user.validate()
    assert caught.value.reason == reason


def test_validate_tells_all_errors_as_data():
    user = User(username="", age=-1, tags=["fine", "too long"])

    with pytest.raises(ShieldException) as caught:
        user.validate()
    assert [tuple(error) for error in caught.value.errors] == [
        (("username",), "Required field missing", ""),
        (("age",), "Int value below min_value: 0", -1),
        (("tags", 1), "String value is too long", "too long"),
    ]
    assert caught.value.as_dict()["tags.1"] == ["String value is too long"]
    assert str(caught.value) == "Required field missing - username: (and 2 more)"


def test_validate_all_gives_one_exception_a_field():
    user = User(username="", age=-1)

    with pytest.raises(ShieldDocException) as caught:
        user.validate(validate_all=True)
    assert caught.value.doc == "User"
    assert [e.field_name for e in caught.value.error_list] == ["username", "age"]
    assert str(caught.value).startswith("Document had 2 errors - ['Required field missing - username:")


def test_a_changed_value_is_validated_again():
    user = User(username="j2d2")
    user.validate()
    user.email = "nowhere"

    with pytest.raises(ShieldException, match="Invalid email address"):
        user.validate()
    user.email = "jd@example.com"
    assert user.validate()


def test_an_item_put_into_a_list_is_validated():
    user = User(username="j2d2")
    user.validate()
    user.tags.append(3)

    with pytest.raises(ShieldException, match="Invalid ListField item"):
        user.validate()


def test_a_value_is_of_its_type_after_validate():
    user = User(username="x", price="1.50")
    user.validate()

    assert str(user.price) == "1.50"
    assert user.price == user.to_python()["price"]


@pytest.mark.parametrize("value", [None, ""])
def test_none_and_nothing_leave_a_field_empty(value):
    user = User(username="x", age=3)
    user.age = value

    assert user.age is None
    assert "age" not in user.to_python()


def test_a_default_that_can_be_changed_is_each_documents_own():
    """A list set to None gave a new list at each access, so that what was appended to it was lost."""
    first, second = User(username="a"), User(username="b")
    first.tags = None
    first.tags.append("x")

    assert (first.tags, second.tags) == (["x"], [])


def test_equality_is_by_class_and_values():
    class Admin(User):
        pass

    assert User(username="a") == User(username="a")
    assert User(username="a") != User(username="b")
    assert User(username="a") == Admin(username="a")
    assert User(username="a") != Nickname(name="a")
    assert User(username="a") != {"username": "a"}


def test_a_value_that_equals_nothing_is_the_same_in_both():
    """A BaseField takes NaN; a document made of what another gave was not equal to it."""

    class Free(Document):
        value = BaseField()

    document = Free(value=float("nan"))

    assert Free(**document.to_python()) == document
    assert Free(value=1) != document


def test_a_document_reads_like_a_dictionary_of_its_fields():
    user = User(username="a")
    user["age"] = 4

    assert user["age"] == 4
    assert list(user) == ["id", "username", "email", "is_active", "age", "made", "price", "tags"]
    assert len(user) == 8
    assert "username" in user
    assert "email" not in user
    with pytest.raises(KeyError, match="shoe"):
        user["shoe"]
    with pytest.raises(KeyError, match="shoe"):
        user["shoe"] = 44


def test_to_python_speaks_of_uniq_fields_and_reads_all_names():
    document = Nickname(name="a", n="b", aka="c")

    assert document.to_python() == {"nom": "a", "nickname": "b", "aka": "c"}
    assert Nickname(**document.to_python()) == document
    assert Nickname(nom="a", nickname="b", alias="c") == document


def test_to_json_as_text_sorted_and_as_a_dictionary():
    user = User(username="Dave “Take Five”", age=3, price="2.10")

    assert user.to_json() == (
        '{"username": "Dave \\u201cTake Five\\u201d", "is_active": false, "age": 3, "made": 7, '
        '"price": "2.10", "tags": []}'
    )
    assert user.to_json(sort_keys=True).startswith('{"age": 3')
    assert user.to_json(encode=False)["price"] == "2.10"


def test_fast_and_slow_json_are_the_same():
    user = User(username="a\n%s", email="a@b.co", is_active=True, age=0, made=2**70)
    fast = user.to_json()
    user.age = 0  # now nothing is known of the values

    assert user.to_json() == fast


def test_a_value_without_a_form_in_json_is_a_refusal():
    class Anything(Document):
        price = DecimalField()
        when = UUIDField()

    document = Anything()
    document._data["price"] = object()

    with pytest.raises(ShieldException, match="Could not convert to decimal"):
        document.to_python()


def test_subclasses_and_text():
    assert repr(Nickname()) == "<Nickname: Nickname object>"
    assert list(User._get_subclasses()) == [
        name for name in User._get_subclasses() if name.startswith("User.")
    ]


class Point(EmbeddedDocument):
    x = IntField()


def test_copies_and_pickles():
    point = Point(x=1)
    twin = copy.copy(point)
    twin.x = 2

    assert (point.x, copy.deepcopy(point), pickle.loads(pickle.dumps(point))) == (1, point, point)
