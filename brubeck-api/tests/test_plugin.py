"""What an application pays for having this distribution installed."""

import subprocess
import sys

import pytest
from brubeck import api
from brubeck.request_handling import Brubeck


def modules_after(code):
    program = f"import sys; {code}; print(*sorted(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=30
    )
    return set(done.stdout.split())


@pytest.mark.parametrize(
    "code", ["import brubeck.api", "from brubeck.core.application import Brubeck; Brubeck()"]
)
def test_nothing_heavy_is_imported_before_it_is_used(code):
    assert modules_after(code) & {"brubeck.dictshield", "brubeck.api.streams", "hashlib"} == set()


def test_streams_do_without_documents():
    code = (
        "from brubeck.api import StreamedHandlerMixin, ProblemMixin, OwnedHandlerMixin, Keyset, CrossOrigin"
    )

    assert "brubeck.dictshield" not in modules_after(code)


def test_importing_everything_patches_nothing():
    unpatched = "import gevent.monkey; assert not gevent.monkey.is_module_patched('socket')"

    assert "brubeck.api.documents" in modules_after(
        f"from brubeck.api import {', '.join(api.__all__)}; {unpatched}"
    )


def test_every_name_is_there():
    assert [name for name in api.__all__ if getattr(api, name, None) is None] == []
    assert set(api.__all__) <= set(dir(api))
    with pytest.raises(AttributeError, match="has no attribute 'Nothing'"):
        _ = api.Nothing


def test_a_message_pays_nothing():
    application = Brubeck()

    assert (application.request_hooks, application.response_hooks) == ((), ())
