"""What a document refuses, told to the client field by field."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from brubeck.api.problems import Problem
from brubeck.dictshield.errors import ShieldException

__all__ = ["answer_invalid"]

REFUSAL = "What was sent has values that cannot be taken; errors says which."


@contextmanager
def answer_invalid(status_code: int = 422) -> Iterator[None]:
    """While the block lasts, answer what a document refuses instead of failing.

    Put what came from the client into it and nothing else: a document from your own storage that is refused is no
    fault of the client.

    Args:
        status_code: Of the answer; 422 says that the content was understood and is wrong (RFC 9110 section
            15.5.21).

    Raises:
        Problem: Its `errors` has the reasons by the path of the field; the refused values are left out.
    """
    try:
        yield
    except ShieldException as exc:
        raise Problem(status_code, REFUSAL, errors=exc.as_dict()) from exc
