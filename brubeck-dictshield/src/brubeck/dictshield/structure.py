"""The metaclasses: a class body with fields becomes ``_fields``, ``_class_name`` and ``_superclasses``."""

from __future__ import annotations

import copy
from typing import Any

from brubeck.dictshield.errors import InvalidShield
from brubeck.dictshield.fields.field import BaseField
from brubeck.dictshield.options import DocumentOptions, read_options

INHERITED_OPTIONS = ("allow_inheritance", "refuse_unknown")


class DocumentMetaclass(type):
    """Makes the classes of documents."""

    # What every class of documents has.
    _fields: dict[str, BaseField[Any]]
    _class_name: str
    _superclasses: dict[str, type]
    _options: Any
    _plan: Any

    def __new__(mcs, name: str, bases: tuple[type, ...], attrs: dict[str, Any]) -> Any:
        meta = attrs.pop("Meta", None)
        bind_fields(attrs)
        klass: Any = super().__new__(mcs, name, bases, attrs)
        borrowed = borrow_fields(klass)
        klass._plan = None
        klass._options = inherit_options(
            klass, read_options(meta, getattr(klass, "__optionsclass__", DocumentOptions))
        )
        klass._fields = merge_fields(klass)
        klass._id_names = frozenset(name for name, field in klass._fields.items() if field.id_field)
        klass._class_name, klass._superclasses = trace_descent(name, bases)
        for field in [*own_fields(attrs).values(), *borrowed.values()]:
            field.owner_document = klass
        return klass


class TopLevelDocumentMetaclass(DocumentMetaclass):
    """Makes the classes of documents that are stored, and so have an id."""

    def __new__(mcs, name: str, bases: tuple[type, ...], attrs: dict[str, Any]) -> Any:
        meta = attrs.get("Meta")
        klass = super().__new__(mcs, name, bases, attrs)
        if not any(isinstance(base, TopLevelDocumentMetaclass) for base in bases):
            return klass  # the root itself, which has no fields
        keyed = [field for field in klass._fields.values() if field.id_field]
        if len(keyed) > 1:
            raise InvalidShield(
                f"Cannot override id_field: {name} has {[field.field_name for field in keyed]}."
            )
        inherit_id_settings(klass, meta)
        if keyed:
            alias_id(klass, keyed[0])
        elif "id" not in attrs:
            give_id(klass, anew=hasattr(meta, "id_field") or hasattr(meta, "id_options"))
        return klass


def own_fields(attrs: dict[str, Any]) -> dict[str, BaseField[Any]]:
    """Return the fields among the attributes of a class body."""
    return {name: value for name, value in attrs.items() if isinstance(value, BaseField)}


def bind_fields(attrs: dict[str, Any]) -> None:
    """Tell each field of a class body its name; one that belongs to another class is copied first."""
    for name, field in own_fields(attrs).items():
        attrs[name] = bound = copy.copy(field) if field.owner_document is not None else field
        if bound.uniq_field in (None, bound.field_name) and bound.owner_document is not None:
            bound.uniq_field = name
        bound.field_name = name
        bound.uniq_field = bound.uniq_field or name


def borrow_fields(klass: type) -> dict[str, BaseField[Any]]:
    """Give *klass* copies of the fields that it finds in bases which are no documents."""
    found: dict[str, Any] = {}
    for base in klass.__mro__:
        for name, value in vars(base).items():
            is_lent = isinstance(value, BaseField) and not isinstance(base, DocumentMetaclass)
            found.setdefault(name, copy.copy(value) if is_lent else None)
    borrowed = {name: field for name, field in found.items() if field is not None}
    bind_fields(borrowed)
    for name, field in borrowed.items():
        setattr(klass, name, field)
    return borrowed


def merge_fields(klass: type) -> dict[str, BaseField[Any]]:
    """Return the fields of *klass*: those of its bases first, and where two meet, the one Python would find."""
    fields: dict[str, BaseField[Any]] = {}
    for base in reversed(klass.__mro__):
        for name, value in vars(base).items():
            if isinstance(value, BaseField) and value.field_name == name:
                fields[name] = value
            elif name in fields and not name.startswith("_"):
                del fields[name]  # hidden by an attribute that is no field
    return fields


def trace_descent(name: str, bases: tuple[type, ...]) -> tuple[str, dict[str, type]]:
    """Return the dotted name of a class and its ancestors by theirs, the oldest first; mixins leave no trace."""
    names, ancestors = [name], {}
    for base in bases:
        if isinstance(base, DocumentMetaclass) and base._fields and not base._options.mixin:
            names.append(base._class_name)
            ancestors.update(base._superclasses)
            ancestors[base._class_name] = base
    return ".".join(reversed(names)), ancestors


def inherit_options(klass: Any, options: DocumentOptions) -> DocumentOptions:
    """Return *options* with what the class leaves open taken from the nearest base that says it."""
    for old in (vars(klass).get("_meta"), vars(klass).get("meta")):
        if isinstance(old, dict) and options.allow_inheritance is None:
            options.allow_inheritance = old.get("allow_inheritance")
    for name in INHERITED_OPTIONS:
        if getattr(options, name) is None:
            said = [getattr(base._options, name) for base in klass.__mro__[1:] if hasattr(base, "_options")]
            setattr(options, name, next((value for value in said if value is not None), None))
    return options


def inherit_id_settings(klass: Any, meta: type | None) -> None:
    """Take what *meta* does not say of the id from the first base that has one."""
    bases = [
        base._options for base in klass.__bases__ if hasattr(getattr(base, "_options", None), "id_field")
    ]
    for name in ("id_field", "id_options"):
        if bases and not hasattr(meta, name):
            setattr(klass._options, name, getattr(bases[0], name))


def alias_id(klass: Any, field: BaseField[Any]) -> None:
    """Make ``document.id`` another name of the field that was declared as the id."""
    klass._fields.pop("id", None)
    name = field.field_name
    if name == "id":
        klass._fields["id"] = field
        return
    klass.id = property(
        lambda document: getattr(document, name), lambda document, value: setattr(document, name, value)
    )


def give_id(klass: Any, *, anew: bool) -> None:
    """Give *klass* an id: the one that it inherits, unless there is none or its settings ask for one *anew*."""
    field = klass._fields.pop("id", None)
    if field is None or anew:
        field = klass._options.id_field(**{"uniq_field": "_id", **klass._options.id_options})
        field.field_name, field.owner_document = "id", klass
        klass.id = field
    klass._fields = {"id": field, **klass._fields}
