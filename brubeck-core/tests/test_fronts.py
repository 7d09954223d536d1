"""What a proxy says of a client counts where the proxy is trusted, and no further than it saw."""

import time

import pytest
from brubeck.core.errors import ConfigurationError
from brubeck.core.fronts import MAX_FRONTS, Fronts
from brubeck.core.headers import Headers
from brubeck.core.requests import Request

FRONTS = Fronts(("10.0.0.0/8", "fd00::/8", "192.0.2.7"))


def told(peer="10.0.0.1", fronts=FRONTS, **headers):
    pairs = [
        (name.replace("_", "-"), line)
        for name, lines in headers.items()
        for line in ([lines] if isinstance(lines, str) else lines)
    ]
    message = Request("GET", "/", headers=pairs, remote_addr=peer)
    fronts.believe(message)
    return message.remote_addr, message.scheme


@pytest.mark.parametrize(
    ("chain", "client"),
    [
        ("9.9.9.9", "9.9.9.9"),
        ("6.6.6.6, 9.9.9.9", "9.9.9.9"),
        ("6.6.6.6, 9.9.9.9,10.1.1.1 ,\t192.0.2.7", "9.9.9.9"),
        (["6.6.6.6", "9.9.9.9, 10.1.1.1"], "9.9.9.9"),
        ("10.2.2.2, 10.1.1.1", "10.2.2.2"),
        ("9.9.9.9:4711", "9.9.9.9"),
        ("9.9.9.9, 10.1.1.1:80", "9.9.9.9"),
        ("2001:DB8:0::9", "2001:db8::9"),
        ("[2001:db8::9]:4711", "2001:db8::9"),
        ("[2001:db8::9], fd00::1, [fd00::2]:80", "2001:db8::9"),
        ("::ffff:9.9.9.9, ::ffff:10.1.1.1", "9.9.9.9"),
    ],
)
def test_the_nearest_address_that_is_no_front_is_the_client(chain, client):
    assert told(x_forwarded_for=chain) == (client, "http")


@pytest.mark.parametrize(
    "garbage",
    [
        "", " ", ",", "unknown", "_hidden", "1.2.3", "1.2.3.4.5", "256.1.1.1", "01.2.3.4", "1.2.3.4/8", "1.2.3.4:",
        "1.2.3.4:123456", "1.2.3.4:80:80", "1.2.3.4 5.6.7.8", "[1:2", "1:2]", "[]:80", "::1%eth0", "1.2.3.4\x00",
        "\u0661.\u0662.\u0663.\u0664", "<script>", "a" * 8000, "9" * 8000, ":" * 8000,
    ],
)  # fmt: skip
def test_what_is_no_address_ends_the_chain(garbage):
    """`remote_addr` is an address whatever was sent: it goes into limits, logs and databases."""
    assert told(x_forwarded_for=garbage)[0] == "10.0.0.1"
    assert told(x_forwarded_for=f"9.9.9.9, {garbage}, 10.1.1.1")[0] == "10.1.1.1"
    assert told(x_forwarded_for=f"{garbage}, 9.9.9.9")[0] == "9.9.9.9"


def test_a_long_chain_is_cut():
    """A client may send thousands of the fronts' own addresses; only the nearest are looked at."""
    chain = "9.9.9.9, " + "10.0.0.2, " * 20_000 + ", ".join(f"10.1.1.{n}" for n in range(MAX_FRONTS))
    begin = time.process_time()

    assert told(x_forwarded_for=chain)[0] == "10.1.1.0"
    assert told(forwarded=",".join(["for=10.0.0.2"] * 20_000))[0] == "10.0.0.2"
    assert time.process_time() - begin < 1


@pytest.mark.parametrize(
    ("proto", "scheme"),
    [
        ("https", "https"), ("HTTPS", "https"), ("http", "http"), ("http, https", "https"), ("https,http", "http"),
        (["http", "https"], "https"), ("", "http"), ("ftp", "http"), ("https://x", "http"), ("x" * 8000, "http"),
    ],
)  # fmt: skip
def test_the_scheme_is_what_the_nearest_front_says(proto, scheme):
    assert told(x_forwarded_proto=proto) == ("10.0.0.1", scheme)


def test_a_front_may_say_that_it_was_spoken_to_in_the_clear():
    message = Request(
        "GET", "/", headers=[("X-Forwarded-Proto", "http")], scheme="https", remote_addr="10.0.0.1"
    )
    FRONTS.believe(message)

    assert not message.is_secure


@pytest.mark.parametrize("peer", ["9.9.9.9", "11.0.0.1", "::1", "", "10.0.0.1.evil.example", "x" * 8000])
def test_a_stranger_is_not_believed(peer):
    claims = {
        "x_forwarded_for": "6.6.6.6",
        "x_forwarded_proto": "https",
        "forwarded": "for=6.6.6.6;proto=https",
    }

    assert told(peer, **claims) == (peer, "http")


@pytest.mark.parametrize("peer", ["10.0.0.1", "::ffff:10.0.0.1", "fd00::1", "fd00::1%eth0"])
def test_a_front_is_known_in_every_spelling(peer):
    assert told(peer, x_forwarded_for="9.9.9.9")[0] == "9.9.9.9"


def test_whoever_comes_through_a_unix_socket_is_trusted_by_name():
    assert told("", Fronts(("unix",)), x_forwarded_for="9.9.9.9")[0] == "9.9.9.9"
    assert told("10.0.0.1", Fronts(("unix",)), x_forwarded_for="9.9.9.9")[0] == "10.0.0.1"


@pytest.mark.parametrize(
    ("forwarded", "client"),
    [
        ("for=9.9.9.9", ("9.9.9.9", "http")),
        ("For=9.9.9.9;PROTO=https;by=10.0.0.1", ("9.9.9.9", "https")),
        ('for="[2001:db8::9]:4711"; proto="https" ;host="a.example:8000"', ("2001:db8::9", "https")),
        ("for=6.6.6.6;proto=http, for=9.9.9.9;proto=https, for=10.1.1.1;proto=http", ("9.9.9.9", "https")),
        (["for=6.6.6.6", "for=9.9.9.9"], ("9.9.9.9", "http")),
        ("for=6.6.6.6, for=unknown;proto=https", ("10.0.0.1", "https")),
        ("proto=https", ("10.0.0.1", "https")),
    ],
)
def test_forwarded_is_read_where_the_others_are_not_there(forwarded, client):
    assert told(forwarded=forwarded) == client


@pytest.mark.parametrize(
    "forwarded",
    [
        "", "for", "for=", "=9.9.9.9", "for=9.9.9.9;", ";for=9.9.9.9", "for=9.9.9.9;for=8.8.8.8", 'for="9.9.9.9',
        "for=[::9]", "for =9.9.9.9", r'for="9.9.9\.9"', "for=9.9.9.9;x=" + "y" * 8000, 'a="' * 8000, "a=b;" * 8000,
        # what a client had written into its Host header, which the front repeats in quotes
        r'host="x, for=6.6.6.6;proto=https"', r'host="x\", for=6.6.6.6;proto=https;a=\"";for=9.9.9.9',
        r'host="x\",for=6.6.6.6;proto=https;a=";by=10.0.0.1', r'for=9.9.9.9;host="x\",for=6.6.6.6;proto=https;a=\""',
    ],
)  # fmt: skip
def test_a_malformed_element_says_nothing(forwarded):
    assert told(forwarded=forwarded) == ("10.0.0.1", "http")
    assert told(forwarded=f"for=6.6.6.6;proto=https, {forwarded}") == ("10.0.0.1", "http")


def test_an_open_quote_of_the_client_does_not_swallow_what_the_front_says():
    assert told(forwarded='for=6.6.6.6;proto=http;a=", for=9.9.9.9;proto=https') == ("9.9.9.9", "https")


def test_forwarded_of_a_client_does_not_count_beside_the_fronts_headers():
    """Most fronts write X-Forwarded-For and pass on a `Forwarded` that a client made up."""
    assert told(x_forwarded_for="9.9.9.9", forwarded="for=6.6.6.6;proto=https") == ("9.9.9.9", "http")
    assert told(x_forwarded_proto="http", forwarded="for=6.6.6.6;proto=https") == ("10.0.0.1", "http")


@pytest.mark.parametrize("network", ["10.0.0.1/8", "localhost", "*", "", "10.0.0.0/8 "])
def test_what_is_no_network_is_named(network):
    with pytest.raises(ConfigurationError, match="trusted_fronts holds addresses") as caught:
        Fronts((network,))

    assert repr(network) in str(caught.value)


def test_one_network_alone_is_no_tuple():
    with pytest.raises(ConfigurationError, match=r"write \('10\.0\.0\.0/8',\)"):
        Fronts("10.0.0.0/8")


def test_headers_are_read_as_bytes_too():
    headers = Headers([(b"x-forwarded-for", b"9.9.9.9\xff, 8.8.8.8")])

    assert FRONTS.client_of("10.0.0.1", "http", headers) == ("8.8.8.8", "http")
