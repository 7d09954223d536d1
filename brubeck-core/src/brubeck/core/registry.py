"""Hook implementations: checked by pluggy when they are registered, frozen into plain calls after that.

A call through pluggy costs 0.76 µs even with no implementation; a loop over an empty tuple costs 0.04 µs.
So pluggy finds and checks the implementations, and what a message meets are tuples of functions.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from operator import itemgetter
from types import FunctionType, MethodType, ModuleType
from typing import Any

import pluggy
from brubeck.core import hookspecs
from brubeck.core.discovery import PluginEntry
from brubeck.core.errors import PluginError
from brubeck.core.missing import did_you_mean

__all__ = ["HookRegistry", "freeze_call"]

Call = Callable[..., Any]

HOOK_TYPES = (FunctionType, MethodType, staticmethod, classmethod)


class Pluggy(pluggy.PluginManager):
    """Looks closely only at what of a module can be a hook: a look takes pluggy 10 us, and each application looks."""

    def parse_hookimpl_opts(self, plugin: Any, name: str) -> Any:
        """Return how *name* was marked as an implementation, or None."""
        return super().parse_hookimpl_opts(plugin, name) if may_be_hook(plugin, name) else None

    def parse_hookspec_opts(self, module_or_class: Any, name: str) -> Any:
        """Return how *name* was marked as a hook, or None."""
        return (
            super().parse_hookspec_opts(module_or_class, name) if may_be_hook(module_or_class, name) else None
        )


def may_be_hook(plugin: object, name: str) -> bool:
    """Say whether *name* of *plugin* is of a type that pluggy takes for a hook; of what is no module, all may be."""
    return not isinstance(plugin, ModuleType) or isinstance(vars(plugin).get(name), HOOK_TYPES)


class HookRegistry:
    """The implementations of every hook, in the order in which they are called."""

    def __init__(self) -> None:
        self._pluggy = Pluggy("brubeck")
        self._pluggy.add_hookspecs(hookspecs)
        self._entries: dict[int, PluginEntry] = {}
        self._owners: dict[int, PluginEntry] = {}

    def add(self, plugin: object, entry: PluginEntry) -> Callable[[], None]:
        """Check and register *plugin*; return what undoes it.

        Raises:
            PluginError: A hook is misspelt, takes arguments that it is not given, is a wrapper, is
                asynchronous or lacks its mark. Nothing of the plugin is registered then.
        """
        if self.has(plugin):
            raise PluginError(f"The plugin {entry.label} is already registered.")
        self._entries[id(plugin)] = entry
        try:
            self._pluggy.register(plugin, name=f"{entry.name}#{id(plugin)}")
            self._check(plugin, entry)
        except pluggy.PluginValidationError as exc:
            self.remove(plugin)
            raise PluginError(_translate(entry, exc)) from exc
        except PluginError:
            self.remove(plugin)
            raise
        return lambda: self.remove(plugin)

    def has(self, plugin: object) -> bool:
        """Return whether *plugin* itself is registered."""
        return id(plugin) in self._entries

    def remove(self, plugin: object) -> None:
        """Take *plugin* and its implementations away; nothing happens when it is not registered."""
        if self._entries.pop(id(plugin), None) and self._pluggy.get_name(plugin):
            self._pluggy.unregister(plugin)

    def hooks_of(self, plugin: object) -> tuple[str, ...]:
        """Return the names of the hooks that *plugin* implements."""
        callers = self._pluggy.get_hookcallers(plugin) or []
        return tuple(sorted(caller.name for caller in callers if caller.has_spec()))

    def freeze(self, hook: str, plugin: object = None) -> tuple[Call, ...]:
        """Return the implementations of *hook* as calls that take all its arguments by position.

        Args:
            hook: Its name.
            plugin: Only the implementations of this one; all by default.
        """
        caller = getattr(self._pluggy.hook, hook)
        places = {key: place for place, key in enumerate(self._entries)}
        impls = [impl for impl in caller.get_hookimpls() if plugin is None or impl.plugin is plugin]
        impls.sort(key=lambda impl: (_rank(impl), places[id(impl.plugin)]))
        calls = tuple(freeze_call(impl.function, impl.argnames, caller.spec.argnames) for impl in impls)
        for call, impl in zip(calls, impls, strict=True):
            self._owners[id(call)] = self._entries[id(impl.plugin)]
        return calls

    def owner(self, call: Call) -> PluginEntry:
        """Return the plugin behind a call that `freeze` made."""
        return self._owners[id(call)]

    def _check(self, plugin: object, entry: PluginEntry) -> None:
        self._pluggy.check_pending()
        implemented = self.hooks_of(plugin)
        for hook in implemented:
            for impl in getattr(self._pluggy.hook, hook).get_hookimpls():
                if impl.plugin is plugin:
                    _check_impl(hook, impl, entry)
        for hook in set(hookspecs.__all__).difference(implemented):
            if callable(getattr(plugin, hook, None)):
                raise PluginError(
                    f"{hook} of the plugin {entry.label} lacks its mark. "
                    "Write @hookimpl (from brubeck.plugins) above it."
                )


def freeze_call(function: Call, given: tuple[str, ...], wanted: tuple[str, ...]) -> Call:
    """Return a call that takes the arguments *wanted* by position and passes on those that *function* takes.

    Args:
        function: An implementation.
        given: The arguments that it takes, in its own order.
        wanted: The arguments of the hook.
    """
    if given == wanted:
        return function
    if not given:
        return lambda *_: function()
    places = [wanted.index(name) for name in given]
    if len(places) == 1:
        place = places[0]
        return lambda *arguments: function(arguments[place])
    pick = itemgetter(*places)
    return lambda *arguments: function(*pick(arguments))


def _rank(impl: pluggy.HookImpl) -> int:
    return -1 if impl.tryfirst else 1 if impl.trylast else 0


def _check_impl(hook: str, impl: pluggy.HookImpl, entry: PluginEntry) -> None:
    subject = f"{hook} of the plugin {entry.label}"
    if impl.wrapper or impl.hookwrapper:
        raise PluginError(
            f"{subject} is a wrapper, and hooks are frozen into plain calls. "
            "Use brubeck_request and brubeck_response for what comes before and after a handler."
        )
    if inspect.iscoroutinefunction(impl.function) or inspect.isasyncgenfunction(impl.function):
        raise PluginError(
            f"{subject} is an async function. Write a plain one; it may block as a handler may."
        )
    needed = [
        parameter.name
        for parameter in inspect.signature(impl.function).parameters.values()
        if parameter.kind is parameter.KEYWORD_ONLY and parameter.default is parameter.empty
    ]
    if needed:
        raise PluginError(
            f"{subject} has keyword-only arguments ({', '.join(needed)}). Hooks are called by position."
        )


def _translate(entry: PluginEntry, exc: pluggy.PluginValidationError) -> str:
    text = " ".join(str(exc).split())
    unknown = text.removeprefix("unknown hook ").split("'")[1] if text.startswith("unknown hook ") else None
    if unknown is None:
        return f"The plugin {entry.label} has a hook that cannot be called: {text}"
    guess = did_you_mean(unknown, hookspecs.__all__)
    return f"The plugin {entry.label} implements {unknown!r}, which is no hook of Brubeck.{guess}"
