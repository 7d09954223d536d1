"""What a type checker knows of documents: checked by mypy in test_typing.py, never run."""

import datetime as dt
import uuid
from decimal import Decimal
from typing import Any, Self, assert_type

from brubeck.dictshield import (
    BaseField,
    BooleanField,
    DateTimeField,
    DecimalField,
    DictField,
    Document,
    EmailField,
    EmbeddedDocument,
    EmbeddedDocumentField,
    FloatField,
    IntField,
    ListField,
    MillisecondField,
    ObjectIdField,
    ShieldException,
    SortedListField,
    StringField,
    UUIDField,
)


class Pet(EmbeddedDocument):
    name = StringField(required=True)


class User(Document):
    username = StringField(max_length=30, required=True)
    email = EmailField()
    is_active = BooleanField(default=False)
    age = IntField(min_value=0)
    score = FloatField()
    price = DecimalField()
    seen = DateTimeField()
    joined = MillisecondField()
    token = UUIDField(auto_fill=True)
    owner = ObjectIdField()
    free = DictField()
    pet = EmbeddedDocumentField(Pet)
    pets = ListField(EmbeddedDocumentField(Pet))
    ranks = SortedListField(IntField())

    @classmethod
    def create(cls, name: str) -> Self:
        return cls(username=name)


user = User.create("j2d2")
assert_type(user, User)
assert_type(user.username, str)
assert_type(user.email, str)
assert_type(user.is_active, bool)
assert_type(user.age, int)
assert_type(user.score, float)
assert_type(user.price, Decimal)
assert_type(user.seen, dt.datetime)
assert_type(user.joined, int)
assert_type(user.token, uuid.UUID)
assert_type(user.owner, str)
assert_type(user.free, dict[str, Any])
assert_type(user.pet, Pet)
assert_type(user.pets, list[Pet])
assert_type(user.pets[0].name, str)
assert_type(user.ranks, list[int])
assert_type(User.username, StringField)
assert_type(User.from_mapping({}), User)
assert_type(user.validate(), bool)
assert_type(user.to_python(), dict[str, Any])

# What is converted may be set.
user.age = "3"
user.price = "1.50"
user.seen = "2012-01-02T03:04:05"
user.token = "12345678123456781234567812345678"
user.pet = {"name": "Rex"}
user.pets = [{"name": "Rex"}, Pet(name="Rex")]
user.email = None

# What is not, may not.
user.username = 3  # type: ignore[assignment]
user.is_active = "yes"  # type: ignore[assignment]
user.usernme  # type: ignore[attr-defined]  # noqa: B018
EmbeddedDocumentField(int)  # type: ignore[type-var]


class Upper(BaseField[str]):
    def convert(self, value: Any) -> Any:
        return str(value).upper()


class Shouted(Document):
    word = Upper()


assert_type(Shouted().word, str)

try:
    user.validate()
except ShieldException as exc:
    assert_type(exc.errors[0].path, tuple[str | int, ...])
    assert_type(exc.as_dict(), dict[str, list[str]])
