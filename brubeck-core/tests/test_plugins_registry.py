"""What a hook's implementation may look like, and what it becomes when it is frozen."""

import types

import pluggy
import pytest
from brubeck.core.discovery import PluginEntry
from brubeck.core.registry import HookRegistry, freeze_call
from brubeck.plugins import PluginError, hookimpl

ENTRY = PluginEntry("lab", "lab_plugin", "lab-plugin", "1.0")
WANTED = ("application", "message", "response")


def plugin(**functions) -> types.ModuleType:
    module = types.ModuleType("lab_plugin")
    module.__dict__.update(functions)
    return module


def refused(module: object, match: str) -> None:
    registry = HookRegistry()
    with pytest.raises(PluginError, match=match):
        registry.add(module, ENTRY)

    assert not registry.has(module)
    assert registry.freeze("brubeck_request") == ()
    registry.add(plugin(), ENTRY)


@pytest.mark.parametrize(
    ("function", "given", "expected"),
    [
        (lambda: "nothing", (), "nothing"),
        (lambda message: message, ("message",), "m"),
        (lambda response, application: (response, application), ("response", "application"), ("r", "a")),
        (lambda a, m, r: (a, m, r), WANTED, ("a", "m", "r")),
    ],
)
def test_an_implementation_gets_the_arguments_that_it_takes(function, given, expected):
    assert freeze_call(function, given, WANTED)("a", "m", "r") == expected


def test_an_implementation_that_takes_all_is_called_with_nothing_between():
    def brubeck_request(application, message): ...

    registry = HookRegistry()
    registry.add(plugin(brubeck_request=hookimpl(brubeck_request)), ENTRY)

    assert registry.freeze("brubeck_request") == (brubeck_request,)


def test_an_unknown_argument_is_refused():
    def brubeck_request(application, nonsense): ...

    refused(plugin(brubeck_request=hookimpl(brubeck_request)), r"'lab' \(lab-plugin 1.0\).*'nonsense'")


def test_a_misspelt_hook_is_refused_with_the_nearest_name():
    def brubeck_respone(application): ...

    refused(
        plugin(brubeck_respone=hookimpl(brubeck_respone)),
        r"'brubeck_respone'.*Did you mean 'brubeck_response'",
    )


def test_an_optional_hook_may_be_unknown():
    def brubeck_of_tomorrow(): ...

    module = plugin(brubeck_of_tomorrow=hookimpl(optionalhook=True)(brubeck_of_tomorrow))
    registry = HookRegistry()
    registry.add(module, ENTRY)

    assert registry.hooks_of(module) == ()


def test_a_hook_without_its_mark_is_refused():
    def brubeck_request(application, message): ...

    refused(plugin(brubeck_request=brubeck_request), "brubeck_request of the plugin 'lab'.*@hookimpl")


def test_a_wrapper_is_refused():
    def brubeck_request(application, message):
        yield

    marked = pluggy.HookimplMarker("brubeck")(wrapper=True)(brubeck_request)
    refused(plugin(brubeck_request=marked), "is a wrapper.*brubeck_response")


def test_an_async_hook_is_refused():
    async def brubeck_request(application, message): ...

    refused(plugin(brubeck_request=hookimpl(brubeck_request)), "is an async function")


def test_keyword_only_arguments_are_refused():
    def brubeck_request(*, application, message): ...

    refused(
        plugin(brubeck_request=hookimpl(brubeck_request)), r"keyword-only arguments \(application, message\)"
    )


def test_specname_lets_a_function_bear_another_name():
    def guard(application, message): ...

    registry = HookRegistry()
    registry.add(plugin(guard=hookimpl(specname="brubeck_request")(guard)), ENTRY)

    assert registry.freeze("brubeck_request") == (guard,)


def test_one_plugin_cannot_be_registered_twice():
    module = plugin()
    registry = HookRegistry()
    registry.add(module, ENTRY)

    with pytest.raises(PluginError, match="already registered"):
        registry.add(module, ENTRY)
    assert registry.has(module)


def test_two_objects_of_one_class_are_two_plugins():
    class Guard:
        def __init__(self, answer):
            self.answer = answer

        @hookimpl
        def brubeck_request(self, message):
            return self.answer

    registry = HookRegistry()
    undo = registry.add(Guard(1), ENTRY)
    registry.add(Guard(2), ENTRY)
    assert [call("a", "m") for call in registry.freeze("brubeck_request")] == [1, 2]

    undo()
    assert [call("a", "m") for call in registry.freeze("brubeck_request")] == [2]
