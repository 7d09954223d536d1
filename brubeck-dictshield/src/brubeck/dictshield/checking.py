"""The class side: checking a dictionary with no document made."""

from __future__ import annotations

from typing import Any

from brubeck.dictshield.errors import ShieldException, refuse_all
from brubeck.dictshield.fields.field import MISHAPS, BaseField
from brubeck.dictshield.plan import TYPE_KEYS, Plan, plan_of


class ClassChecks:
    """What a document class says of a dictionary.

    Values are looked at and not changed; keys that no field knows are removed from the dictionary. Keys of
    internal and private fields (see `SafeableMixin`) are refused: what a user sends must not set them.
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
        overwritten = value is not None and value != field.default
        return [ShieldException("Overwrite of internal fields attempted", key, value)] if overwritten else []
    if value is None or (isinstance(value, str) and not value.strip()):
        return [ShieldException("Required field missing", key, value)] if required else []
    try:
        field.judge(field.receive(value))
    except (*MISHAPS, RecursionError) as exc:
        return [blame(exc, key, value)]
    return []


def blame(exc: Exception, name: str, value: Any) -> ShieldException:
    """Return *exc* as a refusal of the field *name*, with every error's path starting there."""
    if not isinstance(exc, ShieldException):
        reason = "Nested too deeply" if isinstance(exc, RecursionError) else "Invalid value"
        exc = ShieldException(reason, name, value)
    return ShieldException(exc.reason, exc.field_name, exc.field_value, errors=exc.located(name))
