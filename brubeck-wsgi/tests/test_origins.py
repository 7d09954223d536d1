"""A trusted front's word reaches messages and environs; nobody else's does."""

import pytest
from brubeck.core.application import Brubeck
from brubeck.core.errors import ConfigurationError
from brubeck.core.fronts import Fronts
from brubeck.core.requests import Request
from brubeck.wsgi import WSGIConnection
from brubeck.wsgi.gateways import BrubeckGateway
from brubeck.wsgi.origins import application_behind, dispatch_behind

FRONTS = Fronts(("10.0.0.0/8", "unix"))
FORWARDED = [(b"X-Forwarded-For", b"6.6.6.6, 9.9.9.9"), (b"X-Forwarded-Proto", b"https")]


def message_from(peer):
    dispatch = dispatch_behind(lambda message: message, FRONTS)
    return dispatch(Request("GET", "/", headers=FORWARDED, remote_addr=peer))


def environ_from(peer, **headers):
    environ = {"REMOTE_ADDR": peer, "REMOTE_PORT": "1234", "wsgi.url_scheme": "http", **headers}
    return application_behind(lambda environ, start_response: [environ], FRONTS)(environ, None)[0]


@pytest.mark.parametrize("peer", ["10.1.2.3", ""])
def test_a_fronts_message_is_its_clients(peer):
    message = message_from(peer)

    assert (message.remote_addr, message.scheme, message.is_secure) == ("9.9.9.9", "https", True)


def test_a_strangers_message_is_his_own():
    message = message_from("8.8.8.8")

    assert (message.remote_addr, message.scheme) == ("8.8.8.8", "http")


def test_a_fronts_environ_is_its_clients():
    environ = environ_from("10.1.2.3", HTTP_X_FORWARDED_FOR="6.6.6.6,9.9.9.9", HTTP_X_FORWARDED_PROTO="https")

    assert (environ["REMOTE_ADDR"], environ["wsgi.url_scheme"]) == ("9.9.9.9", "https")
    assert "REMOTE_PORT" not in environ


def test_forwarded_reaches_an_environ():
    environ = environ_from("", HTTP_FORWARDED='for="[2001:db8::9]:80";proto=https')

    assert (environ["REMOTE_ADDR"], environ["wsgi.url_scheme"]) == ("2001:db8::9", "https")


def test_a_strangers_environ_is_his_own():
    environ = environ_from("8.8.8.8", HTTP_X_FORWARDED_FOR="9.9.9.9", HTTP_X_FORWARDED_PROTO="https")

    assert (environ["REMOTE_ADDR"], environ["REMOTE_PORT"], environ["wsgi.url_scheme"]) == (
        "8.8.8.8",
        "1234",
        "http",
    )


def test_without_fronts_a_gateway_calls_dispatch_itself():
    """Trusting nobody costs a request nothing."""
    application = Brubeck()

    assert BrubeckGateway(application, ("x", 80), "http")._dispatch == application.dispatch


def test_nobody_is_trusted_by_default():
    assert WSGIConnection().fronts is None


def test_what_is_no_network_is_refused_at_once():
    with pytest.raises(ConfigurationError, match="trusted_fronts"):
        WSGIConnection(trusted_fronts=["localhost"])


class TestOptions:
    """What `brubeck run` is given stands beside what the program says of its connection."""

    def test_the_others_stay(self):
        own = WSGIConnection(port=1, trusted_fronts=["10.0.0.1"], keep_alive_timeout_s=3)
        other = own.with_options(port=2)

        assert (other.port, other.limits.keep_alive_timeout_s) == (2, 3)
        assert other.fronts.trusts("10.0.0.1")

    def test_an_address_takes_the_place_of_a_path(self):
        assert WSGIConnection(unix="/run/x").with_options(port=2).address == "http://127.0.0.1:2"
        assert WSGIConnection(unix="/run/x").with_options(trusted_fronts=("unix",)).address == "unix:/run/x"

    def test_fronts_take_the_place_of_fronts(self):
        other = WSGIConnection(trusted_fronts=["10.0.0.1"]).with_options(trusted_fronts=["10.0.0.2"])

        assert (other.fronts.trusts("10.0.0.1"), other.fronts.trusts("10.0.0.2")) == (False, True)
