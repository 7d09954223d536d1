"""What stands in the way of the database."""

from __future__ import annotations

import os
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from brubeck.core.errors import ConfigurationError
from brubeck.mongrel2.database import write_database
from brubeck.mongrel2.settings import ServerSettings


def test_a_file_in_the_place_of_the_folder_is_one_sentence(tmp_path):
    (tmp_path / "run").touch()

    with pytest.raises(ConfigurationError, match=r"The folder '.*/run' cannot be made: File exists\."):
        write_database(ServerSettings(folder=tmp_path / "run"))


@pytest.mark.parametrize("make", ["config.sqlite", "uploads"])
def test_what_is_in_the_way_in_the_folder_is_one_sentence(tmp_path, make):
    if make == "uploads":
        (tmp_path / make).touch()
    else:
        (tmp_path / make).mkdir()

    with pytest.raises(ConfigurationError, match=r"config\.sqlite' cannot be written: "):
        write_database(ServerSettings(folder=tmp_path))


def test_a_folder_of_somebody_else_is_one_sentence():
    """In a process of its own, which gives up root's right to write everywhere."""
    with TemporaryDirectory() as folder:  # pytest's own lie in one that only root may enter
        Path(folder).chmod(0o500)
        pid = os.fork()
        if not pid:
            os._exit(exit_code_of_nobody(ServerSettings(folder=Path(folder))))
        _, status = os.waitpid(pid, 0)

    assert os.waitstatus_to_exitcode(status) == 2


def exit_code_of_nobody(settings):
    if not os.geteuid():
        os.setuid(65534)
    try:
        settings.make_folder()
    except ConfigurationError as exc:
        return 2 if "cannot be written to by this user" in str(exc) else 3
    return 1
