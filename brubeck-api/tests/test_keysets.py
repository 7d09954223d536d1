"""The SQL of a page, and how SQLite goes about it."""

import re
import sqlite3

import pytest
from brubeck.api import Cursor, Keyset, StreamPage

KEYSET = Keyset("links.updated_at", "id", "%s")


@pytest.mark.parametrize(
    ("page", "where", "values"),
    [
        ({}, "1 = 1", []),
        ({"since": 0}, "links.updated_at >= %s", [0]),
        ({"since": 2, "until": 9}, "links.updated_at >= %s AND links.updated_at < %s", [2, 9]),
        ({"cursor": Cursor(5, 1)}, "(links.updated_at, id) < (%s, %s)", [5, 1]),
        ({"cursor": Cursor(5, 1), "newest_first": False}, "(links.updated_at, id) > (%s, %s)", [5, 1]),
        ({"cursor": Cursor(5, 1, is_backward=True)}, "(links.updated_at, id) > (%s, %s)", [5, 1]),
        ({"cursor": Cursor(5, 1), "until": 9}, "(links.updated_at, id) < (%s, %s)", [5, 1]),
        ({"cursor": Cursor(9, 1), "until": 9}, "links.updated_at < %s", [9]),
        (
            {"cursor": Cursor(1, 1), "since": 2, "newest_first": False},
            "links.updated_at >= %s",
            [2],
        ),
        (
            {"cursor": Cursor(2, 1), "since": 2, "until": 9, "newest_first": False},
            "(links.updated_at, id) > (%s, %s) AND links.updated_at < %s",
            [2, 1, 9],
        ),
    ],
)
def test_one_bound_at_each_end(page, where, values):
    assert KEYSET.where(StreamPage(count=10, **page)) == (where, values)


@pytest.mark.parametrize(
    ("newest_first", "is_backward", "order"),
    [(True, False, "DESC"), (True, True, "ASC"), (False, False, "ASC"), (False, True, "DESC")],
)
def test_a_page_before_the_cursor_is_read_from_its_end(newest_first, is_backward, order):
    page = StreamPage(count=1, newest_first=newest_first, cursor=Cursor(1, 1, is_backward=is_backward))

    assert KEYSET.order_by(page) == f"links.updated_at {order}, id {order}"


def test_a_key_is_read_from_a_row_by_the_plain_names():
    assert KEYSET.key({"updated_at": 5, "id": "a", "other": 1}) == (5, "a")


@pytest.mark.parametrize("column", ["", "a b", "a;--", "a.b.c", "1a", 'a"', "ä", "a\n"])
def test_a_column_is_a_name_and_no_sql(column):
    with pytest.raises(ValueError, match="A column is named by letters, digits and _, got "):
        Keyset(column)
    with pytest.raises(ValueError, match="A column is named by letters, digits and _, got "):
        Keyset("updated_at", column)


def test_a_placeholder_is_that_of_a_driver():
    with pytest.raises(ValueError, match=r"placeholder is '\?' or '%s', got ':1'"):
        Keyset(placeholder=":1")


@pytest.fixture(scope="module")
def db():
    """20,000 items of one owner, 2,000 of each moment."""
    connection = sqlite3.connect(":memory:")
    connection.execute("CREATE TABLE items (id INT PRIMARY KEY, owner INTEGER, updated_at INTEGER, url TEXT)")
    connection.execute("CREATE INDEX items_stream ON items (owner, updated_at, id)")
    connection.executemany(
        "INSERT INTO items (id, owner, updated_at, url) VALUES (?, 1, ?, 'http://example.com/')",
        ((number, number // 2000) for number in range(20_000)),
    )
    yield connection
    connection.close()


def cost_of(db, page):
    """Return the ids that SQLite finds, how many instructions its machine takes for it, and its plan."""
    keyset = Keyset()
    where, values = keyset.where(page)
    sql = f"SELECT id FROM items WHERE owner = 1 AND {where} ORDER BY {keyset.order_by(page)} LIMIT ?"
    plan = " ".join(row[3] for row in db.execute(f"EXPLAIN QUERY PLAN {sql}", [*values, page.limit]))
    ticks = []
    db.set_progress_handler(lambda: ticks.append(1), 1)
    ids = [row[0] for row in db.execute(sql, [*values, page.limit])]
    db.set_progress_handler(None, 0)
    return ids, len(ticks), plan


@pytest.mark.parametrize("newest_first", [True, False])
@pytest.mark.parametrize("is_backward", [True, False])
@pytest.mark.parametrize("window", [{}, {"since": 1}, {"until": 9}, {"since": 1, "until": 9}], ids=str)
def test_a_page_costs_the_same_wherever_it_lies(db, newest_first, is_backward, window):
    costs = []
    for number in (2100, 9500, 17_900):
        cursor = Cursor(number // 2000, number, is_backward=is_backward)
        page = StreamPage(count=25, cursor=cursor, newest_first=newest_first, **window)
        ids, cost, plan = cost_of(db, page)
        assert ids == [number + (-step if page.is_descending else step) for step in range(1, 27)]
        assert re.search(r"INDEX items_stream \(owner=\? AND .*\(updated_at,id\)[<>]\(\?,\?\)", plan)
        assert "TEMP B-TREE" not in plan
        costs.append(cost)

    assert max(costs) <= 1.1 * min(costs)


def test_since_uses_the_index(db):
    ids, _, plan = cost_of(db, StreamPage(count=25, since=9))

    assert ids == list(range(19_999, 19_973, -1))
    assert re.search(r"INDEX items_stream \(owner=\? AND updated_at>\?\)", plan)
