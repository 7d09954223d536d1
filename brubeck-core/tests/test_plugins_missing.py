"""One message for a missing name; the four causes told apart, each with the line that mends it."""

import sys

import pytest
from brubeck.core.command import main
from brubeck.core.discovery import PluginEntry, find_unmet
from brubeck.core.isolation import disabled_record
from brubeck.core.lookup import find_commands, find_connection, find_missing_command
from brubeck.core.missing import explain_missing
from brubeck.core.records import PluginRecord
from brubeck.plugins import MissingPlugin, PluginError, PluginManager

BRINGS = """
    from brubeck.plugins import hookimpl

    @hookimpl
    def brubeck_connections():
        return {"lagoon": "lab_transport:LagoonConnection"}

    @hookimpl
    def brubeck_renderers():
        return {"liquid": "lab_engine:Rendering"}
"""


@pytest.fixture
def nothing_installed(monkeypatch):
    monkeypatch.setattr("brubeck.core.missing.installed_version", lambda distribution: None)
    monkeypatch.setattr("brubeck.core.lookup.scan", lambda: ())


def message_of(lab, name="liquid") -> str:
    with pytest.raises(MissingPlugin) as info:
        PluginManager(entries=lab.entries).load().get_renderer(name)
    assert isinstance(info.value, ImportError)
    return str(info.value)


@pytest.mark.parametrize(
    ("kind", "name", "line"),
    [
        ("connection", "WSGIConnection", "pip install brubeck-wsgi"),
        ("connection", "Mongrel2Connection", "pip install brubeck-mongrel2"),
        ("renderer", "jinja2", 'pip install "brubeck-templates[jinja2]"'),
        ("renderer", "mustache", 'pip install "brubeck-templates[pystache]"'),
        ("mixin", "streamed", "pip install brubeck-api"),
        ("cookie signer", "secret=", "pip install brubeck-auth"),
    ],
)
@pytest.mark.usefixtures("nothing_installed")
def test_not_installed(kind, name, line):
    assert str(explain_missing(kind, name)).endswith(f"which is not installed. Install it with: {line}")


def test_extra_missing(lab):
    extras = ('lab-other; extra == "other"', 'lab-liquid>=2; extra == "liquid"')
    lab.install("lab-plugin", BRINGS, requires=extras)
    lab.write("lab_engine.py", "import lab_liquid")

    message = message_of(lab)

    assert "it needs lab-liquid>=2, which its extra 'liquid' brings." in message
    assert message.endswith('Install it with: pip install "lab-plugin[liquid]"')


def test_an_extra_whose_package_bears_another_name(lab):
    """zmq is pyzmq's: the distribution cannot be told from the module, the extra of the value's name can."""
    lab.install("lab-plugin", BRINGS, requires=('pyliquid-of-the-lab; extra == "liquid"',))
    lab.write("lab_engine.py", "import lqd")

    assert message_of(lab).endswith('Install it with: pip install "lab-plugin[liquid]"')


def test_a_dependency_missing(lab):
    lab.install("lab-plugin", BRINGS, requires=("lab-liquid>=2",))
    lab.write("lab_engine.py", "import lab_liquid")

    assert message_of(lab).endswith(
        'it needs lab-liquid>=2, which is not installed. Install it with: pip install "lab-liquid>=2"'
    )


def test_too_old(lab):
    lab.install("lab-liquid", "", version="1.4")
    lab.install("lab-plugin", BRINGS, requires=('lab-liquid>=2; extra == "liquid"',))
    lab.write("lab_engine.py", "from lab_liquid import new_name")

    message = message_of(lab)

    assert "it needs lab-liquid>=2, and 1.4 is installed" in message
    assert message.endswith('Mend it with: pip install --upgrade "lab-liquid>=2"')


def test_broken(lab):
    lab.install("lab-plugin", BRINGS, requires=("pluggy",))
    lab.write("lab_engine.py", "raise RuntimeError('out of tune')")

    message = message_of(lab)

    assert "'liquid' of lab-plugin 1.0 (lab_engine:Rendering) cannot be used" in message
    assert "installed but broken: importing it raised RuntimeError: out of tune." in message


def test_a_missing_module_that_no_requirement_accounts_for_is_broken(lab):
    lab.install("lab-plugin", BRINGS)
    lab.write("lab_engine.py", "import lab_nowhere")

    assert (
        "installed but broken: importing it raised ModuleNotFoundError: No module named 'lab_nowhere'"
        in message_of(lab)
    )


def test_the_module_of_the_value_is_gone(lab):
    lab.install("lab-plugin", BRINGS)

    assert "its module 'lab_engine' does not exist" in message_of(lab)


def test_an_unknown_name_tells_the_nearest_and_what_was_not_loaded(lab):
    lab.install("lab-plugin", BRINGS)
    lab.install("lab-broken", "raise RuntimeError('out of tune')")

    message = message_of(lab, "liquids")

    assert "No plugin brings the renderer 'liquids'. Did you mean 'liquid'? Known: liquid." in message
    assert "Not loaded: 'lab_broken' (lab-broken 1.0): it is installed but broken" in message


def test_a_name_of_a_plugin_that_failed_tells_its_cause():
    record = PluginRecord(
        "wsgi", "brubeck.wsgi.plugin", "failed", "brubeck-wsgi", "0.0.1", "it is out of tune.", "Tune it."
    )

    message = str(explain_missing("connection", "WSGIConnection", records=[record]))

    assert message.endswith(
        "comes with brubeck-wsgi 0.0.1, which was not loaded: it is out of tune. Tune it."
    )


def test_a_name_of_a_disabled_plugin_says_so():
    record = disabled_record(PluginEntry("wsgi", "brubeck.wsgi.plugin", "brubeck-wsgi", "0.1.0"))

    message = str(explain_missing("connection", "wsgi", records=[record]))

    assert "comes with brubeck-wsgi 0.1.0, which was not loaded: it is disabled. Take its name out" in message


def test_an_installed_version_that_does_not_bring_the_name(monkeypatch):
    monkeypatch.setattr("brubeck.core.missing.installed_version", lambda distribution: "0.0.1")

    message = str(explain_missing("connection", "WSGIConnection"))

    assert message.endswith(
        "installed 0.0.1 does not bring it. Upgrade it with: pip install --upgrade brubeck-wsgi"
    )


def test_unmet_requirements_know_markers_extras_and_nonsense():
    lines = [
        "pluggy",
        "lab-none; python_version < '3'",
        "=nonsense=",
        "pluggy>999",
        'lab-x[a]>1 ; extra == "x"',
    ]

    unmet = [(each.requirement, each.extra, each.found is None) for each in find_unmet(lines)]

    assert unmet == [("pluggy>999", None, False), ("lab-x>1", "x", True)]


def test_core_is_not_missed_where_it_has_no_metadata(monkeypatch):
    monkeypatch.setattr("brubeck.core.discovery.installed_version", lambda distribution: None)

    assert PluginEntry("lab", "lab", "lab", "1", ("Brubeck.Core>=99",)).core_conflict() is None


def test_a_connection_class_is_found_by_its_name(lab):
    lab.install("lab-plugin", BRINGS)
    lab.write("lab_transport.py", "class LagoonConnection: ...")

    assert find_connection("LagoonConnection") is sys.modules["lab_transport"].LagoonConnection


def test_a_class_of_two_plugins_is_an_error_naming_both(lab):
    lab.install("lab-plugin", BRINGS)
    lab.install("lab-rival", BRINGS.replace('"lagoon"', '"laguna"'))

    with pytest.raises(
        PluginError, match=r"'lab_plugin' \(lab-plugin 1.0\) and 'lab_rival' \(lab-rival 1.0\)"
    ):
        find_connection("LagoonConnection")


def test_an_unknown_connection_class_tells_the_nearest(lab):
    lab.install("lab-plugin", BRINGS)

    with pytest.raises(MissingPlugin, match="Did you mean 'LagoonConnection'"):
        find_connection("LagunConnection")


def test_finding_a_class_logs_nothing_and_loads_past_a_broken_plugin(lab, caplog):
    lab.install("lab-broken", "raise RuntimeError('out of tune')")
    lab.install("lab-plugin", BRINGS)
    lab.write("lab_transport.py", "class LagoonConnection: ...")

    find_connection("LagoonConnection")

    assert not caplog.records


def test_a_disabled_plugin_brings_no_connection_class(lab, monkeypatch):
    lab.install("lab-plugin", BRINGS)
    monkeypatch.setenv("BRUBECK_DISABLE_PLUGINS", "lab_plugin")

    with pytest.raises(MissingPlugin, match=r"Not loaded: .*'lab_plugin' \(lab-plugin 1.0\): it is disabled"):
        find_connection("LagoonConnection")


def test_commands_are_found_past_two_distributions_with_one_name(lab):
    code = """
        from brubeck.plugins import hookimpl

        @hookimpl
        def brubeck_commands():
            return {NAME: "json:dumps"}
    """
    lab.install("lab-a", code.replace("NAME", "'one'"), name="jazz")
    lab.install("lab-b", code.replace("NAME", "'two'"), name="jazz")
    lab.install("lab-c", code.replace("NAME", "'three'"))

    commands = find_commands()

    assert "three" in commands
    assert not {"one", "two"} & set(commands)


def test_a_command_of_a_disabled_plugin_says_so(lab, monkeypatch, capsys):
    """It was `No such command 'serve'.`, which says nothing about what brings it."""
    lab.install("brubeck-wsgi", "", name="wsgi", version="7.0")
    monkeypatch.setattr("brubeck.core.lookup.scan", lambda: lab.entries)
    monkeypatch.setenv("BRUBECK_DISABLE_PLUGINS", "wsgi")
    monkeypatch.setattr(sys, "argv", ["brubeck", "serve", "app"])

    with pytest.raises(SystemExit, match="2"):
        main()

    assert "command 'serve' comes with brubeck-wsgi 7.0, which was not loaded" in capsys.readouterr().err


@pytest.mark.usefixtures("nothing_installed")
def test_a_command_that_is_not_installed_tells_the_line_and_an_unknown_one_does_not():
    assert str(find_missing_command("serve")).endswith("Install it with: pip install brubeck-wsgi")
    assert find_missing_command("serv") is None
