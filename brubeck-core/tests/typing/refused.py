"""Mistakes of plugin authors: a checker reports each line that says so, and no other."""

from collections.abc import Mapping
from typing import Any

from brubeck.plugins import (
    CookieSigner,
    ExceptionHook,
    RequestHook,
    ResponseHook,
    StartupHook,
    TemplateEngine,
    hookimpl,
)
from brubeck.request_handling import Brubeck, Request, Response


@hookimpl  # refused: call-overload
def brubeck_request(application: Brubeck, message: Request, nonsense: int) -> Response | None:
    return None


@hookimpl(tryfirst=True)  # refused: type-var
def brubeck_response(application: Brubeck, message: Request, reply: Response) -> Response | None:
    return None


@hookimpl  # refused: call-overload
def brubeck_mixins() -> list[str]:
    return ["metronome"]


class Guard:
    @hookimpl  # refused: call-overload
    def brubeck_request(self, application: Brubeck, message: str) -> Response | None:
        return None


class Inherits(ExceptionHook):
    def brubeck_exception(  # refused: override
        self, application: Brubeck, exception: Exception
    ) -> None: ...


class AnswersText:
    def brubeck_request(self, application: Brubeck, message: Request) -> str:
        return "Take five"


class Misspelt:
    @hookimpl
    def brubeck_reqest(self, application: Brubeck, message: Request) -> Response | None:
        return None


class NoAge:
    def sign(self, name: str, value: Any) -> str:
        return name

    def unsign(self, name: str, signed: str) -> Any:
        return signed


class Engine:
    def render(self, file: str, **context: Mapping[str, Any]) -> str:
        return file


text: RequestHook = AnswersText()  # refused: assignment
misspelt: RequestHook = Misspelt()  # refused: assignment
wrong_kind: ResponseHook = AnswersText()  # refused: assignment
not_a_hook: StartupHook = object()  # refused: assignment
signer: CookieSigner = NoAge()  # refused: assignment
engine: TemplateEngine = Engine()  # refused: assignment

hookimpl(tryfrist=True)  # refused: call-overload
