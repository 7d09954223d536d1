"""UUIDs and ObjectIds."""

import uuid

import pytest
from brubeck.dictshield import Document, ObjectIdField, ShieldException, UUIDField

OID = "4e9c1c1c1c1c1c1c1c1c1c1c"


class Ids(Document):
    u = UUIDField()
    o = ObjectIdField()


class Filled(Document):
    u = UUIDField(auto_fill=True)
    o = ObjectIdField(auto_fill=True)


@pytest.mark.parametrize("given", [str(uuid.UUID(int=5)), uuid.UUID(int=5).hex, uuid.UUID(int=5)])
def test_any_form_of_a_uuid_becomes_one(given):
    document = Ids(u=given)

    assert document.u == uuid.UUID(int=5)
    assert document.to_json(encode=False) == {"u": str(uuid.UUID(int=5))}
    assert UUIDField().validate(given) == uuid.UUID(int=5)


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("u", "x", "Not a valid UUID value"),
        ("u", 3, "Not a valid UUID value"),
        ("o", "x", "Invalid ObjectId"),
        ("o", OID + "\n", "Invalid ObjectId"),
        ("o", 3, "Invalid ObjectId"),
    ],
)
def test_other_values_are_refused(name, value, reason):
    with pytest.raises(ShieldException, match=reason):
        Ids(**{name: value})


def test_an_object_id_is_its_digits():
    class ObjectId:  # as bson's
        def __str__(self):
            return OID

    assert Ids(o=OID.upper()).o == OID
    assert Ids(o=ObjectId()).to_python() == {"o": OID}


def test_auto_fill_makes_one_and_keeps_it():
    document = Filled()
    first = document.u, document.o

    assert (document.u, document.o) == first
    assert document.validate()
    assert len({Filled().o for _ in range(100)}) == 100
    assert Ids(o=document.o).validate()
    document.o = None
    assert document.o not in (None, first[1])


def test_nothing_is_made_up_unasked():
    assert Ids().to_python() == {}
