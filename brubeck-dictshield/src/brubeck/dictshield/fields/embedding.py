"""`EmbeddedDocumentField`: a document inside a document."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from brubeck.dictshield.errors import InvalidShield, ShieldException
from brubeck.dictshield.fields.field import BaseField

if TYPE_CHECKING:
    from brubeck.dictshield.document import BaseDocument, EmbeddedDocument

D = TypeVar("D", bound="EmbeddedDocument")

# The name by which a document embeds its own kind.
RECURSIVE_REFERENCE_CONSTANT = "self"


class EmbeddedDocumentField(BaseField[D]):
    """An `EmbeddedDocument`, or a mapping to make one of.

    Args:
        document_type: The class, its name where it is not defined yet, or ``"self"`` for the class that the
            field stands in.
        options: See `BaseField`.

    Raises:
        InvalidShield: *document_type* is no embedded document.
    """

    keeps_empty: ClassVar[bool] = False

    def __init__(self, document_type: type[D] | str, **options: Any) -> None:
        if not isinstance(document_type, str) and not is_embeddable(document_type):
            raise InvalidShield(
                "Invalid embedded document class provided to an EmbeddedDocumentField: "
                f"{document_type!r} is no subclass of EmbeddedDocument."
            )
        self.document_type_obj: type[D] | str = document_type
        super().__init__(**options)

    if TYPE_CHECKING:

        def __set__(self, instance: BaseDocument, value: D | Mapping[str, Any] | None) -> None: ...

    @property
    def document_type(self) -> type[D]:
        """The class; a name is looked up when it is first asked for."""
        if isinstance(self.document_type_obj, str):
            self.document_type_obj = self._find(self.document_type_obj)
        found: Any = self.document_type_obj
        return found  # type: ignore[no-any-return]

    def _find(self, name: str) -> Any:
        if name == RECURSIVE_REFERENCE_CONSTANT and self.owner_document is not None:
            return self.owner_document
        for known in _walk_subclasses(_embedded_root()):
            if known.__name__ == name:
                return known
        raise InvalidShield(f"No embedded document is called {name!r}. Define it before its first use.")

    def convert(self, value: Any) -> Any:
        if isinstance(value, self.document_type):
            return value
        if not isinstance(value, Mapping):
            raise self._refusal(value)
        return self._make(value)

    def _make(self, value: Mapping[Any, Any]) -> D:
        try:
            return self.document_type.from_mapping(value)
        except ShieldException as exc:
            raise self._relay(exc) from exc

    def validate(self, value: Any) -> Any:
        if not isinstance(value, self.document_type):
            raise self._refusal(value)
        try:
            value.validate()
        except ShieldException as exc:
            raise self._relay(exc) from exc
        return value

    @staticmethod
    def _relay(exc: ShieldException) -> ShieldException:
        """Return the embedded document's refusal with its errors where the embedding one expects them."""
        return ShieldException(exc.reason, exc.field_name, exc.field_value, errors=exc.errors)

    def _refusal(self, value: Any) -> ShieldException:
        reason = "Invalid embedded document instance provided to an EmbeddedDocumentField"
        return ShieldException(reason, self.field_name, value)

    def for_python(self, value: Any) -> Any:
        return value.to_python()

    def for_json(self, value: Any) -> Any:
        return value.to_json(encode=False)

    def lookup_member(self, member_name: str) -> BaseField[Any] | None:
        return self.document_type._fields.get(member_name)

    def for_jsonschema(self) -> dict[str, Any]:
        return self.document_type.for_jsonschema()

    def _jsonschema_type(self) -> str | None:
        return "object"

    @classmethod
    def _from_jsonschema_types(cls) -> list[str]:
        return ["object"]

    @classmethod
    def _from_jsonschema_formats(cls) -> list[str | None]:
        return [None]


def is_embeddable(kind: Any) -> bool:
    """Return whether *kind* is a subclass of `EmbeddedDocument`."""
    return isinstance(kind, type) and issubclass(kind, _embedded_root())


def _embedded_root() -> type[EmbeddedDocument]:
    from brubeck.dictshield.document import EmbeddedDocument

    return EmbeddedDocument


def _walk_subclasses(kind: type[Any]) -> Iterator[type[Any]]:
    for subclass in kind.__subclasses__():
        yield subclass
        yield from _walk_subclasses(subclass)
