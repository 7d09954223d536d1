"""`Document` and `EmbeddedDocument`: instances, their values and their way out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any, ClassVar, Self

from brubeck.dictshield.checking import blame
from brubeck.dictshield.errors import ShieldDocException, ShieldException, refuse_all
from brubeck.dictshield.fields.field import MISHAPS, BaseField
from brubeck.dictshield.interop import Interop
from brubeck.dictshield.jsonschema import JSONSchema
from brubeck.dictshield.jsontext import dump_json, unwritable
from brubeck.dictshield.options import DocumentOptions, TopLevelDocumentOptions
from brubeck.dictshield.plan import TYPE_KEYS, Named, Plan, plan_of
from brubeck.dictshield.sharing import SafeableMixin
from brubeck.dictshield.structure import DocumentMetaclass, TopLevelDocumentMetaclass
from brubeck.dictshield.swapping import diff_id_field, swap_field
from pydantic_core import ValidationError

__all__ = [
    "BaseDocument",
    "Document",
    "DocumentMetaclass",
    "DocumentOptions",
    "EmbeddedDocument",
    "SafeableMixin",
    "ShieldException",
    "TopLevelDocumentMetaclass",
    "TopLevelDocumentOptions",
    "diff_id_field",
    "swap_field",
]


class BaseDocument(JSONSchema, Interop, SafeableMixin):
    """What documents and embedded documents have in common.

    Args:
        values: A value for each field, by its attribute, its `uniq_field` or its `minimized_field_name`.
            Keys that no field knows are dropped.

    Raises:
        ShieldException: A value cannot be converted to its field's type. Everything else that is wrong with
            the document is told in the same exception; what could be converted is left to `validate`.
    """

    _fields: ClassVar[dict[str, BaseField[Any]]]
    _class_name: ClassVar[str]
    _superclasses: ClassVar[dict[str, type]]
    _options: ClassVar[Any]
    _plan: ClassVar[Plan | None]

    _values: dict[str, Any]
    # Whether every trusted field was found valid since it was last set.
    _clean: bool

    __hash__ = None  # type: ignore[assignment] # equal documents may change

    def __init__(self, /, **values: Any) -> None:
        plan = self._plan or plan_of(type(self))
        try:
            self._values = plan.accept(values)
            self._clean = True
        except ValidationError:
            self._load_each(plan, values)
            return
        if not plan.is_simple:
            self._load_rest(plan, values)

    # The way in.

    def _load_each(self, plan: Plan, values: dict[str, Any]) -> None:
        """Take what the engine refused, field by field."""
        given = {key: value for key, value in values.items() if value is not None}
        if len(given) < len(values):
            BaseDocument.__init__(self, **given)  # a row's NULLs are no reason to leave the engine
            return
        self._clean = False
        self._values = {}
        refusals = self._receive(plan, values, plan.trusted) + self._receive_others(plan, values)
        self._finish_loading(plan, refusals)

    def _load_rest(self, plan: Plan, values: dict[str, Any]) -> None:
        """Take what the engine does not look at."""
        self._finish_loading(plan, self._receive_others(plan, values))

    def _receive_others(self, plan: Plan, values: dict[str, Any]) -> list[ShieldException]:
        refusals = self._receive(plan, values, plan.others)
        if plan.refuses_unknown:
            unknown = [key for key in values if key not in plan.names and key not in TYPE_KEYS]
            refusals += [ShieldException("Unknown field", key, values[key]) for key in unknown]
        return refusals

    def _receive(self, plan: Plan, values: dict[str, Any], fields: Named) -> list[ShieldException]:
        """Set the *fields* that *values* has something for; return what was refused."""
        refusals = []
        wanted = dict(fields)
        for key, value in values.items():
            name = plan.names.get(key)
            if name in wanted and value is not None:
                try:
                    self._set(name, wanted[name], value)
                except (*MISHAPS, RecursionError) as exc:
                    refusals.append(blame(exc, name, value))
        return refusals

    def _set(self, name: str, field: BaseField[Any], value: Any) -> None:
        """Set one value; through the class where the user's field has a descriptor of its own."""
        if type(field).__set__ is not BaseField.__set__:
            setattr(self, name, value)
            return
        received = field.receive(value)
        if received is not None:
            self._values[name] = received

    def _finish_loading(self, plan: Plan, refusals: list[ShieldException]) -> None:
        self._fill_defaults(plan)
        if refusals:
            told = {refusal.errors[0].path[0] for refusal in refusals}
            raise refuse_all([*refusals, *self._find_refusals(plan, skip=told)])
        self._values = plan.arrange(self._values)

    def _fill_defaults(self, plan: Plan) -> None:
        """Put the defaults that are not there yet."""
        fields = plan.makers if self._clean else plan.fields.items()
        settled = plan.settled
        for name, field in fields:
            if name not in self._values:
                made = field.make_default()
                if made is not None:
                    self._values[name] = made
                    self._clean = self._clean and (name not in settled or settled[name](made))

    @property
    def _data(self) -> dict[str, Any]:
        """The values by attribute, for fields with a descriptor of their own; what is changed is unchecked."""
        self._clean = False
        return self._values

    # Validation.

    def validate(self, validate_all: bool = False) -> bool:
        """Return True if every value is valid and no required one is missing.

        Afterwards each value is of its field's type: the text ``"1.50"`` in a DecimalField is a ``Decimal``.

        Args:
            validate_all: Raise a `ShieldDocException`, which holds one exception a field as well.

        Raises:
            ShieldException: At least one field refused; `errors` has them all.
        """
        plan = self._plan or plan_of(type(self))
        if self._clean and not plan.others:
            return True
        refusals = self._find_refusals(plan)
        if not refusals:
            self._clean = True
            return True
        raise ShieldDocException(self._class_name, refusals) if validate_all else refuse_all(refusals)

    def _find_refusals(self, plan: Plan, skip: Iterable[Any] = ()) -> list[ShieldException]:
        """Judge what needs to be judged and settle it; return what was refused, in the order of the fields."""
        self._fill_defaults(plan)
        doubtful = dict(plan.others) if self._clean or self._accept_trusted(plan) else plan.fields
        refusals = [self._judge(name, field) for name, field in doubtful.items() if name not in skip]
        return [refusal for refusal in refusals if refusal is not None]

    def _accept_trusted(self, plan: Plan) -> bool:
        """Return whether the engine takes the trusted fields as they are."""
        try:
            accepted = plan.accept(self._values)
        except ValidationError:
            return False
        self._values = plan.arrange(self._values | accepted) if plan.others else accepted
        return True

    def _judge(self, name: str, field: BaseField[Any]) -> ShieldException | None:
        value = getattr(self, name)
        if value is None or (isinstance(value, str) and not value):
            return ShieldException("Required field missing", name, value) if field.required else None
        try:
            self._values[name] = field.judge(value)
        except ShieldException as exc:
            return blame(exc, name, value)
        return None

    # The way out.

    def _to_fields(self, field_converter: Callable[[BaseField[Any], Any], Any]) -> dict[str, Any]:
        """Return what *field_converter* makes of each value, by `uniq_field`."""
        data: dict[str, Any] = {}
        for name, field in self._fields.items():
            value = getattr(self, name)
            if value is not None:
                try:
                    data[field.uniq_field or name] = field_converter(field, value)
                except (*MISHAPS, RecursionError) as exc:
                    raise blame(exc, name, value) from exc
        if self._options.allow_inheritance:
            data["_cls"] = self._class_name
            data["_types"] = [*self._superclasses, self._class_name]
        return data

    def to_python(self) -> dict[str, Any]:
        """Return the values as a dictionary for Python; what has no value is left out.

        Raises:
            ShieldException: A value that was not validated is none of its field's.
        """
        return self._to_fields(lambda field, value: field.for_python(value))

    def to_json(self, encode: bool = True, sort_keys: bool = False) -> Any:
        """Return the values as JSON text.

        Args:
            encode: False for a dictionary that JSON has words for.
            sort_keys: Sort the keys of the text.

        Raises:
            ShieldException: A value has no form in JSON.
        """
        if encode and not sort_keys and self._clean:
            plan = self._plan or plan_of(type(self))
            if plan.writes_values:
                return self._write(plan)
        data = self._to_fields(lambda field, value: field.for_json(value))
        return dump_json(data, sort_keys=sort_keys) if encode else data

    def _write(self, plan: Plan) -> str:
        try:
            return plan.write(self._values)
        except (TypeError, ValueError, RecursionError) as exc:
            raise unwritable(exc) from exc

    @classmethod
    def _get_subclasses(cls) -> dict[str, type[BaseDocument]]:
        """Return all subclasses by their dotted names."""
        found: dict[str, type[BaseDocument]] = {}
        for subclass in cls.__subclasses__():
            found[subclass._class_name] = subclass
            found.update(subclass._get_subclasses())
        return found

    # A document reads like a dictionary of its fields.

    def __iter__(self) -> Iterator[str]:
        return iter(self._fields)

    def __len__(self) -> int:
        return len(self._fields)

    def __contains__(self, name: object) -> bool:
        return name in self._fields and getattr(self, str(name)) is not None

    def __getitem__(self, name: str) -> Any:
        if name not in self._fields:
            raise KeyError(name)
        return getattr(self, name)

    def __setitem__(self, name: str, value: Any) -> None:
        if name not in self._fields:
            raise KeyError(name)
        setattr(self, name, value)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, BaseDocument):
            return NotImplemented
        if not isinstance(other, type(self)) and not isinstance(self, type(other)):
            return False
        pairs = ((getattr(self, n, None), getattr(other, n, None)) for n in self._fields | other._fields)
        return all(
            mine is theirs or mine == theirs for mine, theirs in pairs
        )  # as lists compare: NaN is itself

    def __copy__(self) -> Self:
        twin = object.__new__(type(self))
        twin.__dict__.update(self.__dict__)
        twin._values = dict(self._values)
        return twin

    def __repr__(self) -> str:
        return f"<{type(self).__name__}: {self}>"

    def __str__(self) -> str:
        return f"{type(self).__name__} object"


class EmbeddedDocument(BaseDocument, metaclass=DocumentMetaclass):
    """A document that lives inside another one and has no id; a mixin, where its ``Meta`` says so."""

    __optionsclass__: ClassVar[type[DocumentOptions]] = DocumentOptions


class Document(BaseDocument, metaclass=TopLevelDocumentMetaclass):
    """A document that is stored, and has an ``id``.

    Subclass it and give the fields as attributes::

        class User(Document):
            username = StringField(max_length=30, required=True)

    An inner class ``Meta`` holds the settings; see `TopLevelDocumentOptions`.
    """

    __optionsclass__: ClassVar[type[DocumentOptions]] = TopLevelDocumentOptions

    if TYPE_CHECKING:
        id: BaseField[Any]
