"""Documents as JSON Schema and back."""

import json
import re

import pytest
from brubeck.dictshield import (
    BaseField,
    BooleanField,
    DateField,
    DateTimeField,
    DecimalField,
    DictField,
    DictFieldNotFound,
    Document,
    EmailField,
    EmbeddedDocument,
    EmbeddedDocumentField,
    FloatField,
    GeoPointField,
    IntField,
    IPv4Field,
    ListField,
    MD5Field,
    ObjectIdField,
    ShieldException,
    StringField,
    TimeField,
    TimeStampField,
    URLField,
    UUIDField,
)


class Reply(EmbeddedDocument):
    text = StringField(required=True)
    replies = ListField(EmbeddedDocumentField("self"))


class Post(Document):
    title = StringField(max_length=9, min_length=2, required=True, description="What it says on top")
    kind = StringField(choices=["a", "b"], default="a")
    code = StringField(regex="^a+$")
    stars = IntField(min_value=1, max_value=5)
    score = FloatField(max_value=2.5)
    open = BooleanField(default=True)
    url = URLField()
    day = DateField()
    reply = EmbeddedDocumentField(Reply)
    tags = ListField(StringField(max_length=3))


PROPERTIES = [
    (BaseField(), {}),
    (DecimalField(min_value=1), {"type": "string"}),
    (EmailField(), {"type": "string", "format": "email"}),
    (URLField(), {"type": "string", "format": "uri"}),
    (IPv4Field(), {"type": "string", "format": "ipv4"}),
    (MD5Field(), {"type": "string", "minLength": 32, "maxLength": 32}),
    (DateTimeField(), {"type": "string", "format": "date-time"}),
    (TimeField(), {"type": "string", "format": "time"}),
    (TimeStampField(), {"type": "integer"}),
    (UUIDField(), {"type": "string", "format": "uuid"}),
    (ObjectIdField(), {"type": "string", "pattern": "^[0-9a-f]{24}$"}),
    (DictField(), {"type": "object"}),
    (ListField([]), {"type": "array"}),
    (
        ListField([IntField(), StringField()]),
        {"type": "array", "items": {"anyOf": [{"type": "integer"}, {"type": "string"}]}},
    ),
    (GeoPointField(), {"type": "array", "items": {"type": "number"}, "minItems": 2, "maxItems": 2}),
    (StringField(choices=["a"]), {"type": "string", "enum": ["a"]}),
    (IntField(default=3), {"type": "integer", "default": 3}),
    (IntField(default=lambda: 3), {"type": "integer"}),
]


@pytest.mark.parametrize(("field", "schema"), PROPERTIES)
def test_properties(field, schema):
    assert field.for_jsonschema() == schema


def test_a_document():
    schema = json.loads(Post.to_jsonschema())

    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert (schema["type"], schema["title"], schema["required"]) == ("object", "Post", ["title"])
    assert schema["properties"]["title"] == {
        "title": "title",
        "type": "string",
        "minLength": 2,
        "maxLength": 9,
        "description": "What it says on top",
    }
    assert schema["properties"]["_id"]["format"] == "uuid"
    assert schema["properties"]["code"]["pattern"] == "^a+$"


def test_a_document_that_embeds_itself_refers_to_itself():
    schema = Reply.for_jsonschema()

    assert schema["properties"]["replies"]["items"] == {"$ref": "#/$defs/Reply"}
    assert schema["$defs"]["Reply"]["required"] == ["text"]


def test_only_public_fields_where_there_are_some():
    class Open(Document):
        _public_fields = ["id", "name"]
        name = StringField()
        secret = StringField()

    assert list(Open.for_jsonschema()["properties"]) == ["_id", "name"]
    assert Open._public_fields == ["id", "name"]


def test_refusing_unknown_keys_goes_out_and_comes_back():
    class Strict(Document):
        class Meta:
            refuse_unknown = True

    again = Document.from_jsonschema({**Strict.for_jsonschema(), "properties": {"a": {"type": "string"}}})

    assert Strict.for_jsonschema()["additionalProperties"] is False
    with pytest.raises(ShieldException, match="Unknown field"):
        again(b=1)


def test_there_and_back():
    again = Document.from_jsonschema(Post.to_jsonschema())

    assert again.__name__ == "Post"
    assert again.to_jsonschema() == Post.to_jsonschema()
    assert again(title="ab", reply={"text": "a", "replies": [{"text": "b"}]}).validate()
    with pytest.raises(ShieldException, match="Required field missing"):
        again(title="ab", reply={"text": "a", "replies": [{}]})


OLD = {
    "title": "Old",
    "type": "object",
    "description": "From 0.4.4",
    "properties": {
        "_id": {"type": "string"},
        "a": {"type": "string", "maxLength": 3, "minLength": 1, "pattern": "^a", "title": "a"},
        "b": {"type": "number", "minimum": 2, "maximum": 9},
        "c": {"type": "array", "items": {"type": "string"}},
        "d": {"type": "string", "format": "date-time"},
        "e": {"type": "string", "format": "url", "required": True},
        "f": {"type": "array", "items": [{"type": "string"}, {"type": "number"}]},
        "g": {"type": "boolean", "default": True},
        "h": {"title": "no type, no field"},
        "i": {"type": "string", "format": "phone"},
        "j": {"type": "any"},
        "o": {"type": "object", "title": "O", "properties": {"x": {"type": "integer"}}},
        "p": {"type": "object"},
    },
}


def test_the_old_dialect_is_read():
    old = Document.from_jsonschema(OLD)

    assert {name: type(field) for name, field in old._fields.items()} == {
        "id": UUIDField,
        "a": StringField,
        "b": IntField,
        "c": ListField,
        "d": DateTimeField,
        "e": URLField,
        "f": ListField,
        "g": BooleanField,
        "i": StringField,
        "j": BaseField,
        "o": EmbeddedDocumentField,
        "p": DictField,
    }
    assert (old.a.max_length, old.a.min_length, old.a.regex) == (3, 1, re.compile("^a"))
    assert (old.b.min_value, old.b.max_value, old.e.required, old.g.default) == (2, 9, True, True)
    assert old.__doc__ == "From 0.4.4"
    assert old(e="http://a.co", o={"x": 3}).o.x == 3


def test_the_base_may_be_any_document_class():
    class Part(EmbeddedDocument):
        extra = IntField()

    made = Part.from_jsonschema(OLD)

    assert issubclass(made, Part)
    assert made(extra=1, e="http://a.co").validate()


def test_types_may_be_lists_and_unknown_formats_are_ignored_in_the_new_draft():
    made = Document.from_jsonschema(
        {
            "title": "New",
            "required": [],
            "properties": {
                "a": {"type": ["null", "number"]},
                "b": {"type": "string", "format": "idn-hostname"},
                "c": {"type": "array"},
            },
        }
    )

    assert [type(made._fields[name]) for name in "abc"] == [FloatField, StringField, ListField]


@pytest.mark.parametrize(
    ("schema", "error"),
    [
        ({}, AttributeError),
        ({"title": "x"}, AttributeError),
        ({"title": "x", "properties": {"a": {"type": "zz"}}}, DictFieldNotFound),
        ({"title": "x", "properties": {"a": {"type": "string", "format": "zz"}}}, DictFieldNotFound),
        ({"title": "x", "properties": {"a": {"type": "array"}}}, NotImplementedError),
        ({"title": "x", "properties": {"a": {"$ref": "#/$defs/Gone"}}}, DictFieldNotFound),
    ],
)
def test_schemas_that_cannot_be_read(schema, error):
    with pytest.raises(error, match=r"JSON|No field|ListField|leads to no object"):
        Document.from_jsonschema(schema)


def test_one_property():
    field = Document.map_jsonschema_field_to_dictshield({"type": "string", "maxLength": 3})

    assert (type(field), field.max_length) == (StringField, 3)
    assert Document.map_jsonschema_field_to_dictshield({"title": "x"}) is None


def read_one(schema, **more):
    return Document.from_jsonschema({"title": "New", "required": [], "properties": {"a": schema}, **more})


@pytest.mark.parametrize(
    ("schema", "kind"),
    [
        ({"type": "integer", "maxLength": 3, "pattern": "a"}, IntField),
        ({"type": "string", "minimum": 3, "maxLength": 3}, StringField),
        ({"type": "string", "format": "date-time", "maxLength": 30}, DateTimeField),
        ({"type": "string", "format": "uuid", "pattern": "a"}, UUIDField),
        ({"type": "boolean", "maximum": 3}, BooleanField),
        ({"type": "any", "minLength": 1}, BaseField),
        ({"type": "array", "items": True, "maximum": 1}, ListField),
        (True, BaseField),
    ],
)
def test_keywords_of_other_types_are_ignored_and_true_is_anything(schema, kind):
    """They raised TypeError: the field did not know the option, `in` nothing of booleans."""
    made = read_one(schema)

    assert type(made._fields["a"]) is kind
    assert Document.map_jsonschema_field_to_dictshield(schema) is not None


@pytest.mark.parametrize(
    ("schema", "path", "match"),
    [
        ({"type": "string", "pattern": "("}, ("a",), "The pattern cannot be read"),
        ({"type": "string", "pattern": 3}, ("a",), "The pattern cannot be read"),
        (False, ("a",), "must be an object or true"),
        (None, ("a",), "must be an object or true"),
        ({"type": "array", "items": False}, ("a",), "must be an object or true"),
        ({"type": "object", "properties": {"b": False}}, ("a", "b"), "must be an object or true"),
        (
            {"type": "object", "properties": {"to_json": True}},
            ("a", "to_json"),
            "like a part of all documents",
        ),
    ],
)
def test_properties_that_cannot_be_read(schema, path, match):
    """They raised what Python raises of itself: re.error, TypeError, AttributeError."""
    with pytest.raises(ShieldException, match=match) as caught:
        read_one(schema)

    assert [error.path for error in caught.value.errors] == [path]


@pytest.mark.parametrize(
    "name", ["validate", "_values", "_clean", "_plan", "to_python", "_data", "__init__", "Meta", "shout"]
)
def test_properties_cannot_take_the_place_of_what_documents_need(name):
    """Documents of such a class raised RecursionError, or called a value."""

    class Base(Document):
        def shout(self):
            return "a"

    with pytest.raises(ShieldException, match="cannot be called like a part of all documents"):
        Base.from_jsonschema({"title": "New", "properties": {name: {"type": "string"}}})


def test_fields_and_ids_of_the_base_can_be_described_anew():
    class Base(Document):
        pk = UUIDField(id_field=True)
        name = StringField()

    made = Base.from_jsonschema(
        {"title": "New", "required": [], "properties": {"name": {"type": "integer"}, "__typename": True}}
    )

    assert made(name="3").name == 3


def test_points_keep_their_size():
    """They came back as lists of any length."""

    class Place(Document):
        at = GeoPointField(required=True)

    made = Document.from_jsonschema(Place.to_jsonschema())

    assert made.to_jsonschema() == Place.to_jsonschema()
    with pytest.raises(ShieldException, match="two-dimensional"):
        made(at=[1, 2, 3]).validate()
