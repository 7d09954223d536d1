"""HTML forms of a document: labels and inputs, escaped, with errors and kept values.

form = Form(User)
form.as_div()                                a blank form
form.as_div(user)                            with the values of a document
form.as_div(arguments, errors=exception)     what was sent, and why it was refused
"""

from __future__ import annotations

import html
from collections.abc import Collection, Iterator, Mapping
from typing import Any, NamedTuple

from brubeck.dictshield.errors import FormPunch, ShieldException
from brubeck.dictshield.sharing import list_internal
from brubeck.dictshield.structure import TopLevelDocumentMetaclass

# The class name of a field -> the type of its input.
default_field_map: dict[str, str] = {"BooleanField": "radio"}

# The name of a field -> the type of its input; stronger than the above.
default_name_map: dict[str, str] = {"password": "password"}

# The key of the reasons that are no field's, as in `ShieldException.as_dict`.
WHOLE = ""

# Inputs that are off for what is false: a database may know no False but 0.
BOXES = ("radio", "checkbox")

P = "<p{outer}>{label}: <input{input} {attributes}/>{error}</p>"
P_OF_ALL = "<p{outer}>{error}</p>"
DIV = """<div{outer}>
    <label{label_class}>{label}:</label>
    <input{input} {attributes}/>{error}
</div>
"""
DIV_OF_ALL = """<div{outer}>
    {error}
</div>
"""


class Input(NamedTuple):
    """One line of a form."""

    label: str
    type: str
    name: str


class Form:
    """A form for the fields of a document that are neither internal nor private.

    Args:
        model: A `Document` class.
        private_fields: The fields to leave out, instead of the document's private ones.
        field_map: The type of input for each class of fields.
        name_map: The type of input for each name.

    Raises:
        FormPunch: *model* is no document class.
    """

    def __init__(
        self,
        model: Any,
        private_fields: Collection[str] | None = None,
        field_map: Mapping[str, str] = default_field_map,
        name_map: Mapping[str, str] = default_name_map,
    ) -> None:
        self._model: Any = model
        if not isinstance(model, TopLevelDocumentMetaclass):
            raise FormPunch("<model> argument must be top level DictShield class")
        self._class_name = self._model._class_name
        self._field_map = field_map
        self._name_map = name_map
        self._hidden_fields: set[str] = self._model._get_internal_fields()
        if private_fields:
            self._hidden_fields = {*list_internal(self._model), *private_fields}

    def as_p(
        self,
        values: Any = None,
        p_class: str | None = None,
        input_class: str | None = None,
        skip_fields: Collection[str] | None = None,
        errors: Any = None,
    ) -> str:
        """Return a paragraph for each field; see `as_div`."""
        styles = {"outer": class_attribute(p_class), "input": class_attribute(input_class), "label_class": ""}
        return self._render((P_OF_ALL, P), values, styles, skip_fields or (), errors)

    def as_div(
        self,
        values: Any = None,
        div_class: str | None = None,
        label_class: str | None = None,
        input_class: str | None = None,
        skip_fields: Collection[str] | None = None,
        errors: Any = None,
    ) -> str:
        """Return a ``div`` with label and input for each field.

        Args:
            values: A document, or a mapping of what was sent; passwords are never written out.
            div_class: The class of each ``div``.
            label_class: The class of each label.
            input_class: The class of each input.
            skip_fields: Fields to leave out.
            errors: What refused the values: a `ShieldException`, a list of them, or reasons by field. Those
                of no field (the key is ``""``) stand before the first one.

        Raises:
            FormPunch: *values* are of another document.
        """
        styles = {
            "outer": class_attribute(div_class),
            "label_class": class_attribute(label_class),
            "input": class_attribute(input_class),
        }
        return self._render((DIV_OF_ALL, DIV), values, styles, skip_fields or (), errors)

    def _render(
        self,
        templates: tuple[str, str],
        values: Any,
        styles: Mapping[str, str],
        skipped: Collection[str],
        errors: Any,
    ) -> str:
        shown, reasons = self._read_values(values), read_reasons(errors)
        of_all, of_one = templates
        of_whole = write_error(reasons.get(WHOLE, ())).lstrip()
        lines = [of_all.format(error=of_whole, **styles)] if of_whole else []
        lines += [
            of_one.format(
                label=html.escape(line.label),
                attributes=write_attributes(line, shown.get(line.name)),
                error=write_error(reasons.get(line.name, ())),
                **styles,
            )
            for line in self._included_fields()
            if line.name not in skipped
        ]
        return "\n".join(lines)

    def _included_fields(self) -> Iterator[Input]:
        for name, field in self._model._fields.items():
            if name not in self._hidden_fields:
                kind = self._field_map.get(type(field).__name__, "text")
                yield Input(name.replace("_", " ").title(), self._name_map.get(name, kind), name)

    def _read_values(self, values: Any) -> Mapping[str, Any]:
        if values is None:
            return {}
        if isinstance(values, self._model):
            return {name: values[name] for name in values}
        if not isinstance(values, Mapping):
            raise FormPunch("<values> argument must match self._model or be a dict")
        return values


def class_attribute(value: str | None) -> str:
    """Return an attribute ``class``, '' where there is none."""
    return f' class="{html.escape(value)}"' if value else ""


def write_attributes(line: Input, value: Any) -> str:
    """Return the attributes of an input, with its value unless it is a secret."""
    written = f'type="{html.escape(line.type)}" name="{html.escape(line.name)}" '
    if line.type == "password" or is_blank(line, value):
        return written
    checked = "checked " if line.type in BOXES else ""
    return f'{written}value="{html.escape(str(value))}" {checked}'


def is_blank(line: Input, value: Any) -> bool:
    """Return whether an input shows nothing for *value*; 0 is a number, but no box that is on."""
    if line.type in BOXES:
        return value in (None, "", False)
    return value is None or value is False or value == ""


def write_error(reasons: Collection[str]) -> str:
    """Return the reasons of a refusal, to be shown at its input."""
    return "".join(f' <span class="error">{html.escape(reason)}</span>' for reason in reasons)


def read_reasons(errors: Any) -> dict[str, list[str]]:
    """Return the reasons by field, WHOLE for the document itself, from whatever told them."""
    if isinstance(errors, Mapping):
        return {name: [said] if isinstance(said, str) else list(said) for name, said in errors.items()}
    reasons: dict[str, list[str]] = {}
    for refusal in [errors] if isinstance(errors, ShieldException) else errors or ():
        for error in refusal.errors:
            reasons.setdefault(str(error.path[0]) if error.path else WHOLE, []).append(error.reason)
    return reasons
