"""Who may have what."""

import sqlite3
import uuid
from contextlib import closing
from types import SimpleNamespace

import pytest
from brubeck.api import OwnedHandlerMixin, OwnedModelMixin, ProblemMixin, StreamedModelMixin
from brubeck.dictshield import Document, IntField, ShieldException, StringField
from brubeck.request_handling import Brubeck, WebMessageHandler
from brubeck.testing import Client

JD, DAVE = uuid.uuid4(), uuid.uuid4()


def row(owner_id):
    with closing(sqlite3.connect(":memory:")) as db:
        db.row_factory = sqlite3.Row
        return db.execute("SELECT ? AS owner_id, 'x' AS url", [owner_id]).fetchone()


def ask(ask_handler, user, query=None):
    """Return what *ask_handler* says of a handler whose user is *user*."""

    class Page(WebMessageHandler, OwnedHandlerMixin, ProblemMixin):
        current_user = user

        def get(self):
            return repr(ask_handler(self))

    return Client(Brubeck(handler_tuples=[("^/", Page)])).get("/", query=query)


@pytest.mark.parametrize(
    ("user", "document", "is_owner"),
    [
        (SimpleNamespace(id=JD), SimpleNamespace(owner_id=JD), True),
        ({"id": JD}, {"owner_id": JD}, True),
        ({"id": JD}, row(str(JD)), True),
        (SimpleNamespace(id=5), row(5), True),
        (SimpleNamespace(id=JD), {"owner_id": DAVE}, False),
        (None, {"owner_id": JD}, False),
        (None, {"owner_id": None}, False),
        ({"id": None}, {"owner_id": None}, False),
        ({}, {}, False),
        (SimpleNamespace(), SimpleNamespace(), False),
        ("jd", {"owner_id": "jd"}, False),
        ({"id": JD}, None, False),
        ({"id": JD}, {"owner_id": "None"}, False),
        ({"id": 5}, row(None), False),
    ],
)
def test_a_document_is_its_owners_and_nobody_elses(user, document, is_owner):
    assert ask(lambda page: page.is_owner(document), user).text == repr(is_owner)
    found = ask(lambda page: page.require_owned(document) is document, user)
    assert (found.status_code, found.text if is_owner else found.json()["title"]) == (
        (200, "True") if is_owner else (404, "Not Found")
    )


def test_new_documents_get_their_owner():
    answer = ask(lambda page: page.owner_fields, {"id": 5, "username": "jd"})

    assert answer.text == "{'owner_id': 5, 'owner_username': 'jd'}"


def test_a_stranger_owns_nothing():
    answer = ask(lambda page: page.owner_fields, None)

    assert (answer.status_code, answer.headers["WWW-Authenticate"]) == (401, 'Cookie realm="site"')


@pytest.mark.parametrize(
    ("query", "name"),
    [({}, None), ({"owner": "jd"}, "jd"), ({"owner": ""}, None), ({"owner": "ü" * 30}, "ü" * 30)],
)
def test_whose_items_are_asked_for(query, name):
    assert ask(lambda page: page.get_owner_username(), None, query).text == repr(name)
    assert ask(lambda page: page.get_owner_username("me"), None, query).text == repr(name or "me")


@pytest.mark.parametrize("query", ["owner=a&owner=b", f"owner={'a' * 31}", "owner=a%00b", "owner=a%0ab"])
def test_what_is_no_name_is_refused(query):
    answer = ask(lambda page: page.get_owner_username(), None, query)

    assert (answer.status_code, list(answer.json()["errors"])) == (400, ["owner"])


# Documents


class Link(Document, OwnedModelMixin, StreamedModelMixin):
    url = StringField(required=True)


class OtherOrder(StreamedModelMixin, OwnedModelMixin, Document):
    _private_fields = ["url"]
    url = StringField(required=True)


class ByNumber(Link):
    _private_fields = []
    owner_id = IntField(required=True)


@pytest.mark.parametrize("link_class", [Link, OtherOrder, ByNumber])
def test_no_view_shows_the_owners_id(link_class):
    link = link_class(url="http://a.com", owner_id=5 if link_class is ByNumber else JD, owner_username="jd")
    link.touch(7)

    assert link.validate()
    shown = link_class.make_ownersafe(link)
    assert "owner_id" not in shown
    assert shown["owner_username"] == "jd"
    assert (shown["created_at"], shown["updated_at"]) == (7, 7)
    assert "url" in shown or link_class is OtherOrder
    assert "owner_id" in link.to_python()


@pytest.mark.parametrize("link_class", [Link, OtherOrder])
def test_what_a_client_sends_cannot_set_the_owner(link_class):
    with pytest.raises(ShieldException, match="internal fields") as info:
        link_class.validate_class_partial({"owner_id": str(DAVE)})

    assert set(info.value.as_dict()) == {"owner_id"}


def test_a_mixin_is_lent_to_each_class_for_itself():
    assert Link.owner_id.owner_document is Link
    assert OtherOrder.owner_id.owner_document is OtherOrder
    assert OtherOrder._private_fields == ["url", "owner_id"]
    assert Document._private_fields == []


def test_a_document_that_was_never_touched_is_refused():
    with pytest.raises(ShieldException) as info:
        Link(url="http://a.com", owner_id=JD, owner_username="jd").validate()

    assert set(info.value.as_dict()) == {"created_at", "updated_at"}


def test_time_never_goes_back():
    link = Link()

    moments = []
    for now in (5, 9, 3, 10):
        link.touch(now)
        moments.append((link.created_at, link.updated_at))

    assert moments == [(5, 5), (5, 9), (5, 9), (5, 10)]


def test_the_first_moment_may_be_zero():
    link = Link(created_at=0, updated_at=0)
    link.touch(3)

    assert (link.created_at, link.updated_at) == (0, 3)


def test_without_a_moment_it_is_now(monkeypatch):
    monkeypatch.setattr("time.time_ns", lambda: 1_800_000_000_123_456_789)
    link = Link()
    link.touch()

    assert link.updated_at == 1_800_000_000_123
