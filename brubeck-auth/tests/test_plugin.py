"""What an application pays for having this distribution installed."""

import subprocess
import sys

import pytest
from brubeck import auth
from brubeck.core.application import Brubeck
from brubeck.core.handlers import WebMessageHandler
from brubeck.testing import Client

HEAVY = {
    "argon2",
    "itsdangerous",
    "redis",
    "bcrypt",
    "hashlib._hashlib",
    "brubeck.dictshield",
    "brubeck.auth.signing",
}


def modules_after(code):
    program = f"import sys; {code}; print(*sorted(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=30
    )
    return set(done.stdout.split())


@pytest.mark.parametrize(
    "code",
    [
        "import brubeck.auth",
        "import brubeck.auth.plugin",
        "from brubeck.core.application import Brubeck; Brubeck()",
    ],
)
def test_nothing_heavy_is_imported_before_it_is_used(code):
    assert modules_after(code) & HEAVY == set()


def test_importing_everything_patches_nothing():
    names = ", ".join(auth.__all__)
    unpatched = "import gevent.monkey; assert not gevent.monkey.is_module_patched('socket')"

    assert "brubeck.auth.users" in modules_after(f"from brubeck.auth import {names}; {unpatched}")


def test_every_name_is_there():
    assert [name for name in auth.__all__ if getattr(auth, name, None) is None] == []
    assert set(auth.__all__) <= set(dir(auth))
    with pytest.raises(AttributeError, match="has no attribute 'Nothing'"):
        _ = auth.Nothing


def test_a_message_without_a_signed_cookie_pays_nothing():
    """No hook for each message, unless sessions or the protection of the whole application are asked for."""
    application = Brubeck(cookie_secret="s" * 32)

    assert (application.request_hooks, application.response_hooks, application.exception_hooks) == (
        (),
        (),
        (),
    )


def test_the_mixins_have_names():
    names = {"user_handling", "cookie_user", "basic_auth", "bearer_auth", "session", "session_user", "csrf"}

    manager = Brubeck().plugins
    assert names <= set(manager.mixins)
    assert {manager.get_mixin(name).__module__.partition(".auth")[0] for name in names} == {"brubeck"}


def test_the_age_of_signed_cookies_is_a_setting(clock):
    class Page(WebMessageHandler):
        def get(self):
            secret = self.application.cookie_secret
            if self.message.query:
                self.set_cookie("a", {"b": ["ü"]}, secret=secret)
            return repr(self.get_cookie("a", "none", secret=secret))

    settings = {"cookie_max_age_s": 60}
    client = Client(Brubeck(handler_tuples=[("^/", Page)], cookie_secret="s" * 32, settings=settings))

    line = client.get("/?set").headers["Set-Cookie"]
    assert line.endswith("; Path=/; SameSite=Lax; HttpOnly")
    clock.go(60)
    assert client.get("/").text == "{'b': ['ü']}"
    clock.go(1)
    assert client.get("/").text == "'none'"
