"""Fields whose value names a document."""

from __future__ import annotations

import itertools
import re
import secrets
import time
import uuid
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from brubeck.dictshield.errors import ShieldException
from brubeck.dictshield.fields.field import BaseField
from pydantic_core import core_schema
from pydantic_core.core_schema import CoreSchema

if TYPE_CHECKING:
    from brubeck.dictshield.document import BaseDocument

I = TypeVar("I")  # noqa: E741 - an identity

_HEX_24 = re.compile(r"[0-9a-fA-F]{24}\Z")


class IdentityField(BaseField[I]):
    """A name that can be made up; the base of `UUIDField` and `ObjectIdField`.

    Args:
        auto_fill: Make a new one for each document that is given none.
        options: See `BaseField`.
    """

    is_mutable: ClassVar[bool] = False
    keeps_empty: ClassVar[bool] = False

    def __init__(self, auto_fill: bool = False, **options: Any) -> None:
        self.auto_fill = auto_fill
        super().__init__(**options)

    def generate(self) -> I:
        """Return a name that nobody has."""
        raise NotImplementedError

    def receive(self, value: Any) -> Any:
        if not value and self.auto_fill:
            return self.generate()
        return super().receive(value)

    @property
    def makes_default(self) -> bool:
        return self.auto_fill or super().makes_default

    def make_default(self) -> Any:
        made = super().make_default()
        return self.generate() if made is None and self.auto_fill else made

    def _jsonschema_type(self) -> str | None:
        return "string"

    def for_json(self, value: Any) -> Any:
        return str(value)


class UUIDField(IdentityField[uuid.UUID]):
    """A UUID, or text in any form that ``uuid.UUID`` reads."""

    if TYPE_CHECKING:

        def __set__(self, instance: BaseDocument, value: uuid.UUID | str | None) -> None: ...

    def generate(self) -> uuid.UUID:
        return uuid.uuid4()

    def convert(self, value: Any) -> Any:
        if isinstance(value, uuid.UUID):
            return value
        try:
            return uuid.UUID(value)
        except (ValueError, AttributeError, TypeError) as exc:
            raise ShieldException("Not a valid UUID value", self.field_name, value) from exc

    def validate(self, value: Any) -> Any:
        return self.convert(value)

    def settle(self, value: Any) -> Any:
        return self.convert(value)

    def core_schema(self) -> CoreSchema | None:
        return core_schema.is_instance_schema(uuid.UUID)

    def _jsonschema_format(self) -> str:
        return "uuid"

    @classmethod
    def _from_jsonschema_types(cls) -> list[str]:
        return ["string"]

    @classmethod
    def _from_jsonschema_formats(cls) -> list[str | None]:
        return ["uuid"]


class ObjectIdField(IdentityField[str]):
    """A MongoDB id as its 24 hexadecimal digits, with no MongoDB about.

    An ``ObjectId`` of bson is taken and kept as text: ``bson.ObjectId(document.id)`` gives it back.
    """

    _counter: ClassVar[itertools.count[int]] = itertools.count(secrets.randbits(23))
    _process: ClassVar[bytes] = secrets.token_bytes(5)

    def generate(self) -> str:
        # The layout of the BSON specification: 4 bytes of seconds, 5 of the process, 3 of a counter.
        stamp = int(time.time()).to_bytes(4, "big")
        number = (next(self._counter) & 0xFFFFFF).to_bytes(3, "big")
        return (stamp + self._process + number).hex()

    def convert(self, value: Any) -> Any:
        return self._make(value)

    def _make(self, value: Any) -> str:
        text = value if isinstance(value, str) else self._read_foreign(value)
        if not _HEX_24.match(text):
            raise ShieldException("Invalid ObjectId", self.field_name, value)
        return text.lower()

    @staticmethod
    def _read_foreign(value: Any) -> str:
        """Return the digits of bson's own class, '' for what is something else."""
        return str(value) if type(value).__name__ == "ObjectId" else ""

    def validate(self, value: Any) -> Any:
        return self._make(value)

    def settle(self, value: Any) -> Any:
        return self._make(value)

    def for_python(self, value: Any) -> Any:
        return self._make(value)

    def core_schema(self) -> CoreSchema | None:
        return core_schema.str_schema(strict=True, pattern="^[0-9a-f]{24}$")

    def _jsonschema_pattern(self) -> str:
        return "^[0-9a-f]{24}$"
