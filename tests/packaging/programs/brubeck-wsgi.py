"""An app as a WSGI callable, and on the embedded server."""

from wsgiref.util import setup_testing_defaults
from wsgiref.validate import validator

from brubeck.connections import WSGIConnection
from brubeck.request_handling import Brubeck, http_response

app = Brubeck(msg_conn=WSGIConnection(port=0))


@app.add_route("^/$", method="GET")
def hello(application, message):
    return http_response("Take five!", 200, "OK", {})


environ: dict[str, object] = {"QUERY_STRING": ""}
setup_testing_defaults(environ)
statuses = []
answer = validator(app.wsgi)(environ, lambda status, headers, exc_info=None: statuses.append(status))
try:
    assert b"".join(answer) == b"Take five!"
finally:
    answer.close()
assert statuses == ["200 OK"]
