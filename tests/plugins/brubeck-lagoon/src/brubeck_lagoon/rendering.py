"""Templates in which `~name~` is filled in."""

import re
from collections.abc import Callable, Mapping
from html import escape
from pathlib import Path
from typing import Any


class LagoonEngine:
    """Fills in the templates of one folder."""

    name = "lagoon"
    suffixes = (".lagoon",)

    def __init__(self, folder: str | Path) -> None:
        self.folder = Path(folder)

    def render(self, file: str, context: Mapping[str, Any]) -> str:
        text = (self.folder / file).read_text("utf-8")
        return re.sub(r"~(\w+)~", lambda found: escape(str(context[found[1]])), text)


class LagoonRendering:
    """Renders the lagoon's templates.

    Adds: `render_template`.
    Needs: `template_engine='lagoon'` and `template_dir`, or `template_loader=load_lagoon_env(folder)`.
    Answers: nothing.
    """

    provides = ("renderer",)

    @classmethod
    def load_engine(cls, folder: str | Path) -> LagoonEngine:
        return LagoonEngine(folder)

    def render_template(self: Any, file: str, _status_code: int = 200, **context: Any) -> Any:
        self.set_body(self.application.templates.get("lagoon").render(file, context))
        return self.render(status_code=_status_code)


def load_lagoon_env(folder: str | Path) -> Callable[[], LagoonEngine]:
    return lambda: LagoonEngine(folder)
