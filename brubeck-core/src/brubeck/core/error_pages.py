"""Pages that no handler is there for: an unknown path, a guard's refusal, a function that failed."""

from __future__ import annotations

from brubeck.core.handlers import WebMessageHandler

__all__ = ["ErrorPageHandler"]


class ErrorPageHandler(WebMessageHandler):
    """Draws them with the application's own `errors.html`, whichever engine it is for; plain where there is none."""

    def error_page(self, status_code: int, message: str, exception: BaseException | None) -> str | None:
        """Return the page, or None where the application has no template for it."""
        if not self.application.has_templates:
            return None
        engine = self.application.template_engine
        find = getattr(engine, "find_error_template", None)
        file = None if find is None else find(status_code)
        if file is None:
            return None
        context = {"handler": self, "error_code": status_code, "error_message": message}
        return str(engine.render(file, context))
