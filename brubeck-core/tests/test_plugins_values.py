"""Values by name: strings that are imported when used, and what happens when two plugins bring one name."""

import logging
import sys

import pytest
from brubeck.core.discovery import PluginEntry
from brubeck.core.values import LazyValue, read_commands, read_values
from brubeck.plugins import MissingPlugin, PluginError, PluginManager, hookimpl

ENTRY = PluginEntry("lab", "lab_plugin", "lab-plugin", "1.0")


def bringing(**renderers) -> object:
    class Plugin:
        @hookimpl
        def brubeck_renderers(self):
            return renderers

    return Plugin()


def test_a_string_is_imported_when_the_value_is_used(lab):
    lab.write("lab_engine.py", "class Rendering: ...")
    manager = PluginManager([bringing(lab="lab_engine:Rendering")], entries=()).load()
    assert manager.renderers["lab"].class_name == "Rendering"
    assert "lab_engine" not in sys.modules

    rendering = manager.get_renderer("lab")

    assert rendering is sys.modules["lab_engine"].Rendering


def test_a_class_is_given_as_it_is():
    class Rendering: ...

    manager = PluginManager([bringing(lab=Rendering)], entries=()).load()

    assert manager.get_renderer("lab") is Rendering
    assert manager.renderers["lab"].class_name == "Rendering"


def test_a_nested_attribute_is_found(lab):
    lab.write("lab_engine.py", "class Engines:\n    class Rendering: ...")

    value = LazyValue("renderer", "lab", "lab_engine:Engines.Rendering", ENTRY)

    assert value.get().__qualname__ == "Engines.Rendering"
    assert value.class_name == "Rendering"


@pytest.mark.parametrize(
    "answer",
    [None, "lab_engine:Rendering", ["lab"], {"lab": "no colon"}, {"lab": None}, {1: "a:b"}, {"lab": ":b"}],
)
def test_an_answer_that_names_nothing_is_refused(answer):
    with pytest.raises(PluginError, match=r"brubeck_renderers of the plugin 'lab' \(lab-plugin 1.0\)"):
        read_values("renderer", "brubeck_renderers", answer, ENTRY)


def test_commands_come_as_a_list_or_by_name():
    class Command:
        name = "tune"

    command = Command()

    assert read_commands([command], ENTRY)["tune"].get() is command
    assert read_commands({"tune": "json:dumps"}, ENTRY)["tune"].source == "json:dumps"
    with pytest.raises(PluginError, match="give each value a name"):
        read_commands([object()], ENTRY)


def test_two_plugins_with_one_value_are_an_error_when_it_is_used(lab, caplog):
    code = """
        from brubeck.plugins import hookimpl

        @hookimpl
        def brubeck_renderers():
            return {"jinja2": "lab_engine:Rendering", __name__: "lab_engine:Rendering"}
    """
    lab.write("lab_engine.py", "class Rendering: ...")
    lab.install("lab-first", code)
    lab.install("lab-second", code, version="2.0")

    manager = PluginManager(entries=lab.entries).load()

    both = r"'jinja2' is brought by two plugins: .*\(lab-first 1.0\) and 'lab_second' \(lab-second 2.0\)"
    (line,) = caplog.records
    assert line.levelno == logging.WARNING
    with pytest.raises(PluginError, match=both):
        manager.get_renderer("jinja2")
    assert manager.get_renderer("lab_first").__name__ == "Rendering"
    with pytest.raises(PluginError, match=both):
        PluginManager(entries=lab.entries, strict=True).load()


def test_an_attribute_that_is_not_there_names_the_plugin(lab):
    lab.write("lab_engine.py", "")
    manager = PluginManager([bringing(lab="lab_engine:Rendering")], entries=()).load()

    with pytest.raises(MissingPlugin, match=r"renderer 'lab' of .*no attribute 'Rendering'"):
        manager.get_renderer("lab")


def test_the_name_of_a_connection_class_is_found():
    class Lagoon: ...

    class Plugin:
        @hookimpl
        def brubeck_connections(self):
            return {"lagoon": Lagoon, "broken": "lab_nowhere:Other"}

    manager = PluginManager([Plugin()], entries=()).load()

    assert manager.connection_name(Lagoon) == "lagoon"
    assert manager.connection_name(dict) is None
