"""The plugin manager: one for each application, none global.

It loads what is installed with each plugin isolated from the others, has pluggy check the hooks, and
freezes the hooks of a message into tuples. A plugin that cannot be loaded becomes one logged line and one
record; the others load.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, Self, TypeVar

from brubeck.core.discovery import (
    PluginEntry,
    disabled_by_environment,
    find_rivals,
    is_strict_by_environment,
    scan,
)
from brubeck.core.errors import BrubeckError, PluginError
from brubeck.core.isolation import (
    LoadedPlugin,
    add_plugin,
    describe_given,
    describe_rivals,
    disabled_record,
    load_plugin,
)
from brubeck.core.missing import describe_unknown_names, explain_missing
from brubeck.core.records import PluginRecord
from brubeck.core.registry import HookRegistry
from brubeck.core.values import LazyValue, check_signer, merge_values, read_commands

if TYPE_CHECKING:
    from brubeck.core.application import Brubeck
    from brubeck.core.protocols import CookieSigner
    from brubeck.core.requests import Request
    from brubeck.core.responses import Response

    RequestCall = Callable[[Brubeck, Request], Response | None]
    ResponseCall = Callable[[Brubeck, Request, Response], Response | None]
    ExceptionCall = Callable[[Brubeck, Request, Exception], None]

__all__ = ["PluginManager"]

logger = logging.getLogger("brubeck.plugins")
Plugin = TypeVar("Plugin")


class PluginManager:
    """Loads plugins and holds what they bring.

    Args:
        plugins: Modules, objects or classes to register before the installed ones. A fault in one of these
            is the program's own and always raised.
        disabled: Names of plugins or distributions not to import; `BRUBECK_DISABLE_PLUGINS` adds to them.
        strict: Raise where a plugin cannot be loaded, instead of logging it; `BRUBECK_STRICT=1` by default.
        entries: What `scan` found, when it was called before; None scans when loading.
        log_level: At which level failures are logged.

    Attributes:
        request_hooks: Frozen `brubeck_request`: called with application and message.
        response_hooks: Frozen `brubeck_response`: called with application, message and response.
        exception_hooks: Frozen `brubeck_exception`: called with application, message and exception.
        connections: Connection types by name, not yet imported.
        renderers: Rendering mixins by name, not yet imported.
        mixins: Handler mixins by name, not yet imported.
    """

    def __init__(
        self,
        plugins: Iterable[object] = (),
        *,
        disabled: Iterable[str] = (),
        strict: bool | None = None,
        entries: Iterable[PluginEntry] | None = None,
        log_level: int = logging.WARNING,
    ) -> None:
        self.disabled = frozenset(disabled) | disabled_by_environment()
        self.strict = is_strict_by_environment() if strict is None else strict
        self._given = tuple(plugins)
        self._entries = None if entries is None else tuple(entries)
        self._log_level = log_level
        self._is_loaded = False
        self._registry = HookRegistry()
        self._loaded: list[LoadedPlugin] = []
        self._unused: list[PluginRecord] = []
        self._freeze()

    @property
    def records(self) -> tuple[PluginRecord, ...]:
        """What became of each plugin: those that were loaded, in order; then the others."""
        return (*(loaded.record for loaded in self._loaded), *self._unused)

    def load(self) -> Self:
        """Register the plugins that were given, then import those that are installed.

        A second call does nothing.

        Raises:
            PluginError: A given plugin is at fault; two distributions give their plugin one name; or, when
                strict, a plugin cannot be loaded.

        Blocks:
            Yes, on the disk: a scan, and the import of each plugin's module.
        """
        if self._is_loaded:
            return self
        self._is_loaded = True
        entries = scan() if self._entries is None else self._entries
        for plugin in self._given:
            self.register(plugin)
        self._check_names(entries)
        for entry in entries:
            self._load_entry(entry)
        self._freeze()
        self._report_conflicts()
        return self

    def register(self, plugin: object, name: str | None = None) -> Callable[[], None]:
        """Register a module, an object or a class (which is instantiated); return what undoes it.

        Raises:
            PluginError: One of its hooks cannot be called as a hook is.
        """
        entry = describe_given(plugin, name)
        if entry.is_among(self.disabled):
            self._unused.append(disabled_record(entry))
            return lambda: None
        loaded = add_plugin(plugin, entry, self._registry)
        self._loaded.append(loaded)
        self._freeze()
        return lambda: self._remove(loaded)

    def configure(self, application: Brubeck) -> None:
        """Call `brubeck_configure` of each plugin.

        Raises:
            PluginError: A plugin raised; a `BrubeckError` of the plugin's own is let through.
        """
        self._call_each("brubeck_configure", application)

    def startup(self, application: Brubeck) -> None:
        """Call `brubeck_startup` of each plugin.

        Raises:
            PluginError: A plugin raised; a `BrubeckError` of the plugin's own is let through.
        """
        self._call_each("brubeck_startup", application)

    def stopping(self, application: Brubeck) -> None:
        """Call `brubeck_stopping` of each plugin; log what one raises and go on."""
        for call in self._registry.freeze("brubeck_stopping"):
            self._call_or_log("brubeck_stopping", call, application)

    def shutdown(self, application: Brubeck) -> None:
        """Call `brubeck_shutdown` of each plugin, the last one first; log what one raises and go on."""
        for call in reversed(self._registry.freeze("brubeck_shutdown")):
            self._call_or_log("brubeck_shutdown", call, application)

    def cookie_signer(self, application: Brubeck) -> CookieSigner:
        """Return the first cookie signer that a plugin brings.

        Raises:
            MissingPlugin: None does; tells what to install.
            PluginError: A plugin raised, or brought what is no signer.
        """
        for call in self._registry.freeze("brubeck_cookie_signer"):
            signer = self._call("brubeck_cookie_signer", call, application)
            if signer is not None:
                return check_signer(signer, self.owner(call))
        raise explain_missing("cookie signer", "secret=", records=self.records)

    def commands(self) -> dict[str, LazyValue]:
        """Return the subcommands by name; `get()` gives the click command."""
        hook = "brubeck_commands"
        tables = []
        for call in self._registry.freeze(hook):
            try:
                tables.append(read_commands(self._call(hook, call), self._registry.owner(call)))
            except BrubeckError as exc:
                logger.log(self._log_level, "%s", exc)
        return merge_values(tables)

    def get_connection(self, name: str) -> Any:
        """Return the connection type *name*; raise `MissingPlugin` where no plugin brings it."""
        return self._get("connection", self.connections, name)

    def get_renderer(self, name: str) -> Any:
        """Return the rendering mixin *name*; raise `MissingPlugin` where no plugin brings it."""
        return self._get("renderer", self.renderers, name)

    def get_mixin(self, name: str) -> Any:
        """Return the handler mixin *name*; raise `MissingPlugin` where no plugin brings it."""
        return self._get("mixin", self.mixins, name)

    def connection_name(self, connection: type) -> str | None:
        """Return the name under which a plugin brings the class *connection*, or None."""
        named = (value for value in self.connections.values() if value.class_name == connection.__name__)
        return next((value.name for value in named if not value.conflict and value.get() is connection), None)

    def find(self, kind: type[Plugin]) -> Plugin | None:
        """Return the first plugin that is an instance of *kind*, or None."""
        return next((loaded.plugin for loaded in self._loaded if isinstance(loaded.plugin, kind)), None)

    def owner(self, call: Callable[..., Any]) -> str:
        """Return whose call it is, out of the frozen tuples: `'guard' (brubeck-guard 1.0)`."""
        return self._registry.owner(call).label

    def _get(self, kind: str, table: dict[str, LazyValue], name: str) -> Any:
        if name not in table:
            raise explain_missing(kind, name, records=self.records, known=table)
        return table[name].get()

    def _call_each(self, hook: str, *arguments: Any) -> None:
        for call in self._registry.freeze(hook):
            self._call(hook, call, *arguments)

    def _call_or_log(self, hook: str, call: Callable[..., Any], application: Brubeck) -> None:
        try:
            call(application)
        except Exception:
            logger.exception("%s of the plugin %s failed.", hook, self.owner(call))

    def _call(self, hook: str, call: Callable[..., Any], *arguments: Any) -> Any:
        try:
            return call(*arguments)
        except BrubeckError:
            raise
        except Exception as exc:
            raise PluginError(
                f"{hook} of the plugin {self.owner(call)} raised {type(exc).__name__}: {exc}"
            ) from exc

    def _load_entry(self, entry: PluginEntry) -> None:
        loaded, record, exc = load_plugin(entry, self._registry, self.disabled)
        if loaded:
            self._loaded.append(loaded)
            return
        self._unused.append(record)
        if record.status == "failed":
            self._report_failure(
                f"The plugin {record.label} was not loaded: {record.cause} {record.mend}", exc
            )

    def _report_failure(self, message: str, exc: BaseException | None = None) -> None:
        if self.strict:
            raise PluginError(message) from exc
        logger.log(self._log_level, "%s", message)

    def _check_names(self, entries: tuple[PluginEntry, ...]) -> None:
        active = [entry for entry in entries if not entry.is_among(self.disabled)]
        for rivals in find_rivals(active).values():
            failure = describe_rivals(rivals)
            raise PluginError(f"{failure.cause[0].upper()}{failure.cause[1:]} {failure.mend}")
        for told in describe_unknown_names(self.disabled, entries, [record.name for record in self.records]):
            logger.log(self._log_level, "%s", told)

    def _report_conflicts(self) -> None:
        for table in (self.connections, self.renderers, self.mixins):
            for value in table.values():
                if value.conflict:
                    self._report_failure(value.conflict)

    def _remove(self, loaded: LoadedPlugin) -> None:
        if loaded in self._loaded:
            self._loaded.remove(loaded)
            self._registry.remove(loaded.plugin)
            self._freeze()

    def _freeze(self) -> None:
        self.request_hooks: tuple[RequestCall, ...] = self._registry.freeze("brubeck_request")
        self.response_hooks: tuple[ResponseCall, ...] = self._registry.freeze("brubeck_response")
        self.exception_hooks: tuple[ExceptionCall, ...] = self._registry.freeze("brubeck_exception")
        self.connections = merge_values(loaded.values["connection"] for loaded in self._loaded)
        self.renderers = merge_values(loaded.values["renderer"] for loaded in self._loaded)
        self.mixins = merge_values(loaded.values["mixin"] for loaded in self._loaded)
