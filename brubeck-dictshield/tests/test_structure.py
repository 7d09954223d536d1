"""Class bodies: inheritance, mixins, ids and the settings in Meta."""

import pytest
from brubeck.dictshield import (
    BooleanField,
    Document,
    EmbeddedDocument,
    IntField,
    InvalidShield,
    ObjectIdField,
    ShieldException,
    StringField,
    UUIDField,
)
from brubeck.dictshield.document import (
    DocumentMetaclass,
    TopLevelDocumentMetaclass,
    TopLevelDocumentOptions,
)

UUID = "12345678-1234-5678-1234-567812345678"
OID = "4e9c1c1c1c1c1c1c1c1c1c1c"


class Media(Document):
    class Meta:
        allow_inheritance = True

    title = StringField(max_length=10)
    length = IntField()


class Movie(Media):
    year = IntField()
    title = StringField(max_length=20)


class Short(Movie):
    length = StringField()


def test_fields_merge_and_the_nearest_wins():
    assert list(Short._fields) == ["id", "title", "length", "year"]
    assert Short.title.max_length == 20
    assert isinstance(Short.length, StringField)
    assert isinstance(Movie.length, IntField)


def test_descent_is_told_where_asked():
    assert Short(title="x").to_python() == {
        "title": "x",
        "_cls": "Media.Movie.Short",
        "_types": ["Media", "Media.Movie", "Media.Movie.Short"],
    }
    assert Short._class_name == "Media.Movie.Short"
    assert list(Media._get_subclasses()) == ["Media.Movie", "Media.Movie.Short"]
    assert Short(**Short(title="x").to_python()) == Short(title="x")
    assert '"_cls": "Media"' in Media(title="x").to_json()


def test_descent_is_not_told_otherwise():
    class Plain(Document):
        name = StringField()

    class Plainer(Plain):
        pass

    assert Plainer(name="x").to_python() == {"name": "x"}


def test_the_old_meta_dictionary_is_read():
    class Old(Document):
        _meta = {"allow_inheritance": True}

    class Older(Document):
        _meta = {"allow_inheritance": False}

    class Documented(Document):
        meta = {"allow_inheritance": True}

    assert Documented().to_python()["_cls"] == "Documented"
    assert Old().to_python() == {"_cls": "Old", "_types": ["Old"]}
    assert Older().to_python() == {}


def test_a_mixin_lends_its_fields_and_leaves_no_trace():
    class Liked(EmbeddedDocument):
        liked = BooleanField(default=False)

        class Meta:
            mixin = True

    class Link(Document, Liked):
        url = StringField()

    assert Link().to_python() == {"liked": False}
    assert Link._class_name == "Link"
    assert Link._superclasses == {}
    assert not hasattr(Link, "Meta")


def test_a_plain_mixin_brings_methods_and_fields():
    class Titled:
        title = StringField(required=True)

        def shout(self):
            return self.title.upper()

    class Book(Titled, Document):
        pages = IntField()

    assert Book(title="x").shout() == "X"


def test_an_attribute_that_is_no_field_hides_one():
    class Fixed(Movie):
        year = 1959

    assert Fixed().year == 1959
    assert "year" not in Fixed._fields


def test_one_field_object_can_serve_two_classes():
    shared = StringField(max_length=3)

    class One(Document):
        first = shared

    class Two(Document):
        second = shared

    assert One(first="a").to_python() == {"first": "a"}
    assert Two(second="b").to_python() == {"second": "b"}


def test_a_document_has_a_uuid_and_an_embedded_one_has_no_id():
    class Part(EmbeddedDocument):
        name = StringField()

    assert isinstance(Movie.id, UUIDField)
    assert Movie(id=UUID).to_python()["id"] == Movie(_id=UUID).id
    assert "id" not in Part._fields


def test_meta_chooses_the_id_for_subclasses_too():
    class Kept(Document):
        class Meta:
            id_field = ObjectIdField
            id_options = {"auto_fill": True, "uniq_field": "_id"}
            bucket = "kept"

    class KeptToo(Kept):
        pass

    assert KeptToo._options.id_field is ObjectIdField
    assert Kept._options.bucket == "kept"
    assert len(KeptToo().id) == 24
    assert KeptToo(_id=OID).to_python() == {"_id": OID}


def test_settings_of_the_id_key_by_key():
    class Filled(Document):
        class Meta:
            id_options = {"auto_fill": True}

    class Empty(Filled):
        class Meta:
            id_options = {"uniq_field": "key"}

    assert list(Filled().to_python()) == ["_id"]
    assert Empty().to_python() == {}
    assert list(Empty(id=UUID).to_python()) == ["key"]


def test_a_field_can_be_the_id():
    class Named(Document):
        name = StringField(id_field=True)

    document = Named(name="x")

    assert document.to_python() == {"_id": "x"}
    assert document.id == "x"
    assert Named(_id="x") == document


def test_two_fields_cannot_be_the_id():
    with pytest.raises(InvalidShield, match="Cannot override id_field: Twice has"):

        class Twice(Document):
            name = StringField(id_field=True)
            number = IntField(id_field=True)


def test_an_id_of_ones_own():
    class Counted(Document):
        id = IntField(uniq_field="_id")

    assert Counted(id=3).to_python() == {"_id": 3}


def test_unknown_keys_are_refused_where_the_class_says_so():
    class Strict(Document):
        class Meta:
            refuse_unknown = True

        name = StringField()

    with pytest.raises(ShieldException, match="Unknown field - shoe:44"):
        Strict(name="x", shoe=44)
    with pytest.raises(ShieldException, match="Unknown field"):
        Strict.validate_class_fields({"shoe": 44})
    assert Strict(**Strict(name="x").to_python()).validate()


def test_metaclasses_are_those_of_the_old_paths():
    assert type(Movie) is TopLevelDocumentMetaclass
    assert issubclass(TopLevelDocumentMetaclass, DocumentMetaclass)


def test_settings_of_ones_own():
    class MyOptions(TopLevelDocumentOptions):
        def __init__(self, **settings):
            self.shelf = None
            super().__init__(**settings)

    class Kept(Document):
        __optionsclass__ = MyOptions

    class Book(Kept):
        class Meta:
            shelf = "jazz"
            unknown = 3

    assert Book._options.shelf == "jazz"
    assert not hasattr(Book._options, "unknown")
