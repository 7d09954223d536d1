"""A real PostgreSQL for tests: a cluster in a temporary folder, reached by a unix socket, gone with the block.

    with Postgres() as server:
        url = server.new_database()     # postgresql:///d1?host=/tmp/pg-…&user=postgres

    from postgres import postgres  # noqa: F401 - the same as a fixture, one server a module

Nothing in it is safe from a power cut: fsync is off.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlencode

import psycopg
import pytest
from mongrel2_server import wait_until

__all__ = ["Postgres", "postgres"]

DEBIAN = Path("/usr/lib/postgresql")
"""Where Debian keeps the server's programs, away from PATH, in a folder for each version."""

QUIET = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "listen_addresses": ""}


def program(name: str) -> str:
    """Return the path of a program of the server, of the newest version that is there."""
    versions = sorted(DEBIAN.glob(f"*/bin/{name}"), key=lambda path: float(path.parts[-3]))
    found = str(versions[-1]) if versions else shutil.which(name)
    assert found, f"PostgreSQL's {name} is neither in {DEBIAN} nor on the PATH."
    return found


class Postgres:
    """One server process. It refuses to run as root: then it runs as the user `postgres`.

    Args:
        settings: What postgresql.conf may hold, such as `max_connections=50`.
    """

    def __init__(self, **settings: Any) -> None:
        self.settings = {**QUIET, **settings}
        self._numbers = count(1)
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def log(self) -> str:
        """What the server has written so far."""
        return (self.folder / "log").read_text(errors="replace")

    def url(self, database: str) -> str:
        return f"postgresql:///{database}?" + urlencode({"host": str(self.folder), "user": "postgres"})

    def new_database(self) -> str:
        """Return the URL of an empty database."""
        name = f"d{next(self._numbers)}"
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}")
        return self.url(name)

    def start(self) -> None:
        options = [part for name, value in self.settings.items() for part in ("-c", f"{name}={value}")]
        command = [program("postgres"), "-D", str(self.folder / "data"), "-k", str(self.folder), *options]
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=self.folder, **self._user
            )
        wait_until(self._is_ready, what="PostgreSQL")

    def _is_ready(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, self.log
        try:
            psycopg.connect(self.url("postgres")).close()
        except psycopg.OperationalError:
            return False
        return True

    def kill(self, number: int = signal.SIGINT) -> None:
        """Stop it: SIGINT ends connections and closes the files, SIGQUIT is a crash."""
        process, self.process = self.process, None
        if process is not None:
            process.send_signal(number)
            process.wait(20)

    @property
    def _user(self) -> dict[str, Any]:
        return {"user": "postgres", "group": "postgres", "extra_groups": []} if not os.geteuid() else {}

    def __enter__(self) -> Self:
        self.folder = Path(tempfile.mkdtemp(prefix="pg-"))  # short: the path of a socket has 107 bytes
        if self._user:
            shutil.chown(self.folder, "postgres", "postgres")
        command = [program("initdb"), "-D", str(self.folder / "data"), "-U", "postgres", "-A", "trust"]
        subprocess.run(
            [*command, "--encoding=UTF8", "--no-locale", "--no-sync"],
            check=True,
            stdout=subprocess.DEVNULL,
            cwd=self.folder,
            **self._user,
        )
        self.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)


@pytest.fixture(scope="module")
def postgres() -> Iterator[Postgres]:
    """A server for the tests of a module; each takes a `new_database()`."""
    with Postgres() as server:
        yield server
