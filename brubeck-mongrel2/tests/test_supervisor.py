"""Who holds the folder of `up`, and who only seems to."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from brubeck.core.errors import ConfigurationError
from brubeck.mongrel2.settings import ServerSettings
from brubeck.mongrel2.supervisor import find_supervisor, hold_folder, supervisor_file

HOLDER = """
import sys, time
from brubeck.mongrel2.settings import ServerSettings
from brubeck.mongrel2.supervisor import hold_folder
with hold_folder(ServerSettings(folder=sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def settings(tmp_path):
    return ServerSettings(folder=tmp_path)


@pytest.fixture
def holder(tmp_path):
    """Another process that holds the folder."""
    process = subprocess.Popen([sys.executable, "-c", HOLDER, str(tmp_path)], stdout=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stdout.readline() == b"held\n"
    yield process
    process.kill()
    process.wait(10)
    process.stdout.close()


def test_a_number_that_nobody_holds_is_nobody(settings):
    """It was believed when any process had it: `stop` ended a stranger."""
    supervisor_file(settings).write_text(f"{os.getppid()}\n")

    assert find_supervisor(settings) is None


def test_ones_own_number_is_no_other_process(settings):
    """A container that was killed and begins again gives the same number to the same program."""
    supervisor_file(settings).write_text(f"{os.getpid()}\n")
    with hold_folder(settings):
        found = find_supervisor(settings)

    assert found == os.getpid()
    assert not supervisor_file(settings).exists()


def test_who_holds_the_folder_is_found_and_refuses_others(settings, holder):
    assert find_supervisor(settings) == holder.pid
    with pytest.raises(ConfigurationError, match=rf"already runs in .* \(pid {holder.pid}\)"):
        hold_folder(settings).__enter__()


def test_the_lock_goes_with_the_process(settings, holder):
    holder.kill()
    holder.wait(10)

    assert find_supervisor(settings) is None
    with hold_folder(settings):
        assert find_supervisor(settings) == os.getpid()
