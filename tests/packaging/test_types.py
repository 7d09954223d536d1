"""What a type checker sees of the installed wheels."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest

pytestmark = pytest.mark.packaging

SURFACES = [
    "brubeck.api",
    "brubeck.auth",
    "brubeck.connections",
    "brubeck.core",
    "brubeck.dictshield",
    "brubeck.mongrel2",
    "brubeck.plugins",
    "brubeck.request_handling",
    "brubeck.templating",
    "brubeck.testing",
    "brubeck.wsgi",
]


@pytest.fixture(scope="module")
def everything(new_environment: Callable[[], Any]) -> Any:
    environment = new_environment()
    environment.install("brubeck[all]")
    return environment


def report_on(surface: str, everything: Any) -> Any:
    path = f"{everything.path / 'bin'}:{os.environ['PATH']}"
    done = subprocess.run(
        [sys.executable, "-m", "pyright", "--verifytypes", surface, "--ignoreexternal", "--outputjson"],
        env={**os.environ, "VIRTUAL_ENV": str(everything.path), "PATH": path},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,  # it also counts as failures what only lacks an annotation whose type is plain to see
    )
    return json.loads(done.stdout)["typeCompleteness"]


@pytest.fixture(scope="module")
def reports(everything: Any) -> Iterator[dict[str, Future[Any]]]:
    """What pyright says of each surface, asked about as many at a time as there are processors."""
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        yield {surface: pool.submit(report_on, surface, everything) for surface in SURFACES}


@pytest.mark.parametrize("surface", SURFACES)
def test_no_public_name_has_a_type_that_is_unknown(reports: dict[str, Future[Any]], surface: str) -> None:
    """`Any` written by hand is a decision; a type that nobody wrote is an accident."""
    report = reports[surface].result()

    public = [each for each in report["symbols"] if each["name"].rpartition(".")[0] == surface]
    unknown = [each["name"] for each in public if not each["isTypeKnown"] and not each["isTypeAmbiguous"]]
    assert report.get("pyTypedPath"), f"{surface} is not typed or not installed"
    assert unknown == []
