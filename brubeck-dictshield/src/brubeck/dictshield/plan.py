"""A document class, compiled: what the engine checks, what Python checks, how JSON is written."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from operator import call
from typing import Any

from brubeck.dictshield.fields.field import BaseField
from brubeck.dictshield.jsontext import encode_json
from pydantic_core import SchemaValidator, core_schema

Named = tuple[tuple[str, BaseField[Any]], ...]

# Keys that `to_python` may add to the fields, so that no document calls them unknown.
TYPE_KEYS = frozenset(("_cls", "_types"))

# How many sets of present fields have their JSON template kept; documents of one class have few.
MAX_TEMPLATES = 64


class Plan:
    """What a document class knows by heart.

    The fields are parted. *Trusted* ones are checked by the engine, all in one call, which takes only what is
    valid and settled and so needs no second look; what it refuses is judged field by field in Python, which
    knows the reason. The *others* (containers, embedded documents, fields with code of the user's own) are
    always judged in Python, once: were they in the engine's call, a refusal at depth n would be judged 2ⁿ times.
    """

    def __init__(
        self, fields: dict[str, BaseField[Any]], *, emits_types: bool, refuses_unknown: bool
    ) -> None:
        self.fields = fields
        # Whether what a document keeps is what it says: nothing added, nothing computed by a field's own __get__.
        self.writes_values = not emits_types and all(
            type(field).__get__ is BaseField.__get__ for field in fields.values()
        )
        self.refuses_unknown = refuses_unknown
        self.names = map_keys(fields)
        self.trusted = tuple((n, f) for n, f in fields.items() if f.is_trusted and not f.converts)
        self.others = tuple((n, f) for n, f in fields.items() if not f.is_trusted or f.converts)
        self.makers = tuple((n, f) for n, f in fields.items() if needs_maker(f))
        # What knows at a glance whether a default needs no second look.
        self.settled = {name: field.is_settled for name, field in self.trusted}
        self.is_simple = not (self.others or self.makers or refuses_unknown)
        self.accept: Callable[[Any], dict[str, Any]] = build_engine(self.trusted, self.names).validate_python
        self._templates: dict[tuple[str, ...], tuple[str, list[Callable[[Any], str]]]] = {}
        self._writers = {name: field.json_writer() for name, field in fields.items()}

    def write(self, values: dict[str, Any]) -> str:
        """Return validated *values* as JSON text, with the spaces of ``json.dumps``."""
        names = tuple(values)
        template, writers = self._templates.get(names) or self._make_template(names)
        return template % tuple(map(call, writers, values.values()))

    def _make_template(self, names: tuple[str, ...]) -> tuple[str, list[Callable[[Any], str]]]:
        keys = [encode_json(self.fields[name].uniq_field).replace("%", "%%") for name in names]
        template = "{" + ", ".join(f"{key}: %s" for key in keys) + "}"
        made = template, [self._writers[name] for name in names]
        if len(self._templates) < MAX_TEMPLATES:
            self._templates[names] = made
        return made

    def arrange(self, values: dict[str, Any]) -> dict[str, Any]:
        """Return *values* in the order of the fields."""
        return {name: values[name] for name in self.fields if name in values}


def needs_maker(field: BaseField[Any]) -> bool:
    """Return whether Python must put the default of *field*, since the engine cannot or must not."""
    if field.makes_default:
        return True
    return field.default is not None and not field.is_settled(field.default)


def map_keys(fields: dict[str, BaseField[Any]]) -> dict[str, str]:
    """Return the attribute for each key that a document may be made with; attributes win over other names."""
    names = {}
    for name, field in fields.items():
        for key in (field.minimized_field_name, field.uniq_field, "_id" if name == "id" else None):
            if key is not None:
                names[key] = name
    return names | {name: name for name in fields}


def build_engine(trusted: Named, names: dict[str, str]) -> SchemaValidator:
    """Return a validator of dictionaries with the *trusted* fields; other keys are not looked at."""
    members = {name: build_member(name, field, names) for name, field in trusted}
    return SchemaValidator(core_schema.typed_dict_schema(members))


def build_member(name: str, field: BaseField[Any], names: dict[str, str]) -> core_schema.TypedDictField:
    """Return the engine's description of one field."""
    schema = field.core_schema() or core_schema.any_schema()
    if field.default is not None and not needs_maker(field):
        schema = core_schema.with_default_schema(schema, default=field.default)
    required = field.required and field.default is None and not field.makes_default
    keys: Iterable[str] = [name, *(key for key, owner in names.items() if owner == name and key != name)]
    alias: Any = [[key] for key in keys]
    return core_schema.typed_dict_field(
        schema, required=required, validation_alias=alias if len(alias) > 1 else None
    )


def plan_of(klass: Any) -> Plan:
    """Return the plan of *klass*, made when it is first needed: fields may name classes that come later."""
    if klass._plan is None:
        options = klass._options
        klass._plan = Plan(
            klass._fields,
            emits_types=bool(options.allow_inheritance),
            refuses_unknown=bool(options.refuse_unknown),
        )
    plan: Plan = klass._plan
    return plan
