"""What this distribution brings to an application: strings, nothing imported before it is used."""

from __future__ import annotations

from brubeck.plugins import hookimpl


@hookimpl
def brubeck_mixins() -> dict[str, str]:
    """Name the handler mixins."""
    return {
        "streamed": "brubeck.api.streams:StreamedHandlerMixin",
        "owned": "brubeck.api.owners:OwnedHandlerMixin",
        "problem": "brubeck.api.problems:ProblemMixin",
        "conditional": "brubeck.api.conditions:ConditionalMixin",
    }
