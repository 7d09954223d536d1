"""Every message gets exactly one response, whatever fails on the way."""

import logging
from functools import partial, wraps
from types import SimpleNamespace

import gevent
import pytest
from brubeck.plugins import hookimpl
from brubeck.request_handling import (
    Brubeck,
    ClientDisconnected,
    HTTPError,
    JSONMessageHandler,
    Request,
    Response,
    WebMessageHandler,
    http_response,
)
from brubeck.testing import Client


def handler_of(**methods):
    return type("Handler", (WebMessageHandler,), methods)


def app_of(target, pattern="^/", **settings):
    return Brubeck(handler_tuples=[(pattern, target)], **settings)


def ask(target, method="GET", path="/", pattern="^/", settings=None, **options):
    return Client(app_of(target, pattern, **(settings or {}))).request(method, path, **options)


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_length_that_is_none_is_a_failure_of_the_handler(method, caplog):
    """Transports can do nothing but break the connection."""
    closed = []

    def pieces():
        try:
            yield b"twelve bytes"
        finally:
            closed.append(1)

    def get(self):
        self.headers["Content-Length"] = "12, 12"
        body = pieces()
        next(body)
        return body

    response = ask(handler_of(get=get), method)

    assert response.status_code == 500
    assert closed
    assert "Content-Length must be one decimal number" in caplog.text


class Text(bytes):
    pass


@pytest.mark.parametrize(("body", "status"), [(Text(b"x"), 200), (Text(b"x"), 304), (None, 304), (None, 204)])
def test_a_length_that_no_transport_sends_hurts_nobody(body, status):
    def get(self):
        pieces = iter([b"x"]) if body is None else body
        return Response(pieces, status, headers=[("Content-Length", "1, 1")])

    assert ask(handler_of(get=get)).status_code == status


def test_a_hook_cannot_announce_what_is_no_length(caplog):
    def brubeck_response(application, message, response):
        return Response(iter([b"x"]), headers=[("Content-Length", "many")])

    plugin = plugin_of("brubeck_response", brubeck_response)
    response = ask(handler_of(get=lambda self: "x"), settings={"plugins": [plugin]})

    assert response.status_code == 500
    assert "Content-Length must be one decimal number" in caplog.text


def test_no_body_beside_a_payload_leaves_the_payload():
    class Data(JSONMessageHandler):
        def get(self):
            self.add_to_payload("a", 1)
            self.set_body(None, status_code=201)
            return self.render()

    response = ask(Data)

    assert (response.status_code, response.json()["a"]) == (201, 1)


def test_a_class_may_set_things_before_the_handler_is_made():
    class Guarded:
        def __init__(self, application, message):
            self.headers["X-Frame-Options"] = "DENY"
            self.set_status(403)
            super().__init__(application, message)

    class Handler(Guarded, WebMessageHandler):
        def get(self):
            self.headers["Cache-Control"] = "no-store"
            return "x"

    response = ask(Handler)

    assert response.status_code == 403
    assert (response.headers["x-frame-options"], response.headers["cache-control"]) == ("DENY", "no-store")


def tracebacks(caplog):
    return [record for record in caplog.records if record.exc_info]


def raiser(exception):
    def fail(self, *args, **kwargs):
        raise exception

    return fail


# Who answers


def test_no_route_is_404_and_not_405():
    assert ask(handler_of(get=lambda self: "x"), path="/nowhere", pattern="^/here$").status_code == 404


def test_no_handler_answers_what_no_route_matches():
    response = ask(
        handler_of(),
        path="/nowhere",
        pattern="^/here$",
        settings={"no_handler": lambda application, message: http_response("own 404", 404)},
    )

    assert (response.status_code, response.text) == (404, "own 404")


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "TRACE", "BREW", "get"])
def test_a_method_the_handler_has_not_is_405_with_allow(method):
    response = ask(handler_of(get=lambda self: "x"), method)

    assert response.status_code == 405
    assert response.headers["allow"] == "GET, HEAD, OPTIONS"


@pytest.mark.parametrize("name", ["_draw_error", "initialize", "render", "__init__", "PREPARE", "redirect"])
def test_no_other_name_of_the_handler_can_be_called_as_a_method(name):
    assert ask(handler_of(get=lambda self: "x"), name).status_code == 405


def test_patch_is_a_method():
    assert ask(handler_of(patch=lambda self: "patched"), "PATCH").text == "patched"


def test_head_is_answered_from_get_without_the_body():
    response = ask(handler_of(get=lambda self: "four"), "HEAD")

    assert (response.status_code, response.body, response.headers["content-length"]) == (200, b"", "4")


def test_head_of_its_own():
    assert ask(handler_of(head=lambda self: Response(b"", 204)), "HEAD").status_code == 204


def test_head_closes_a_stream_without_reading_on():
    seen = []

    def get(self):
        try:
            yield b"a"
            seen.append("read on")
        finally:
            seen.append("closed")

    response = ask(handler_of(get=get), "HEAD")

    assert (response.body, seen) == (b"", ["closed"])


def test_options_lists_the_methods():
    response = ask(handler_of(get=lambda self: "x", post=lambda self: "y"), "OPTIONS")

    assert (response.status_code, response.headers["allow"]) == (204, "GET, HEAD, POST, OPTIONS")


def test_options_of_the_whole_server_needs_no_route():
    """RFC 9110 section 9.3.7: a ping, which was a 404."""
    assert Brubeck().dispatch(Request("OPTIONS", "*")).status_code == 204


def test_a_function_is_called_with_application_and_message():
    app = Brubeck()

    @app.add_route("^/brubeck", method="GET")
    def foo(application, message):
        return http_response(f"{application is app} {message.path}", 200, "OK", {})

    assert Client(app).get("/brubeck/x").text == "True /brubeck/x"
    response = Client(app).post("/brubeck")
    assert (response.status_code, response.headers["allow"]) == (405, "GET, HEAD, OPTIONS")
    assert Client(app).options("/brubeck").headers["allow"] == "GET, HEAD, OPTIONS"
    assert Client(app).head("/brubeck").body == b""


def test_groups_become_arguments():
    assert (
        ask(handler_of(get=lambda self, word: word), path="/w/take", pattern=r"^/w/(?P<word>\w+)$").text
        == "take"
    )
    assert ask(handler_of(get=lambda self, a, b: b + a), path="/1/2", pattern=r"^/(\d)/(\d)$").text == "21"
    assert (
        ask(lambda application, message, word: word, path="/w/x", pattern=r"^/w/(?P<word>\w+)$").text == "x"
    )


def test_an_absent_group_leaves_the_default():
    def get(self, page="first"):
        return page

    assert ask(handler_of(get=get), path="/list", pattern=r"^/list(?:/(?P<page>\w+))?$").text == "first"


def test_named_groups_are_seen_in_prepare():
    def prepare(self):
        self.seen = self.message.route_arguments["word"]

    handler = handler_of(prepare=prepare, get=lambda self, word: self.seen)

    assert ask(handler, path="/x", pattern=r"^/(?P<word>\w+)$").text == "x"


# What may be returned


@pytest.mark.parametrize(
    ("result", "status", "body"),
    [
        ("text", 200, b"text"),
        (b"bytes", 200, b"bytes"),
        ("", 200, b""),
        ([b"a", b"b"], 200, b"ab"),
        (iter([b"a", b"", b"b"]), 200, b"ab"),
        ([], 200, b""),
        (None, 204, b""),
        (Response(b"own", 201), 201, b"own"),
        (42, 500, None),
        ({"a": 1}, 500, None),
        ([1, 2], 500, None),
        (["text"], 500, None),
        (object(), 500, None),
        ((b"x", "y"), 500, None),
    ],
)
def test_results(result, status, body, caplog):
    caplog.set_level(logging.CRITICAL, "brubeck")
    for target in (handler_of(get=lambda self: result), lambda application, message: result):
        if hasattr(result, "__next__") and not isinstance(target, type):
            continue
        if result == (b"x", "y"):
            with pytest.raises(TypeError, match="yields bytes, got 'y'"):
                ask(target)
            continue
        response = ask(target)
        assert response.status_code == status
        if body is not None:
            assert response.body == body


def test_nothing_returned_answers_what_was_set():
    def get(self):
        self.set_body("set", headers={"X-One": "1"}, status_code=202)

    response = ask(handler_of(get=get))

    assert (response.status_code, response.text, response.headers["x-one"]) == (202, "set", "1")


def test_a_stream_is_not_gathered():
    seen = []

    def get(self):
        for number in range(3):
            seen.append(number)
            yield b"%d" % number

    response = app_of(handler_of(get=get)).dispatch(Request("GET", "/"))

    assert seen == [0]
    assert b"".join(response.body) == b"012"


def test_204_and_304_have_no_content():
    for status in (204, 304):
        response = ask(lambda application, message, status=status: http_response("gone", status))
        assert (response.body, "content-length" in response.headers) == (b"", False)


def test_several_cookies_come_in_several_headers():
    def get(self):
        self.set_cookie("a", "1")
        self.set_cookie("b", "2", httponly=True)
        return self.redirect("/next")

    response = ask(handler_of(get=get))

    assert response.headers.get_all("set-cookie") == ["a=1; Path=/", "b=2; Path=/; HttpOnly"]
    assert response.headers["location"] == "/next"


# What may fail


@pytest.mark.parametrize("stage", ["initialize", "prepare", "get"])
def test_an_exception_is_one_traceback_and_one_500(stage, caplog):
    finished = []
    methods = {"get": lambda self: "x", "on_finish": lambda self: finished.append(1)}
    response = ask(handler_of(**{**methods, stage: raiser(RuntimeError("secret"))}))

    assert response.status_code == 500
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    assert "secret" not in response.text
    assert len(tracebacks(caplog)) == 1
    assert finished == [1]


def test_a_timeout_that_nobody_caught_is_one_500(caplog):
    """gevent's Timeout is no Exception, so that handlers do not catch it by accident."""

    def get(self):
        with gevent.Timeout(0.001):
            gevent.sleep(1)

    assert ask(handler_of(get=get)).status_code == 500
    assert len(tracebacks(caplog)) == 1


def test_debug_shows_the_traceback_escaped():
    response = ask(handler_of(get=raiser(RuntimeError("<b>"))), settings={"debug": True})

    assert "RuntimeError: &lt;b&gt;" in response.text


def test_an_exception_in_the_error_page_is_still_one_500(caplog):
    response = ask(handler_of(get=raiser(RuntimeError()), render_error=raiser(KeyError("page"))))

    assert (response.status_code, response.text) == (500, "500 Internal Server Error\n")
    assert len(tracebacks(caplog)) == 2


def test_a_renderer_that_fails_leaves_the_plain_page(caplog):
    response = ask(handler_of(get=lambda self: "x", error_page=raiser(KeyError("template"))), "POST")

    assert (response.status_code, response.headers["allow"]) == (405, "GET, HEAD, OPTIONS")
    assert "405 Method Not Allowed" in response.text
    assert len(tracebacks(caplog)) == 1


def test_an_exception_before_the_first_piece_of_a_stream_is_a_500(caplog):
    def get(self):
        raise RuntimeError("early")
        yield b""

    assert ask(handler_of(get=get)).status_code == 500


class Unclosable:
    """A stream of which nothing works."""

    def __iter__(self):
        raise ValueError("no piece")

    def close(self):
        raise ValueError("no end")


@pytest.mark.parametrize(
    "methods",
    [
        {"get": lambda self: Unclosable()},
        {"__call__": lambda self: "text"},
        {"__call__": lambda self: None},
        {"__call__": lambda self: SimpleNamespace(body=Unclosable(), status_code=200)},
    ],
)
def test_what_cannot_even_be_closed_is_one_500_and_told_to_plugins(methods, caplog):
    told = []

    class Tracker:
        @hookimpl
        def brubeck_exception(self, application, message, exception):
            told.append(exception)

    response = ask(handler_of(**methods), settings={"plugins": [Tracker()]})

    assert response.status_code == 500
    assert len(told) == 1


def test_a_function_that_looks_like_a_class_is_a_function(caplog):
    finishing = handler_of(on_finish=lambda self: None)

    @wraps(finishing)
    def view(application, message):
        return "x"

    assert ask(view).text == "x"
    assert not caplog.records


def test_the_handler_for_no_route_finishes_too():
    finished = []
    nowhere = handler_of(get=lambda self: "x", on_finish=lambda self: finished.append(self.message.path))
    ask(handler_of(), path="/nowhere", pattern="^/here$", settings={"no_handler": nowhere})

    assert finished == ["/nowhere"]


def test_an_exception_in_on_finish_changes_no_answer(caplog):
    response = ask(handler_of(get=lambda self: "fine", on_finish=raiser(RuntimeError())))

    assert (response.status_code, response.text) == (200, "fine")
    assert len(tracebacks(caplog)) == 1


def test_a_timeout_in_on_finish_changes_no_answer(caplog):
    """It turned a good answer into a reset connection: a Timeout is no Exception."""
    response = ask(handler_of(get=lambda self: "fine", on_finish=raiser(gevent.Timeout(1))))

    assert (response.status_code, response.text) == (200, "fine")
    assert len(tracebacks(caplog)) == 1


def test_a_timeout_in_the_error_page_is_still_one_500(caplog):
    response = ask(handler_of(get=raiser(RuntimeError()), render_error=raiser(gevent.Timeout(1))))

    assert (response.status_code, response.text) == (500, "500 Internal Server Error\n")
    assert len(tracebacks(caplog)) == 2


def test_on_finish_waits_for_the_end_of_a_stream():
    seen = []

    def get(self):
        yield b"a"
        seen.append("last piece")

    response = ask(handler_of(get=get, on_finish=lambda self: seen.append("finish")))

    assert (response.body, seen) == (b"a", ["last piece", "finish"])


def test_http_error_is_an_answer_and_no_traceback(caplog):
    error = HTTPError(429, "Slow <down>.", headers={"Retry-After": "5"})
    response = ask(handler_of(get=raiser(error)))

    assert (response.status_code, response.headers["retry-after"]) == (429, "5")
    assert "Slow &lt;down&gt;." in response.text
    assert tracebacks(caplog) == []


def test_a_body_over_the_limit_is_413():
    from brubeck.request_handling import FormLimits

    handler = handler_of(post=lambda self: self.message.files and "x")
    response = ask(
        handler,
        "POST",
        files={"a": ("a", b"x" * 3000)},
        settings={"limits": FormLimits(max_body_bytes=1000)},
    )

    assert response.status_code == 413


def test_a_client_that_has_gone_is_no_error(caplog):
    ask(handler_of(get=raiser(ClientDisconnected())))

    assert tracebacks(caplog) == []


def test_a_bad_header_of_the_handler_is_a_500(caplog):
    def get(self):
        self.headers["X-One"] = "a\r\nSet-Cookie: stolen=1"
        return self.render()

    response = ask(handler_of(get=get))

    assert response.status_code == 500
    assert "set-cookie" not in response.headers


@pytest.mark.parametrize("url", ["/a\r\nSet-Cookie: x=1", "/a\n", "/\x00"])
def test_a_redirect_that_splits_the_response_is_a_500(url, caplog):
    response = ask(handler_of(get=lambda self: self.redirect(url)))

    assert response.status_code == 500
    assert "location" not in response.headers


def test_a_redirect_asked_to_stay_refuses_another_host(caplog):
    handler = handler_of(get=lambda self: self.redirect(self.get_argument("next"), same_site=True))

    assert ask(handler, query={"next": "/fine?a=b"}).headers["location"] == "/fine?a=b"
    for url in ("//evil.example", "/\\evil.example", "https://evil.example", "\t//evil.example"):
        assert ask(handler, query={"next": url}).status_code == 500


# JSON


def test_json_handler():
    class Data(JSONMessageHandler):
        def get(self):
            self.add_to_payload("items", [1, 2])
            return self.render(status_code=201)

    response = ask(Data)

    assert (response.status_code, response.headers["content-type"]) == (201, "application/json")
    assert response.json() == {
        "status_code": 201,
        "status_msg": "Created",
        "timestamp": pytest.approx(response.json()["timestamp"]),
        "items": [1, 2],
    }


def test_json_with_nothing_but_data():
    class Data(JSONMessageHandler):
        def get(self):
            self.add_to_payload("data", {"a": 1})
            return self.render(hide_status=True)

    assert ask(Data).json() == {"a": 1}


def test_json_errors_are_json(caplog):
    class Data(JSONMessageHandler):
        def get(self):
            self.add_to_payload("data", object())
            return self.render()

    for method, status in (("GET", 500), ("POST", 405)):
        response = ask(Data, method)
        assert (response.status_code, response.headers["content-type"]) == (status, "application/json")
        assert response.json()["status_code"] == status


def test_a_body_that_was_cleared_leaves_its_status():
    def get(self):
        self.set_body("x")
        self.clear_payload()

    assert ask(handler_of(get=get)).status_code == 200


@pytest.mark.parametrize("body", ["", None])
def test_a_body_that_is_set_is_a_200_even_where_it_is_empty(body):
    assert ask(handler_of(get=lambda self: self.set_body(body))).status_code == 200


def test_set_status_stays_when_the_body_is_set_after_it():
    def get(self):
        self.set_status(201, "Made")
        self.set_body("x")
        return self.render()

    response = ask(handler_of(get=get))

    assert (response.status_code, response.reason) == (201, "Made")


# Plugins on the way


class Plugin(SimpleNamespace):
    pass


def plugin_of(name, function):
    function.__name__ = name
    return Plugin(**{name: hookimpl(function)})


def test_a_guard_ends_the_matter(caplog):
    def brubeck_request(application, message):
        return http_response("guarded", 403) if message.path == "/closed" else None

    app = app_of(handler_of(get=lambda self: "open"), plugins=[plugin_of("brubeck_request", brubeck_request)])

    assert Client(app).get("/closed").text == "guarded"
    assert Client(app).get("/other").text == "open"


def test_a_response_may_be_replaced():
    def brubeck_response(application, message, response):
        response.set_header("X-Seen", "yes")
        return http_response("replaced", 200) if message.path == "/replace" else None

    app = app_of(
        handler_of(get=lambda self: "mine"), plugins=[plugin_of("brubeck_response", brubeck_response)]
    )

    assert Client(app).get("/").headers["x-seen"] == "yes"
    assert Client(app).get("/replace").text == "replaced"
    assert Client(app).post("/").headers["x-seen"] == "yes"


@pytest.mark.parametrize("name", ["brubeck_request", "brubeck_response"])
def test_a_plugin_that_fails_is_one_500(name, caplog):
    def request(application, message):
        raise RuntimeError("plugin")

    def response(application, message, response):
        raise RuntimeError("plugin")

    function = request if name == "brubeck_request" else response
    answer = Client(app_of(handler_of(get=lambda self: "x"), plugins=[plugin_of(name, function)])).get("/")

    assert answer.status_code == 500
    assert len(tracebacks(caplog)) == 1


def test_a_plugin_hears_of_exceptions_and_may_fail_itself(caplog):
    heard = []

    def brubeck_exception(application, message, exception):
        heard.append(exception)
        raise KeyError("tracker")

    app = app_of(
        handler_of(get=raiser(RuntimeError("heard"))),
        plugins=[plugin_of("brubeck_exception", brubeck_exception)],
    )

    assert Client(app).get("/").status_code == 500
    assert [str(exception) for exception in heard] == ["heard"]


def test_a_plugin_that_times_out_is_one_500(caplog):
    def brubeck_response(application, message, response):
        raise gevent.Timeout(1)

    plugin = plugin_of("brubeck_response", brubeck_response)

    assert Client(app_of(handler_of(get=lambda self: "x"), plugins=[plugin])).get("/").status_code == 500
    assert len(tracebacks(caplog)) == 1


def test_an_answer_that_is_replaced_may_time_out_while_it_is_closed(caplog):
    def get(self):
        response = http_response("x", 200)
        response.on_close(partial(raiser(gevent.Timeout(1)), self))
        return response

    def brubeck_response(application, message, response):
        return http_response("replaced", 200)

    plugin = plugin_of("brubeck_response", brubeck_response)

    assert Client(app_of(handler_of(get=get), plugins=[plugin])).get("/").text == "replaced"
    assert len(tracebacks(caplog)) == 1


def test_a_plugin_that_times_out_over_an_exception_leaves_the_500(caplog):
    def brubeck_exception(application, message, exception):
        raise gevent.Timeout(1)

    plugin = plugin_of("brubeck_exception", brubeck_exception)
    app = app_of(handler_of(get=raiser(RuntimeError("heard"))), plugins=[plugin])

    assert Client(app).get("/").status_code == 500
    assert len(tracebacks(caplog)) == 2
