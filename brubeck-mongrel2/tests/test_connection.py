"""The settings of a connection, with no socket open."""

from __future__ import annotations

import pytest
from brubeck.core.errors import ConfigurationError
from brubeck.mongrel2 import Mongrel2Connection


def test_what_the_command_line_says_stands_beside_the_programs_own(tmp_path):
    own = Mongrel2Connection(
        "ipc:///a", "ipc:///b", balancer="ipc:///c", upload_folder=tmp_path, max_upload_bytes=9
    )
    other = own.with_options(trusted_fronts=("10.0.0.1",))

    assert (other.pull_addr, other.pub_addr, other.balancer) == ("ipc:///a", "ipc:///b", "ipc:///c")
    assert (other.uploads.path, other.uploads.max_bytes) == (tmp_path, 9)
    assert other.fronts.trusts("10.0.0.1")


def test_a_port_is_not_for_this_transport():
    with pytest.raises(ConfigurationError, match=r"Mongrel2Connection cannot be made from .*port"):
        Mongrel2Connection().with_options(port=80)


def test_what_is_no_network_is_refused_at_once():
    with pytest.raises(ConfigurationError, match=r"'10\.0\.0\.1/8'"):
        Mongrel2Connection(trusted_fronts=("10.0.0.1/8",))
