"""`BaseField`: what every field is and what a field of your own overrides."""

from __future__ import annotations

import copy
from collections.abc import Callable, Collection, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Self, TypeVar, overload

from brubeck.dictshield.errors import InvalidShield, ShieldException
from brubeck.dictshield.jsontext import encode_json
from pydantic_core import SchemaValidator
from pydantic_core.core_schema import CoreSchema

if TYPE_CHECKING:
    from brubeck.dictshield.document import BaseDocument

T = TypeVar("T")

# (type, format) of a JSON schema -> the field that stands for it.
dictshield_fields: dict[tuple[str, str | None], type[BaseField[Any]]] = {}

# What a `validate` may raise besides ShieldException when it meets a value it was not written for.
MISHAPS = (ValueError, AttributeError, AssertionError, TypeError, ArithmeticError, LookupError)

# Values that nobody can change behind a document's back, so that one default can serve them all.
IMMUTABLE = (str, bytes, int, float, bool, complex, tuple, frozenset, type(None))


class BaseField(Generic[T]):
    """A field that takes anything; the base of all others.

    A field of your own overrides `validate` (raise `ShieldException`), and `convert`, `for_python` or
    `for_json` where the value has another form when it is set, in Python or in JSON.

    Args:
        uniq_field: The key in what `to_python` and `to_json` give.
        field_name: Another spelling of *uniq_field*; the attribute's name is always the field's name.
        required: Refuse a document without a value here.
        default: A value, or a callable that makes one for each document.
        id_field: This is the document's id; its key is ``_id``.
        validation: A callable that tells whether a value is welcome.
        choices: The values that are welcome.
        description: A sentence for the JSON schema.
        minimized_field_name: A short key for the owner's and the public view; read as well.
    """

    # What holds of any value of the field's type, so that a document may trust what it has checked.
    is_mutable: ClassVar[bool] = True
    # Whether '' is a value of this type; elsewhere it means that nothing was given.
    keeps_empty: ClassVar[bool] = True

    owner_document: Any = None

    def __init__(
        self,
        uniq_field: str | None = None,
        field_name: str | None = None,
        required: bool = False,
        default: Any = None,
        id_field: bool = False,
        validation: Callable[[Any], Any] | None = None,
        choices: Collection[Any] | None = None,
        description: str | None = None,
        minimized_field_name: str | None = None,
    ) -> None:
        if validation is not None and not callable(validation):
            raise InvalidShield(f"validation must be a callable that takes the value, got {validation!r}.")
        self.uniq_field = "_id" if id_field else uniq_field or field_name
        self.field_name: Any = field_name  # the attribute's name, once a class has the field
        self.required = required
        self.default = default
        self.id_field = id_field
        self.validation = validation
        self.choices = choices
        self.description = description
        self.minimized_field_name = minimized_field_name

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        register(cls)

    @overload
    def __get__(self, instance: None, owner: type) -> Self: ...
    @overload
    def __get__(self, instance: BaseDocument, owner: type) -> T: ...
    def __get__(self, instance: BaseDocument | None, owner: type) -> Any:
        if instance is None:
            return self
        value = instance._values.get(self.field_name)
        return self._put_default(instance) if value is None else value

    def __set__(self, instance: BaseDocument, value: T | None) -> None:
        received = self.receive(value)
        instance._clean = False
        if received is None:
            instance._values.pop(self.field_name, None)
        else:
            instance._values[self.field_name] = received

    def _put_default(self, instance: BaseDocument) -> Any:
        """Return the default; one made for this document stays in it, so that a change to it is kept."""
        made = self.make_default()
        if made is not None and self.makes_default:
            instance._clean = False
            instance._values[self.field_name] = made
        return made

    # In: what is set, what is checked, what is kept.

    def receive(self, value: Any) -> Any:
        """Return *value* as a document keeps it when it is set; None when nothing was given."""
        if value is None or (isinstance(value, str) and not value and not self.keeps_empty):
            return None
        return self.convert(value)

    def convert(self, value: Any) -> Any:
        """Return *value* as it is kept when it is set."""
        return value

    def validate(self, value: Any) -> Any:
        """Refuse what is no value of this type; `choices` and `validation` are looked at elsewhere.

        Raises:
            ShieldException: *value* is refused.
        """
        return value

    def settle(self, value: Any) -> Any:
        """Return a *value* that passed `validate` as a validated document keeps it."""
        return value

    def judge(self, value: Any) -> Any:
        """Return *value* settled.

        Raises:
            ShieldException: *value* is refused, for whatever reason.
        """
        try:
            self._validate(value)
            return self.settle(value)
        except ShieldException:
            raise
        except MISHAPS as exc:
            raise ShieldException("Invalid value", self.field_name, value) from exc
        except RecursionError:
            raise ShieldException("Nested too deeply", self.field_name, value) from None

    def _validate(self, value: Any) -> Any:
        if self.choices is not None and value not in self.choices:
            reason = f"Value must be one of {self.choices}."
            raise ShieldException(reason, self.field_name, value)
        if self.validation is not None and not self.validation(value):
            reason = "Value does not match custom validation method."
            raise ShieldException(reason, self.field_name, value)
        return self.validate(value)

    # Out.

    def for_python(self, value: Any) -> Any:
        """Return *value* as `to_python` gives it."""
        return value

    def for_json(self, value: Any) -> Any:
        """Return *value* as something that JSON has a word for."""
        return self.for_python(value)

    # Defaults.

    @property
    def makes_default(self) -> bool:
        """Whether each document needs a default of its own."""
        return callable(self.default) or not isinstance(self.default, IMMUTABLE)

    def make_default(self) -> Any:
        """Return the default, freshly made where it is a callable or could be changed."""
        if callable(self.default):
            return self.receive(self.default())
        return copy.deepcopy(self.default) if self.makes_default else self.default

    # What the engine knows of the field.

    def core_schema(self) -> CoreSchema | None:
        """Return a schema that takes values that are valid and settled, and no others; None for no schema.

        It may refuse more than `validate` does, never less: the engine's yes is final, its no is not.
        """
        return None

    @property
    def is_trusted(self) -> bool:
        """Whether a value once found valid stays so, and asking costs and does nothing."""
        settled = self.choices is None and self.validation is None and not self.is_mutable
        overridden = ("validate", "_validate", "settle", "judge")
        return settled and self.core_schema() is not None and outranks(type(self), "core_schema", *overridden)

    @property
    def converts(self) -> bool:
        """Whether a value that `core_schema` takes could become another one when it is set."""
        return not outranks(type(self), "core_schema", "convert", "receive", "__set__", "__get__")

    @cached_property
    def is_settled(self) -> Callable[[Any], bool]:
        """A function of the engine that knows values which are valid and settled at a glance."""
        schema = self.core_schema() if self.is_trusted else None
        return (lambda value: False) if schema is None else SchemaValidator(schema).isinstance_python

    def json_writer(self) -> Callable[[Any], str]:
        """Return a function that writes a validated value as JSON text."""
        writer = self.quick_writer()
        if writer and self.is_trusted and outranks(type(self), "quick_writer", "for_json", "for_python"):
            return writer
        return lambda value: encode_json(self.for_json(value))

    def quick_writer(self) -> Callable[[Any], str] | None:
        """Return a function of C that writes this type's values, where there is one."""
        return None

    # JSON schema: every method ``_jsonschema_<key>`` gives one key; None leaves it out.

    def for_jsonschema(self) -> dict[str, Any]:
        """Return this field's property in a JSON schema (draft 2020-12)."""
        methods = [name for name in dir(self) if name.startswith("_jsonschema_")]
        found = {name.removeprefix("_jsonschema_"): getattr(self, name)() for name in methods}
        return {key: value for key, value in found.items() if value is not None}

    def _jsonschema_default(self) -> Any:
        if self.default is None or callable(self.default):
            return None
        return self.for_json(self.default)

    def _jsonschema_description(self) -> str | None:
        return self.description

    def _jsonschema_title(self) -> Any:
        return self.field_name

    def _jsonschema_type(self) -> str | None:
        return None

    def _jsonschema_enum(self) -> list[Any] | None:
        return None if self.choices is None else [self.for_json(choice) for choice in self.choices]

    def lookup_member(self, member_name: str) -> BaseField[Any] | None:
        """Return the field of a member, where the field has members."""
        return None


def register(kind: Any) -> None:
    """Make *kind* the field for the types and formats of JSON Schema that it names itself.

    A subclass that names none does not take its parent's place.
    """
    hooks = ("_from_jsonschema_types", "_from_jsonschema_formats", "jsonschema_format")
    if any(hook in vars(kind) for hook in hooks) and all(hasattr(kind, hook) for hook in hooks[:2]):
        for type_name in kind._from_jsonschema_types():
            for format_name in kind._from_jsonschema_formats():
                dictshield_fields[type_name, format_name] = kind


def outranks(kind: Any, name: str, *others: str) -> bool:
    """Return whether the class that defines *name* for *kind* comes no later than those that define *others*.

    An override of `validate` in a subclass makes the parent's `core_schema` obsolete; this tells.
    """
    rank: Mapping[str, int] = {
        attribute: next(
            (i for i, cls in enumerate(kind.__mro__) if attribute in vars(cls)), len(kind.__mro__)
        )
        for attribute in (name, *others)
    }
    return all(rank[name] <= rank[other] for other in others)
