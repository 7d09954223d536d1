"""A stream in SQLite, asked and walked as a client does it."""

import base64
import re
import sqlite3
from urllib.parse import urlencode

import pytest
from brubeck.api import Cursor, Keyset, ProblemMixin, StreamedHandlerMixin, dump_cursor
from brubeck.request_handling import Brubeck, JSONMessageHandler
from brubeck.testing import Client
from hypothesis import given
from hypothesis import strategies as st

KEYSET = Keyset("updated_at", "id")


class Items(JSONMessageHandler, StreamedHandlerMixin, ProblemMixin):
    stream_id_type = int

    def get(self):
        page = self.get_stream_page()
        where, values = KEYSET.where(page)
        sql = f"SELECT * FROM items WHERE owner = 1 AND {where} ORDER BY {KEYSET.order_by(page)} LIMIT ?"
        found = self.finish_page(
            page, self.db_conn.execute(sql, [*values, page.limit]).fetchall(), KEYSET.key
        )
        self.add_to_payload("items", [(row["updated_at"], row["id"]) for row in found.items])
        for name in ("next_cursor", "prev_cursor", "end_cursor", "next_link", "prev_link"):
            self.add_to_payload(name, getattr(found, name))
        return self.render()


class OldItems(Items):
    newest_first = False


class Numbered(JSONMessageHandler, StreamedHandlerMixin, ProblemMixin):
    """The pages by number of the first Brubeck."""

    def get(self):
        page, count, skip = self.get_paging_arguments()
        self.add_page_links(has_more=skip + count < 1000)
        moments = [self.get_stream_offset(), self.get_stream_end()]
        self.add_to_payload("data", [page, count, skip, *moments])
        return self.render(hide_status=True)


class Huge(Items):
    max_count = 1000


class Shelf(sqlite3.Connection):
    """Closes when nobody has it any more, as Python wishes since 3.13."""

    def __del__(self):
        self.close()


def make_store(timestamps=()):
    db = sqlite3.connect(":memory:", factory=Shelf)
    db.row_factory = sqlite3.Row
    db.execute(
        "CREATE TABLE items (id INTEGER PRIMARY KEY, owner INTEGER DEFAULT 1, updated_at INTEGER NOT NULL)"
    )
    db.execute("CREATE INDEX items_stream ON items (owner, updated_at, id)")
    insert(db, timestamps)
    return db


def insert(db, timestamps):
    db.executemany("INSERT INTO items (updated_at) VALUES (?)", [(each,) for each in timestamps])


APPLICATION = Brubeck(
    handler_tuples=[("^/items$", Items), ("^/old$", OldItems), ("^/numbered$", Numbered), ("^/huge$", Huge)]
)


def client_of(db):
    """Return a client of the one application, which is not made anew for each example."""
    APPLICATION.db_conn = db
    return Client(APPLICATION)


@pytest.fixture
def client():
    """A stream of ten items at the moments 0, 0, 1, 1, … 4, 4 with the ids 1 to 10."""
    return client_of(make_store([number // 2 for number in range(10)]))


def items_of(answer):
    assert answer.status_code == 200, answer.text
    return [tuple(item) for item in answer.json()["items"]]


def links_of(answer):
    return {
        rel: target for target, rel in re.findall(r'<([^>]*)>; rel="(\w+)"', answer.headers.get("Link", ""))
    }


def walk(client, path, between=lambda: None):
    """Return the answers from *path* on, as the links lead."""
    answers = [client.get(path)]
    while "next" in links_of(answers[-1]):
        between()
        answers.append(client.get(path.partition("?")[0] + links_of(answers[-1])["next"]))
    return answers


def gather(answers):
    return [item for answer in answers for item in items_of(answer)]


# Walking

MOMENTS = st.lists(st.integers(-2, 5), max_size=40)


@pytest.mark.parametrize("path", ["/items", "/old"])
@given(old=MOMENTS, new=MOMENTS, count=st.integers(1, 12))
def test_a_walk_meets_each_item_once_and_in_order(path, old, new, count):
    """Items of the same moment, and items that come meanwhile on either side of the walker."""
    db = make_store(old)
    coming = [[moment] for moment in new]

    seen = gather(
        walk(client_of(db), f"{path}?count={count}", lambda: insert(db, coming.pop() if coming else []))
    )

    there = sorted((moment, number) for number, moment in enumerate(old, 1))
    assert [item for item in seen if item in there] == (there if path == "/old" else there[::-1])
    assert seen == sorted(set(seen), reverse=path == "/items")


@pytest.mark.parametrize("path", ["/items", "/old"])
@given(moments=MOMENTS, count=st.integers(1, 12))
def test_the_way_back_is_the_way_there(path, moments, count):
    client = client_of(make_store(moments))
    there = walk(client, f"{path}?count={count}")

    back = [there[-1]]
    while "prev" in links_of(back[-1]):
        back.append(client.get(path + links_of(back[-1])["prev"]))

    assert [items_of(answer) for answer in reversed(back)] == [items_of(answer) for answer in there]


@pytest.mark.parametrize("path", ["/items", "/old"])
@given(moments=MOMENTS, count=st.integers(1, 5), since=st.integers(0, 5), length=st.integers(0, 5))
def test_a_walk_keeps_to_its_window(path, moments, count, since, length):
    client = client_of(make_store(moments))

    seen = gather(walk(client, f"{path}?count={count}&since={since}&until={since + length}"))

    inside = [(m, n) for n, m in enumerate(moments, 1) if since <= m < since + length]
    assert seen == sorted(inside, reverse=path == "/items")


@given(moments=MOMENTS, since=st.integers(0, 5), place=st.integers(-3, 6), backward=st.booleans())
def test_a_cursor_from_elsewhere_does_not_lead_out_of_the_window(moments, since, place, backward):
    client = client_of(make_store(moments))
    query = {
        "since": since,
        "until": since + 2,
        "cursor": dump_cursor(Cursor(place, 3, is_backward=backward)),
    }

    seen = items_of(client.get("/items", query=query))

    inside = [(m, n) for n, m in enumerate(moments, 1) if since <= m < since + 2]
    beyond = [item for item in inside if (item > (place, 3) if backward else item < (place, 3))]
    assert seen == (sorted(beyond)[:25] if backward else sorted(beyond)[::-1][:25])[:: -1 if backward else 1]


def test_who_follows_goes_on_where_the_stream_ended():
    db = make_store([1, 1])
    client = client_of(db)

    end = client.get("/old").json()["end_cursor"]
    nothing = client.get("/old", query={"cursor": end}).json()
    insert(db, [1, 7])
    news = client.get("/old", query={"cursor": nothing["end_cursor"]})

    assert nothing["items"] == []
    assert items_of(news) == [(1, 3), (7, 4)]


def test_an_empty_stream_has_no_links(client):
    answer = client.get("/items?since=9")

    assert items_of(answer) == []
    assert "Link" not in answer.headers
    assert answer.json()["end_cursor"] is None


def test_a_whole_stream_on_one_page_has_no_links(client):
    answer = client.get("/items")

    assert items_of(answer) == [(number // 2, number + 1) for number in reversed(range(10))]
    assert "Link" not in answer.headers


# Links


def test_links_keep_the_other_arguments_and_leave_page_and_skip(client):
    first = client.get("/items?tag=a&count=4&tag=b%26c%3E&page=3&skip=1&since=0")
    second = client.get("/items" + links_of(first)["next"])

    assert links_of(first).keys() == {"next"}
    assert re.fullmatch(r"\?tag=a&tag=b%26c%3E&count=4&since=0&cursor=[\w-]+", links_of(first)["next"])
    assert links_of(second).keys() == {"next", "prev", "first"}
    assert links_of(second)["first"] == "?tag=a&tag=b%26c%3E&count=4&since=0"
    assert items_of(client.get("/items" + links_of(second)["first"])) == items_of(first)


def test_a_page_has_its_links_for_a_template(client):
    first = client.get("/items?tag=a&count=4").json()
    second = client.get("/items" + first["next_link"])

    assert first["next_link"] == f"?tag=a&count=4&cursor={first['next_cursor']}"
    assert first["prev_link"] is None
    assert {rel: second.json()[f"{rel}_link"] for rel in ("next", "prev")} == {
        rel: target for rel, target in links_of(second).items() if rel != "first"
    }


def test_what_a_client_writes_breaks_no_link(client):
    answer = client.get('/items?count=1&%0d%0aSet-Cookie:a=b&q=<>;"&ü=%ff')

    (value,) = answer.headers.get_all("Link")
    assert value.count("<") == value.count(">") == value.count(";") == 1
    assert value.isascii()
    assert value.isprintable()


def test_links_stand_behind_those_of_the_handler():
    class Preloading(Numbered):
        def get(self):
            self.headers["Link"] = "</style.css>; rel=preload"
            return super().get()

    answer = Client(Brubeck(handler_tuples=[("^/", Preloading)])).get("/?page=1")

    assert answer.headers.get_all("Link") == [
        '</style.css>; rel=preload, <?page=2>; rel="next", <?page=0>; rel="prev", <?>; rel="first"'
    ]


# Pages by number


@pytest.mark.parametrize(
    ("query", "arguments"),
    [
        ("", [0, 25, 0, 0, None]),
        ("page=2", [2, 25, 50, 0, None]),
        ("page=2&count=10", [2, 10, 20, 0, None]),
        ("page=2&count=10&skip=5", [2, 10, 5, 0, None]),
        ("count=1000000", [0, 25, 0, 0, None]),
        ("count=&page=&skip=&since=", [0, 25, 0, 0, None]),
        ("count= 7 ", [0, 7, 0, 0, None]),
        ("since=5&until=9007199254740991", [0, 25, 0, 5, 2**53 - 1]),
        ("page=400", [400, 25, 10_000, 0, None]),
    ],
)
def test_paging_arguments(client, query, arguments):
    assert client.get(f"/numbered?{query}").json() == arguments


def test_links_of_numbered_pages(client):
    links = {
        query: links_of(client.get(f"/numbered?{query}"))
        for query in ("", "page=1&tag=a", "page=39", "skip=30", "skip=5")
    }

    assert links == {
        "": {"next": "?page=1"},
        "page=1&tag=a": {"next": "?tag=a&page=2", "prev": "?tag=a&page=0", "first": "?tag=a"},
        "page=39": {"prev": "?page=38", "first": "?"},
        "skip=30": {"next": "?skip=55", "prev": "?skip=5", "first": "?"},
        "skip=5": {"next": "?skip=30", "prev": "?skip=0", "first": "?"},
    }


def test_no_link_leads_where_the_answer_is_400():
    class Endless(Numbered):
        max_skip = 50

        def get(self):
            self.add_page_links(has_more=True)

    client = Client(Brubeck(handler_tuples=[("^/", Endless)]))
    pages = [links_of(client.get(f"/?page={number}")) for number in range(3)]

    assert ["next" in links for links in pages] == [True, True, False]
    assert client.get("/?page=3").status_code == 400


# What is refused

NUMBERS = ("count", "since", "until", "page", "skip")
BAD = (
    "-1", "+1", "1.0", "1e3", "0x10", "1_0", "a", "1a", "1 1", "\u0665", "\uff11", "\xb2", "NaN", "null", "[]",
    "9007199254740992", "9" * 17, "9" * 5000, "1\0", "%00", "\u202e1",
)  # fmt: skip


@pytest.mark.parametrize("name", NUMBERS)
@pytest.mark.parametrize("value", BAD, ids=lambda value: ascii(value)[:20])
def test_what_is_no_number_is_refused_by_name(client, name, value):
    answer = client.get("/numbered", query={name: value, "until" if name == "since" else "since": "1"})
    if name == "until":
        answer = client.get("/items", query={name: value})

    problem = answer.json()
    assert answer.status_code == problem["status"] == 400
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert list(problem["errors"]) == [name]
    assert problem["detail"].startswith(f"{name} must be a whole number from ")
    assert len(answer.body) < 500


@pytest.mark.parametrize(
    ("query", "detail"),
    [
        ("count=0", "count must be a whole number from 1 to 9007199254740991, got '0'."),
        ("page=401", "page must be a whole number from 0 to 400, got '401'."),
        ("page=10001&count=1", "page must be a whole number from 0 to 10000, got '10001'."),
        ("skip=10001", "skip must be a whole number from 0 to 10000, got '10001'."),
        ("count=5&count=5", "count must be given once."),
        ("since=1&since=", "since must be given once."),
        ("skip=1&skip=2", "skip must be given once."),
    ],
)
def test_what_is_too_much_is_refused_by_name(client, query, detail):
    answer = client.get(f"/numbered?{query}")

    assert (answer.status_code, answer.json()["detail"]) == (400, detail)


@pytest.mark.parametrize(
    ("query", "detail"),
    [
        ("since=5&until=4", "until must not lie before since, got '4'."),
        ("cursor=forged", "cursor is no cursor of this stream."),
        ("cursor=ZjUuMQ&cursor=ZjUuMQ", "cursor must be given once."),
        ("count=0", "count must be a whole number from 1 to 9007199254740991, got '0'."),
    ],
)
def test_a_page_that_is_none_is_refused_by_name(client, query, detail):
    answer = client.get(f"/items?{query}")

    assert (answer.status_code, answer.json()["detail"]) == (400, detail)
    assert list(answer.json()["errors"]) == [query.partition("=")[0] if "since=5" not in query else "until"]


ARGUMENTS = st.sampled_from(
    ["count", "since", "until", "cursor", "page", "skip", "tag", "count[]", "", "%63ount"]
)
VALUES = st.one_of(
    st.integers().map(str),
    st.text(max_size=30),
    st.binary(max_size=30).map(lambda raw: base64.urlsafe_b64encode(raw).decode().rstrip("=")),
    st.builds(
        Cursor, st.integers(-(2**53) + 1, 2**53 - 1), st.integers(-(2**63) + 1, 2**63 - 1), st.booleans()
    ).map(dump_cursor),
)


@pytest.mark.parametrize("path", ["/items", "/old", "/numbered"])
@given(query=st.lists(st.tuples(ARGUMENTS, VALUES), max_size=4))
def test_whatever_is_asked_is_answered_or_refused(path, query):
    answer = client_of(make_store([0, 1, 1])).get(path, query=urlencode(query, errors="replace"))

    assert answer.status_code in (200, 400)
    assert answer.status_code == 200 or len(answer.json()["errors"]) == 1
    assert answer.headers.get("Link", "").isprintable()


@pytest.mark.parametrize(("path", "shown"), [("/items", 25), ("/huge", 25)])
def test_no_count_shows_more_than_the_cap(path, shown):
    client = client_of(make_store(range(1100)))

    assert len(items_of(client.get(path))) == shown
    assert len(items_of(client.get("/items?count=9007199254740991"))) == 25
    assert len(items_of(client.get("/huge?count=9007199254740991"))) == 1000


def test_without_problem_details_the_page_still_names_the_argument():
    class Plain(JSONMessageHandler, StreamedHandlerMixin):
        def get(self):
            self.get_stream_page()

    answer = Client(Brubeck(handler_tuples=[("^/", Plain)])).get("/?count=<b>")

    assert answer.status_code == 400
    assert answer.json()["message"] == "count must be a whole number from 1 to 9007199254740991, got '<b>'."


def test_arguments_of_a_form_count_too(client):
    class Posted(Numbered):
        post = Numbered.get

    client = Client(Brubeck(handler_tuples=[("^/", Posted)]))

    assert client.post("/?page=1", data={"count": "10"}).json()[:3] == [1, 10, 10]


def test_ids_of_another_type_than_said_are_noticed(caplog):
    """An int in a cursor of texts would come back as a text, and a database may order those otherwise."""

    class Wrong(Items):
        stream_id_type = str

    client = Client(Brubeck(handler_tuples=[("^/", Wrong)], db_conn=make_store([1])))

    assert client.get("/").status_code == 500
    assert "Wrong.stream_id_type is str, but an item has the id 1. Set it to the ids' type." in caplog.text
