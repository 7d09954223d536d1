"""Fields whose value is a list."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from operator import itemgetter
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from brubeck.dictshield.errors import InvalidShield, ShieldException, describe, gather
from brubeck.dictshield.fields.embedding import EmbeddedDocumentField
from brubeck.dictshield.fields.field import MISHAPS, BaseField
from brubeck.dictshield.fields.mapping import DictField
from pydantic_core import SchemaValidator, core_schema

if TYPE_CHECKING:
    from brubeck.dictshield.document import BaseDocument

E = TypeVar("E")


class ListField(BaseField[list[E]]):
    """A list whose items are all of one type, or of one of several.

    Mappings become embedded documents when they are set; other items are converted by `validate`.

    Args:
        fields: The field of the items, or a list of fields of which each item must suit one. An empty list
            takes anything.
        primary_embedded: Which of several embedded documents is tried first with a mapping.
        options: See `BaseField`; the default is an empty list.

    Raises:
        InvalidShield: *fields* is no field and no list of fields.
    """

    keeps_empty: ClassVar[bool] = False

    def __init__(
        self,
        fields: BaseField[E] | list[Any],
        primary_embedded: EmbeddedDocumentField[Any] | None = None,
        **options: Any,
    ) -> None:
        if not isinstance(fields, BaseField | list):
            raise InvalidShield("Argument to ListField constructor must be a valid field or list of fields")
        self.fields: list[BaseField[Any]] = [fields] if isinstance(fields, BaseField) else fields
        if not all(isinstance(field, BaseField) for field in self.fields):
            raise InvalidShield(
                "Argument to ListField constructor must be a valid field or list of valid fields"
            )
        self._keeps_mappings = any(isinstance(field, DictField) for field in self.fields)
        embedded = [field for field in self.fields if isinstance(field, EmbeddedDocumentField)]
        first = None if self._keeps_mappings else next(iter(embedded), None)
        self.primary_embedded = primary_embedded or first
        options.setdefault("default", list)
        super().__init__(**options)

    if TYPE_CHECKING:

        def __set__(self, instance: BaseDocument, value: Sequence[Any] | None) -> None: ...

    @property
    def owner_document(self) -> Any:
        """The class that the field stands in; its items' fields stand there too."""
        return self._owner_document

    @owner_document.setter
    def owner_document(self, owner: Any) -> None:
        self._owner_document = owner
        for field in self.fields:
            field.owner_document = owner

    _owner_document: Any = None

    def convert(self, value: Any) -> Any:
        if not self.holds_documents or not isinstance(value, list | tuple):
            return value
        return [self._embed(index, item) for index, item in enumerate(value)]

    @cached_property
    def holds_documents(self) -> bool:
        """Whether embedded documents may be in the list, or in a list in it."""
        return bool(self._embedded_fields or self._list_fields)

    @cached_property
    def _list_fields(self) -> list[ListField[Any]]:
        return [field for field in self.fields if isinstance(field, ListField) and field.holds_documents]

    @cached_property
    def _embedded_fields(self) -> list[EmbeddedDocumentField[Any]]:
        found = [field for field in self.fields if isinstance(field, EmbeddedDocumentField)]
        return sorted(found, key=lambda field: field is not self.primary_embedded)

    def _embed(self, index: int, item: Any) -> Any:
        """Return *item* as an embedded document or a list of them, as it is if it is neither."""
        field = self.choose_field(item)
        if field is None:
            return item
        try:
            embedded = field.convert(item)
            return field.judge(embedded) if isinstance(field, EmbeddedDocumentField) else embedded
        except ShieldException as exc:
            errors = exc.located(index)
            raise ShieldException(exc.reason, exc.field_name, exc.field_value, errors=errors) from exc

    def choose_field(self, item: Any) -> EmbeddedDocumentField[Any] | ListField[Any] | None:
        """Return the field that makes documents of *item*, None for an item that is left as it is.

        For a mapping it is the first whose document has every key, else the first of all, unless a DictField
        takes it. Keys alone decide: trying one document after the other would double the work at each level.
        """
        if isinstance(item, list | tuple):
            return next(iter(self._list_fields), None)
        fields = self._embedded_fields if isinstance(item, Mapping) else []
        fitting = [field for field in fields if field.document_type.has_keys(item)]
        return next(iter(fitting if self._keeps_mappings else [*fitting, *fields]), None)

    def validate(self, value: Any) -> Any:
        if not isinstance(value, list | tuple):
            reason = "Only lists and tuples may be used in a list field"
            raise ShieldException(reason, self.field_name, value)
        if self.fields and not self._accepts(value):
            self._settle_items(value)
        return value

    @cached_property
    def _accepts(self) -> Callable[[Any], bool]:
        """A function of the engine that knows lists which are valid and settled at a glance."""
        schema = self.fields[0].core_schema() if len(self.fields) == 1 and self.fields[0].is_trusted else None
        if schema is None:
            return lambda value: False
        return SchemaValidator(core_schema.list_schema(schema, strict=True)).isinstance_python

    def _settle_items(self, value: Sequence[Any]) -> list[Any]:
        settled, refusals = [], []
        for index, item in enumerate(value):
            try:
                settled.append(self._settle_item(item))
            except ShieldException as exc:
                reason, errors = "Invalid ListField item", exc.located(index)
                refusals.append(ShieldException(reason, self.field_name, describe(item), errors=errors))
        if refusals:
            first = refusals[0]
            raise ShieldException(first.reason, first.field_name, first.field_value, errors=gather(refusals))
        return settled

    def _settle_item(self, item: Any) -> Any:
        refusals = []
        for field in self.fields:
            try:
                return field.judge(item)
            except ShieldException as exc:
                refusals.append(exc)
        raise refusals[0]

    def settle(self, value: Any) -> Any:
        if not self.fields or self._accepts(value):
            return value if isinstance(value, list) else list(value)
        settled = self._settle_items(value)
        # The list that the user holds stays the document's, unless something in it changed.
        unchanged = isinstance(value, list) and all(a is b for a, b in zip(settled, value, strict=True))
        return value if unchanged else settled

    def for_output_format(self, output_format_method_name: str, value: Sequence[Any]) -> list[Any]:
        """Return the items as the method of that name gives them, each from the first field that it suits."""
        return [self._output_item(output_format_method_name, item) for item in value]

    def _output_item(self, method_name: str, item: Any) -> Any:
        for field in self.fields:
            try:
                if len(self.fields) > 1:
                    field.judge(item)
                return getattr(field, method_name)(item)
            except MISHAPS:
                continue
        return item

    def for_python(self, value: Any) -> Any:
        return self.for_output_format("for_python", value)

    def for_json(self, value: Any) -> Any:
        return self.for_output_format("for_json", value)

    def _jsonschema_type(self) -> str | None:
        return "array"

    def _jsonschema_items(self) -> dict[str, Any] | None:
        schemas = [field.for_jsonschema() for field in self.fields]
        return {"anyOf": schemas} if len(schemas) > 1 else next(iter(schemas), None)

    def _jsonschema_default(self) -> Any:
        return None if callable(self.default) else self.for_json(self.default or []) or None

    @classmethod
    def _from_jsonschema_types(cls) -> list[str]:
        return ["array"]

    @classmethod
    def _from_jsonschema_formats(cls) -> list[str | None]:
        return [None]


class SortedListField(ListField[E]):
    """A list that is sorted by `validate` and on its way out.

    Args:
        field: See `ListField`.
        ordering: The key by which dictionaries and embedded documents are sorted.
        options: See `ListField`.
    """

    _ordering: Any = None

    def __init__(self, field: BaseField[E] | list[Any], ordering: Any = None, **options: Any) -> None:
        self._ordering = ordering
        super().__init__(field, **options)

    def validate(self, value: Any) -> Any:
        super().validate(value)
        self.settle(value)
        return value

    def settle(self, value: Any) -> Any:
        try:
            return self._sort(super().settle(value))
        except (TypeError, LookupError) as exc:
            raise ShieldException("List items cannot be sorted", self.field_name, value) from exc

    def _sort(self, value: list[Any]) -> list[Any]:
        return sorted(value, key=None if self._ordering is None else itemgetter(self._ordering))

    def for_output_format(self, output_format_method_name: str, value: Sequence[Any]) -> list[Any]:
        return self._sort(super().for_output_format(output_format_method_name, value))

    @classmethod
    def _from_jsonschema_types(cls) -> list[str]:
        return []
