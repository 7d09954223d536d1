"""Fields whose value is a dictionary of no fixed structure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from brubeck.dictshield.datastructures import MultiValueDict
from brubeck.dictshield.errors import InvalidShield, ShieldException
from brubeck.dictshield.fields.field import BaseField

if TYPE_CHECKING:
    from brubeck.dictshield.document import BaseDocument


class DictField(BaseField[dict[str, Any]]):
    """A dictionary whose keys are text without ``.`` and ``$``; its values are your own affair.

    Args:
        basecls: The class of field that `lookup_member` gives for a key.
        args: See `BaseField`.
        options: See `BaseField`; the default is an empty dictionary.
    """

    keeps_empty: ClassVar[bool] = False
    welcome: ClassVar[str] = "dictionaries"

    def __init__(self, basecls: type[BaseField[Any]] | None = None, *args: Any, **options: Any) -> None:
        self.basecls: type[BaseField[Any]] = basecls or BaseField
        if not (isinstance(self.basecls, type) and issubclass(self.basecls, BaseField)):
            raise InvalidShield("basecls is not subclass of BaseField")
        options.setdefault("default", dict)
        super().__init__(*args, **options)

    def validate(self, value: Any) -> Any:
        if not isinstance(value, dict):
            raise self._refusal(value)
        if not all(isinstance(key, str) for key in value):
            raise ShieldException(
                "Invalid dictionary key name - keys must be strings", self.field_name, value
            )
        if any("." in key or "$" in key for key in value):
            reason = 'Invalid dictionary key name - keys may not contain "." or "$" characters'
            raise ShieldException(reason, self.field_name, value)
        return value

    def _refusal(self, value: Any) -> ShieldException:
        reason = f"Only {self.welcome} may be used in a DictField"
        return ShieldException(reason, self.field_name, value)

    def lookup_member(self, member_name: str) -> BaseField[Any] | None:
        return self.basecls(uniq_field=member_name)

    def _jsonschema_type(self) -> str | None:
        return "object"


class MultiValueDictField(DictField):
    """A dictionary with several values to a key, such as a form sends."""

    welcome: ClassVar[str] = "dictionaries or MultiValueDict"

    def __init__(self, basecls: type[BaseField[Any]] | None = None, *args: Any, **options: Any) -> None:
        options.setdefault("default", MultiValueDict)
        super().__init__(basecls, *args, **options)

    if TYPE_CHECKING:

        def __set__(self, instance: BaseDocument, value: Mapping[str, Any] | None) -> None: ...

    def convert(self, value: Any) -> Any:
        if isinstance(value, MultiValueDict):
            return value
        if not isinstance(value, Mapping):
            raise self._refusal(value)
        lists = {key: list(v) if isinstance(v, list | tuple) else [v] for key, v in value.items()}
        return MultiValueDict(lists)

    def for_json(self, value: Any) -> Any:
        return dict(value.lists())
