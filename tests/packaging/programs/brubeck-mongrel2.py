"""An app that would answer behind Mongrel2; the live tests ask a real one."""

from brubeck.connections import Mongrel2Connection
from brubeck.request_handling import Brubeck, http_response
from brubeck.testing import Client


def hello(application, message):
    return http_response("Take five!", 200, "OK", {})


for app in (
    Brubeck(("tcp://127.0.0.1:9999", "tcp://127.0.0.1:9998"), [("^/$", hello)]),
    Brubeck(
        msg_conn=Mongrel2Connection("tcp://127.0.0.1:9999", "tcp://127.0.0.1:9998"),
        handler_tuples=[("^/$", hello)],
    ),
):
    assert Client(app).get("/").text == "Take five!"
