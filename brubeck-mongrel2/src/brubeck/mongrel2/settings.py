"""What a Mongrel2 is to be, as a value: from flags or a small TOML file, checked before anything is written."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, fields, replace
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from brubeck.core.errors import ConfigurationError

__all__ = ["HandlerSettings", "ServerSettings", "load_settings"]

MAX_IPC_PATH_BYTES = 107
"""What a Unix socket's address can hold."""

MAX_WORKERS = 512

_is_name = re.compile(r"[a-z0-9][a-z0-9_-]{0,29}").fullmatch


@dataclass(frozen=True)
class HandlerSettings:
    """A further pair of addresses: the messages of a host, or of a part of one, for another program.

    Args:
        name: Names its sockets.
        folder: Of the server's files, where its sockets are.
        host: Whose messages.
        path: What their path begins with.
        app: The application, as `brubeck run` names it; for `brubeck mongrel2 up`.
        workers: How many of them `up` runs.
    """

    name: str
    folder: Path
    host: str
    path: str = "/"
    app: str = ""
    workers: int = 1

    def __post_init__(self) -> None:
        if not _is_name(self.name):
            raise ConfigurationError(
                f"A handler is named by small letters, digits, - and _, got {self.name!r}."
            )
        if not (self.path.startswith("/") and self.path.endswith("/")) or "(" in self.path:
            raise ConfigurationError(f"A handler's path begins and ends with a slash, got {self.path!r}.")
        if not 1 <= self.workers <= MAX_WORKERS:
            raise ConfigurationError(f"workers must be from 1 to {MAX_WORKERS}, got {self.workers!r}.")
        for address in (self.send_spec, self.recv_spec, self.balancer_spec):
            check_ipc(address)

    @property
    def send_spec(self) -> str:
        """Where its workers pull from."""
        return f"ipc://{self.folder / self.name}-requests"

    @property
    def recv_spec(self) -> str:
        """Where its workers publish to."""
        return f"ipc://{self.folder / self.name}-replies"

    @property
    def balancer_spec(self) -> str:
        """Where its balancer listens for workers of this machine."""
        return f"ipc://{self.folder / self.name}-balancer"


@dataclass(frozen=True)
class ServerSettings:
    """One Mongrel2 with one pair of addresses for its handlers, or more.

    Args:
        folder: Where its files are: configuration, sockets, parked uploads, process id.
        host: Address to listen on.
        port: Port to listen on.
        default_host: The host whose routes serve every name that is not known.
        send_spec: Where handlers pull from; a socket in *folder* by default.
        recv_spec: Where handlers publish to; a socket in *folder* by default.
        protocol: How headers are written, `tnetstring` or `json`.
        static: Path prefixes and folders that Mongrel2 serves itself.
        handlers: Further pairs by name, each with the fields of `HandlerSettings`.
        content_length: Bodies up to here are sent in the message; above, parked in *folder*.
        buffer_size: The longest head of a request.
        handler_targets: Connections that one reply may go to.
        certificates: A folder with `UUID.crt` and `UUID.key`, which turns TLS on.
        idle_timeout_s: A connection that says and hears nothing for so long is closed; 0 never closes one, which
            WebSockets and server-sent events want.
        uploads: Whether bodies above *content_length* are taken.
        max_descriptors: Where the system allows fewer, Mongrel2 takes what it allows. Half of them are looked at each
            time anything happens, and Mongrel2's own sockets have to be among those.
        flow_control: Have Mongrel2 acknowledge what it wrote; see the manual for what that costs.
        options: Further rows of Mongrel2's table `setting`.
    """

    folder: Path
    host: str = "127.0.0.1"
    port: int = 6767
    default_host: str = "localhost"
    send_spec: str = ""
    recv_spec: str = ""
    protocol: str = "tnetstring"
    static: Mapping[str, str] = field(default_factory=dict)
    handlers: Mapping[str, Any] = field(default_factory=dict)
    content_length: int = 4 * 1024 * 1024
    buffer_size: int = 65_536
    handler_targets: int = 128
    certificates: str = ""
    idle_timeout_s: int = 0
    uploads: bool = True
    max_descriptors: int = 32_768
    flow_control: bool = False
    options: Mapping[str, str] = field(default_factory=dict)

    uuid = "main"
    """Mongrel2's name for the server, the second word of its command line."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "folder", Path(self.folder).resolve())
        for name, file in (("send_spec", "requests"), ("recv_spec", "replies")):
            if not getattr(self, name):
                object.__setattr__(self, name, f"ipc://{self.folder / file}")
        self._check()
        check_handlers(self.further_handlers, self.default_host, self.static)

    def _check(self) -> None:
        if self.protocol not in ("tnetstring", "json"):
            raise ConfigurationError(f"protocol must be 'tnetstring' or 'json', got {self.protocol!r}.")
        if not 0 < self.port < 65536:
            raise ConfigurationError(f"port must be from 1 to 65535, got {self.port!r}.")
        for address in (self.send_spec, self.recv_spec, self.control_spec):
            check_ipc(address)
        for prefix, folder in self.static.items():
            check_static(prefix, folder)

    @property
    def balancer_spec(self) -> str:
        """Where the balancer listens for workers of this machine."""
        return f"ipc://{self.folder / 'balancer'}"

    @property
    def further_handlers(self) -> list[HandlerSettings]:
        """The handlers beside the first, in their order."""
        known = [item.name for item in fields(HandlerSettings) if item.name not in ("name", "folder")]
        for name, values in self.handlers.items():
            for unknown in sorted(set(values) - set(known)):
                hint = hint_at(unknown, known)
                raise ConfigurationError(f"The handler {name!r} has an unknown setting {unknown!r}. {hint}")
        return [
            HandlerSettings(name, self.folder, **{"host": self.default_host, **values})
            for name, values in self.handlers.items()
        ]

    @property
    def database(self) -> Path:
        """The configuration that Mongrel2 reads."""
        return self.folder / "config.sqlite"

    @property
    def pid_file(self) -> Path:
        """Where Mongrel2 writes its process id."""
        return self.folder / "mongrel2.pid"

    @property
    def upload_folder(self) -> Path:
        """Where Mongrel2 parks large bodies."""
        return self.folder / "uploads"

    @property
    def control_spec(self) -> str:
        """The address of Mongrel2's control port."""
        return f"ipc://{self.folder / 'control'}"

    def make_folder(self) -> None:
        """Make the folder where it is not there.

        Raises:
            ConfigurationError: It cannot be made, or no file can be made in it.
        """
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as exc:
            raise ConfigurationError(
                f"The folder {str(self.folder)!r} cannot be made: {exc.strerror}."
            ) from None
        if not os.access(self.folder, os.W_OK | os.X_OK):
            raise ConfigurationError(f"The folder {str(self.folder)!r} cannot be written to by this user.")

    def rows(self) -> Iterator[tuple[str, str]]:
        """Yield the rows of the table `setting`."""
        values = {
            "server.daemonize": 0,
            "disable.access_logging": 1,
            "limits.buffer_size": self.buffer_size,
            "limits.content_length": self.content_length,
            "limits.client_read_retries": 100,
            "limits.handler_targets": self.handler_targets,
            "limits.min_ping": self.idle_timeout_s,
            "limits.min_read_rate": 0,
            "limits.min_write_rate": 0,
            "superpoll.max_fd": self.max_descriptors,
            "superpoll.hot_dividend": 2,
            "download.flow_control": int(self.flow_control),
        }
        if self.uploads:
            values["upload.temp_store"] = self.upload_folder / "XXXXXX"  # type: ignore[assignment]
        if self.certificates:
            values["certdir"] = f"{Path(self.certificates).resolve()}/"  # type: ignore[assignment]
        for key, value in {**values, **self.options}.items():
            yield key, str(value)


def check_ipc(address: str) -> None:
    """Refuse a Unix socket whose path is too long for the kernel."""
    if address.startswith("ipc://") and len(address[6:].encode()) > MAX_IPC_PATH_BYTES:
        raise ConfigurationError(
            f"{address!r} is longer than the {MAX_IPC_PATH_BYTES} bytes a Unix socket's path may have. "
            "Choose a shorter folder, or tcp:// addresses."
        )


def check_static(prefix: str, folder: str) -> None:
    """Refuse what Mongrel2 would serve otherwise than it looks."""
    if not (prefix.startswith("/") and prefix.endswith("/") and len(prefix) > 2) or "(" in prefix:
        raise ConfigurationError(
            f"A static prefix begins and ends with a slash, as '/~static/'; got {prefix!r}."
        )
    base = Path(folder).resolve()
    if not base.is_dir():
        raise ConfigurationError(f"The static folder {folder!r} does not exist.")
    siblings = [path.name for path in base.parent.iterdir() if path.name != base.name]
    exposed = sorted(name for name in siblings if name.startswith(base.name))
    if exposed:
        raise ConfigurationError(
            f"Mongrel2 would also serve {', '.join(exposed)} beside {folder!r}: it compares paths by their "
            "beginning. Rename the one or the other."
        )


def check_handlers(handlers: list[HandlerSettings], default_host: str, static: Mapping[str, str]) -> None:
    """Refuse two of one place: the second would never hear anything."""
    places = {(default_host, "/"): "the first handler"}
    places.update(((default_host, prefix), "a static folder") for prefix in static)
    for handler in handlers:
        other = places.setdefault((handler.host, handler.path), repr(handler.name))
        if other != repr(handler.name):
            raise ConfigurationError(
                f"The handler {handler.name!r} and {other} have the same host and path, {handler.host!r} and "
                f"{handler.path!r}. Give it another path, or a host of its own."
            )


def hint_at(unknown: str, known: Iterable[str]) -> str:
    """Return what to write in the place of *unknown*."""
    near = get_close_matches(unknown, known, 1)
    return f"Did you mean {near[0]!r}?" if near else f"It knows {', '.join(known)}."


def load_settings(path: Path, **given: Any) -> ServerSettings:
    """Return the settings in the TOML file *path* with those that were *given* in their place.

    Raises:
        ConfigurationError: The file cannot be read, is no TOML, or names a setting that is not known.
    """
    try:
        found = tomllib.loads(path.read_text()) if path.exists() else {}
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as exc:
        raise ConfigurationError(f"{str(path)!r} is not valid TOML: {exc}.") from None
    except OSError as exc:
        raise ConfigurationError(f"{str(path)!r} cannot be read: {exc.strerror}.") from None
    known = {item.name: item for item in fields(ServerSettings)}
    for name in found:
        if name not in known:
            hint = hint_at(name, known)
            raise ConfigurationError(f"{str(path)!r} has an unknown setting {name!r}. {hint}")
    values = {**found, **{name: value for name, value in given.items() if value is not None}}
    values.setdefault("folder", path.parent / "run")
    settings = ServerSettings(folder=Path(values.pop("folder")))
    try:
        return replace(settings, **values)
    except (AttributeError, TypeError) as exc:
        raise ConfigurationError(f"{str(path)!r} has a setting of the wrong kind: {exc}.") from None
