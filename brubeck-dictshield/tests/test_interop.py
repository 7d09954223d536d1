"""Rows, dataclasses, pydantic."""

import dataclasses
import sqlite3
from typing import NamedTuple

import pytest
from brubeck.dictshield import (
    Document,
    EmbeddedDocument,
    EmbeddedDocumentField,
    IntField,
    InvalidShield,
    ShieldException,
    StringField,
)
from pydantic_core import SchemaSerializer, SchemaValidator, ValidationError


class Address(EmbeddedDocument):
    city = StringField(required=True)


class User(Document):
    name = StringField(uniq_field="user_name", required=True)
    age = IntField()
    address = EmbeddedDocumentField(Address)


def sqlite_row():
    connection = sqlite3.connect(":memory:")
    connection.row_factory = sqlite3.Row
    row = connection.execute("SELECT 'Jo' AS user_name, 3 AS age, NULL AS address, 1 AS other").fetchone()
    connection.close()
    return row


class Row(NamedTuple):
    name: str
    age: int


@pytest.mark.parametrize("row", [{"user_name": "Jo", "age": "3", "x": None}, sqlite_row(), Row("Jo", 3)])
def test_rows_of_any_database(row):
    user = User.from_mapping(row)

    assert user == User(name="Jo", age=3)
    assert user.validate()


@pytest.mark.parametrize("row", [3, None, ["a"]])
def test_what_is_no_row(row):
    with pytest.raises(InvalidShield, match="from_mapping takes a mapping or a row"):
        User.from_mapping(row)


@dataclasses.dataclass
class Person:
    name: str
    age: int | None = None


def test_dataclasses_of_ones_own():
    assert User.from_object(Person("Jo", 3)) == User(name="Jo", age=3)
    assert User(name="Jo", age=3).to_object(Person) == Person("Jo", 3)
    assert User(name="Jo", age=3).to_object(Row) == Row("Jo", 3)


def test_a_document_passes_as_a_dataclass():
    user = User(name="Jo", address={"city": "Concord"})

    assert dataclasses.is_dataclass(user)
    assert [field.name for field in dataclasses.fields(User)] == ["id", "name", "age", "address"]
    assert dataclasses.asdict(user) == {"id": None, "name": "Jo", "age": None, "address": {"city": "Concord"}}
    assert dataclasses.replace(user, age=4).age == 4


def test_a_document_is_a_type_for_pydantic():
    schema = User.__get_pydantic_core_schema__(User, None)
    validate = SchemaValidator(schema).validate_python

    assert validate({"user_name": "Jo"}) == User(name="Jo")
    assert SchemaSerializer(schema).to_python(validate({"name": "Jo"})) == {"user_name": "Jo"}
    assert SchemaSerializer(schema).to_json(User(name="Jo")) == b'{"user_name":"Jo"}'
    assert User.__get_pydantic_json_schema__(schema, None)["title"] == "User"
    with pytest.raises(ValidationError, match="Required field missing"):
        validate({"age": 3})
    with pytest.raises(ValidationError, match="Not a User"):
        validate(3)


def test_refusals_of_rows():
    with pytest.raises(ShieldException, match="Not Int"):
        User.from_mapping({"age": "old"})
