"""What the owner and the public see."""

import datetime as dt
import json
import uuid

import pytest
from brubeck.dictshield import (
    BaseField,
    DateTimeField,
    DictField,
    Document,
    EmbeddedDocument,
    EmbeddedDocumentField,
    IntField,
    ListField,
    MultiValueDictField,
    ShieldException,
    StringField,
    UUIDField,
)

ID = uuid.UUID(int=5)


class Author(EmbeddedDocument):
    _public_fields = ["name"]
    _private_fields = ["age"]

    name = StringField(required=True)
    age = IntField()
    mail = StringField(minimized_field_name="m")


class Post(Document):
    _public_fields = ["author", "authors", "at", "grid"]
    _private_fields = ["secret"]

    author = EmbeddedDocumentField(Author)
    authors = ListField(EmbeddedDocumentField(Author))
    grid = ListField(ListField(EmbeddedDocumentField(Author)))
    at = DateTimeField()
    secret = StringField()
    title = StringField(minimized_field_name="t")


def make_post():
    jo = {"name": "Jo", "age": 3, "mail": "x"}
    moment = dt.datetime(2012, 1, 2)
    return Post(id=ID, author=jo, authors=[jo], grid=[[jo]], at=moment, secret="s", title="T")


OWNER = {"name": "Jo", "m": "x"}
PUBLIC = {"name": "Jo"}
JSON_MOMENT = "2012-01-02T00:00:00"


def forms(post):
    """The same values as a document, as a row of a database, and as a row of documents."""
    half = {**post.to_python(), "author": post.author, "authors": post.authors}
    return [post, post.to_python(), half]


@pytest.mark.parametrize("number", [0, 1, 2])
def test_the_owner_sees_all_but_what_is_private(number):
    view = Post.make_ownersafe(forms(make_post())[number])

    assert view == {
        "author": OWNER,
        "authors": [OWNER],
        "grid": [[OWNER]],
        "at": dt.datetime(2012, 1, 2),
        "t": "T",
    }


@pytest.mark.parametrize("number", [0, 1, 2])
def test_the_public_sees_what_is_public(number):
    view = Post.make_json_publicsafe(forms(make_post())[number], encode=False)

    assert view == {"author": PUBLIC, "authors": [PUBLIC], "grid": [[PUBLIC]], "at": JSON_MOMENT}


def test_json_as_text():
    text = Post.make_json_ownersafe(make_post(), sort_keys=True)

    assert text.startswith('{"at": "2012-01-02T00:00:00", "author": {"m": "x", "name": "Jo"}')
    assert json.loads(Post.make_json_publicsafe(make_post())) == Post.make_json_publicsafe(
        make_post(), encode=False
    )


def test_without_public_fields_the_public_sees_nothing():
    class Closed(Document):
        name = StringField()

    assert Closed.make_publicsafe(Closed(name="x")) == {}
    assert Closed.make_json_publicsafe(Closed(name="x")) == "{}"


def test_an_id_can_be_public():
    class Open(Document):
        _public_fields = ["id"]

    assert Open.make_publicsafe(Open(id=ID)) == {"id": ID}
    assert Open.make_json_publicsafe(Open(id=ID), encode=False) == {"id": str(ID)}


def test_several_at_once():
    assert Author.make_publicsafe([Author(name="a"), {"name": "b"}]) == [{"name": "a"}, {"name": "b"}]
    assert Author.make_json_publicsafe([Author(name="a")]) == '[{"name": "a"}]'


def test_keys_that_no_field_knows_are_not_shown():
    assert Post.make_ownersafe({"title": "T", "password_hash": "x"}) == {"t": "T"}


def test_the_dictionary_that_is_given_is_not_changed():
    row = {"_id": 3, "title": "T"}
    Post.make_ownersafe(row)

    assert row == {"_id": 3, "title": "T"}


def test_the_full_names_are_there():
    post = make_post()

    assert Post.make_python_ownersafe(post) == Post.make_ownersafe(post)
    assert Post.make_python_publicsafe(post) == Post.make_publicsafe(post)


def test_a_view_of_ones_own():
    post = make_post()

    def convert(name, value):
        return f"{name}={value}"

    def shorten(author):
        return author.name

    shown = Post.make_safe(post, convert, shorten, None, field_list=["title", "author", "authors"])
    assert shown == {"author": "Jo", "authors": ["Jo"], "t": "title=T"}
    hidden = Post.make_safe(post, convert, shorten, None, ["title", "at", "grid", "id", "authors"], False)
    assert hidden == {"author": "Jo", "secret": "secret=s"}


def test_internal_fields():
    assert Post._get_internal_fields() == {"_id", "id", "_cls", "_types", "secret"}
    assert Document._public_fields is None


class Keyed(Document):
    pk = UUIDField(id_field=True)
    name = StringField()


@pytest.mark.parametrize(
    "make", [Keyed.make_ownersafe, lambda source: Keyed.make_json_ownersafe(source, False)]
)
def test_an_id_of_another_name_is_hidden(make):
    """The view of a document showed it, while that of the same values as a row did not."""
    document = Keyed(pk=ID, name="a")

    for source in (document, document.to_python(), {"pk": ID, "name": "a"}, {"_id": ID, "name": "a"}):
        assert make(source) == {"name": "a"}


def test_an_id_of_another_name_can_be_shown():
    class Open(Keyed):
        _internal_fields = ["_cls", "_types"]
        _public_fields = ["pk"]

    assert Open.make_ownersafe(Open(pk=ID)) == {"pk": ID}
    assert Keyed._get_internal_fields() == {"_id", "id", "_cls", "_types", "pk"}
    assert Open.make_publicsafe(Open(pk=ID)) == {"pk": ID}


class Shelf(Document):
    _public_fields = ["free", "many", "anything", "dictionaries"]

    free = DictField()
    many = MultiValueDictField()
    anything = BaseField()
    dictionaries = ListField(DictField())


JO = Author(name="Jo", age=3, mail="x")


@pytest.mark.parametrize(
    ("name", "value", "shape"),
    [
        ("free", {"by": JO, "year": 1959}, lambda view: {"by": view, "year": 1959}),
        ("free", {"deep": {"er": [{"by": JO}]}}, lambda view: {"deep": {"er": [{"by": view}]}}),
        ("many", {"by": [JO, "b"], "x": "y"}, lambda view: {"by": [view, "b"], "x": ["y"]}),
        ("anything", [JO, ("a", JO)], lambda view: [view, ["a", view]]),
        ("dictionaries", [{"by": JO}], lambda view: [{"by": view}]),
    ],
)
def test_views_go_into_dictionaries(name, value, shape):
    """The document itself was shown, with all its secrets, or could not be written as JSON."""
    shelf = Shelf(**{name: value})

    assert Shelf.make_ownersafe(shelf)[name] == shape(OWNER)
    assert Shelf.make_publicsafe(shelf)[name] == shape(PUBLIC)
    assert json.loads(Shelf.make_json_ownersafe(shelf))[name] == shape(OWNER)
    assert json.loads(Shelf.make_json_publicsafe(shelf))[name] == shape(PUBLIC)


def test_dictionaries_without_documents_are_shown_as_they_are():
    free = {"by": {"name": "Jo"}, "at": [1, (2,)]}

    assert Shelf.make_ownersafe({"free": free})["free"] is free


def test_a_dictionary_that_holds_itself_has_no_view():
    free: dict = {"by": JO}
    free["self"] = free
    endless: dict = {}
    endless["self"] = endless

    for value in (free, endless):
        with pytest.raises(ShieldException, match="Nested too deeply"):
            Shelf.make_ownersafe({"free": value})
