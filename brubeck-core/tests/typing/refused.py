"""Mistakes of plugin authors: a type checker must find one at each line marked `# error:`, of that code."""

from collections.abc import Mapping

from brubeck.core.requests import Request
from brubeck.core.responses import Response
from brubeck.plugins import (
    ConfigureHook,
    ConnectionsHook,
    CookieSigner,
    CookieSignerHook,
    ExceptionHook,
    RequestHook,
    ResponseHook,
    TemplateEngine,
    hookimpl,
)
from brubeck.request_handling import Brubeck

# Through the mark: the shape is that of no hook.


@hookimpl  # error: call-overload
def brubeck_request(application: Brubeck, request: Request) -> Response | None:
    return None


@hookimpl  # error: call-overload
def brubeck_response(application: Brubeck, message: Request, response: Response) -> str:
    return "wet"


@hookimpl  # error: call-overload
async def brubeck_configure(application: Brubeck) -> None: ...


@hookimpl  # error: call-overload
def brubeck_exception(application: Brubeck, message: str, exception: Exception) -> None: ...


@hookimpl(tryfirst=True)  # error: type-var
def brubeck_startup(application: Brubeck, tide: int) -> None: ...


@hookimpl(first=True)  # error: call-overload, untyped-decorator
def brubeck_shutdown(application: Brubeck) -> None: ...


@hookimpl  # error: call-overload
def brubeck_connections() -> list[str]:
    return ["lagoon"]


class Methods:
    """The same as methods."""

    @hookimpl  # error: call-overload
    def brubeck_request(self, application: Brubeck, message: Request) -> bool:
        return True

    @hookimpl  # error: call-overload
    def brubeck_mixins(self) -> Mapping[str, int]:
        return {}


# Through the Protocol: the shape is that of another hook, or the name is of none.


class WrongArgument:
    """Takes what the hook does not give."""

    def brubeck_request(self, application: Brubeck, msg: Request) -> Response | None: ...


class WrongReturn:
    """Returns what nobody expects."""

    def brubeck_response(self, application: Brubeck, message: Request, response: Response) -> bytes:
        return b""


class WrongName:
    """Misspelt."""

    @hookimpl
    def brubeck_reqest(self, application: Brubeck, message: Request) -> Response | None:
        return None


class WrongHook:
    """Has the shape of another hook."""

    @hookimpl
    def brubeck_configure(self, application: Brubeck, message: Request) -> None: ...

    @hookimpl
    def brubeck_connections(self, application: Brubeck) -> None: ...

    @hookimpl
    def brubeck_exception(self, application: Brubeck) -> None: ...


class Signer:
    """Knows no age."""

    def sign(self, name: str, value: str) -> str:
        return value

    def unsign(self, name: str, signed: str) -> str:
        return signed

    def brubeck_cookie_signer(self, application: Brubeck) -> str:
        return "secret"


argument: RequestHook = WrongArgument()  # error: assignment
returned: ResponseHook = WrongReturn()  # error: assignment
named: RequestHook = WrongName()  # error: assignment
configure: ConfigureHook = WrongHook()  # error: assignment
connections: ConnectionsHook = WrongHook()  # error: assignment
exception: ExceptionHook = WrongHook()  # error: assignment
signer: CookieSigner = Signer()  # error: assignment
signers: CookieSignerHook = Signer()  # error: assignment
engine: TemplateEngine = Signer()  # error: assignment
nothing: ConfigureHook = object()  # error: assignment


class Guard(RequestHook):
    """Inherits the Protocol and contradicts it."""

    def brubeck_request(self, application: Brubeck, message: str) -> Response | None:  # error: override
        return None


class Ear(ExceptionHook):
    """Leaves out an argument, which the mark and the Protocol do not allow, though the manager does."""

    def brubeck_exception(self, application: Brubeck, exception: Exception) -> None: ...  # error: override
