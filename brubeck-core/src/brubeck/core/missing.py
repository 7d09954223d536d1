"""One message for a name that cannot be used, telling four causes apart, each with the line that mends it.

    not installed   the distribution that brings the name is not there    pip install brubeck-wsgi
    extra missing   it is there, what one of its extras asks for is not   pip install
    "brubeck-templates[mako]" too old         something is there in a version that does not do      pip
    install --upgrade "jinja2>=3.1.6" broken          everything is there, and importing it raises
    the exception itself

What a distribution and its extras need is read from its metadata, so that it is never out of date here.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from brubeck.core.discovery import Unmet, find_unmet, installed_version, normalize_name
from brubeck.core.errors import MissingPlugin

if TYPE_CHECKING:
    from brubeck.core.discovery import PluginEntry
    from brubeck.core.records import PluginRecord

__all__ = [
    "Failure",
    "describe_core_conflict",
    "describe_failure",
    "describe_unknown_names",
    "did_you_mean",
    "explain_import_error",
    "explain_missing",
    "home_of",
    "switch_off",
]

_KNOWN: dict[tuple[str, str], tuple[str, str | None]] = {
    ("connection", "wsgi"): ("brubeck-wsgi", None),
    ("connection", "WSGIConnection"): ("brubeck-wsgi", None),
    ("connection", "mongrel2"): ("brubeck-mongrel2", None),
    ("connection", "Mongrel2Connection"): ("brubeck-mongrel2", None),
    ("renderer", "jinja2"): ("brubeck-templates", "jinja2"),
    ("renderer", "tornado"): ("brubeck-templates", "tornado"),
    ("renderer", "mako"): ("brubeck-templates", "mako"),
    ("renderer", "mustache"): ("brubeck-templates", "pystache"),
    ("renderer", "pystache"): ("brubeck-templates", "pystache"),
    ("mixin", "user_handling"): ("brubeck-auth", None),
    ("mixin", "UserHandlingMixin"): ("brubeck-auth", None),
    ("mixin", "streamed"): ("brubeck-api", None),
    ("mixin", "StreamedHandlerMixin"): ("brubeck-api", None),
    ("cookie signer", "secret="): ("brubeck-auth", None),
    ("command", "serve"): ("brubeck-wsgi", None),
    ("command", "mongrel2"): ("brubeck-mongrel2", None),
}


class Failure(NamedTuple):
    """Why a plugin cannot be used, and what to type about it; each a sentence for a person."""

    cause: str
    mend: str


def home_of(kind: str, name: str) -> str | None:
    """Return the distribution of Brubeck's own that brings *name*, or None."""
    return _KNOWN.get((kind, name), (None, None))[0]


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return `" Did you mean 'wsgi'?"`, or nothing when no known name is near."""
    near = difflib.get_close_matches(name, list(known), n=1, cutoff=0.75)
    return f" Did you mean {near[0]!r}?" if near else ""


def describe_unknown_names(
    names: Iterable[str], entries: Sequence[PluginEntry], others: Iterable[str] = ()
) -> Iterator[str]:
    """Yield a sentence for each of *names* that disables nothing.

    Args:
        names: What is to be disabled.
        entries: The plugins that are installed.
        others: Names of plugins that were passed by hand.
    """
    known = {name for entry in entries for name in (entry.name, entry.distribution)}.union(others)
    for name in sorted(names):
        if name not in known and not any(entry.is_among([name]) for entry in entries):
            yield f"No plugin is named {name!r}, so nothing is disabled by it.{did_you_mean(name, known)}"


def explain_missing(
    kind: str, name: str, *, records: Sequence[PluginRecord] = (), known: Iterable[str] = ()
) -> MissingPlugin:
    """Return the error for a *name* that no loaded plugin brings.

    Args:
        kind: `"connection"`, `"renderer"`, `"mixin"`, `"cookie signer"` or `"command"`.
        name: What was asked for.
        records: The plugins that were found, loaded or not.
        known: The names of this kind that loaded plugins do bring.
    """
    names = sorted(known)
    if (kind, name) in _KNOWN:
        return MissingPlugin(_explain_known(kind, name, *_KNOWN[kind, name], records), name=name)
    guess = did_you_mean(name, [*names, *(other for of, other in _KNOWN if of == kind)])
    listed = ", ".join(names) or "none"
    return MissingPlugin(
        f"No plugin brings the {kind} {name!r}.{guess} Known: {listed}.{_list_unused(records)}", name=name
    )


def _explain_known(
    kind: str, name: str, distribution: str, extra: str | None, records: Sequence[PluginRecord]
) -> str:
    wanted = f"{distribution}[{extra}]" if extra else distribution
    subject = f"The {kind} {name!r} comes with {distribution}"
    for record in records:
        if normalize_name(record.distribution or "") == distribution and record.status != "ok":
            return f"{subject} {record.version}, which was not loaded: {record.cause} {record.mend}"
    found = installed_version(distribution)
    if found is None:
        return f"{subject}, which is not installed. Install it with: {_pip(wanted)}"
    upgrade = _pip(wanted, upgrade=True)
    return f"{subject}, but the installed {found} does not bring it. Upgrade it with: {upgrade}"


def _list_unused(records: Sequence[PluginRecord]) -> str:
    unused = [f"{record.label}: {record.cause}" for record in records if record.status != "ok"]
    return f" Not loaded: {' '.join(unused)} See: brubeck plugins" if unused else ""


def explain_import_error(
    kind: str, name: str, reference: str, entry: PluginEntry, exc: BaseException
) -> MissingPlugin:
    """Return the error for a value that a loaded plugin names and that cannot be imported.

    Args:
        kind: As in `explain_missing`.
        name: The value's name, which is often an extra's name too.
        reference: `"package.module:attribute"`.
        entry: The plugin.
        exc: What the import raised.
    """
    failure = describe_failure(entry, exc, module=reference.partition(":")[0].strip(), extra=name)
    return MissingPlugin(
        f"The {kind} {name!r} of {entry.distribution} {entry.version} ({reference}) cannot be used: "
        f"{failure.cause} {failure.mend}",
        name=getattr(exc, "name", None) or name,
    )


def describe_core_conflict(entry: PluginEntry, unmet: Unmet) -> Failure:
    """Return why a plugin that needs another version of brubeck-core is not even imported."""
    return Failure(
        f"it needs {unmet.requirement}, and brubeck-core {unmet.found} is installed.",
        f"Mend it with: {_pip(unmet.requirement, upgrade=True)}, or with another {entry.distribution}",
    )


def describe_failure(
    entry: PluginEntry, exc: BaseException, *, module: str | None = None, extra: str | None = None
) -> Failure:
    """Return why importing *module* (the plugin's own by default) raised *exc*, and what mends it.

    Args:
        entry: Whose module it is.
        exc: What was raised; its `name` tells a missing dependency from a missing module of the plugin.
        module: What was being imported.
        extra: The extra to blame first, where several could be.
    """
    module = module or entry.module
    absent = exc.name if isinstance(exc, ImportError) else None
    if isinstance(exc, ModuleNotFoundError) and absent and f"{module}.".startswith(f"{absent}."):
        return Failure(
            f"its module {module!r} does not exist.",
            f"Install it again or remove it: pip install --force-reinstall {entry.distribution}",
        )
    unmet = _find_culprit(entry, absent, extra)
    return _describe_unmet(entry, unmet) if unmet else _describe_broken(entry, exc)


def _find_culprit(entry: PluginEntry, absent: str | None, extra: str | None) -> Unmet | None:
    if absent is None:
        return None
    suspects = list(find_unmet(entry.requires))
    top = absent.partition(".")[0]
    providers = _providers_of(top)
    certain = [unmet for unmet in suspects if unmet.distribution in providers]
    # A package that is absent tells nobody which distribution ships it (zmq is pyzmq's): then what the plugin
    # always needs, or what the extra of the same name needs, is the likely one.
    likely = [unmet for unmet in suspects if unmet.found is None and unmet.extra in (None, extra)]
    return next(iter([*certain, *likely]), None)


def _providers_of(top: str) -> set[str]:
    from importlib.metadata import packages_distributions

    return {normalize_name(name) for name in [top, *packages_distributions().get(top, ())]}


def _describe_unmet(entry: PluginEntry, unmet: Unmet) -> Failure:
    if unmet.found:
        return Failure(
            f"it needs {unmet.requirement}, and {unmet.found} is installed, which is too old or too new.",
            f"Mend it with: {_pip(unmet.requirement, upgrade=True)}",
        )
    if unmet.extra:
        return Failure(
            f"it needs {unmet.requirement}, which its extra {unmet.extra!r} brings.",
            f"Install it with: {_pip(f'{entry.distribution}[{unmet.extra}]')}",
        )
    return Failure(
        f"it needs {unmet.requirement}, which is not installed.",
        f"Install it with: {_pip(unmet.requirement)}",
    )


def _describe_broken(entry: PluginEntry, exc: BaseException) -> Failure:
    told = " ".join(f"{type(exc).__name__}: {exc}".split()).rstrip(".: ")
    return Failure(
        f"it is installed but broken: importing it raised {told}.",
        switch_off(entry),
    )


def switch_off(entry: PluginEntry) -> str:
    """Return the sentence that tells how to live without a plugin."""
    return f"Switch it off with: BRUBECK_DISABLE_PLUGINS={entry.name}"


def _pip(requirement: str, *, upgrade: bool = False) -> str:
    needs_quotes = any(character in requirement for character in "[]<>=!~ ,;")
    quoted = f'"{requirement}"' if needs_quotes else requirement
    return f"pip install --upgrade {quoted}" if upgrade else f"pip install {quoted}"
