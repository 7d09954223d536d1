"""Where accounts and links are kept: a file of SQLite, or PostgreSQL. A statement is written once for both."""

import os
import select
import sqlite3
import time
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import gevent
from gevent.lock import RLock
from gevent.queue import Empty, LifoQueue

from brubeck.request_handling import ConfigurationError, HTTPError
from brubeck.api import Keyset

POOL_SIZE = 40
BUSY_S = 10.0
STATEMENT_S = 30
MAX_LINKS = 10_000

MIGRATIONS = sorted((Path(__file__).parent / "migrations").glob("*.sql"))
ORDER = Keyset("updated_at", "id")


class Store:
    """Accounts and links. `ask` runs one statement; those in a `transaction` happen together or not at all."""

    number = lock_schema = ""

    def start(self):
        """Open the database, and bring its tables to the newest version.

        Raises:
            ConfigurationError: A newer Listsurf has changed them.
        """
        with self.transaction() as ask:
            ask(self.lock_schema)
            ask("CREATE TABLE IF NOT EXISTS schema_version (version BIGINT NOT NULL)")
            found = ask("SELECT version FROM schema_version") or [{"version": 0}]
            version = found[0]["version"]
            if version > len(MIGRATIONS):
                raise ConfigurationError(
                    f"The database has version {version}, and this Listsurf knows {len(MIGRATIONS)}. Take a newer one."
                )
            for script in MIGRATIONS[version:]:
                for statement in script.read_text().rstrip("\n;").split(";\n"):
                    ask(statement.replace("{id}", self.number))
            ask("DELETE FROM schema_version")
            ask("INSERT INTO schema_version VALUES (?)", len(MIGRATIONS))

    def add_user(self, record):
        """Keep a new account; False where the name is somebody's."""
        names, marks = ", ".join(record), ", ".join("?" * len(record))
        statement = f"INSERT INTO users ({names}) VALUES ({marks}) ON CONFLICT DO NOTHING RETURNING username"
        return bool(self.ask(statement, *record.values()))

    def get_user(self, username):
        found = self.ask("SELECT * FROM users WHERE username = ?", username)
        return {**found[0], "is_active": bool(found[0]["is_active"])} if found else None

    def save_login(self, username, password, last_login):
        statement = "UPDATE users SET password = ?, last_login = ? WHERE username = ?"
        self.ask(statement, password, last_login, username)

    def save_link(self, owner, url, title, now_ms):
        """Put a link on top of *owner*'s; one that was there moves up. False where there are too many."""
        with self.transaction() as ask:
            if ask("SELECT count(*) AS n FROM links WHERE owner = ?", owner)[0]["n"] >= MAX_LINKS:
                return False
            ask(
                "INSERT INTO links (owner, url, title, created_at, updated_at) VALUES (?, ?, ?, ?, ?) ON CONFLICT "
                "(owner, url) DO UPDATE SET updated_at = excluded.updated_at, title = excluded.title",
                *(owner, url, title, now_ms, now_ms),
            )
        return True

    def remove_link(self, owner, link_id):
        self.ask("DELETE FROM links WHERE owner = ? AND id = ?", owner, link_id)

    def links(self, owner, page):
        """Return the links of a `StreamPage`."""
        where, values = ORDER.where(page)
        return self.ask(
            f"SELECT id, url, title, created_at, updated_at FROM links WHERE owner = ? AND {where} "
            f"ORDER BY {ORDER.order_by(page)} LIMIT ?",
            *(owner, *values, page.limit),
        )


class SQLiteStore(Store):
    """One file, one connection. A call holds the hub while it runs, about a millisecond at most; see the README."""

    number = "INTEGER PRIMARY KEY AUTOINCREMENT"
    lock_schema = "SELECT 1"  # BEGIN IMMEDIATE has it

    def __init__(self, path):
        self.path, self._lock = path, RLock()

    def start(self):
        os.close(os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600))  # nobody else's to read
        self._connection = sqlite3.connect(
            self.path, isolation_level=None, check_same_thread=False, timeout=0
        )
        self._connection.row_factory = sqlite3.Row
        for pragma in ("journal_mode = WAL", "synchronous = NORMAL", "foreign_keys = ON"):
            self.ask(f"PRAGMA {pragma}")
        super().start()

    def stop(self):
        self._connection.close()

    def ask(self, statement, *values):
        deadline = time.monotonic() + BUSY_S
        with self._lock:
            while True:
                try:
                    return [dict(row) for row in self._connection.execute(statement, values)]
                except sqlite3.OperationalError as exc:
                    # Another process writes. SQLite would wait for it here, and everybody with it.
                    if exc.sqlite_errorcode & 255 != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                        raise
                gevent.sleep(0.005)

    @contextmanager
    def transaction(self):
        with self._lock:
            self.ask("BEGIN IMMEDIATE")
            try:
                yield self.ask
                self.ask("COMMIT")
            except BaseException:
                self.ask("ROLLBACK")
                raise


class PostgresStore(Store):
    """At most *size* connections by psycopg; whoever comes when all are in use waits for one."""

    number = "BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY"
    lock_schema = "SELECT pg_advisory_xact_lock(6767)"

    def __init__(self, url, size=POOL_SIZE):
        self.url, self._idle = url, LifoQueue(items=[None] * size)

    def stop(self):
        for connection in filter(None, [self._idle.get() for _ in range(self._idle.qsize())]):
            connection.close()

    def ask(self, statement, *values):
        with self._borrowed() as connection:
            return run(connection, statement, *values)

    @contextmanager
    def transaction(self):
        with self._borrowed() as connection, connection.transaction():
            yield partial(run, connection)

    @contextmanager
    def _borrowed(self):
        try:
            connection = self._idle.get(timeout=BUSY_S)
        except Empty:
            raise HTTPError(503, "The database is busy. Try again in a moment.") from None
        try:
            if not (connection and is_alive(connection)):
                connection = connect(self.url)
            yield connection
        finally:  # a greenlet that was killed leaves a connection that nobody can use
            is_fit = connection and not connection.closed and connection.info.transaction_status == 0
            if connection and not is_fit:
                connection.close()
            self._idle.put(connection if is_fit else None)


def connect(url):
    import psycopg  # chooses how it waits when it is imported: after the patching, so that others work meanwhile
    from psycopg.rows import dict_row

    options = f"-c statement_timeout={STATEMENT_S * 1000}"
    return psycopg.connect(url, autocommit=True, row_factory=dict_row, connect_timeout=10, options=options)


def is_alive(connection):
    """Say whether an idle connection is there still: all that it may have to say is that the server goes."""
    if not connection.closed and select.select([connection], [], [], 0)[0]:
        connection.close()
    return not connection.closed


def run(connection, statement, *values):
    cursor = connection.execute(statement.replace("?", "%s"), values)
    return cursor.fetchall() if cursor.description else []


def open_store(database):
    """Return the store that *database* names: a URL of PostgreSQL, or a path."""
    is_postgres = database.startswith(("postgresql://", "postgres://"))
    return PostgresStore(database) if is_postgres else SQLiteStore(database)
