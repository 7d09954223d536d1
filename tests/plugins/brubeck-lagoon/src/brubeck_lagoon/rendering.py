"""A renderer on nothing but core: `$name` out of files, escaped."""

from collections.abc import Mapping
from html import escape
from pathlib import Path
from string import Template
from typing import Any

from brubeck.request_handling import Brubeck, Response


class LagoonEngine:
    """Fills the templates of one folder."""

    name = "lagoon"

    def __init__(self, folder: str | Path) -> None:
        self.folder = Path(folder)

    def has(self, file: str) -> bool:
        return (self.folder / file).is_file()

    def render(self, file: str, context: Mapping[str, Any]) -> str:
        template = Template((self.folder / file).read_text(encoding="utf-8"))
        return template.substitute({name: escape(str(value)) for name, value in context.items()})


class LagoonRendering:
    """Renders with a `LagoonEngine`.

    Adds: `render_template`.
    Needs: `template_engine='lagoon'` and `template_dir`.
    Answers: `error_page`, with `errors.html` where it exists.
    """

    provides = ("renderer",)
    application: Brubeck

    @classmethod
    def load_engine(cls, template_dir: str | Path) -> LagoonEngine:
        return LagoonEngine(template_dir)

    @classmethod
    def check_application(cls, application: Brubeck) -> None:
        application.templates.get("lagoon")

    def render_template(self, file: str, _status_code: int = 200, **context: Any) -> Response:
        return Response(
            self.application.templates.get("lagoon").render(file, context),
            _status_code,
            headers=[("Content-Type", "text/html; charset=utf-8")],
        )

    def error_page(self, status_code: int, message: str, exception: BaseException | None) -> Response | None:
        if not self.application.templates.get("lagoon").has("errors.html"):
            return None
        return self.render_template("errors.html", status_code, error_code=status_code, message=message)
