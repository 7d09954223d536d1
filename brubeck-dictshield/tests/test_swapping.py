"""Classes with another kind of id."""

from brubeck.dictshield import (
    Document,
    IntField,
    ObjectIdField,
    StringField,
    UUIDField,
    diff_id_field,
    swap_field,
)

OID = "4e9c1c1c1c1c1c1c1c1c1c1c"


class Item(Document):
    owner = UUIDField()
    number = IntField()


def test_swap_field():
    swapped = swap_field(Item, ObjectIdField, ["id", "owner"])
    document = swapped(id=OID, owner=OID, number=3)

    assert document.to_python() == {"_id": OID, "owner": OID, "number": 3}
    assert document.validate()
    assert swapped(**document.to_python()) == document
    assert isinstance(Item.id, UUIDField)
    assert isinstance(Item.owner, UUIDField)


def test_the_swapped_class_stands_for_the_old_one():
    swapped = swap_field(Item, ObjectIdField, ["id"])

    assert (swapped.__name__, swapped._class_name, swapped._superclasses) == ("Item", "Item", {})
    assert swapped.__module__ == Item.__module__
    assert issubclass(swapped, Item)


def test_diff_id_field_decorates():
    @diff_id_field(ObjectIdField, ["id"])
    class Link(Document):
        url = StringField()

    class Tagged(Link):
        tag = StringField()

    assert Link(_id=OID).to_python() == {"_id": OID}
    assert Tagged(id=OID, tag="x").to_python() == {"_id": OID, "tag": "x"}


def test_diff_id_field_takes_a_class():
    assert diff_id_field(ObjectIdField, ["id"], Item)(id=OID).id == OID
