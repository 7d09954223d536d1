"""What became of each plugin: the lines of `brubeck plugins`."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal, cast

__all__ = ["PluginRecord"]


@dataclass(frozen=True, slots=True)
class PluginRecord:
    """A plugin that was found, and what became of it.

    Args:
        name: Its entry point's name, or that of the module or class that was passed to the application.
        module: Where it lives.
        status: `"ok"`; `"disabled"`, and then it was not imported; or `"failed"`.
        distribution: The distribution that announces it; None when it was passed to the application.
        version: That distribution's version.
        cause: Why it failed or is disabled.
        mend: What to do about it.
        hooks: The hooks it implements.
        connections: Names of the connection types it brings.
        renderers: Names of the rendering mixins it brings.
        mixins: Names of the handler mixins it brings.
        commands: Names of the subcommands it brings; only `brubeck plugins` fills it.
        conflicts: What another plugin brings under the same name, a sentence each.
        import_ms: How long its import took.
    """

    name: str
    module: str
    status: Literal["ok", "disabled", "failed"] = "ok"
    distribution: str | None = None
    version: str | None = None
    cause: str = ""
    mend: str = ""
    hooks: tuple[str, ...] = ()
    connections: tuple[str, ...] = ()
    renderers: tuple[str, ...] = ()
    mixins: tuple[str, ...] = ()
    commands: tuple[str, ...] = ()
    conflicts: tuple[str, ...] = ()
    import_ms: float = 0.0

    @property
    def label(self) -> str:
        """Who it is, for a message: `'wsgi' (brubeck-wsgi 0.1.0)`."""
        return (
            f"{self.name!r} ({f'{self.distribution} {self.version}' if self.distribution else self.module})"
        )

    @classmethod
    def from_dict(cls, facts: dict[str, Any]) -> PluginRecord:
        """Return the record that `as_dict` told of, also after a way through JSON."""
        fields = {name: tuple(fact) if isinstance(fact, list) else fact for name, fact in facts.items()}
        return cls(**cast("dict[str, Any]", fields))

    def as_dict(self) -> dict[str, Any]:
        """Return the record as what JSON can say."""
        return asdict(self)
