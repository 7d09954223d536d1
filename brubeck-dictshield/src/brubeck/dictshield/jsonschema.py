"""JSON Schema: draft 2020-12 out; that and DictShield's old dialect (draft 3) in."""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping
from contextvars import ContextVar
from typing import Any

from brubeck.dictshield.errors import DictFieldNotFound
from brubeck.dictshield.fields.field import BaseField, dictshield_fields
from brubeck.dictshield.fields.numbers import FloatField, IntField
from brubeck.dictshield.jsontext import dump_json

DRAFT = "https://json-schema.org/draft/2020-12/schema"

# The keywords that a field has an option for.
OPTIONS = {
    "maxLength": "max_length",
    "minLength": "min_length",
    "pattern": "regex",
    "minimum": "min_value",
    "maximum": "max_value",
    "enum": "choices",
    "default": "default",
    "description": "description",
}

# The classes that are being described, so that one that embeds itself ends in a reference, and those that did.
_in_progress: ContextVar[tuple[tuple[type, ...], set[type]] | None] = ContextVar("in_progress", default=None)


class JSONSchema:
    """A document class as JSON Schema, and JSON Schema as a document class."""

    @classmethod
    def for_jsonschema(cls) -> dict[str, Any]:
        """Return the schema as a dictionary; only ``_public_fields``, where there are some."""
        progress = _in_progress.get()
        if progress is None:
            return describe_whole(cls)
        if cls in progress[0]:
            progress[1].add(cls)
            return {"$ref": f"#/$defs/{cls.__name__}"}
        return describe_inside(cls, *progress)

    @classmethod
    def to_jsonschema(cls) -> str:
        """Return the schema as JSON text, with the draft named in it."""
        return dump_json({"$schema": DRAFT, **cls.for_jsonschema()})

    @classmethod
    def from_jsonschema(cls, schema: Mapping[str, Any] | str) -> Any:
        """Return a subclass of this class with a field for each property.

        Args:
            schema: A schema of draft 2020-12, or the kind that DictShield 0.4.4 wrote, where ``required`` is
                a property's own and every number is an `IntField`.

        Raises:
            AttributeError: The schema has no title or no properties.
            DictFieldNotFound: No field stands for a type.
        """
        given = json.loads(schema) if isinstance(schema, str) else copy.deepcopy(dict(schema))
        if not given.get("title"):
            raise AttributeError("JSON Schema missing Document title")
        if "properties" not in given:
            raise AttributeError("JSON schema missing one or more properties")
        fields = read_properties(
            given, is_modern="$schema" in given or isinstance(given.get("required"), list)
        )
        return type(cls)(given["title"], (cls,), {"__doc__": given.get("description"), **fields})

    @classmethod
    def map_jsonschema_field_to_dictshield(
        cls, schema_field: dict[str, Any], field_name: str | None = None
    ) -> Any:
        """Return the field for one property, None where it has no type."""
        return read_field(schema_field, is_modern=False)


def describe_whole(klass: Any) -> dict[str, Any]:
    """Return the schema of *klass* with the definitions that its references need."""
    recursive: set[type] = set()
    schema = describe_inside(klass, (), recursive)
    definitions: dict[str, Any] = {}
    while missing := [kind for kind in recursive if kind.__name__ not in definitions]:
        for kind in missing:
            definitions[kind.__name__] = describe_inside(kind, (), recursive)
    return schema | ({"$defs": definitions} if definitions else {})


def describe_inside(klass: Any, outer: tuple[type, ...], recursive: set[type]) -> dict[str, Any]:
    """Return the schema of *klass* as it stands inside the classes *outer*."""
    token = _in_progress.set(((*outer, klass), recursive))
    try:
        return describe(klass)
    finally:
        _in_progress.reset(token)


def describe(klass: Any) -> dict[str, Any]:
    """Return title, properties and required ones of *klass*."""
    shown = klass._fields if klass._public_fields is None else klass._public_fields
    fields = {"_id" if name == "id" else name: klass._fields[name] for name in shown}
    schema: dict[str, Any] = {"type": "object", "title": klass.__name__}
    schema["properties"] = {key: field.for_jsonschema() for key, field in fields.items()}
    required = [key for key, field in fields.items() if field.required]
    if required:
        schema["required"] = required
    if klass._options.refuse_unknown:
        schema["additionalProperties"] = False
    return schema


def read_properties(schema: Mapping[str, Any], *, is_modern: bool) -> dict[str, BaseField[Any]]:
    """Return the fields for the properties of an object."""
    fields = {}
    required = schema.get("required")
    for key, described in schema["properties"].items():
        field = read_field(described, is_modern=is_modern)
        if field is not None:
            field.required = field.required or (isinstance(required, list) and key in required)
            fields["id" if key == "_id" else key] = field
    return fields


def read_field(schema: Mapping[str, Any], *, is_modern: bool) -> Any:
    """Return the field for one property, None where it has no type."""
    type_name = read_type(schema)
    if type_name is None:
        return None
    kind = find_field(type_name, schema.get("format"), is_modern=is_modern)
    options = {OPTIONS[key]: value for key, value in schema.items() if key in OPTIONS}
    options["required"] = schema.get("required") is True
    if type_name == "array":
        options["fields"] = read_items(schema.get("items"), is_modern=is_modern)
    if type_name == "object" and "properties" in schema:
        return read_embedded(schema, is_modern=is_modern)
    return kind(**options)


def read_type(schema: Mapping[str, Any]) -> str | None:
    """Return the type that is asked for; of several, the first that is not null."""
    given = schema.get("type")
    several = given if isinstance(given, list) else [given]
    return next((name for name in several if name != "null"), None)


def find_field(type_name: str, format_name: str | None, *, is_modern: bool) -> Any:
    """Return the class of fields for a type and format.

    Raises:
        DictFieldNotFound: There is none.
    """
    if type_name == "number" and format_name is None:
        return FloatField if is_modern else IntField
    if type_name == "any":
        return BaseField
    # An object without properties is any dictionary; JSON Schema wants unknown formats ignored.
    names = [(type_name, format_name)] + ([(type_name, None)] if is_modern else [])
    found = next((dictshield_fields[name] for name in names if name in dictshield_fields), None)
    if found is None:
        raise DictFieldNotFound(
            f"No field stands for the type {type_name!r} with the format {format_name!r}."
        )
    return found


def read_items(items: Any, *, is_modern: bool) -> list[BaseField[Any]]:
    """Return the fields for the items of an array.

    Raises:
        NotImplementedError: Nothing is said of them.
    """
    if items is None:
        raise NotImplementedError("A ListField needs to know its items; give the array an 'items'.")
    several = items.get("anyOf", [items]) if isinstance(items, Mapping) else items
    found = [read_field(item, is_modern=is_modern) for item in several]
    return [field for field in found if field is not None]


def read_embedded(schema: Mapping[str, Any], *, is_modern: bool) -> Any:
    """Return the field for an object with properties."""
    from brubeck.dictshield.document import EmbeddedDocument
    from brubeck.dictshield.fields.embedding import EmbeddedDocumentField

    fields = read_properties(schema, is_modern=is_modern)
    kind: Any = type(EmbeddedDocument)(schema.get("title", "Embedded"), (EmbeddedDocument,), dict(fields))
    return EmbeddedDocumentField(kind, required=schema.get("required") is True)
