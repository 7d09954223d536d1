"""Whatever a dictionary holds: a valid document or a ShieldException, and nothing else."""

import contextlib
import time

import pytest
from brubeck.dictshield import (
    BaseField,
    DictField,
    Document,
    EmbeddedDocument,
    EmbeddedDocumentField,
    IntField,
    ListField,
    ShieldException,
    StringField,
)
from everything import Everything, check_everything
from hypothesis import given, settings
from strategies import dictionaries


@settings(max_examples=300)
@given(dictionaries(Everything))
def test_random_dictionaries(values):
    check_everything(values)


class Tree(EmbeddedDocument):
    name = StringField(max_length=5)
    child = EmbeddedDocumentField("self")
    children = ListField(EmbeddedDocumentField("self"))


class Forest(Document):
    tree = EmbeddedDocumentField(Tree)
    free = DictField()
    anything = BaseField()
    lists = ListField(ListField(IntField()))


def nest(depth, wrap, core):
    for _ in range(depth):
        core = wrap(core)
    return core


NESTED = {
    "dictionaries": ("free", lambda inner: {"a": inner}),
    "lists": ("lists", lambda inner: [inner]),
    "documents": ("tree", lambda inner: {"child": inner}),
    "lists of documents": ("tree", lambda inner: {"children": [inner]}),
}


@pytest.mark.parametrize(("name", "wrap"), NESTED.values(), ids=NESTED)
@pytest.mark.parametrize("depth", [100_000, 900, 300])
def test_deep_nesting_is_refused(name, wrap, depth):
    values = {name: nest(depth, wrap, {"a": 1})}

    for attempt in (
        lambda: Forest(**values).validate(),
        lambda: Forest(**values).to_json(),
        lambda: Forest(**values).to_python(),
        lambda: Forest.validate_class_fields(dict(values)),
        lambda: Forest.make_json_ownersafe(dict(values)),
    ):
        with contextlib.suppress(ShieldException):
            attempt()


def test_a_deep_document_of_ones_own_is_refused():
    root = tree = Tree()
    for _ in range(30_000):  # thirty times what Python recurses
        tree.child = Tree()
        tree = tree.child

    with pytest.raises(ShieldException, match="Nested too deeply"):
        root.validate()
    with pytest.raises(ShieldException, match="Nested too deeply"):
        root.to_json()
    while root is not None:  # taken apart from the top: the destructors of a deep one recurse
        child, root.child = root.child, None
        root = child


@pytest.mark.parametrize("wrap", [lambda inner: {"child": inner}, lambda inner: {"children": [inner]}])
def test_depth_costs_no_exponential_time(wrap):
    started = time.perf_counter()

    with pytest.raises(ShieldException, match="too long"):
        Forest(tree=nest(60, wrap, {"name": "far too long"})).validate()
    assert time.perf_counter() - started < 2


def test_a_document_that_holds_itself():
    tree = Tree(name="a")
    tree.child = tree

    with pytest.raises(ShieldException, match="Nested too deeply"):
        tree.validate()


@pytest.mark.parametrize(
    "key", ["self", "__class__", "_values", "validate", "plan", "\ud800", "", "a.b", "%s"]
)
def test_hostile_keys_are_dropped(key):
    document = Forest(**{key: 3})

    assert document.validate()
    assert type(document) is Forest
