"""The mark of a hook's implementation, typed so that a checker sees a signature that no hook has.

What a checker compares is the shape: names and types of the arguments, and what comes back. It does not
read the function's name; a Protocol of `brubeck.core.protocols` does. A checker asks for all arguments of a
hook, while at run time an implementation may leave some out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeVar, overload

import pluggy

if TYPE_CHECKING:
    import click
    from brubeck.core.application import Brubeck
    from brubeck.core.protocols import CookieSigner
    from brubeck.core.requests import Request
    from brubeck.core.responses import Response

    Values = Mapping[str, str | type]
    Commands = Iterable[click.Command] | Mapping[str, str | click.Command]
    ByApplication = CookieSigner | None

__all__ = ["HookimplMarker", "hookimpl"]


class _ValuesFunction(Protocol):
    def __call__(self) -> Values | Commands: ...


class _ValuesMethod(Protocol):
    def __call__(self, plugin: Any, /) -> Values | Commands: ...


class _ApplicationFunction(Protocol):
    def __call__(self, *, application: Brubeck) -> ByApplication: ...


class _ApplicationMethod(Protocol):
    def __call__(self, plugin: Any, /, *, application: Brubeck) -> ByApplication: ...


class _RequestFunction(Protocol):
    def __call__(self, *, application: Brubeck, message: Request) -> Response | None: ...


class _RequestMethod(Protocol):
    def __call__(self, plugin: Any, /, *, application: Brubeck, message: Request) -> Response | None: ...


class _ResponseFunction(Protocol):
    def __call__(self, *, application: Brubeck, message: Request, response: Response) -> Response | None: ...


class _ResponseMethod(Protocol):
    def __call__(
        self, plugin: Any, /, *, application: Brubeck, message: Request, response: Response
    ) -> Response | None: ...


class _ExceptionFunction(Protocol):
    def __call__(self, *, application: Brubeck, message: Request, exception: Exception) -> None: ...


class _ExceptionMethod(Protocol):
    def __call__(
        self, plugin: Any, /, *, application: Brubeck, message: Request, exception: Exception
    ) -> None: ...


Hook = TypeVar(
    "Hook",
    bound=_ValuesFunction
    | _ValuesMethod
    | _ApplicationFunction
    | _ApplicationMethod
    | _RequestFunction
    | _RequestMethod
    | _ResponseFunction
    | _ResponseMethod
    | _ExceptionFunction
    | _ExceptionMethod,
)
AnyFunction = TypeVar("AnyFunction", bound=Callable[..., Any])


class HookimplMarker:
    """Marks a function as the implementation of the hook that bears its name."""

    def __init__(self) -> None:
        self._mark = pluggy.HookimplMarker("brubeck")

    @overload
    def __call__(self, function: Hook, /) -> Hook: ...

    @overload
    def __call__(
        self,
        function: None = None,
        /,
        *,
        tryfirst: bool = False,
        trylast: bool = False,
        specname: str | None = None,
    ) -> Callable[[Hook], Hook]: ...

    @overload
    def __call__(
        self,
        function: None = None,
        /,
        *,
        optionalhook: Literal[True],
        tryfirst: bool = False,
        trylast: bool = False,
        specname: str | None = None,
    ) -> Callable[[AnyFunction], AnyFunction]: ...

    def __call__(
        self,
        function: Any = None,
        /,
        *,
        optionalhook: bool = False,
        tryfirst: bool = False,
        trylast: bool = False,
        specname: str | None = None,
    ) -> Any:
        """Mark *function*, as `@hookimpl` or `@hookimpl(tryfirst=True)`.

        Args:
            function: Named like a hook.
            tryfirst: Call it before those of other plugins.
            trylast: Call it after those of other plugins.
            specname: The hook's name, where the function bears another.
            optionalhook: Accept a hook that this version of Brubeck does not know.
        """
        return self._mark(
            function, optionalhook=optionalhook, tryfirst=tryfirst, trylast=trylast, specname=specname
        )


hookimpl = HookimplMarker()
