"""What authentication costs: a signed cookie against itsdangerous' own, and a plain page while fifty people log in.

    python benchmarks/auth.py            # both
    python benchmarks/auth.py cookies
    python benchmarks/auth.py logins

Cookies: rounds of both are interleaved in this process; the median of the rounds' ratios counts. Logins: a server
of its
own, on a free port; one client asks a plain page every few milliseconds, without and with fifty logins (argon2id at the
default cost) at once, again and again; the 99th percentile of the plain page counts.
"""

from __future__ import annotations

import hashlib
import http.client
import socket
import statistics
import subprocess
import sys
import threading
import time
from urllib.parse import urlencode

ROUNDS = 60
CALLS = 400
LOGINS = 50
WAVES = 3
PAUSE_S = 0.002


# Cookies


def seconds_for(call, count=CALLS):
    begun = time.perf_counter()
    for _ in range(count):
        call()
    return time.perf_counter() - begun


def compare(name, ours, theirs):
    seconds_for(ours), seconds_for(theirs)
    pairs = [(seconds_for(ours), seconds_for(theirs)) for _ in range(ROUNDS)]
    ratios = sorted(mine / other for mine, other in pairs)
    mine, other = (statistics.median(column) / CALLS * 1e6 for column in zip(*pairs, strict=True))
    print(
        f"{name}: {mine:.1f} µs against {other:.1f} µs, ratio {statistics.median(ratios):.2f} "
        f"(rounds from {ratios[0]:.2f} to {ratios[-1]:.2f})"
    )


def measure_cookies():
    from brubeck.auth import Signer
    from brubeck.core.application import Brubeck
    from brubeck.core.handlers import WebMessageHandler
    from brubeck.core.requests import Request
    from itsdangerous import URLSafeTimedSerializer

    secret = "k" * 32
    signer = Signer(secret)
    settings = {"key_derivation": "hmac", "digest_method": hashlib.sha256}
    serializer = URLSafeTimedSerializer(secret, salt="brubeck.cookie:user_id", signer_kwargs=settings)
    plain = URLSafeTimedSerializer(secret)
    mine, theirs = signer.sign("user_id", "jd"), plain.dumps("jd")

    read = lambda: signer.unsign("user_id", mine, 3600)  # noqa: E731
    compare("read, against the same algorithm", read, lambda: serializer.loads(mine, max_age=3600))
    compare("read, against itsdangerous as it comes (SHA-1)", read, lambda: plain.loads(theirs, max_age=3600))
    compare("sign", lambda: signer.sign("user_id", "jd"), lambda: serializer.dumps("jd"))

    class Plain(WebMessageHandler):
        def get(self):
            return "take five"

    applications = [
        Brubeck(handler_tuples=[("^/", Plain)], cookie_secret=secret),
        Brubeck(handler_tuples=[("^/", Plain)], disable_plugins=["auth"]),
    ]
    compare(
        "a message without a cookie, with and without brubeck-auth",
        *(lambda app=app: app.dispatch(Request("GET", "/")).close() for app in applications),
    )


# Logins


def serve(port):
    """Be the server: one plain page, and a login for whoever knows the password."""
    from brubeck.auth import CookieUserMixin, LoginHandler, LoginThrottle, User
    from brubeck.connections import WSGIConnection
    from brubeck.request_handling import Brubeck, WebMessageHandler, http_response

    user = User.create_user("jd", "take five")

    class Login(LoginHandler, CookieUserMixin, WebMessageHandler):
        def find_user(self, username):
            return user

    unlimited = LoginThrottle(account_limit=10**9, address_limit=10**9)
    Brubeck(
        msg_conn=WSGIConnection(port=port),
        handler_tuples=[("^/login", Login), ("^/", lambda application, message: http_response("take five"))],
        cookie_secret="k" * 32,
        settings={"login_throttle": unlimited},
    ).run()


def log_in(port, took):
    form = urlencode({"username": "jd", "password": "take five"})
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    begun = time.perf_counter()
    connection.request("POST", "/login", form, {"Content-Type": "application/x-www-form-urlencoded"})
    status = connection.getresponse().status
    took.append(time.perf_counter() - begun)
    connection.close()
    assert status == 302, status


def ask_plainly(port, is_over):
    """Ask the plain page until *is_over*; return how long each answer took."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    took = []
    while not is_over():
        begun = time.perf_counter()
        connection.request("GET", "/")
        connection.getresponse().read()
        took.append(time.perf_counter() - begun)
        time.sleep(PAUSE_S)
    connection.close()
    return took


def log_in_at_once(port, took):
    threads = [threading.Thread(target=log_in, args=(port, took)) for _ in range(LOGINS)]
    for thread in threads:
        thread.start()
    return lambda: not any(thread.is_alive() for thread in threads)


def percentile(values, share):
    return sorted(values)[min(len(values) - 1, int(len(values) * share))] * 1000


def tell(name, took):
    shares = ", ".join(f"p{share * 100:g} {percentile(took, share):.1f}" for share in (0.5, 0.9, 0.99, 1))
    print(f"{name}: {len(took)} answers, in ms: {shares}")


def measure_logins():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with subprocess.Popen([sys.executable, __file__, "serve", str(port)]) as server:
        try:
            wait_for(port)
            log_in(port, [])
            for wave in range(1, WAVES + 1):
                until = time.monotonic() + 2
                tell(
                    f"wave {wave}, plain page, nobody logs in",
                    ask_plainly(port, lambda: time.monotonic() > until),
                )
                logins = []
                tell(
                    f"wave {wave}, plain page, {LOGINS} log in",
                    ask_plainly(port, log_in_at_once(port, logins)),
                )
                tell(f"wave {wave}, logins", logins)
        finally:
            server.terminate()


def wait_for(port):
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise SystemExit("The server did not start.")


if __name__ == "__main__":
    if sys.argv[1:2] == ["serve"]:
        serve(int(sys.argv[2]))
    else:
        wanted = sys.argv[1:] or ["cookies", "logins"]
        for name in wanted:
            {"cookies": measure_cookies, "logins": measure_logins}[name]()
