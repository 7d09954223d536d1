"""What brubeck-core does without a transport, an engine or a sibling."""

from brubeck.plugins import hookimpl
from brubeck.request_handling import Brubeck, WebMessageHandler
from brubeck.testing import Client


class HelloHandler(WebMessageHandler):
    def get(self, name: str) -> object:
        self.set_body(f"Hello {name}")
        return self.render()


class Plugin:
    @hookimpl
    def brubeck_response(self, application, message, response):
        response.headers.append(("X-Seen", "yes"))


app = Brubeck(handler_tuples=[(r"^/(\w+)$", HelloHandler)], plugins=[Plugin()])
answer = Client(app).get("/dave")
assert (answer.status_code, answer.text) == (200, "Hello dave")
assert answer.headers["x-seen"] == "yes"

try:
    from brubeck.connections import Mongrel2Connection  # noqa: F401
except ImportError as error:
    assert "pip install brubeck-mongrel2" in str(error), error
else:
    raise AssertionError("Mongrel2Connection came from nowhere")
