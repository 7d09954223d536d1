"""Settings, and the database that is made of them."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest
from brubeck.core.errors import ConfigurationError
from brubeck.mongrel2.database import write_database
from brubeck.mongrel2.settings import ServerSettings, load_settings


def rows(path, query):
    with closing(sqlite3.connect(path)) as database:
        return database.execute(query).fetchall()


def test_every_start_has_an_ident_of_its_own(tmp_path):
    settings = ServerSettings(folder=tmp_path)
    idents = [
        rows(write_database(settings), "SELECT send_ident, recv_ident FROM handler")[0] for _ in range(2)
    ]

    assert all(sent == received for sent, received in idents)
    assert idents[0] != idents[1]


def test_no_column_is_null(tmp_path):
    (tmp_path / "files").mkdir()
    path = write_database(ServerSettings(folder=tmp_path, static={"/~files/": str(tmp_path / "files")}))
    for table in ("server", "host", "handler", "route", "directory", "setting", "mimetype"):
        found = rows(path, f"SELECT * FROM {table}")
        assert found, table
        assert None not in {value for row in found for value in row}


def test_toml_is_read_and_flags_win(tmp_path):
    (tmp_path / "m.toml").write_text('port = 8000\nprotocol = "json"\n')
    settings = load_settings(tmp_path / "m.toml", port=9000, host=None)

    assert (settings.port, settings.protocol, settings.host) == (9000, "json", "127.0.0.1")
    assert settings.folder == (tmp_path / "run").resolve()


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("prot = 1", "Did you mean 'port'"),
        ("port = ", "not valid TOML"),
        ("port = 0", "from 1 to 65535"),
        ('protocol = "xml"', "'tnetstring' or 'json'"),
        ('[static]\n"/static" = "."', "begins and ends with a slash"),
        ('[static]\n"/static/" = "nowhere"', "does not exist"),
        (f'send_spec = "ipc:///{"x" * 120}"', "107 bytes"),
        ('[handlers.api]\npath = "/api"', "begins and ends with a slash"),
        ('[handlers.api]\npaths = "/api/"', "Did you mean 'path'"),
        ('[handlers.api]\napp = "site:api"', "'api' and the first handler have the same host and path"),
        ('[handlers.a]\nhost = "a.b"\n[handlers.b]\nhost = "a.b"', "'b' and 'a' have the same host"),
        ('[handlers."a/b"]\npath = "/a/"', "named by small letters"),
        ('[handlers.api]\npath = "/api/"\nworkers = 0', "workers must be from 1 to 512, got 0"),
        ('[handlers.api]\npath = "/api/"\nworkers = "many"', "wrong kind"),
        ("handlers = 3", "wrong kind"),
    ],
)
def test_what_cannot_work_is_one_sentence(tmp_path, text, match):
    (tmp_path / "m.toml").write_text(text)

    with pytest.raises(ConfigurationError, match=match):
        load_settings(tmp_path / "m.toml")


def test_a_folder_in_the_place_of_the_file_is_one_sentence(tmp_path):
    with pytest.raises(ConfigurationError, match="cannot be read: Is a directory"):
        load_settings(tmp_path)


def test_siblings_that_mongrel2_would_serve_are_named(tmp_path):
    """It compares paths by their beginning: `/static/../static-secret/` is inside `/static`."""
    for name in ("static", "static-secret"):
        (tmp_path / name).mkdir()

    with pytest.raises(ConfigurationError, match="static-secret"):
        ServerSettings(folder=tmp_path, static={"/~s/": str(tmp_path / "static")})


def test_a_further_handler_has_a_route_and_sockets_of_its_own(tmp_path):
    """By a part of the path, and by a host."""
    (tmp_path / "m.toml").write_text(
        '[handlers.api]\npath = "/api/"\napp = "site:api"\nworkers = 3\n[handlers.admin]\nhost = "admin.example"\n'
    )
    settings = load_settings(tmp_path / "m.toml")
    path = write_database(settings)
    query = (
        "SELECT host.name, route.path, send_spec, recv_spec FROM route JOIN host ON host_id = host.id "
        "JOIN handler ON target_id = handler.id WHERE target_type = 'handler' ORDER BY route.id"
    )
    run = f"ipc://{settings.folder}"

    assert rows(path, query) == [
        ("localhost", "/", f"{run}/requests", f"{run}/replies"),
        ("localhost", "/api/", f"{run}/api-requests", f"{run}/api-replies"),
        ("admin.example", "/", f"{run}/admin-requests", f"{run}/admin-replies"),
    ]
    assert [(pair.app, pair.workers) for pair in settings.further_handlers] == [("site:api", 3), ("", 1)]
