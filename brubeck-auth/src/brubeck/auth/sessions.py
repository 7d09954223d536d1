"""Sessions: what a site remembers of a client between messages, in a signed cookie or on the server.

`Brubeck(plugins=[Sessions(store)])` switches them on; a handler with `SessionMixin` has `session`, a
function asks `Sessions.of(application).get(application, message)`. What changed is saved once, with the
answer.
"""

from __future__ import annotations

import hashlib
import json
import secrets
import time
from collections.abc import Iterator, MutableMapping
from typing import TYPE_CHECKING, Any

from brubeck.auth.schemes import need_secret
from brubeck.auth.session_stores import SessionStore
from brubeck.core.cookies import dump_cookie, dump_cookie_removal
from brubeck.core.errors import ConfigurationError
from brubeck.core.hookimpl import hookimpl

if TYPE_CHECKING:
    from brubeck.core.application import Brubeck
    from brubeck.core.requests import Request
    from brubeck.core.responses import Response

__all__ = ["Session", "Sessions"]

ID_BYTES = 32
_TOUCHES_IN_IDLE_TIME = 20
"""A session that is only read is written this often, to say that it is in use."""

_KEPT_ON_MESSAGE = "_brubeck_session"


class Session(MutableMapping[str, Any]):
    """A dict of what JSON can hold, with a beginning and an end.

    Assigning a key is noticed; after changing a value inside, say `session.is_changed = True`.

    Args:
        session_id: From a client, or new.
        values: What it remembers.
        created_at: Seconds since 1970; where the absolute limit is counted from.
        active_at: When it was last seen.
        is_new: Whether the client does not know it yet.
    """

    def __init__(
        self, session_id: str, values: dict[str, Any], created_at: int, active_at: int, *, is_new: bool
    ) -> None:
        self.id = session_id
        self.created_at = created_at
        self.active_at = active_at
        self.is_new = is_new
        self.is_changed = False
        self.is_ended = False
        self.former_ids: list[str] = []
        self._values = values

    def rotate(self) -> None:
        """Take another id: at a login, so that whoever knew the old one is left outside."""
        if not self.is_new:
            self.former_ids.append(self.id)
        self.id = secrets.token_urlsafe(ID_BYTES)
        self.is_new = self.is_changed = True
        self.created_at = self.active_at

    def end(self) -> None:
        """Forget all of it, here and at the client."""
        self.clear()
        self.rotate()
        self.is_ended = True

    def to_record(self) -> dict[str, Any]:
        """Return it as JSON can hold it."""
        return {"i": self.id, "c": self.created_at, "a": self.active_at, "d": self._values}

    def __getitem__(self, key: str) -> Any:
        return self._values[key]

    def __setitem__(self, key: str, value: Any) -> None:
        self._values[key] = value
        self.is_changed = True
        self.is_ended = False

    def __delitem__(self, key: str) -> None:
        del self._values[key]
        self.is_changed = True

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __repr__(self) -> str:
        return f"<Session {sorted(self._values)}>"


class Sessions:
    """The plugin that gives an application sessions.

    Args:
        store: Where they lie; None keeps all of it in the signed cookie, where a client can read it, and
            where the server can end it only by its age.
        cookie_name: Of the cookie. `__Host-session` where the site is https only.
        idle_timeout_s: A session that was not used for so long has ended.
        absolute_timeout_s: One that began so long ago has ended, used or not.
    """

    name = "sessions"

    def __init__(
        self,
        store: SessionStore | None = None,
        *,
        cookie_name: str = "session",
        idle_timeout_s: int = 30 * 60,
        absolute_timeout_s: int = 12 * 3600,
    ) -> None:
        self.store = store
        self.cookie_name = cookie_name
        self.idle_timeout_s = idle_timeout_s
        self.absolute_timeout_s = absolute_timeout_s

    @staticmethod
    def of(application: Brubeck) -> Sessions:
        """Return the sessions of *application*.

        Raises:
            ConfigurationError: It has none.
        """
        found = application.plugins.find(Sessions)
        if found is None:
            raise ConfigurationError("The application has no sessions: give Brubeck(plugins=[Sessions(…)]).")
        return found

    def get_time(self) -> int:
        """Return the time in seconds since 1970; the only place where it is read."""
        return int(time.time())

    def get(self, application: Brubeck, message: Request) -> Session:
        """Return the session of *message*, a new one where it has none.

        Blocks:
            As the store does.
        """
        kept: Session | None = vars(message).get(_KEPT_ON_MESSAGE)
        if kept is None:
            kept = self._load(application, message)
            vars(message)[_KEPT_ON_MESSAGE] = kept
        return kept

    def _load(self, application: Brubeck, message: Request) -> Session:
        now = self.get_time()
        record = self._load_record(application, message)
        if record is not None and self._is_alive(record, now):
            return Session(record["i"], record["d"], record["c"], record["a"], is_new=False)
        return Session(secrets.token_urlsafe(ID_BYTES), {}, now, now, is_new=True)

    def _load_record(self, application: Brubeck, message: Request) -> dict[str, Any] | None:
        signed = message.cookies.get(self.cookie_name)
        if signed is None:
            return None
        signer = application.get_cookie_signer(application.cookie_secret)
        held = signer.unsign(self.cookie_name, signed, self.absolute_timeout_s)
        if self.store is None or not isinstance(held, str):
            return held if self.store is None and isinstance(held, dict) else None
        record = self.store.load(key_of(held))
        return None if record is None else {**json.loads(record), "i": held}

    def _is_alive(self, record: dict[str, Any], now: int) -> bool:
        idle_s, age_s = now - record["a"], now - record["c"]
        return bool(idle_s <= self.idle_timeout_s and age_s <= self.absolute_timeout_s)

    @hookimpl
    def brubeck_configure(self, application: Brubeck) -> None:
        """Refuse an application that cannot sign."""
        need_secret(Sessions, application)

    @hookimpl
    def brubeck_response(self, application: Brubeck, message: Request, response: Response) -> None:
        """Save what the handler changed, and tell the client; after an error of ours nothing is saved."""
        session: Session | None = vars(message).get(_KEPT_ON_MESSAGE)
        if session is None:
            return
        if response.get_header("Cache-Control") is None:
            response.set_header("Cache-Control", "no-store")
        if response.status_code < 500:
            self._finish(application, message, session, response)

    def _finish(self, application: Brubeck, message: Request, session: Session, response: Response) -> None:
        if self.store is not None:
            for former in session.former_ids:
                self.store.delete(key_of(former))
        if session.is_ended:
            if self.cookie_name in message.cookies:
                response.add_header("Set-Cookie", dump_cookie_removal(self.cookie_name))
            return
        is_due = not session.is_new and self._is_due(session.active_at)
        if is_due and not session.is_changed and self.store is not None:
            self._touch(self.store, key_of(session.id))
        elif is_due or session.is_changed:
            session.active_at = self.get_time()
            self._save(application, message, session, response)

    def _is_due(self, active_at: int) -> bool:
        return self.get_time() - active_at > self.idle_timeout_s / _TOUCHES_IN_IDLE_TIME

    def _touch(self, store: SessionStore, key: str) -> None:
        """Note that the session of *key* is in use; what other messages wrote meanwhile stays."""
        former = store.load(key)
        record = None if former is None else json.loads(former)
        if record is None or not self._is_due(record["a"]):
            return
        record["a"] = self.get_time()
        octets, ttl_s = dump_record(record), self._ttl_of(record)
        update_unchanged = getattr(store, "update_unchanged", None)
        if update_unchanged is not None:
            update_unchanged(key, former, octets, ttl_s)
        else:
            store.update(key, octets, ttl_s)

    def _ttl_of(self, record: dict[str, Any]) -> int:
        left_s = record["c"] + self.absolute_timeout_s - record["a"]
        return int(max(1, min(self.idle_timeout_s, left_s)))

    def _save(self, application: Brubeck, message: Request, session: Session, response: Response) -> None:
        record = session.to_record()
        if self.store is None:
            self._send_cookie(application, message, record, response)
            return
        del record["i"]
        key, octets, ttl_s = key_of(session.id), dump_record(record), self._ttl_of(record)
        if session.is_new:
            self.store.create(key, octets, ttl_s)
            self._send_cookie(application, message, session.id, response)
        else:
            # Where it is gone, nothing is said: a removal goes by the name of the cookie, and would log out whoever
            # took another id with a login meanwhile.
            self.store.update(key, octets, ttl_s)

    def _send_cookie(self, application: Brubeck, message: Request, value: Any, response: Response) -> None:
        signed = application.get_cookie_signer(application.cookie_secret).sign(self.cookie_name, value)
        is_secure = message.is_secure or self.cookie_name.startswith("__")
        line = dump_cookie(self.cookie_name, signed, secure=is_secure, httponly=True, samesite="Lax")
        response.add_header("Set-Cookie", line)


def dump_record(record: dict[str, Any]) -> bytes:
    """Return *record* as a store keeps it."""
    return json.dumps(record, allow_nan=False, separators=(",", ":")).encode()


def key_of(session_id: str) -> str:
    """Return the key under which a store knows *session_id*."""
    return hashlib.sha256(session_id.encode("utf-8", "surrogatepass")).hexdigest()
