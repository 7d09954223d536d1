"""The class side: checking a dictionary with no document made."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from brubeck.dictshield.errors import FieldError, ShieldException, refuse_all
from brubeck.dictshield.fields.embedding import EmbeddedDocumentField
from brubeck.dictshield.fields.field import MISHAPS, BaseField
from brubeck.dictshield.fields.sequences import ListField
from brubeck.dictshield.plan import TYPE_KEYS, Plan, plan_of


class ClassChecks:
    """What a document class says of a dictionary.

    Values are looked at and not changed; keys that no field knows are removed from the dictionary. Keys of
    internal and private fields (see `SafeableMixin`) are refused, also those of embedded documents: what a
    user sends must not set them.
    """

    @classmethod
    def validate_class_fields(cls, values: dict[str, Any], validate_all: bool = False) -> Any:
        """Check that *values* make a whole document.

        Args:
            values: What a user sent; a value that is None or blank counts as missing.
            validate_all: Return the refusals as a list instead of raising.

        Returns:
            True, or the list of `ShieldException` where *validate_all* asks for it.

        Raises:
            ShieldException: At least one value was refused or is missing.
        """
        return report(inspect(cls, values, is_partial=False), validate_all)

    @classmethod
    def validate_class_partial(cls, values: dict[str, Any], validate_all: bool = False) -> Any:
        """Check the *values* that are there, as for an update; see `validate_class_fields`.

        None and blank text pass, also for a required field: nothing was given for it.
        """
        return report(inspect(cls, values, is_partial=True), validate_all)

    @classmethod
    def check_class_fields(cls, values: dict[str, Any]) -> bool:
        """Return whether *values* make a whole document."""
        return not inspect(cls, values, is_partial=False)


def report(refusals: list[ShieldException], validate_all: bool) -> Any:
    """Raise the *refusals* or return them, as asked."""
    if validate_all:
        return refusals
    if refusals:
        raise refuse_all(refusals)
    return True


def inspect(klass: Any, values: dict[str, Any], *, is_partial: bool) -> list[ShieldException]:
    """Return what is wrong with *values*, and remove the keys that no field knows."""
    if not isinstance(values, dict):
        return [ShieldException("Only dictionaries make a document", None, values)]
    plan = plan_of(klass)
    refusals = drop_rogues(plan, values)
    internal = klass._get_internal_fields()
    keys = {plan.names[key]: key for key in values}
    for name, field in plan.fields.items():
        if name in keys or not is_partial:
            key = keys.get(name, name)
            is_internal = bool({name, key} & internal)
            required = field.required and not is_partial
            refusals += inspect_value(field, key, values.get(key), required=required, is_internal=is_internal)
    return refusals


def drop_rogues(plan: Plan, values: dict[str, Any]) -> list[ShieldException]:
    """Remove unknown keys from *values*; return them as refusals where the document wants that."""
    rogues = {key: values.pop(key) for key in list(values) if key not in plan.names or key == "id"}
    if not plan.refuses_unknown:
        return []
    return [ShieldException("Unknown field", key, rogues[key]) for key in rogues if key not in TYPE_KEYS]


def inspect_value(
    field: BaseField[Any], key: str, value: Any, *, required: bool, is_internal: bool
) -> list[ShieldException]:
    """Return why *value* cannot be the value of *field*, if it cannot."""
    if is_internal:
        return inspect_internal(field, value, (key,))
    if value is None or (isinstance(value, str) and not value.strip()):
        return [ShieldException("Required field missing", key, value)] if required else []
    try:
        field.judge(field.receive(value))
        return inspect_inside(field, value, (key,))
    except (*MISHAPS, RecursionError) as exc:
        return [blame(exc, key, value)]


def inspect_internal(field: BaseField[Any], value: Any, path: tuple[Any, ...]) -> list[ShieldException]:
    """Return a refusal where *value* would change an internal or private field."""
    if value is None or value == field.default:
        return []
    reason = "Overwrite of internal fields attempted"
    return [ShieldException(reason, path[-1], value, errors=[FieldError(path, reason, value)])]


def inspect_inside(field: BaseField[Any] | None, value: Any, path: tuple[Any, ...]) -> list[ShieldException]:
    """Return what mappings for embedded documents, and lists of them, hold for internal and private fields."""
    if isinstance(field, EmbeddedDocumentField) and isinstance(value, Mapping):
        return inspect_embedded(field.document_type, value, path)
    if isinstance(field, ListField) and field.holds_documents and isinstance(value, list | tuple):
        chosen = [(index, item, field.choose_field(item)) for index, item in enumerate(value)]
        found = [inspect_inside(inner, item, (*path, index)) for index, item, inner in chosen]
        return [refusal for refusals in found for refusal in refusals]
    return []


def inspect_embedded(klass: Any, values: Mapping[Any, Any], path: tuple[Any, ...]) -> list[ShieldException]:
    """Return what *values*, which make an embedded document, hold for internal and private fields."""
    plan, internal = plan_of(klass), klass._get_internal_fields()
    refusals = []
    for key, name in [(key, plan.names[key]) for key in values if key in plan.names]:
        look = inspect_internal if {key, name} & internal else inspect_inside
        refusals += look(plan.fields[name], values[key], (*path, key))
    return refusals


def blame(exc: Exception, name: str, value: Any) -> ShieldException:
    """Return *exc* as a refusal of the field *name*, with every error's path starting there."""
    if not isinstance(exc, ShieldException):
        reason = "Nested too deeply" if isinstance(exc, RecursionError) else "Invalid value"
        exc = ShieldException(reason, name, value)
    return ShieldException(exc.reason, exc.field_name, exc.field_value, errors=exc.located(name))
