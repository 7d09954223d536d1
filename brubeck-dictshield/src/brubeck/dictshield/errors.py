"""What a shield says when it refuses.

ValueError
└── ShieldException        a value was refused; the one who sent it is at fault
└── ShieldDocException the same, asked for with ``validate_all=True``
Exception
├── InvalidShield          a class or a field was put together wrongly; its author is at fault
│   └── FormPunch          a form was given something that is no document
└── DictFieldNotFound      a JSON schema names a type that no field stands for
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

# How many characters of a value the text of an exception shows: logs are not a stranger's to fill.
MAX_SHOWN = 200


class FieldError(NamedTuple):
    """One refusal as data: where, why and what."""

    path: tuple[str | int, ...]
    reason: str
    value: Any


class InvalidShield(Exception):
    """A document class or a field was put together wrongly."""


class FormPunch(InvalidShield):
    """A form was given something that is no document, or values of another one."""


class DictFieldNotFound(Exception):
    """A JSON schema asks for a type that no field stands for."""


class ShieldException(ValueError):
    """A value was refused.

    ``reason``, ``field_name`` and ``field_value`` tell of the first refusal, `errors` of all of them.

    Args:
        reason: A sentence that can be shown to whoever sent the value.
        field_name: The field that refused.
        field_value: What it was given.
        errors: Every refusal with its path, where there are several or they lie deeper.
    """

    def __init__(
        self,
        reason: str,
        field_name: str | None = None,
        field_value: Any = None,
        *args: Any,
        errors: Iterable[FieldError] = (),
    ) -> None:
        super().__init__(reason, field_name, field_value, *args)
        self.reason = reason
        self.field_name = field_name
        self.field_value = field_value
        self.nested = tuple(errors)

    @property
    def errors(self) -> tuple[FieldError, ...]:
        """All refusals, in the order of the fields; each path leads from the document to the value."""
        return self.nested or self.located(self.field_name)

    def located(self, *place: str | int | None) -> tuple[FieldError, ...]:
        """Return the refusals as seen from outside, where this one happened at *place*."""
        prefix = tuple(step for step in place if step is not None)
        if not self.nested:
            return (FieldError(prefix, self.reason, self.field_value),)
        return tuple(FieldError((*prefix, *e.path), e.reason, e.value) for e in self.nested)

    def as_dict(self) -> dict[str, list[str]]:
        """Return the reasons by dotted path, ready to be sent as JSON; values are left out."""
        reasons: dict[str, list[str]] = {}
        for error in self.errors:
            reasons.setdefault(".".join(map(str, error.path)), []).append(error.reason)
        return reasons

    def __str__(self) -> str:
        value = describe(self.field_value)
        shown = value if len(value) <= MAX_SHOWN else f"{value[:MAX_SHOWN]}…"
        first = f"{self.reason} - {self.field_name}:{shown}"
        others = len(self.nested) - 1
        return first if others < 1 else f"{first} (and {others} more)"


# 0.4.4 kept its first name; so do we.
DictPunch = ShieldException


class ShieldDocException(ShieldException):
    """A document was refused and ``validate_all=True`` asked for one exception a field.

    Args:
        doc_name: The class name of the document.
        error_list: One `ShieldException` for each field that refused, at least one.
    """

    def __init__(self, doc_name: str, error_list: list[ShieldException], *args: Any) -> None:
        first = error_list[0]
        super().__init__(first.reason, first.field_name, first.field_value, errors=gather(error_list))
        self.args = (doc_name, error_list, *args)
        self.doc = doc_name
        self.error_list = error_list

    def __str__(self) -> str:
        return f"Document had {len(self.error_list)} errors - {[str(error) for error in self.error_list]}"


def gather(refusals: Iterable[ShieldException]) -> list[FieldError]:
    """Return the errors of several fields' refusals, one after the other."""
    return [error for refusal in refusals for error in refusal.errors]


def refuse_all(refusals: list[ShieldException]) -> ShieldException:
    """Return one exception that tells of all *refusals* and looks like the first."""
    first = refusals[0]
    return ShieldException(first.reason, first.field_name, first.field_value, errors=gather(refusals))


def describe(value: Any) -> str:
    """Return ``str(value)``, or the name of its type where that fails (hostile or bottomless values)."""
    try:
        return str(value)
    except Exception:
        return f"<{type(value).__name__}>"
