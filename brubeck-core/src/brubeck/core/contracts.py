"""Suites for plugin authors: subclass one in a test module, say what is yours, and pytest runs the rest.

A class here holds tests that every transport or every mixin passes, ours and third parties' alike. The names do not
begin with `Test`, so that only subclasses are collected.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import AbstractContextManager
from typing import Any, ClassVar

from brubeck.core.application import Brubeck
from brubeck.core.client import Client
from brubeck.core.errors import HTTPError
from brubeck.core.handlers import JSONMessageHandler, MessageHandler, WebMessageHandler
from brubeck.core.responses import Response, http_response

__all__ = ["ConnectionContract", "MixinContract", "contract_application"]


class EchoHandler(WebMessageHandler):
    """Says what it was asked."""

    def get(self) -> Response:
        """Answer with the argument `name`."""
        self.set_body(f"Take five, {self.get_argument('name', 'dude')}!")
        return self.render()

    def post(self) -> Response:
        """Answer with the body as it came."""
        self.headers["Content-Type"] = "application/octet-stream"
        self.set_body(self.message.body)
        return self.render()


class PathHandler(WebMessageHandler):
    """Says what its route took from the path."""

    def get(self, word: str) -> str:
        """Answer with the named group."""
        return word


class CookieHandler(WebMessageHandler):
    """Sets two cookies and a repeated header."""

    def get(self) -> Response:
        """Answer with two `Set-Cookie` headers."""
        self.set_cookie("one", "1")
        self.set_cookie("two", "2")
        self.set_body(self.get_cookie("one", "none"))
        return self.render()


class FailingHandler(WebMessageHandler):
    """Fails in the ways a handler can."""

    def get(self, kind: str) -> Any:
        """Fail as *kind* says."""
        if kind == "raise":
            raise RuntimeError("a secret of the server")
        if kind == "nonsense":
            return 42
        if kind == "refuse":
            raise HTTPError(403, "Not for you.")
        return self.redirect("/elsewhere")


class StreamHandler(WebMessageHandler):
    """Streams its answer."""

    def get(self) -> Iterator[bytes]:
        """Answer in ten pieces."""
        return (b"%d\n" % number for number in range(10))


class DataHandler(JSONMessageHandler):
    """Answers with JSON."""

    def get(self) -> Response:
        """Answer with a payload."""
        self.add_to_payload("data", {"answer": 42, "text": "Grüße"})
        return self.render(hide_status=True)


class FormHandler(WebMessageHandler):
    """Reads a form with a file."""

    def post(self) -> str:
        """Answer with what was uploaded."""
        upload = self.message.files["file"][0]
        return f"{self.get_argument('title')} {upload.filename} {len(upload.body)}"


class EmptyHandler(WebMessageHandler):
    """Has nothing to say."""

    def get(self) -> None:
        """Answer with nothing."""


def say_headers(application: Brubeck, message: Any) -> Response:
    """Answer with the headers `X-Word` of the message, joined."""
    return http_response("|".join(message.headers.get_all("x-word")))


def contract_application(**settings: Any) -> Brubeck:
    """Return the application that `ConnectionContract` asks."""
    application = Brubeck(
        handler_tuples=[
            (r"^/echo$", EchoHandler),
            (r"^/path/(?P<word>[^/]+)$", PathHandler),
            (r"^/cookies$", CookieHandler),
            (r"^/fail/(?P<kind>\w+)$", FailingHandler),
            (r"^/stream$", StreamHandler),
            (r"^/data$", DataHandler),
            (r"^/form$", FormHandler),
            (r"^/empty$", EmptyHandler),
        ],
        **settings,
    )
    application.add_route(r"^/words$", method="GET")(say_headers)
    return application


class ConnectionContract:
    """Every transport gives the same answers.

    Define `serve`, a context manager that serves an application and gives a client to ask it with.
    """

    def serve(self, application: Brubeck) -> AbstractContextManager[Client]:
        """Serve *application* until the block ends; give a `Client` (or `SocketClient`) that reaches it."""
        raise NotImplementedError("A connection's contract defines serve(application).")

    def ask(self, method: str, path: str, **options: Any) -> Any:
        """Serve the contract's application for one request and return the response."""
        with self.serve(contract_application()) as client:
            return client.request(method, path, **options)

    def test_an_argument_reaches_the_handler(self) -> None:
        """Query arguments, decoded once."""
        response = self.ask("GET", "/echo", query={"name": "Paul & Dave%20"})

        assert (response.status_code, response.text) == (200, "Take five, Paul & Dave%20!")
        assert response.headers["content-type"] == "text/html; charset=utf-8"

    def test_head_is_get_without_the_body(self) -> None:
        """RFC 9110 section 9.3.2."""
        response = self.ask("HEAD", "/echo")

        assert (response.status_code, response.body) == (200, b"")
        assert response.headers["content-length"] == str(len("Take five, dude!"))

    def test_a_body_arrives_whole(self) -> None:
        """Every byte value, and more than one packet."""
        body = bytes(range(256)) * 1024

        assert self.ask("POST", "/echo", data=body).body == body

    def test_the_path_is_decoded_once(self) -> None:
        """`%2541` is `%41`, and not `A`."""
        assert self.ask("GET", "/path/%2541%C3%BC").text == "%41ü"

    def test_no_route_is_404(self) -> None:
        """Nothing matches."""
        assert self.ask("GET", "/nowhere").status_code == 404

    def test_another_method_is_405_with_allow(self) -> None:
        """RFC 9110 section 15.5.6."""
        response = self.ask("DELETE", "/echo")

        assert response.status_code == 405
        assert response.headers["allow"] == "GET, HEAD, POST, OPTIONS"

    def test_options_lists_the_methods(self) -> None:
        """RFC 9110 section 9.3.7."""
        response = self.ask("OPTIONS", "/words")

        assert (response.status_code, response.headers["allow"]) == (204, "GET, HEAD, OPTIONS")

    def test_cookies_come_in_headers_of_their_own(self) -> None:
        """RFC 6265 section 3: never folded."""
        response = self.ask("GET", "/cookies", cookies={"one": "kept"})

        assert response.text == "kept"
        assert [line.partition(";")[0] for line in response.headers.get_all("set-cookie")] == [
            "one=1",
            "two=2",
        ]

    def test_an_exception_is_one_500_that_tells_nothing(self) -> None:
        """Nothing of the exception reaches the client."""
        logging.getLogger("brubeck").setLevel(logging.CRITICAL)
        try:
            responses = [self.ask("GET", f"/fail/{kind}") for kind in ("raise", "nonsense")]
        finally:
            logging.getLogger("brubeck").setLevel(logging.NOTSET)

        assert [response.status_code for response in responses] == [500, 500]
        assert all("secret" not in response.text and "Error:" not in response.text for response in responses)

    def test_a_refusal_keeps_its_status(self) -> None:
        """`HTTPError` is an answer."""
        response = self.ask("GET", "/fail/refuse")

        assert response.status_code == 403
        assert "Not for you." in response.text

    def test_a_redirect_goes_where_it_was_told(self) -> None:
        """`Location` as given."""
        response = self.ask("GET", "/fail/redirect")

        assert (response.status_code, response.headers["location"]) == (302, "/elsewhere")

    def test_a_stream_arrives_whole(self) -> None:
        """Pieces of unknown number."""
        assert self.ask("GET", "/stream").text == "".join(f"{number}\n" for number in range(10))

    def test_json_is_utf8(self) -> None:
        """RFC 8259 section 8.1."""
        response = self.ask("GET", "/data")

        assert response.headers["content-type"] == "application/json"
        assert response.json() == {"answer": 42, "text": "Grüße"}

    def test_a_form_with_a_file(self) -> None:
        """RFC 7578."""
        response = self.ask(
            "POST", "/form", data={"title": "Take"}, files={"file": ("five.txt", b"5" * 5000)}
        )

        assert response.text == "Take five.txt 5000"

    def test_nothing_is_204(self) -> None:
        """No content, and no length of it."""
        response = self.ask("GET", "/empty")

        assert (response.status_code, response.body) == (204, b"")
        assert "content-length" not in response.headers

    def test_repeated_headers_stay_apart(self) -> None:
        """Each value is there, in order."""
        response = self.ask("GET", "/words", headers=[("X-Word", "take"), ("X-Word", "five")])

        assert response.text == "take|five"


class MixinContract:
    """Every mixin composes from either side of the handler.

    Set `mixin`, and `settings` for an application that has what the mixin needs.
    """

    mixin: ClassVar[type]
    settings: ClassVar[dict[str, Any]] = {}
    handlers: ClassVar[tuple[type[MessageHandler], ...]] = (WebMessageHandler, JSONMessageHandler)

    def compositions(self) -> list[type[MessageHandler]]:
        """Return handler classes with the mixin before and behind each handler."""
        made = []
        for handler in self.handlers:
            for number, bases in enumerate(((handler, self.mixin), (self.mixin, handler))):
                made.append(type(f"Composed{handler.__name__}{number}", bases, {"get": answer_well}))
        return made

    def test_it_inherits_from_nothing_but_object(self) -> None:
        """A mixin that descends from a handler cannot stand behind one."""
        assert not issubclass(self.mixin, MessageHandler)

    def test_it_has_no_init(self) -> None:
        """The handler's own `__init__` must be reached in every order."""
        assert all("__init__" not in vars(base) for base in self.mixin.__mro__[:-1])

    def test_it_shares_no_public_name_with_the_handler(self) -> None:
        """What is defined twice depends on the order of the bases."""
        names = {name for base in self.mixin.__mro__[:-1] for name in vars(base) if not name.startswith("_")}
        allowed = {"provides", "check_application"}

        assert {name for name in names - allowed if hasattr(WebMessageHandler, name)} == set()

    def test_it_answers_in_both_orders(self) -> None:
        """GET, and a method the handler does not have."""
        for handler in self.compositions():
            application = Brubeck(handler_tuples=[(r"^/$", handler)], **self.settings)
            client = Client(application)

            assert client.get("/").status_code == 200, handler.__mro__
            assert client.post("/").status_code == 405, handler.__mro__


def answer_well(self: MessageHandler) -> Response:
    """Answer 200 with what the handler renders."""
    self.set_status(200)
    return self.render()
