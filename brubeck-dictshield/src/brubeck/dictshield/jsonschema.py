"""JSON Schema: draft 2020-12 out; that and DictShield's old dialect (draft 3) in."""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping
from contextvars import ContextVar
from typing import Any

from brubeck.dictshield.jsontext import dump_json
from brubeck.dictshield.schemareading import SchemaReader, make_class

DRAFT = "https://json-schema.org/draft/2020-12/schema"

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
            ShieldException: A property is no schema, has the name of a part of all documents, or a pattern
                that cannot be read.
        """
        given = json.loads(schema) if isinstance(schema, str) else copy.deepcopy(dict(schema))
        if not given.get("title"):
            raise AttributeError("JSON Schema missing Document title")
        if "properties" not in given:
            raise AttributeError("JSON schema missing one or more properties")
        reader = SchemaReader(given)
        fields = reader.read_properties(given)
        if not reader.is_modern and hasattr(cls._options, "id_field"):  # type: ignore[attr-defined] # a document's
            fields.pop("id", None)  # the old dialect calls every id a string; the class knows better
        return make_class(cls, given["title"], given, fields)

    @classmethod
    def map_jsonschema_field_to_dictshield(
        cls, schema_field: dict[str, Any], field_name: str | None = None
    ) -> Any:
        """Return the field for one property, None where it has no type."""
        return SchemaReader({}).read_field(schema_field)


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
