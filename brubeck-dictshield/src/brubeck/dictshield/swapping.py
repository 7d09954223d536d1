"""Another field in the place of one: ids of another kind for a class that is not yours."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any


def swap_field(klass: Any, new_field: Callable[..., Any], fields: Iterable[str]) -> Any:
    """Return a class like *klass* in which each of *fields* is a *new_field*.

    The new class has the old one's name and descent. Where ``id`` is swapped its key becomes ``_id``.

    Args:
        klass: A document class; it is not changed.
        new_field: A class of fields, such as `ObjectIdField`.
        fields: The attributes to swap.
    """
    attrs = {name: new_field(uniq_field="_id") if name == "id" else new_field() for name in fields}
    swapped = type(klass)(
        klass.__name__, (klass,), {"__module__": klass.__module__, "__doc__": klass.__doc__, **attrs}
    )
    swapped._class_name, swapped._superclasses = klass._class_name, klass._superclasses
    return swapped


def diff_id_field(id_field: Callable[..., Any], field_list: Iterable[str], *arg: Any) -> Any:
    """Return `swap_field` as a decorator; with the class as third argument, the class swapped.

    Args:
        id_field: A class of fields, such as `ObjectIdField`.
        field_list: The attributes to swap.
        arg: A document class.
    """
    if arg:
        return swap_field(arg[0], id_field, field_list)
    return lambda klass: swap_field(klass, id_field, field_list)
