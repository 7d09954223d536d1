"""Writes the SQLite file that Mongrel2 reads. Every column is filled: Mongrel2 does not start on a NULL."""

from __future__ import annotations

import secrets
import sqlite3
from collections.abc import Iterable, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

from brubeck.core.errors import ConfigurationError
from brubeck.mongrel2.settings import HandlerSettings, ServerSettings

__all__ = ["fresh_ident", "write_database"]

TABLES = {
    "server": "id,uuid,default_host,bind_addr,port,chroot,access_log,error_log,pid_file,control_port,use_ssl",
    "host": "id,server_id,name,matching",
    "route": "id,path,host_id,target_id,target_type",
    "handler": "id,send_spec,send_ident,recv_spec,recv_ident,raw_payload,protocol",
    "directory": "id,base,index_file,default_ctype,cache_ttl",
    "proxy": "id,addr,port",
    "setting": "id,key,value",
    "mimetype": "id,extension,mimetype",
    "filter": "id,server_id,name,settings",
    "xrequest": "id,server_id,name,settings",
}

MIMETYPES = {
    ".avif": "image/avif",
    ".css": "text/css; charset=utf-8",
    ".gif": "image/gif",
    ".html": "text/html; charset=utf-8",
    ".ico": "image/x-icon",
    ".jpeg": "image/jpeg",
    ".jpg": "image/jpeg",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".map": "application/json",
    ".mjs": "text/javascript; charset=utf-8",
    ".mp4": "video/mp4",
    ".pdf": "application/pdf",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
    ".wasm": "application/wasm",
    ".webmanifest": "application/manifest+json",
    ".webp": "image/webp",
    ".woff2": "font/woff2",
    ".xml": "application/xml",
}


def fresh_ident() -> str:
    """Return an ident for one run of the server: connection ids start again with each, and answers must not mix."""
    return f"m2-{secrets.token_hex(8)}"


def write_database(settings: ServerSettings, ident: str | None = None) -> Path:
    """Write the configuration for *settings* in the place of what is there, and return its path.

    Args:
        settings: What the server is to be.
        ident: Names this run of it, in both directions; a fresh one by default.

    Raises:
        ConfigurationError: The folder cannot be made or written to.
    """
    settings.make_folder()
    try:
        settings.upload_folder.mkdir(mode=0o700, exist_ok=True)
        settings.database.unlink(missing_ok=True)
        fill(settings.database, all_rows(settings, ident or fresh_ident()))
    except (OSError, sqlite3.Error) as exc:
        raise ConfigurationError(f"{str(settings.database)!r} cannot be written: {exc}.") from None
    return settings.database


def fill(path: Path, tables: Mapping[str, list[tuple[Any, ...]]]) -> None:
    """Make the tables in a new file, and write the rows of those that have any."""
    with closing(sqlite3.connect(path)) as database, database:
        for name, columns in TABLES.items():
            database.execute(f"CREATE TABLE {name} ({columns})")
        for name, rows in tables.items():
            insert(database, name, rows)


def all_rows(settings: ServerSettings, ident: str) -> dict[str, list[tuple[Any, ...]]]:
    """Return the rows of every table that has any."""
    server = (
        *(
            1,
            settings.uuid,
            settings.default_host,
            settings.host,
            settings.port,
            "",
            "/dev/null",
            "/dev/stderr",
        ),
        *(str(settings.pid_file), settings.control_spec, int(bool(settings.certificates))),
    )
    pairs: list[ServerSettings | HandlerSettings] = [settings, *settings.further_handlers]
    handlers = [
        (n, pair.send_spec, ident, pair.recv_spec, ident, 0, settings.protocol)
        for n, pair in enumerate(pairs, 1)
    ]
    hosts = {settings.default_host: 1}
    routes = [("/", 1, 1, "handler")]
    for number, further in enumerate(settings.further_handlers, 2):
        host = hosts.setdefault(further.host, len(hosts) + 1)
        routes.append((further.path, host, number, "handler"))
    bases = enumerate(settings.static.items(), 1)
    static = [(number, prefix, f"{Path(folder).resolve()}/") for number, (prefix, folder) in bases]
    routes += [(prefix, 1, number, "dir") for number, prefix, _ in static]
    return {
        "server": [server],
        "host": [(n, 1, name, name) for name, n in hosts.items()],
        "handler": handlers,
        "route": [(n, *route) for n, route in enumerate(routes, 1)],
        "directory": [(n, base, "index.html", "application/octet-stream", 0) for n, _, base in static],
        "setting": [(n, key, value) for n, (key, value) in enumerate(settings.rows(), 1)],
        "mimetype": [(n, *pair) for n, pair in enumerate(MIMETYPES.items(), 1)],
    }


def insert(database: sqlite3.Connection, table: str, rows: Iterable[tuple[Any, ...]]) -> None:
    """Insert *rows*; table and column names are ours."""
    marks = ",".join("?" for _ in TABLES[table].split(","))
    database.executemany(f"INSERT INTO {table} VALUES ({marks})", list(rows))  # noqa: S608
