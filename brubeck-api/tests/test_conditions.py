"""Conditional requests; the sections are RFC 9110's."""

import pytest
from brubeck.api import ConditionalMixin, ProblemMixin, make_etag
from brubeck.request_handling import Brubeck, JSONMessageHandler, WebMessageHandler
from brubeck.testing import Client

NOW = 1_800_000_000_000
"""Fri, 15 Jan 2027 08:00:00 GMT"""
STORED = NOW - 10_500
DATES = {
    "before": "Fri, 15 Jan 2027 07:59:48 GMT",
    "then": "Fri, 15 Jan 2027 07:59:49 GMT",
    "after": "Fri, 15 Jan 2027 07:59:50 GMT",
}
WEAK = 'W/"v1"'


class Take(WebMessageHandler, ConditionalMixin, ProblemMixin):
    current_time = NOW
    etag = '"v1"'
    modified = STORED
    exists = True

    def get(self):
        self.headers["Cache-Control"] = "no-cache"
        unchanged = self.check_conditions(self.etag, self.modified, exists=self.exists)
        return unchanged or "five"

    def put(self):
        assert self.check_conditions(self.etag, self.modified, exists=self.exists) is None
        return "written"


def ask(method, headers, **what):
    page = type("Page", (Take,), what)
    return Client(Brubeck(handler_tuples=[("^/", page)])).request(method, "/", headers=headers)


def test_an_answer_says_what_to_ask_by_the_next_time():
    answer = ask("GET", {})

    assert (answer.status_code, answer.text) == (200, "five")
    assert answer.headers["ETag"] == '"v1"'
    assert answer.headers["Last-Modified"] == DATES["then"]


def test_304_has_the_headers_of_the_200_and_no_content():
    answer = ask("GET", {"If-None-Match": '"v1"'})

    assert (answer.status_code, answer.body) == (304, b"")
    assert answer.headers["ETag"] == '"v1"'
    assert answer.headers["Last-Modified"] == DATES["then"]
    assert answer.headers["Cache-Control"] == "no-cache"
    assert "Content-Type" not in answer.headers


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT"])
@pytest.mark.parametrize(
    ("wanted", "etag", "is_known"),
    [
        ('"v1"', '"v1"', True),
        ('"v0"', '"v1"', False),
        ('W/"v1"', '"v1"', True),
        ('"v1"', WEAK, True),
        ('"a,b", W/"c", "v1"', '"v1"', True),
        ('"a, "v1"', '"v1"', True),
        ("*", '"v1"', True),
        (" * ", '"v1"', True),
        ("*", None, True),
        ("v1", '"v1"', False),
        ('"V1"', '"v1"', False),
        ("", '"v1"', False),
        ('"v1"', None, False),
    ],
)
def test_if_none_match(method, wanted, etag, is_known):
    """13.1.2: compared weakly; GET and HEAD are spared, what changes things is refused."""
    status = ask(method, {"If-None-Match": wanted}, etag=etag).status_code

    assert status == ((412 if method == "PUT" else 304) if is_known else 200)


@pytest.mark.parametrize("method", ["GET", "PUT"])
@pytest.mark.parametrize(
    ("wanted", "etag", "holds"),
    [
        ('"v1"', '"v1"', True),
        ('"v0"', '"v1"', False),
        ('"v0", "v1"', '"v1"', True),
        ('W/"v1"', '"v1"', False),
        ('W/"v1"', WEAK, False),
        ('"v1"', WEAK, False),
        ("*", '"v1"', True),
        ("v1", '"v1"', False),
        ("", '"v1"', False),
        ('"v1"', None, False),
    ],
)
def test_if_match(method, wanted, etag, holds):
    """13.1.1: compared strongly."""
    answer = ask(method, {"If-Match": wanted}, etag=etag)

    assert answer.status_code == (200 if holds else 412)
    assert holds or answer.json()["detail"] == "It has changed since you read it. Read it again."
    assert holds or "ETag" not in answer.headers


def test_what_is_not_there_matches_nothing():
    absent = {"exists": False, "etag": None, "modified": None}

    assert ask("PUT", {"If-Match": "*"}, **absent).status_code == 412
    assert ask("PUT", {"If-None-Match": "*"}, **absent).status_code == 200
    assert ask("PUT", {"If-None-Match": "*"}).status_code == 412
    assert ask("GET", {"If-Modified-Since": DATES["after"]}, exists=False).status_code == 200


@pytest.mark.parametrize(
    ("method", "name", "date", "status"),
    [
        ("GET", "If-Modified-Since", DATES["before"], 200),
        ("GET", "If-Modified-Since", DATES["then"], 304),
        ("GET", "If-Modified-Since", DATES["after"], 304),
        ("GET", "If-Modified-Since", "yesterday", 200),
        ("PUT", "If-Modified-Since", DATES["then"], 200),
        ("PUT", "If-Unmodified-Since", DATES["before"], 412),
        ("GET", "If-Unmodified-Since", DATES["before"], 412),
        ("PUT", "If-Unmodified-Since", DATES["then"], 200),
        ("PUT", "If-Unmodified-Since", DATES["after"], 200),
        ("PUT", "If-Unmodified-Since", "yesterday", 200),
    ],
)
def test_dates(method, name, date, status):
    """13.1.3 and 13.1.4: no date is no condition."""
    assert ask(method, {name: date}).status_code == status


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"If-Match": '"v1"', "If-Unmodified-Since": DATES["before"]}, 200),
        ({"If-None-Match": '"v0"', "If-Modified-Since": DATES["after"]}, 200),
        ({"If-None-Match": '"v1"', "If-Modified-Since": DATES["before"]}, 304),
        ({"If-Match": '"v0"', "If-None-Match": '"v1"'}, 412),
        ({"If-Match": '"v1"', "If-None-Match": '"v1"'}, 304),
    ],
)
def test_tags_go_before_dates_and_refusals_before_304(headers, status):
    """13.2.2, the order of evaluation."""
    assert ask("GET", headers).status_code == status


def test_a_second_that_is_not_over_is_not_sent_and_still_looked_at():
    """Another change in the same second would have the same date: the change before it would be overwritten unseen."""
    modified = NOW - 999

    assert "Last-Modified" not in ask("GET", {}, modified=modified).headers
    assert "Last-Modified" in ask("GET", {}, modified=modified - 1).headers
    assert ask("PUT", {"If-Unmodified-Since": DATES["after"]}, modified=modified).status_code == 412


@pytest.mark.parametrize("etag", ["v1", "", '"a"b"', '"\n"', "'v1'", 'w/"v1"', '"v1" '])
def test_a_tag_without_its_quotes_is_refused(etag, caplog):
    assert ask("GET", {}, etag=etag).status_code == 500
    assert "An entity tag stands in quotes, see make_etag" in caplog.text


def test_a_hostile_list_of_tags_takes_no_time():
    wanted = '"' * 60_000 + "W/" * 60_000 + '"x ' * 20_000

    assert ask("GET", {"If-None-Match": wanted}).status_code == 200


def test_tags_tell_parts_apart():
    tags = [
        make_etag(*parts)
        for parts in [(), ("a",), (b"a",), ("a", "b"), ("ab",), (1,), ("1",), (1, 2), (12,), (None,)]
    ]

    assert len(set(tags)) == len(tags)
    assert make_etag(1, "a") == '"6eeb7a480e7d954dc7b0beca7eda1c3a"', "the same in every process and version"
    assert make_etag(1, "a", weak=True) == f"W/{make_etag(1, 'a')}"


# Tags of whole bodies


class Feed(JSONMessageHandler, ConditionalMixin):
    def get(self):
        self.add_to_payload("data", self.get_arguments("item"))
        self.headers["Vary"] = "Cookie"
        return self.with_etag(self.render(hide_status=True))

    post = get


@pytest.fixture
def feed():
    return Client(Brubeck(handler_tuples=[("^/", Feed)]))


def test_what_a_client_has_is_not_sent_again(feed):
    first = feed.get("/?item=1")
    again = feed.get("/?item=1", headers={"If-None-Match": first.headers["ETag"]})
    other = feed.get("/?item=2", headers={"If-None-Match": first.headers["ETag"]})

    assert (again.status_code, again.body, again.headers["ETag"]) == (304, b"", first.headers["ETag"])
    assert (again.headers["Vary"], "Content-Type" in again.headers) == ("Cookie", False)
    assert (other.status_code, other.json()) == (200, ["2"])


def test_head_has_the_tag_of_get(feed):
    assert feed.head("/?item=1").headers["ETag"] == feed.get("/?item=1").headers["ETag"]


def test_what_changes_things_gets_no_tag_of_its_answer(feed):
    """A client would take it for the tag of what is stored."""
    answer = feed.post("/?item=1", headers={"If-None-Match": "*"})

    assert (answer.status_code, "ETag" in answer.headers) == (200, False)


def test_streams_and_errors_stay_as_they_are():
    class Odd(WebMessageHandler, ConditionalMixin):
        def get(self):
            if self.message.query:
                return self.with_etag(self.render_error(404))
            return self.with_etag(self.make_response(iter([b"a", b"b"])))

    client = Client(Brubeck(handler_tuples=[("^/", Odd)]))

    assert (client.get("/").text, "ETag" in client.get("/").headers) == ("ab", False)
    assert "ETag" not in client.get("/?q").headers
