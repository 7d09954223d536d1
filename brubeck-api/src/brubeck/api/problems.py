"""Errors as JSON that programs can read: problem details (RFC 9457)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from brubeck.core.errors import HTTPError
from brubeck.core.responses import Response, dump_json, reason_phrase

__all__ = ["PROBLEM_JSON", "Problem", "ProblemMixin"]

PROBLEM_JSON = "application/problem+json"

UNTYPED = "about:blank"
"""The type of a problem that says no more than its status does (RFC 9457 section 4.2.1)."""

RESERVED = frozenset(("type", "title", "status", "detail", "instance"))


class Problem(HTTPError):
    """An answer from 400 to 599 that says more than its status.

    Raised like any `HTTPError`. A handler with `ProblemMixin` sends all of it; another shows *detail*.

    Args:
        status_code: From 400 to 599.
        detail: What went wrong this time: a sentence for the client; never a secret.
        type: A URI that names this kind of problem.
        title: A short name of the kind, the same each time; the status's phrase by default.
        instance: A URI that names this occurrence, for example of its entry in a log.
        headers: Sent with the answer.
        extensions: Further members, such as `errors`; anything JSON can hold.

    Raises:
        ValueError: An extension has the name of a member that RFC 9457 defines.
    """

    def __init__(
        self,
        status_code: int,
        detail: str = "",
        *,
        type: str = UNTYPED,  # noqa: A002 - the member's name
        title: str | None = None,
        instance: str | None = None,
        headers: dict[str, str] | None = None,
        **extensions: Any,
    ) -> None:
        super().__init__(status_code, detail, headers=headers)
        taken = RESERVED & set(extensions)
        if taken:
            raise ValueError(f"{min(taken)!r} is no extension: RFC 9457 gives that member its meaning.")
        self.type = type
        self.title = title
        self.instance = instance
        self.extensions: Mapping[str, Any] = extensions


class ProblemMixin:
    """Answers errors with problem details, whatever raised them.

    Adds: nothing that is called.
    Needs: nothing.
    Answers: `error_page`, with `application/problem+json`.

    A template renderer draws error pages too; a class with both says which: `renderer=ProblemMixin`. Use a handler
    class with this mixin as the application's `base_handler`, and what no route matches is answered alike.
    """

    provides: ClassVar[tuple[str, ...]] = ("renderer",)

    def error_page(self: Any, status_code: int, message: str, exception: BaseException | None) -> Response:
        """Return the problem details of an error."""
        self.headers["Content-Type"] = PROBLEM_JSON
        response: Response = self.make_response(
            dump_json(describe_problem(status_code, message, exception)), status_code
        )
        return response


def describe_problem(status_code: int, message: str, exception: BaseException | None) -> dict[str, Any]:
    """Return the members that tell of an error; those that have nothing to say are left out."""
    problem = exception if isinstance(exception, Problem) else Problem(status_code)
    phrase = reason_phrase(status_code)
    members = {
        "type": problem.type,
        "title": problem.title or phrase or "Error",
        "status": status_code,
        "detail": None if message == phrase else message,
        "instance": problem.instance,
    }
    return {name: value for name, value in members.items() if value is not None} | dict(problem.extensions)
