"""What a line of `brubeck plugins` says, and what a person reads."""

import sys

import pytest
from brubeck.core.inspection import inspect_plugins
from brubeck.core.listing import format_records, plugins_command
from brubeck.core.records import PluginRecord
from click.testing import CliRunner

BRINGS = """
    from brubeck.plugins import hookimpl

    print("noise on standard output")

    @hookimpl
    def brubeck_connections():
        return {"lagoon": "lab_nowhere:LagoonConnection"}

    @hookimpl
    def brubeck_commands():
        return {"tune": "lab_nowhere:tune"}

    @hookimpl
    def brubeck_request(application, message): ...
"""


def inspect(lab, **options) -> dict[str, PluginRecord]:
    return {
        record.distribution: record
        for record in inspect_plugins(**options)
        if record.distribution in lab.distributions
    }


def test_what_a_plugin_brings_is_listed_and_nothing_is_imported_here(lab):
    lab.install("lab-good", BRINGS)

    record = inspect(lab)["lab-good"]

    assert (record.status, record.version) == ("ok", "1.0")
    assert record.hooks == ("brubeck_commands", "brubeck_connections", "brubeck_request")
    assert (record.connections, record.commands) == (("lagoon",), ("tune",))
    assert record.import_ms > 0
    assert not {"lab_good", "lab_nowhere"} & set(sys.modules)


@pytest.mark.parametrize(
    ("code", "requires", "cause"),
    [
        ("import lab_nowhere", (), "No module named 'lab_nowhere'"),
        ("raise SystemExit(4)", (), "SystemExit: 4"),
        (
            "from brubeck.plugins import hookimpl\n@hookimpl\ndef brubeck_commands(): return 1 / 0",
            (),
            "brubeck_commands raised ZeroDivisionError",
        ),
        (
            "from brubeck.plugins import hookimpl\n@hookimpl\ndef brubeck_renderers(): return ['jinja2']",
            (),
            "must return a dict of names and values, got ['jinja2']",
        ),
    ],
    ids=["missing", "exits", "commands", "values"],
)
def test_each_cause_is_told_with_what_to_do(lab, code, requires, cause):
    lab.install("lab-bad", code, requires=requires)

    record = inspect(lab)["lab-bad"]

    assert record.status == "failed"
    assert cause in record.cause
    assert "lab" in record.mend


def test_a_name_that_disables_nothing_is_told(lab, monkeypatch):
    lab.install("lab-good", BRINGS)
    monkeypatch.setenv("BRUBECK_DISABLE_PLUGINS", "lab_godo")

    result = CliRunner().invoke(plugins_command, ["--json"])

    assert result.stderr == (
        "No plugin is named 'lab_godo', so nothing is disabled by it. Did you mean 'lab_good'?\n"
    )


def test_the_list_for_a_person():
    good = PluginRecord("good", "g", "ok", "lab-good", "1.0", hooks=("brubeck_request",), import_ms=2.04)
    bad = PluginRecord("longer", "b", "failed", "lab-bad", "10.2", "it is out of tune.", "Tune it.")

    assert list(format_records([good, bad], timing=True)) == [
        "good    lab-good 1.0  ok  2.0 ms",
        "        hooks: brubeck_request",
        "longer  lab-bad 10.2  failed",
        "        it is out of tune.",
        "        Tune it.",
    ]


def test_the_list_of_no_plugins_says_what_one_is():
    assert list(format_records([])) == [
        "No plugin is installed. Plugins are distributions with an entry point of the group 'brubeck'."
    ]
