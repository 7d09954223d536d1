"""A handler mixin."""

from brubeck.request_handling import Request


class TideMixin:
    """Tells the tide.

    Adds: `tide`.
    Needs: nothing.
    """

    message: Request

    @property
    def tide(self) -> str:
        return "low" if self.message.path.endswith("/ebb") else "high"
