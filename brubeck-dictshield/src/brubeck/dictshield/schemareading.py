"""JSON Schema, read: the fields that the properties of an object stand for."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from inspect import Parameter, signature
from types import FunctionType
from typing import Any

from brubeck.dictshield.errors import DictFieldNotFound, FieldError, ShieldException
from brubeck.dictshield.fields.embedding import EmbeddedDocumentField
from brubeck.dictshield.fields.field import BaseField, dictshield_fields
from brubeck.dictshield.fields.geo import GeoPointField
from brubeck.dictshield.fields.mapping import DictField
from brubeck.dictshield.fields.numbers import FloatField, IntField
from brubeck.dictshield.patterns import read_pattern

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

# What a `GeoPointField` says of itself, beside what any field may say.
GEO_POINT = {"type": "array", "items": {"type": "number"}, "minItems": 2, "maxItems": 2}


class SchemaReader:
    """Reads one schema.

    Args:
        schema: Draft 2020-12, or what DictShield 0.4.4 wrote: there ``required`` is a property's own, every
            number is an `IntField`, and nothing is referred to.
    """

    def __init__(self, schema: Mapping[str, Any]) -> None:
        self.is_modern = is_modern(schema)
        self._definitions: Mapping[Any, Any] = schema.get("$defs") or schema.get("definitions") or {}
        self._made: dict[str, Any] = {}
        # The definitions that are being read, each with the fields that refer to it meanwhile.
        self._waiting: dict[str, list[EmbeddedDocumentField[Any]]] = {}

    def read_properties(self, schema: Mapping[str, Any]) -> dict[str, BaseField[Any]]:
        """Return the fields for the properties of an object.

        Raises:
            ShieldException: A property cannot be read; the path of the error leads to it.
        """
        fields = {}
        required = schema.get("required")
        for key, described in schema["properties"].items():
            field = self._read_property(key, described)
            if field is not None:
                field.required = field.required or (isinstance(required, list) and key in required)
                fields["id" if key == "_id" else key] = field
        return fields

    def _read_property(self, key: str, schema: Any) -> Any:
        try:
            return self.read_field(schema)
        except ShieldException as exc:
            errors = exc.located(key)
            raise ShieldException(exc.reason, exc.field_name or key, exc.field_value, errors=errors) from exc

    def read_field(self, schema: Any) -> Any:
        """Return the field for one property, None where it has no type.

        Raises:
            DictFieldNotFound: No field stands for the type, or a reference leads nowhere.
            ShieldException: It is no schema, or one that nothing meets, or its pattern cannot be read.
        """
        if schema is True:
            return BaseField()
        if not isinstance(schema, Mapping):
            raise ShieldException("The schema of a property must be an object or true", None, schema)
        if "$ref" in schema:
            return self._read_reference(schema["$ref"])
        type_name = read_type(schema)
        if type_name is None:
            return None
        required = schema.get("required") is True
        if type_name == "object":
            return self._read_object(schema, required=required)
        kind = self._find_kind(type_name, schema)
        known = accepted_options(kind)
        options = {OPTIONS[key]: schema[key] for key in OPTIONS if key in schema and OPTIONS[key] in known}
        if "regex" in options:
            options["regex"] = read_pattern(options["regex"])
        if type_name == "array" and "fields" in known:
            options["fields"] = self._read_items(schema.get("items"))
        return kind(required=required, **options)

    def _read_object(self, schema: Mapping[str, Any], *, required: bool) -> Any:
        if "properties" not in schema:
            return DictField(required=required)
        if schema == self._definitions.get(schema.get("title")):
            return self._read_reference(schema["title"])
        return EmbeddedDocumentField(self._make_embedded(schema), required=required)

    def _make_embedded(self, schema: Mapping[str, Any], name: str = "Embedded") -> Any:
        from brubeck.dictshield.document import EmbeddedDocument

        return make_class(EmbeddedDocument, schema.get("title", name), schema, self.read_properties(schema))

    def _read_items(self, items: Any) -> list[BaseField[Any]]:
        """Return the fields for the items of an array.

        Raises:
            NotImplementedError: Nothing is said of them, in the old dialect.
        """
        if items is None and self.is_modern:
            return []
        if items is None:
            raise NotImplementedError("A ListField needs to know its items; give the array an 'items'.")
        several = items.get("anyOf", [items]) if isinstance(items, Mapping) else items
        several = several if isinstance(several, list) else [several]
        found = [self.read_field(item) for item in several]
        return [field for field in found if field is not None]

    def _read_reference(self, reference: str) -> Any:
        name = reference.rpartition("/")[2]
        if name in self._waiting:  # the definition holds itself
            self._waiting[name].append(EmbeddedDocumentField(name))
            return self._waiting[name][-1]
        if name not in self._made:
            self._made[name] = self._make_definition(name, reference)
        return EmbeddedDocumentField(self._made[name])

    def _make_definition(self, name: str, reference: str) -> Any:
        schema = self._definitions.get(name)
        if not isinstance(schema, Mapping) or "properties" not in schema:
            raise DictFieldNotFound(f"The reference {reference!r} leads to no object with properties.")
        self._waiting[name] = []
        made = self._make_embedded(schema, name)
        for field in self._waiting.pop(name):
            field.document_type_obj = made
        return made

    def _find_kind(self, type_name: str, schema: Mapping[str, Any]) -> Any:
        """Return the class of the field for *schema*."""
        if all(schema.get(key) == value for key, value in GEO_POINT.items()):
            return GeoPointField
        return self._find_field(type_name, schema.get("format"))

    def _find_field(self, type_name: str, format_name: str | None) -> Any:
        if type_name == "number" and format_name is None:
            return FloatField if self.is_modern else IntField
        if type_name == "any":
            return BaseField
        # JSON Schema wants unknown formats ignored; 0.4.4 did not.
        names = [(type_name, format_name)] + ([(type_name, None)] if self.is_modern else [])
        found = next((dictshield_fields[name] for name in names if name in dictshield_fields), None)
        if found is None:
            raise DictFieldNotFound(
                f"No field stands for the type {type_name!r} with the format {format_name!r}."
            )
        return found


def is_modern(schema: Mapping[str, Any]) -> bool:
    """Return whether *schema* says what 0.4.4 never wrote."""
    if "$schema" in schema or isinstance(schema.get("required"), list):
        return True
    properties = [each for each in schema.get("properties", {}).values() if isinstance(each, Mapping)]
    return any(each.get("type") == "integer" or each.get("format") in ("uri", "uuid") for each in properties)


def read_type(schema: Mapping[str, Any]) -> str | None:
    """Return the type that is asked for; of several, the first that is not null."""
    given = schema.get("type")
    several = given if isinstance(given, list) else [given]
    return next((name for name in several if name != "null"), None)


def make_class(base: Any, name: str, schema: Mapping[str, Any], fields: Mapping[str, BaseField[Any]]) -> Any:
    """Return a subclass of *base* with *fields*, which refuses unknown keys where *schema* does.

    Raises:
        ShieldException: A field would take the place of what documents need themselves.
    """
    for key in fields:
        if is_taken(base, key):
            reason = "A property cannot be called like a part of all documents"
            raise ShieldException(reason, key, name, errors=[FieldError((key,), reason, name)])
    attrs: dict[str, Any] = {"__doc__": schema.get("description"), "__module__": base.__module__, **fields}
    if schema.get("additionalProperties") is False:
        attrs["Meta"] = type("Meta", (), {"refuse_unknown": True})
    metaclass: Any = type(base)
    return metaclass(name, (base,), attrs)


def is_taken(base: Any, name: str) -> bool:
    """Return whether a field called *name* would hide a method of *base*, or what a document keeps."""
    from brubeck.dictshield.document import BaseDocument

    is_special = name == "Meta" or (name.startswith("__") and name.endswith("__"))
    if is_special or name in BaseDocument.__annotations__:
        return True
    if any(name in vars(kind) for kind in BaseDocument.__mro__):
        return True
    found = next((vars(kind)[name] for kind in base.__mro__ if name in vars(kind)), None)
    return name != "id" and isinstance(found, FunctionType | classmethod | staticmethod | property)


@cache
def accepted_options(kind: type[BaseField[Any]]) -> frozenset[str]:
    """Return the arguments that *kind* takes, with those that it hands on to its bases."""
    names: set[str] = set()
    for maker in [vars(base)["__init__"] for base in kind.__mro__ if "__init__" in vars(base)]:
        parameters = signature(maker).parameters
        names |= set(parameters)
        if all(parameter.kind != Parameter.VAR_KEYWORD for parameter in parameters.values()):
            break
    return frozenset(names)
