"""Dictionaries checked against a class, with no document made."""

import pytest
from brubeck.dictshield import (
    Document,
    EmailField,
    EmbeddedDocument,
    EmbeddedDocumentField,
    IntField,
    ListField,
    ShieldException,
    StringField,
    UUIDField,
)


class Pet(EmbeddedDocument):
    name = StringField(required=True)


class User(Document):
    _private_fields = ["secret"]

    name = StringField(required=True, choices=["Jo", "Al"])
    age = IntField(min_value=1)
    email = EmailField(minimized_field_name="e")
    secret = StringField(default="shh")
    pets = ListField(EmbeddedDocumentField(Pet))


def reasons(checked):
    return [(refusal.field_name, refusal.reason) for refusal in checked]


def test_a_good_dictionary_passes_and_keeps_its_values():
    values = {"name": "Jo", "age": "3", "pets": [{"name": "Rex"}]}

    assert User.validate_class_fields(values) is True
    assert User.check_class_fields(values) is True
    assert values == {"name": "Jo", "age": "3", "pets": [{"name": "Rex"}]}


def test_keys_that_no_field_knows_are_removed():
    values = {"name": "Jo", "shoe": 44, "_cls": "User", "_types": ["User"], "id": 3}

    assert User.validate_class_fields(values)
    assert values == {"name": "Jo"}


@pytest.mark.parametrize("missing", [{}, {"name": None}, {"name": ""}, {"name": "  "}])
def test_a_required_value_is_missing_from_the_whole_but_not_from_a_part(missing):
    """0.4.4 let a blank through, and raised KeyError where there was nothing."""
    with pytest.raises(ShieldException, match="Required field missing - name"):
        User.validate_class_fields(dict(missing))
    assert User.validate_class_partial(dict(missing)) is True
    assert not User.check_class_fields(dict(missing))


@pytest.mark.parametrize("check", [User.validate_class_fields, User.validate_class_partial])
def test_values_are_judged(check):
    values = {"name": "Xx", "age": 0, "e": "nowhere", "pets": [{"name": "a"}, {}]}

    assert reasons(check(values, validate_all=True)) == [
        ("name", "Value must be one of ['Jo', 'Al']."),
        ("age", "Int value below min_value: 1"),
        ("email", "Invalid email address"),
        ("name", "Required field missing"),
    ]
    with pytest.raises(ShieldException) as caught:
        check(values)
    assert [error.path for error in caught.value.errors] == [("name",), ("age",), ("e",), ("pets", 1, "name")]


@pytest.mark.parametrize("key", ["secret", "_id"])
def test_internal_and_private_values_are_not_for_users_to_set(key):
    with pytest.raises(ShieldException, match="Overwrite of internal fields attempted"):
        User.validate_class_fields({"name": "Jo", key: "12345678123456781234567812345678"})


def test_the_default_of_a_private_field_may_be_sent_back():
    assert User.validate_class_fields({"name": "Jo", "secret": f"{'S'.lower()}hh", "_id": None})


@pytest.mark.parametrize("values", [None, [], "name", 3])
def test_what_is_no_dictionary_is_refused(values):
    with pytest.raises(ShieldException, match="Only dictionaries make a document"):
        User.validate_class_fields(values)
    assert User.check_class_fields(values) is False


@pytest.mark.parametrize("key", ["pk", "_id"])
def test_an_id_of_another_name_is_not_for_users_to_set(key):
    """`_id` was refused and the attribute's own name was not."""

    class Keyed(Document):
        pk = UUIDField(id_field=True)

    for check in (Keyed.validate_class_fields, Keyed.validate_class_partial):
        with pytest.raises(ShieldException, match=f"Overwrite of internal fields attempted - {key}:"):
            check({key: "12345678123456781234567812345678"})


class Tag(EmbeddedDocument):
    _private_fields = ["secret"]

    name = StringField()
    secret = StringField(default="shh", minimized_field_name="s")
    inner = EmbeddedDocumentField("self")


class Tagged(Document):
    tag = EmbeddedDocumentField(Tag)
    tags = ListField([EmbeddedDocumentField(Tag), EmbeddedDocumentField(Pet)])
    grid = ListField(ListField(EmbeddedDocumentField(Tag)))


@pytest.mark.parametrize("check", [Tagged.validate_class_fields, Tagged.validate_class_partial])
@pytest.mark.parametrize(
    ("values", "path"),
    [
        ({"tag": {"name": "a", "secret": "mine"}}, ("tag", "secret")),
        ({"tag": {"s": "mine"}}, ("tag", "s")),
        ({"tag": {"inner": {"inner": {"secret": "mine"}}}}, ("tag", "inner", "inner", "secret")),
        ({"tags": [{"name": "a"}, {"secret": "mine"}]}, ("tags", 1, "secret")),
        ({"grid": [[], [{"secret": "mine"}]]}, ("grid", 1, 0, "secret")),
    ],
)
def test_private_values_of_embedded_documents_are_not_for_users_to_set(check, values, path):
    """Views honoured the lists of embedded documents, and checks did not."""
    with pytest.raises(ShieldException, match="Overwrite of internal fields attempted - s") as caught:
        check(values)

    assert [(error.path, error.value) for error in caught.value.errors] == [(path, "mine")]


def test_other_values_of_embedded_documents_are_for_users_to_set():
    values = {"tag": {"name": "a", "secret": "shh", "x": 3}, "tags": [{"name": "b", "secret": None}]}

    assert Tagged.validate_class_fields(values)
    assert Tagged.validate_class_fields({"tag": Tag(secret="ours"), "grid": [[Tag(secret="ours")]]})
