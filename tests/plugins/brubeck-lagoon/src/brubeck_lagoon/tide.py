"""A handler mixin."""

from typing import Any


class TideMixin:
    """Tells the tide.

    Adds: `tide`.
    Needs: the setting `tide`.
    Answers: nothing.
    """

    @property
    def tide(self: Any) -> str:
        return str(self.application.settings["tide"])
