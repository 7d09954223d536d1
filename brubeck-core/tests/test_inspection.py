"""`brubeck plugins`: it lists every plugin, whatever one of them does when it is imported."""

import json
import sys
import time

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


def test_plugins_that_end_the_process_are_named_and_the_others_listed(lab):
    lab.install("lab-a", BRINGS)
    lab.install("lab-b", "import os; os._exit(1)")
    lab.install("lab-c", "import os, signal; os.kill(os.getpid(), signal.SIGSEGV)")
    lab.install("lab-d", "raise SystemExit(4)")
    lab.install("lab-e", "from brubeck.plugins import hookimpl")

    records = inspect(lab)

    assert [record.status for record in records.values()] == ["ok", "failed", "failed", "failed", "ok"]
    assert records["lab-b"].cause == "importing it ended the process with exit code 1."
    assert records["lab-b"].mend == "Switch it off with: BRUBECK_DISABLE_PLUGINS=lab_b"
    assert records["lab-c"].cause == "importing it killed the process by SIGSEGV."
    assert "SystemExit: 4" in records["lab-d"].cause


def test_a_plugin_that_hangs_is_given_up(lab):
    lab.install("lab-hangs", "import time; time.sleep(60)")
    lab.install("lab-later", BRINGS)

    started = time.monotonic()
    records = inspect(lab, timeout_s=0.5)

    assert records["lab-hangs"].cause == "importing it did not end in time."
    assert records["lab-later"].status == "ok"
    assert time.monotonic() - started < 10


@pytest.mark.parametrize(
    ("code", "requires", "cause"),
    [
        (None, (), "its module 'lab_bad' does not exist."),
        ("import lab_nowhere", (), "No module named 'lab_nowhere'"),
        ("1 / 0", (), "ZeroDivisionError: division by zero"),
        ("", ("brubeck-core>=99",), "it needs brubeck-core>=99, and brubeck-core "),
        (
            "from brubeck.plugins import hookimpl\n@hookimpl\ndef brubeck_reqest(message): ...",
            (),
            "Did you mean 'brubeck_request'?",
        ),
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
    ids=["stale", "missing", "raises", "newer-core", "misspelt", "commands", "values"],
)
def test_each_cause_is_told_with_what_to_do(lab, code, requires, cause):
    lab.install("lab-bad", code, requires=requires)

    record = inspect(lab)["lab-bad"]

    assert record.status == "failed"
    assert cause in record.cause
    assert "lab" in record.mend


def test_two_distributions_with_one_name_are_both_named(lab):
    lab.install("lab-first", BRINGS, name="jazz")
    lab.install("lab-second", BRINGS, name="jazz")

    records = inspect(lab)

    assert {record.status for record in records.values()} == {"failed"}
    assert all("lab-first 1.0 and lab-second 1.0" in record.cause for record in records.values())


def test_two_plugins_that_bring_one_value_are_told(lab):
    lab.install("lab-first", BRINGS)
    lab.install("lab-second", BRINGS)

    records = inspect(lab)

    assert records["lab-first"].conflicts == (
        "connections 'lagoon' is also brought by 'lab_second' (lab-second 1.0)",
        "commands 'tune' is also brought by 'lab_second' (lab-second 1.0)",
    )


def test_a_disabled_plugin_is_listed_and_imported_nowhere(lab, monkeypatch, tmp_path):
    lab.install("lab-off", f"open({str(tmp_path / 'imported')!r}, 'w')")
    monkeypatch.setenv("BRUBECK_DISABLE_PLUGINS", "lab_off")

    assert inspect(lab)["lab-off"].status == "disabled"
    assert not (tmp_path / "imported").exists()


def test_the_command_prints_json(lab):
    lab.install("lab-good", BRINGS)
    lab.install("lab-bad", "import os; os._exit(1)")

    result = CliRunner().invoke(plugins_command, ["--json"])

    found = {each["name"]: each for each in json.loads(result.stdout)}
    assert found["lab_good"]["connections"] == ["lagoon"]
    assert found["lab_bad"]["status"] == "failed"
    assert result.exit_code == 0


def test_check_fails_when_a_plugin_did(lab):
    lab.install("lab-bad", "1 / 0")

    assert CliRunner().invoke(plugins_command, ["--check"]).exit_code == 1


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
