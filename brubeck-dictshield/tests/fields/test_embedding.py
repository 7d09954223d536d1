"""Documents in documents, and lists of them."""

import pytest
from brubeck.dictshield import (
    DictField,
    Document,
    EmbeddedDocument,
    EmbeddedDocumentField,
    IntField,
    InvalidShield,
    ListField,
    ShieldException,
    SortedListField,
    StringField,
)
from brubeck.dictshield.fields.compound import RECURSIVE_REFERENCE_CONSTANT

REFUSED = "Invalid embedded document instance provided to an EmbeddedDocumentField"


class Author(EmbeddedDocument):
    name = StringField(required=True)
    age = IntField()


class Comment(EmbeddedDocument):
    text = StringField(required=True)
    author = EmbeddedDocumentField(Author)
    replies = ListField(EmbeddedDocumentField("self"))


class Post(Document):
    author = EmbeddedDocumentField(Author)
    comments = ListField(EmbeddedDocumentField(Comment))


def test_mappings_become_documents():
    post = Post(author={"name": "Jo"}, comments=[{"text": "a", "replies": [{"text": "b"}]}])

    assert isinstance(post.author, Author)
    assert post.comments[0].replies[0].text == "b"
    assert post.validate()
    assert Post(**post.to_python()) == post


def test_documents_are_kept():
    author = Author(name="Jo")
    post = Post(author=author)
    post.comments.append(Comment(text="a", author=author))

    assert post.author is author
    assert post.to_python() == {
        "author": {"name": "Jo"},
        "comments": [{"text": "a", "author": {"name": "Jo"}, "replies": []}],
    }


@pytest.mark.parametrize("value", [3, "abc", [1], Post()])
def test_other_values_are_refused(value):
    with pytest.raises(ShieldException) as caught:
        Post(author=value)
    assert (caught.value.reason, caught.value.field_name) == (REFUSED, "author")


def test_errors_lead_to_the_value():
    post = Post(author={"age": 3}, comments=[])
    post.comments = [Comment(text="a"), Comment(author=Author())]

    with pytest.raises(ShieldException) as caught:
        post.validate()
    assert [error.path for error in caught.value.errors] == [
        ("author", "name"),
        ("comments", 1, "text"),
        ("comments", 1, "author", "name"),
    ]
    assert caught.value.field_name == "name"


def test_an_embedded_document_in_a_list_is_validated_when_it_is_set_from_a_mapping():
    with pytest.raises(ShieldException, match="Required field missing") as caught:
        Post(comments=[{"text": "a"}, {}])
    assert caught.value.errors[0].path == ("comments", 1, "text")


def test_a_list_takes_no_other_items():
    post = Post()
    post.comments = [3]

    with pytest.raises(ShieldException, match="Invalid ListField item - comments:3"):
        post.validate()


def test_a_list_of_several_kinds_chooses_by_the_keys():
    class Mixed(Document):
        items_ = ListField([EmbeddedDocumentField(Author), EmbeddedDocumentField(Comment)])

    document = Mixed(items_=[{"text": "a"}, {"name": "b"}])

    assert [type(item) for item in document.items_] == [Comment, Author]
    assert Mixed.items_.primary_embedded.document_type is Author
    assert Mixed(**document.to_python()) == document


def test_a_dict_field_takes_the_mappings_that_fit_no_document():
    field = ListField([DictField(), EmbeddedDocumentField(Author)])

    assert field.primary_embedded is None
    assert field.convert([{"other": 1}])[0] == {"other": 1}
    assert isinstance(field.convert([{"name": "x"}])[0], Author)


def test_lists_in_lists_hold_documents():
    class Grid(Document):
        rows = ListField(ListField(EmbeddedDocumentField(Author)))

    grid = Grid(rows=[[{"name": "a"}], [{"name": "b"}, Author(name="c")]])

    assert grid.rows[1][0].name == "b"
    assert grid.validate()
    assert Grid(**grid.to_python()) == grid


def test_sorted_by_a_key():
    field = SortedListField(EmbeddedDocumentField(Author), ordering="age")

    assert [d["age"] for d in field.for_json([Author(age=3), Author(age=1)])] == [1, 3]


def test_a_class_can_be_named_before_it_exists():
    class Holder(Document):
        it = EmbeddedDocumentField("DefinedLater")

    class DefinedLater(EmbeddedDocument):
        name = StringField()

    assert isinstance(Holder(it={"name": "x"}).it, DefinedLater)
    assert RECURSIVE_REFERENCE_CONSTANT == "self"


def test_a_name_that_nobody_has():
    class Lost(Document):
        it = EmbeddedDocumentField("Nobody")

    with pytest.raises(InvalidShield, match="No embedded document is called 'Nobody'"):
        Lost(it={})


@pytest.mark.parametrize("kind", [int, None, Post])
def test_only_embedded_documents_can_be_embedded(kind):
    with pytest.raises(InvalidShield, match="is no subclass of EmbeddedDocument"):
        EmbeddedDocumentField(kind)


def test_lookup_member():
    assert EmbeddedDocumentField(Author).lookup_member("age") is Author.age
    assert EmbeddedDocumentField(Author).document_type_obj is Author
