"""Dictionaries as strangers send them: keys that mostly exist, values that mostly nearly fit."""

import datetime as dt
import uuid

from hypothesis import strategies as st

NEARLY = [
    "", " ", "a", "b", "ab@c.de", "http://a.co/x", "1.2.3.4", "f" * 32, "0" * 40, "true", "12", "-1.5", "nan",
    "Infinity", "1e400", "2012-01-02", "2012-01-02T03:04:05", "03:04", "12345678123456781234567812345678",
    "4e9c1c1c1c1c1c1c1c1c1c1c", "\ud800", "\x00", "x" * 50, "_id", "$a", "a.b",
]  # fmt: skip

SCALARS = st.one_of(
    st.sampled_from(NEARLY),
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.complex_numbers(),
    st.text(max_size=10),
    st.binary(max_size=4),
    st.decimals(),
    st.just(uuid.UUID(int=5)),
    st.datetimes(),
    st.dates(),
    st.times(),
    st.timedeltas(),
    st.sampled_from([dt.datetime.max, dt.datetime.min, 1e300, -1e300, 2**64, -(2**63), 10**400]),
)


def dictionaries(document):
    """Return a strategy of dictionaries for *document*."""
    keys = [
        key for name, f in document._fields.items() for key in (name, f.uniq_field, f.minimized_field_name)
    ]
    inner = st.sampled_from(["name", "number", "inner", "x", "y", "a.b", 3])
    values = SCALARS
    for _ in range(3):  # cheaper than st.recursive, which counts the leaves
        values = st.one_of(
            SCALARS,
            st.lists(values, max_size=3),
            st.tuples(values, values),
            st.dictionaries(inner, values, max_size=3),
            st.just({"name": "ok"}),
        )
    known = st.sampled_from(sorted({key for key in keys if key} | {"_id", "_cls", "unknown"}))
    return st.dictionaries(known, values, max_size=6)
