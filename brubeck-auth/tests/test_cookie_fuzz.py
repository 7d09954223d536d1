"""Forged cookies through a handler: none is accepted, none raises, none takes long.

A few thousand in every run, a million with `pytest -m fuzz` (see docs/security.md).
"""

import base64
import hashlib
import hmac
import pickle
import random
import time

import pytest
from brubeck.auth.signing import Signer
from brubeck.core.application import Brubeck
from brubeck.core.errors import HeaderError
from brubeck.core.handlers import WebMessageHandler
from brubeck.core.requests import Request

SECRET, FOREIGN = "k" * 32, "f" * 32
LONGEST_S = 0.5
"""For one cookie, on a machine that others share: what a lone pause of the system may take."""

CHARACTERS = [
    *'ABCXYZabcxyz0189-_.=~! \t;,"\\%',
    "\x00",
    "\x7f",
    "ü",
    "\u20ac",
    "\ud800",
    "\udfff",
    "\U0001f3b7",
]


class Forger:
    """Makes what an attacker would send for the cookie `user_id`."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.signer = Signer(SECRET)
        self.foreign = Signer(FOREIGN)
        self.valid = [
            self.signer.sign("user_id", value) for value in ("jd", 7, {"id": "jd"}, ["jd"], "x" * 900)
        ]
        self.kinds = [
            self.mutate,
            self.cut,
            self.lengthen,
            self.swap_name,
            self.swap_purpose,
            self.sign_elsewhere,
            self.redate,
            self.splice,
            self.scatter_surrogates,
            self.forge_pickle,
            self.junk,
            self.empty_parts,
        ]

    def make(self) -> str:
        return self.random.choice(self.kinds)()

    def mutate(self) -> str:
        text = list(self.random.choice(self.valid))
        for _ in range(self.random.randint(1, 3)):
            text[self.random.randrange(len(text))] = self.random.choice(CHARACTERS)
        return "".join(text)

    def cut(self) -> str:
        text = self.random.choice(self.valid)
        start, end = sorted(self.random.sample(range(len(text) + 1), 2))
        return text[start:end]

    def lengthen(self) -> str:
        text = self.random.choice(self.valid)
        place = self.random.randint(0, len(text))
        return text[:place] + self.random.choice(CHARACTERS) * self.random.randint(1, 3) + text[place:]

    def swap_name(self) -> str:
        name = self.random.choice(["user_id2", "user", "USER_ID", "session", "", "user_id\x00", "csrf"])
        return self.signer.sign(name, "jd")

    def swap_purpose(self) -> str:
        purpose = self.random.choice(["token", "csrf", "session", ""])
        return Signer(SECRET, purpose=purpose).sign("user_id", "jd")

    def sign_elsewhere(self) -> str:
        return self.foreign.sign("user_id", "jd")

    def redate(self) -> str:
        """With the right key and a wrong date, or with another date and the old signature."""
        if self.random.random() < 0.5:
            payload, _, signature = self.random.choice(self.valid).rsplit(".", 2)
            stamp = self.random.randbytes(self.random.randint(0, 12))
            return f"{payload}.{base64.urlsafe_b64encode(stamp).decode().rstrip('=')}.{signature}"
        off = self.random.choice([6, 60, 86400, 10**9, 10**12, 10**17])
        if off < 10**9 and self.random.random() < 0.5:
            off = -off - 3600 - 6
        signer = Signer(SECRET)
        signer.get_timestamp = lambda: int(time.time()) + off  # type: ignore[method-assign]
        return signer.sign("user_id", "jd")

    def splice(self) -> str:
        """The parts of two cookies: the payload of one, the signature of the other."""
        one, other = self.random.sample(self.valid, 2)
        parts = [
            self.random.choice(pair) for pair in zip(one.rsplit(".", 2), other.rsplit(".", 2), strict=True)
        ]
        text = ".".join(parts)
        return text + "A" if text in self.valid else text

    def scatter_surrogates(self) -> str:
        return "".join(self.random.choice(["\ud800", "\udfff", "\udc80", "a", "."]) for _ in range(40))

    def forge_pickle(self) -> str:
        """What the first Brubeck set: base64 of an HMAC-MD5, and of a pickle; also below our own format."""
        body = base64.b64encode(pickle.dumps(("user_id", "jd"), 2))
        mac = base64.b64encode(hmac.new(SECRET.encode(), body, hashlib.md5).digest())
        if self.random.random() < 0.5:
            return f"!{mac.decode()}?{body.decode()}"
        return ".".join(
            [base64.urlsafe_b64encode(pickle.dumps("jd")).decode(), *self.valid[0].rsplit(".", 2)[1:]]
        )

    def junk(self) -> str:
        if self.random.random() < 0.001:
            return self.random.choice(["A", ".", "\x00", "ü"]) * 1_000_000
        return "".join(self.random.choices(CHARACTERS, k=self.random.randint(0, 200)))

    def empty_parts(self) -> str:
        payload, stamp, signature = self.random.choice(self.valid).rsplit(".", 2)
        return self.random.choice(
            [
                f"..{signature}",
                f"{payload}..{signature}",
                f"{payload}.{stamp}.",
                f".{payload}.{stamp}.{signature}",
            ]
        )


class Reader(WebMessageHandler):
    def get(self):
        return repr(
            self.get_cookie("user_id", "stranger", secret=self.application.cookie_secret, max_age=3600)
        )


@pytest.mark.parametrize("count", [4000, pytest.param(1_000_000, marks=pytest.mark.fuzz)])
def test_no_forged_cookie_is_accepted(count):
    application = Brubeck(handler_tuples=[("^/$", Reader)], cookie_secret=SECRET)
    forger = Forger(seed=5)
    accepted, longest_s = [], 0.0

    for number in range(count):
        forged = forger.make()
        begun = time.perf_counter()
        value = application.get_cookie_signer(SECRET).unsign("user_id", forged, 3600)
        longest_s = max(longest_s, time.perf_counter() - begun)
        if value is not None and forged not in forger.valid:
            accepted.append(forged)
        if number % 20 == 0:
            through_dispatch(application, forged, forger.valid)

    assert accepted == []
    assert longest_s < LONGEST_S


def through_dispatch(application: Brubeck, forged: str, valid: list[str]) -> None:
    """Send it as a header, as far as a header can hold it."""
    header = f"user_id={forged}".encode("utf-8", "surrogatepass")
    response = application.dispatch(Request("GET", "/", headers=[(b"Cookie", header)]))

    held = response.body
    is_valid = any(text in forged for text in valid)
    assert response.status_code == 200
    assert held == b"'stranger'" or is_valid, (forged, held)


def test_the_forger_knows_the_key():
    """Were the fuzz to forge for another key, it would prove nothing."""
    forger = Forger(seed=5)

    assert all(Signer(SECRET).unsign("user_id", text) is not None for text in forger.valid)
    with pytest.raises(HeaderError):
        forger.signer.sign("user_id", [random.random() for _ in range(400)])
