"""gevent's own tests of `gevent.pywsgi`, run against our server."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

RUNNER = Path(__file__).with_name("pywsgi_suite.py")


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    command = [sys.executable, str(RUNNER)]
    run = subprocess.run(
        command, cwd=tmp_path_factory.mktemp("suite"), capture_output=True, timeout=120, check=False
    )
    assert run.returncode == 0, run.stderr.decode()
    return json.loads(run.stdout)


def test_what_is_plain_http_and_wsgi_passes(report):
    assert report["failed"] == {}, "\n\n".join(f"{name}\n{text}" for name, text in report["failed"].items())
    assert report["ran"] >= 80


def test_each_test_that_is_left_out_exists(report):
    """A reason for a test that gevent has renamed or dropped would hide that another one came."""
    assert report["unknown"] == []
    assert len(report["left_out"]) <= 40
