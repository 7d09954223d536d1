"""Conditional requests (RFC 9110 section 13): nothing is sent twice, and nobody's change is overwritten unseen."""

from __future__ import annotations

import hashlib
import re
from typing import Any

from brubeck.api.dates import dump_http_date, parse_http_date
from brubeck.core.errors import HTTPError
from brubeck.core.responses import Response

__all__ = ["ConditionalMixin", "make_etag"]

CHANGED = "It has changed since you read it. Read it again."
NOT_NEW = "It is there already."
OF_THE_CONTENT = frozenset(("content-type", "content-length"))

_find_etags = re.compile(r'(?:W/)?"[\x21\x23-\x7e\x80-\xff]*"').findall
_is_etag = re.compile(r'(?:W/)?"[\x21\x23-\x7e\x80-\xff]*"').fullmatch


def make_etag(*parts: Any, weak: bool = False) -> str:
    """Return an entity tag for what *parts* tell apart: bytes of a body, or an id and a moment.

    Args:
        parts: Bytes, or values whose `repr` is the same in every process.
        weak: The representations mean the same without being the same bytes.
    """
    digest = hashlib.blake2b(digest_size=16)
    for part in parts:
        raw = part if isinstance(part, bytes) else repr(part).encode("utf-8", "surrogatepass")
        digest.update(b"%d:%s" % (len(raw), raw))
    return f'W/"{digest.hexdigest()}"' if weak else f'"{digest.hexdigest()}"'


class ConditionalMixin:
    """Answers 304 to whoever has the answer already, and 412 to whoever would overwrite what was not read.

    Adds: `check_conditions`, `with_etag`.
    Needs: nothing.
    Answers: 304 and 412 where the message asks for it.
    """

    def check_conditions(
        self: Any, etag: str | None = None, last_modified: int | None = None, *, exists: bool = True
    ) -> Response | None:
        """Return the 304 to send, or None where the message is to be answered as usual.

        Ask it where the answer would be a success: who may not see the thing must not learn its tag (section 13.2.1).
        For GET and HEAD the answer gets `ETag` and `Last-Modified`. For what changes things, call it with the tag of
        what is stored, before it is changed, and within the transaction that changes it.

        Args:
            etag: Of what is stored now; see `make_etag`.
            last_modified: Milliseconds since 1970. It is sent once a second has passed, since a later change in
                the same second could not be told from it.
            exists: False for what is about to be made: `If-None-Match: *` lets only that happen.

        Raises:
            HTTPError: 412, a condition of the client does not hold.
            ValueError: *etag* is none; it needs its quotes.
        """
        if etag is not None and not _is_etag(etag):
            raise ValueError(f"An entity tag stands in quotes, see make_etag; got {etag!r}.")
        is_read = self.message.method in ("GET", "HEAD")
        if is_read:
            set_validators(self.headers, etag, last_modified, self.current_time)
        modified_s = None if last_modified is None else last_modified // 1000
        refuse_changed(self.message.headers, etag, modified_s, exists=exists)
        if not is_known(self.message.headers, etag, modified_s, exists=exists, is_read=is_read):
            return None
        if not is_read:
            raise HTTPError(412, NOT_NEW)
        unchanged: Response = self.make_response(b"", 304)
        return unchanged

    def with_etag(self: Any, response: Response) -> Response:
        """Return *response* with an `ETag` of its bytes, or the 304 in its place.

        Saves the way, not the work. An answer that holds the time of its making is another each time: use
        `render(hide_status=True)`. A stream, whatever is no 200, and answers to what changes things stay as they are.
        """
        is_read = self.message.method in ("GET", "HEAD")
        if not is_read or response.status_code != 200 or not isinstance(response.body, bytes):
            return response
        etag = response.get_header("ETag") or make_etag(response.body)
        response.set_header("ETag", etag)
        if not is_known(self.message.headers, etag, None, exists=True, is_read=True):
            return response
        kept = [pair for pair in response.headers if pair[0].lower() not in OF_THE_CONTENT]
        response.close()
        return Response(b"", 304, headers=kept)


def set_validators(headers: Any, etag: str | None, last_modified: int | None, now: int) -> None:
    """Say with the answer what a client may ask by the next time."""
    if etag is not None:
        headers["ETag"] = etag
    if last_modified is not None and now - last_modified >= 1000:
        headers["Last-Modified"] = dump_http_date(last_modified)


def refuse_changed(headers: Any, etag: str | None, modified_s: int | None, *, exists: bool) -> None:
    """Raise 412 where `If-Match`, or else `If-Unmodified-Since`, does not hold (RFC 9110 section 13.2.2)."""
    wanted = headers.get("If-Match")
    if wanted is not None:
        holds = exists if wanted.strip() == "*" else exists and is_among(etag, wanted, strong=True)
    else:
        limit_s = parse_http_date(headers.get("If-Unmodified-Since", ""))
        holds = limit_s is None or modified_s is None or modified_s <= limit_s
    if not holds:
        raise HTTPError(412, CHANGED)


def is_known(headers: Any, etag: str | None, modified_s: int | None, *, exists: bool, is_read: bool) -> bool:
    """Say whether `If-None-Match`, or else `If-Modified-Since`, names what there is."""
    wanted = headers.get("If-None-Match")
    if wanted is not None:
        return exists and (wanted.strip() == "*" or is_among(etag, wanted, strong=False))
    limit_s = parse_http_date(headers.get("If-Modified-Since", "")) if is_read else None
    return exists and limit_s is not None and modified_s is not None and modified_s <= limit_s


def is_among(etag: str | None, wanted: str, *, strong: bool) -> bool:
    """Compare *etag* with those of a header (RFC 9110 section 8.8.3.2)."""
    if etag is None or (strong and etag.startswith("W/")):
        return False
    found = _find_etags(wanted)
    return etag in found if strong else etag.removeprefix("W/") in {tag.removeprefix("W/") for tag in found}
