"""The settings of a document class: its inner class ``Meta``, read once."""

from __future__ import annotations

from typing import Any

from brubeck.dictshield.fields.identity import UUIDField


class DocumentOptions:
    """The settings of any document.

    ``mixin``: the class lends its fields and leaves no trace in ``_cls``. ``allow_inheritance``: `to_python`
    and `to_json` give ``_cls`` and ``_types``. ``refuse_unknown``: keys that no field knows are refused, not
    dropped. The last two are inherited. What is not known here is left alone.
    """

    def __init__(self, **settings: Any) -> None:
        self.mixin = False
        self.allow_inheritance: bool | None = None
        self.refuse_unknown: bool | None = None
        self._set_defaults()
        for name, value in settings.items():
            if hasattr(self, name):
                setattr(self, name, value)

    def _set_defaults(self) -> None:
        pass


class TopLevelDocumentOptions(DocumentOptions):
    """The settings of a `Document`.

    ``id_field``: the class of its id, inherited. ``id_options``: the id field's arguments. ``bucket``: yours.
    """

    def _set_defaults(self) -> None:
        self.id_field: Any = UUIDField
        self.id_options: dict[str, Any] = {"uniq_field": "id"}
        self.bucket: Any = None


def read_options(meta: type | None, options_class: type[DocumentOptions]) -> DocumentOptions:
    """Return the settings that the inner class *meta* gives."""
    names = [] if meta is None else [name for name in dir(meta) if not name.startswith("_")]
    return options_class(**{name: getattr(meta, name) for name in names})
