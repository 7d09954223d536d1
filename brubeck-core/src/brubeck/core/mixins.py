"""What makes a handler class out of parts, and refuses parts that contradict each other.

A mixin names its role in `provides = ("renderer",)`. Two mixins of one role on a class need a choice, given where
the class is made: `class Page(WebMessageHandler, A, B, renderer=A)`. Two mixins with one public name, or a mixin
with a name of the handler, are refused. What a mixin leaves to others to define it names in `asks = ("load_user",)`:
there a definition of another base goes before its own. The order of the bases never decides.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from inspect import unwrap
from typing import TYPE_CHECKING, Any

from brubeck.core.errors import ConfigurationError

if TYPE_CHECKING:
    from brubeck.core.application import Brubeck

__all__ = ["check_handler", "compose"]

_CHOSEN = "_chosen_mixins"
_IN_BODY = "_names_in_body"
_OPEN = frozenset(("initialize", "on_finish", "prepare"))
"""What the root defines only to be called: a mixin's own goes before it, on either side."""
_NOT_CHOSEN = frozenset(("asks", "check_application", "provides"))


def compose(handler_class: type, choices: Mapping[str, type], root: type) -> None:
    """Settle which mixin of each role *handler_class*, a descendant of *root*, uses, and whose each public name is.

    Raises:
        ConfigurationError: Two mixins of one role or with one name and no choice, a mixin with a name of the
            handler, or a choice that is not among the bases.
    """
    roles = mixins_by_role(handler_class)
    for role in choices:
        if role not in roles:
            known = ", ".join(sorted(roles)) or "none"
            raise ConfigurationError(
                f"{handler_class.__qualname__} chooses a {role!r}, but no base provides one (roles here: {known})."
            )
    for role, mixins in roles.items():
        chosen = choices.get(role)
        if chosen is not None:
            choose(handler_class, role, mixins, chosen)
        elif len(mixins) > 1 and not settled_by_base(handler_class, role):
            raise ConfigurationError(conflict(handler_class, role, mixins))
    mixins = [base for base in handler_class.__mro__[:-1] if not issubclass(base, root)]
    for name in sorted({name for mixin in mixins for name in vars(mixin)}):
        if not name.startswith("_") and name not in _NOT_CHOSEN:
            settle_name(handler_class, name, mixins, root)


def settle_name(handler_class: type, name: str, mixins: Iterable[type], root: type) -> None:
    """See to it that the order of the bases does not decide which *name* the class has."""
    owners = [base for base in handler_class.__mro__ if name in vars(base)]
    answers = [owner for owner in owners if not is_asked(owner, name, root)] or owners
    first = answers[0]
    for other in answers[1:]:
        are_handlers = not {first, other}.intersection(mixins)
        if not (are_handlers or issubclass(first, other) or share_settled_role(handler_class, first, other)):
            raise ConfigurationError(clash(handler_class, name, first, other))
    if first is not owners[0]:
        setattr(handler_class, name, vars(first)[name])


def is_asked(owner: type, name: str, root: type) -> bool:
    """Say whether *owner* leaves *name* to others: by `asks`, or with what the root has, wrapped or not."""
    if name in _OPEN and unwrap(vars(owner)[name]) is unwrap(vars(root)[name]):
        return True
    return name in vars(owner).get("asks", ())


def share_settled_role(handler_class: type, first: type, other: type) -> bool:
    """Say whether both are of a role for which a choice was made."""
    roles = set(getattr(first, "provides", ())).intersection(getattr(other, "provides", ()))
    return any(settled_by_base(handler_class, role) for role in roles)


def clash(handler_class: type, name: str, first: type, other: type) -> str:
    """Return the sentence that names both owners of *name*, and the ways out."""
    named = " and ".join(f"{owner.__qualname__} (from {distribution_of(owner)})" for owner in (first, other))
    return (
        f"{handler_class.__qualname__} gets {name!r} from both {named}, and neither refines the other. "
        f"Define {name!r} in {handler_class.__name__} itself, rename one, or derive one from the other."
    )


def mixins_by_role(handler_class: type) -> dict[str, list[type]]:
    """Return, for each role, the classes that provide it and are not refined by another that does."""
    roles: dict[str, list[type]] = {}
    for base in handler_class.__mro__:
        for role in vars(base).get("provides", ()):
            known = roles.setdefault(role, [])
            if not any(issubclass(other, base) for other in known):
                known.append(base)
    return roles


def choose(handler_class: type, role: str, mixins: Iterable[type], chosen: type) -> None:
    """Put what *chosen* defines on the class itself, before every base."""
    if not any(issubclass(mixin, chosen) or issubclass(chosen, mixin) for mixin in mixins):
        names = ", ".join(mixin.__qualname__ for mixin in mixins)
        raise ConfigurationError(
            f"{handler_class.__qualname__} has {role}={chosen!r}, which is not one of its bases ({names})."
        )
    rivals = {base for mixin in mixins for base in mixin.__mro__}
    kept = _NOT_CHOSEN | _own_names(handler_class)
    for base in reversed(chosen.__mro__[:-1]):
        for name, value in vars(base).items():
            if not name.startswith("__") and name not in kept and _owner(handler_class, name) in rivals:
                setattr(handler_class, name, value)
    chosen_roles = dict(vars(handler_class).get(_CHOSEN, {}))
    chosen_roles[role] = chosen
    setattr(handler_class, _CHOSEN, chosen_roles)


def _owner(handler_class: type, name: str) -> type | None:
    """Return the base that *name* is found in; one that is no rival has it on purpose."""
    return next((base for base in handler_class.__mro__[1:] if name in vars(base)), None)


def _own_names(handler_class: type) -> frozenset[str]:
    """Names written in the body of the class; those stay the author's own."""
    own = vars(handler_class).get(_IN_BODY)
    if own is None:
        own = frozenset(vars(handler_class))
        setattr(handler_class, _IN_BODY, own)
    return frozenset(own)


def settled_by_base(handler_class: type, role: str) -> bool:
    """Say whether a base class already made the choice for *role*."""
    return any(role in vars(base).get(_CHOSEN, {}) for base in handler_class.__mro__)


def conflict(handler_class: type, role: str, mixins: list[type]) -> str:
    """Return the sentence that names both mixins, where they come from, and the way out."""
    named = " and ".join(f"{mixin.__qualname__} (from {distribution_of(mixin)})" for mixin in mixins)
    return (
        f"{handler_class.__qualname__} has more than one {role}: {named}. "
        f"Choose where the class is made: class {handler_class.__name__}(…, {role}={mixins[0].__qualname__})."
    )


def distribution_of(mixin: type) -> str:
    """Return the name of the distribution that *mixin* came with, else its module."""
    from importlib.metadata import packages_distributions

    from brubeck.core.discovery import scan

    package = mixin.__module__.split(".")
    depth = 2 if package[0] == "brubeck" else 1
    for entry in scan():
        if entry.module.split(".")[:depth] == package[:depth]:
            return entry.distribution
    names = packages_distributions().get(package[0], [])
    return names[0] if len(names) == 1 else mixin.__module__


def check_handler(target: Any, application: Brubeck) -> None:
    """Have every part of *target* say whether *application* has what it needs.

    Asked are each `check_application` of the class's bases, and each `check_handler` that a decorator left on a
    method or function.

    Raises:
        ConfigurationError: By the part that misses something.
    """
    if not isinstance(target, type):
        run_marks([target], target, application)
        return
    for base in target.__mro__:
        check = vars(base).get("check_application")
        if check is not None:
            check.__get__(None, target)(application)
    functions = [getattr(target, name, None) for name in dir(target) if not name.startswith("__")]
    run_marks([target, *functions], target, application)


def run_marks(functions: Iterable[Any], target: Any, application: Brubeck) -> None:
    """Call what decorators left as `check_handler`."""
    for function in functions:
        check = getattr(function, "check_handler", None)
        if callable(check):
            check(target, application)
