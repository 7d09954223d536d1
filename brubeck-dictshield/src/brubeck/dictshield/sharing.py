"""Views of a document for its owner and for the public."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any, ClassVar

from brubeck.dictshield.checking import ClassChecks, blame
from brubeck.dictshield.datastructures import MultiValueDict
from brubeck.dictshield.fields.embedding import EmbeddedDocumentField
from brubeck.dictshield.fields.field import MISHAPS, BaseField
from brubeck.dictshield.fields.sequences import ListField
from brubeck.dictshield.jsontext import dump_json
from brubeck.dictshield.plan import plan_of

FieldConverter = Callable[[str, Any], Any]
DocConverter = Callable[[Any], Any]

NOTHING = object()

# What most values are: asking whether one is a Mapping takes longer than all else of a view.
SCALARS = (str, int, float, bytes)

# What an id is called, whatever its attribute is.
ID_NAMES = frozenset(("_id", "id"))


class SafeableMixin(ClassChecks):
    """Who may see what.

    The owner sees everything but ``_internal_fields`` and ``_private_fields``; the public sees
    ``_public_fields`` and nothing else, so nothing where there are none. Embedded documents decide by their
    own lists, also in lists and dictionaries, and where they still are mappings from a database. A view is a
    new dictionary.
    """

    _internal_fields: ClassVar[Collection[str]] = ["_id", "id", "_cls", "_types"]
    _id_names: ClassVar[frozenset[str]] = frozenset()
    _private_fields: ClassVar[Collection[str]] = []
    _public_fields: ClassVar[Collection[str] | None] = None

    @classmethod
    def _get_internal_fields(cls) -> set[str]:
        return {*list_internal(cls), *cls._private_fields}

    @classmethod
    def make_safe(
        cls,
        doc_dict_or_dicts: Any,
        field_converter: FieldConverter,
        doc_converter: DocConverter,
        doc_encoder: Any = None,
        field_list: Collection[str] | None = None,
        white_list: bool = True,
    ) -> Any:
        """Return a view of your own making.

        Args:
            doc_dict_or_dicts: A document, a mapping, or a list of them.
            field_converter: Called with a field's name and its value; gives what the view shows.
            doc_converter: Called with an embedded document; gives what the view shows.
            doc_encoder: Not used; it stands here for callers of 0.4.4.
            field_list: The names of fields to show or to hide; the internal ones by default.
            white_list: True to show *field_list* and nothing else, False to hide it.

        Raises:
            ShieldException: A value has no form in the view.
        """
        if isinstance(doc_dict_or_dicts, list | tuple):
            several = [doc_encoder, field_list, white_list]
            return [cls.make_safe(one, field_converter, doc_converter, *several) for one in doc_dict_or_dicts]
        listed = cls._get_internal_fields() if field_list is None else set(field_list)
        view = {}
        for key, name, value in read_values(cls, doc_dict_or_dicts):
            if value is not None and bool({key, name} & listed) == white_list:
                field = plan_of(cls).fields[name]
                try:
                    shown = share(field, value, doc_converter)
                    shown = field_converter(name, value) if shown is NOTHING else shown
                except RecursionError as exc:
                    raise blame(exc, name, value) from None
                view[field.minimized_field_name or name] = shown
        return view

    @classmethod
    def make_ownersafe(cls, doc_dict_or_dicts: Any) -> Any:
        """Return what the owner may see, as a dictionary for Python."""
        hidden = cls._get_internal_fields()
        return cls.make_safe(
            doc_dict_or_dicts, keep, lambda doc: doc.make_ownersafe(doc), field_list=hidden, white_list=False
        )

    @classmethod
    def make_json_ownersafe(cls, doc_dict_or_dicts: Any, encode: bool = True, sort_keys: bool = False) -> Any:
        """Return what the owner may see, as JSON text, or where *encode* is False as a dictionary for it."""
        hidden = cls._get_internal_fields()
        view = cls.make_safe(
            doc_dict_or_dicts,
            cls._convert_for_json,
            lambda doc: doc.make_json_ownersafe(doc, encode=False),
            field_list=hidden,
            white_list=False,
        )
        return dump_json(view, sort_keys=sort_keys) if encode else view

    @classmethod
    def make_publicsafe(cls, doc_dict_or_dicts: Any) -> Any:
        """Return what the public may see, as a dictionary for Python."""
        shown = cls._public_fields or ()
        return cls.make_safe(doc_dict_or_dicts, keep, lambda doc: doc.make_publicsafe(doc), field_list=shown)

    @classmethod
    def make_json_publicsafe(
        cls, doc_dict_or_dicts: Any, encode: bool = True, sort_keys: bool = False
    ) -> Any:
        """Return what the public may see, as JSON text, or where *encode* is False as a dictionary for it."""
        view = cls.make_safe(
            doc_dict_or_dicts,
            cls._convert_for_json,
            lambda doc: doc.make_json_publicsafe(doc, encode=False),
            field_list=cls._public_fields or (),
        )
        return dump_json(view, sort_keys=sort_keys) if encode else view

    @classmethod
    def make_python_ownersafe(cls, doc_dict_or_dicts: Any) -> Any:
        """The full name of `make_ownersafe`."""
        return cls.make_ownersafe(doc_dict_or_dicts)

    @classmethod
    def make_python_publicsafe(cls, doc_dict_or_dicts: Any) -> Any:
        """The full name of `make_publicsafe`."""
        return cls.make_publicsafe(doc_dict_or_dicts)

    @classmethod
    def _convert_for_json(cls, name: str, value: Any) -> Any:
        field = plan_of(cls).fields[name]
        try:
            return field.for_json(field.receive(value))
        except MISHAPS as exc:
            raise blame(exc, name, value) from exc


def list_internal(klass: Any) -> set[str]:
    """Return the internal names of *klass*: where the id is one, so is the name that it was declared under."""
    internal = set(klass._internal_fields)
    return internal if internal.isdisjoint(ID_NAMES) else internal | klass._id_names


def keep(name: str, value: Any) -> Any:
    """Return *value* as it is."""
    return value


def read_values(klass: Any, source: Any) -> Iterable[tuple[str, str, Any]]:
    """Yield key, field and value for what *source* holds; what no field knows cannot be called safe."""
    if not isinstance(source, Mapping):
        return [(name, name, source[name]) for name in source]
    names = plan_of(klass).names
    return [(key, names[key], value) for key, value in source.items() if key in names]


def share(field: BaseField[Any] | None, value: Any, doc_converter: DocConverter) -> Any:
    """Return a view of *value* where it is or holds documents, NOTHING where it does not."""
    if hasattr(value, "make_ownersafe"):
        return doc_converter(value)
    if isinstance(field, EmbeddedDocumentField) and isinstance(value, Mapping):
        return doc_converter(field.document_type.hold(value))
    if not holds_documents(field, value):
        return NOTHING
    if isinstance(value, Mapping):
        return {key: share_item(None, item, doc_converter) for key, item in read_mapping(value).items()}
    return [share_item(field, item, doc_converter) for item in value]


def share_item(field: BaseField[Any] | None, item: Any, doc_converter: DocConverter) -> Any:
    """Return a view of an item of what holds documents; what is none is left as it is."""
    inner = field.choose_field(item) if isinstance(field, ListField) else None
    shown = share(inner, item, doc_converter)
    return item if shown is NOTHING else shown


def holds_documents(field: BaseField[Any] | None, value: Any) -> bool:
    """Return whether there may be documents in a list or a dictionary, or in those in it."""
    if isinstance(value, SCALARS):
        return False
    if isinstance(value, Mapping):
        inside: Iterable[Any] = read_mapping(value).values()
    elif isinstance(value, list | tuple):
        if isinstance(field, ListField) and field.holds_documents:
            return True
        inside = value
    else:
        return False
    return any(hasattr(item, "make_ownersafe") or holds_documents(None, item) for item in inside)


def read_mapping(value: Mapping[Any, Any]) -> Mapping[Any, Any]:
    """Return *value*, with all the values of a key where there are several."""
    return dict(value.lists()) if isinstance(value, MultiValueDict) else value
