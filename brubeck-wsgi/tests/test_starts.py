"""What an application says before its answer."""

from __future__ import annotations

import pytest
from brubeck.wsgi.starts import read_start


@pytest.mark.parametrize(
    "status", ["\uff12\uff10\uff10 OK", "2²0 OK", "20 OK", "2000 OK", "OK", "", " 200 OK"]
)
def test_what_is_no_status_is_refused(status):
    """Full-width digits were read as a number, since Python takes them for digits."""
    with pytest.raises(ValueError, match="A WSGI status is three digits"):
        read_start(status, [])
