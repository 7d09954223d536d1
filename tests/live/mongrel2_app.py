"""The application of the tests with more than one process: `brubeck run mongrel2_app.py --connection mongrel2`."""

from __future__ import annotations

import os
import time

from brubeck.request_handling import Brubeck, WebMessageHandler


class EchoHandler(WebMessageHandler):
    """Says what it was asked; writes down what must not be done twice."""

    def get(self) -> str:
        if sleep := float(os.environ.get("ECHO_SLEEP_S", "0")):
            time.sleep(sleep)
        return self.get_argument("id", "")

    def post(self) -> str:
        number = self.get_argument("id", "")
        if path := os.environ.get("ECHO_LOG"):
            descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
            os.write(descriptor, f"{number}\n".encode())
            os.close(descriptor)
        if sleep := float(os.environ.get("ECHO_SLEEP_S", "0")):
            time.sleep(sleep)
        return number


class NapHandler(WebMessageHandler):
    """Sleeps for 10 ms."""

    def get(self) -> str:
        time.sleep(0.01)
        return "slept"


class PidHandler(WebMessageHandler):
    """Says which process it is."""

    def get(self) -> str:
        return str(os.getpid())


class DieHandler(WebMessageHandler):
    """Ends its process."""

    def get(self) -> str:
        os._exit(1)


app = Brubeck(
    mongrel2_pair=("tcp://127.0.0.1:9", "tcp://127.0.0.1:8"),
    handler_tuples=[
        *((r"^/echo$", EchoHandler), (r"^/nap$", NapHandler)),
        *((r"^/pid$", PidHandler), (r"^/die$", DieHandler)),
    ],
)
