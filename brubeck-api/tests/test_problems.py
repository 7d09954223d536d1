"""Errors as problem details, whoever raised them."""

import pytest
from brubeck.api import Problem, ProblemMixin, answer_invalid
from brubeck.core.errors import ConfigurationError, HTTPError
from brubeck.dictshield import Document, IntField, ShieldException, StringField
from brubeck.request_handling import Brubeck, JSONMessageHandler, WebMessageHandler
from brubeck.testing import Client


def ask(fail, **settings):
    class Page(ProblemMixin, WebMessageHandler):
        def get(self):
            self.headers["X-Before"] = "gone"
            fail()

    return Client(Brubeck(handler_tuples=[("^/$", Page)], **settings)).get("/")


def raiser(exception):
    def fail():
        raise exception

    return fail


def test_a_problem_says_all_it_has():
    problem = Problem(
        409,
        "Take Five is there already.",
        type="https://example.com/problems/twice",
        title="Added twice",
        instance="/log/5",
        headers={"Retry-After": "5"},
        errors={"url": ["is there"]},
        balance=30,
    )

    answer = ask(raiser(problem))

    assert answer.status_code == 409
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.headers["Retry-After"] == "5"
    assert answer.json() == {
        "type": "https://example.com/problems/twice",
        "title": "Added twice",
        "status": 409,
        "detail": "Take Five is there already.",
        "instance": "/log/5",
        "errors": {"url": ["is there"]},
        "balance": 30,
    }


@pytest.mark.parametrize(
    ("exception", "members"),
    [
        (Problem(404), {"title": "Not Found", "status": 404}),
        (HTTPError(403, "Not for you."), {"title": "Forbidden", "status": 403, "detail": "Not for you."}),
        (HTTPError(499, "Gone."), {"title": "Error", "status": 499, "detail": "Gone."}),
    ],
)
def test_what_has_no_type_is_its_status(exception, members):
    assert ask(raiser(exception)).json() == {"type": "about:blank", **members}


def test_an_error_of_ours_tells_nothing_but_in_debug_mode(caplog):
    secret = RuntimeError("the secret")

    assert ask(raiser(secret)).json() == {
        "type": "about:blank",
        "title": "Internal Server Error",
        "status": 500,
    }
    assert "the secret" in ask(raiser(secret), debug=True).json()["detail"]
    assert "the secret" in caplog.text


def test_extensions_that_json_cannot_hold_still_give_one_answer(caplog):
    answer = ask(raiser(Problem(400, "Odd.", odd=object())))

    assert (answer.status_code, answer.headers["Content-Type"]) == (400, "text/html; charset=utf-8")
    assert "not JSON serializable" in caplog.text


def test_a_client_cannot_write_into_the_json():
    detail = 'a", "status": 200, "x": "\ud800\u2028</script>'

    answer = ask(raiser(HTTPError(400, detail)))

    assert answer.json() == {
        "type": "about:blank",
        "title": "Bad Request",
        "status": 400,
        "detail": detail.replace("\ud800", "?"),
    }


@pytest.mark.parametrize("name", ["status"])
def test_an_extension_cannot_take_a_members_place(name):
    with pytest.raises(ValueError, match=f"'{name}' is no extension"):
        Problem(400, **{name: 1})


def test_as_the_base_handler_it_answers_what_no_route_matches():
    class Base(JSONMessageHandler, ProblemMixin):
        pass

    application = Brubeck(base_handler=Base)
    application.add_route("^/take$", method="GET")(lambda application, message: "five")
    client = Client(application)

    assert client.get("/nowhere").json()["status"] == 404
    refused = client.post("/take")
    assert (refused.json()["title"], refused.headers["Allow"]) == ("Method Not Allowed", "GET, HEAD, OPTIONS")


class Templates:
    """Draws error pages too, as the renderers of templates do."""

    provides = ("renderer",)

    def error_page(self, status_code, message, exception):
        return f"a page for {status_code}"


def test_beside_another_renderer_the_class_says_which():
    with pytest.raises(ConfigurationError, match="more than one renderer"):
        type("Page", (WebMessageHandler, Templates, ProblemMixin), {})

    for choice, text in ((Templates, "a page for 405"), (ProblemMixin, '"status":405')):
        for bases in (
            (Templates, ProblemMixin, WebMessageHandler),
            (WebMessageHandler, ProblemMixin, Templates),
        ):
            page = type("Page", bases, {}, renderer=choice)
            assert text in Client(Brubeck(handler_tuples=[("^/", page)])).get("/").text


# What a document refuses


class Take(Document):
    title = StringField(max_length=10, required=True)
    beats = IntField(min_value=1)


def test_what_a_document_refuses_is_told_by_field():
    def fail():
        with answer_invalid():
            Take(title="far too long for this", beats=0).validate()

    answer = ask(fail)

    assert answer.status_code == 422
    assert answer.json()["errors"].keys() == {"title", "beats"}
    assert all(isinstance(reason, str) for reasons in answer.json()["errors"].values() for reason in reasons)
    assert "far too long" not in answer.text


def test_what_cannot_even_be_read_is_told_too():
    with pytest.raises(Problem) as info, answer_invalid(400):
        Take(beats="five")

    assert info.value.status_code == 400
    assert set(info.value.extensions["errors"]) == {"beats", "title"}


def test_what_is_refused_outside_of_the_block_is_our_own_fault(caplog):
    answer = ask(raiser(ShieldException("Not Int", "beats", "five")))

    assert answer.status_code == 500
    assert "five" not in answer.text
