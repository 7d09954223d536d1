"""`brubeck plugins` over plugins that are broken in every way, and what an application does with the same ones."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from brubeck.core import inspection

SEEN = "from pathlib import Path; Path(__file__ + '.seen').touch()\n"
GOOD = SEEN + "from brubeck.plugins import hookimpl\n@hookimpl\ndef brubeck_request(application): return None"
HANGING = SEEN + "import time; time.sleep(60)"

# distribution: version, code, what is said of it, further facts
BROKEN = {
    "lab-raising": ("1.1", SEEN + "raise ValueError('no licence')", "raised ValueError: no licence", {}),
    "lab-misspelt": ("1.2", GOOD.replace("_request", "_reqest"), "Did you mean 'brubeck_request'?", {}),
    "lab-newer": ("1.3", GOOD, "it needs brubeck-core>=99", {"requires": ("brubeck-core>=99",)}),
    "lab-stale": ("1.4", None, "its module 'lab_stale' does not exist", {}),
    "lab-exiting": ("1.5", SEEN + "import os; os._exit(1)", "ended the process with exit code 1", {}),
    "lab-killing": ("1.6", SEEN + "import os; os.kill(os.getpid(), 9)", "killed the process by SIGKILL", {}),
    "lab-first": ("1.7", GOOD, "used by 2 distributions: lab-first 1.7 and lab-second 1.8", {"name": "jazz"}),
    "lab-second": (
        "1.8",
        GOOD,
        "used by 2 distributions: lab-first 1.7 and lab-second 1.8",
        {"name": "jazz"},
    ),
}
FATAL = {"lab-exiting", "lab-killing", "lab-first", "lab-second"}
"""What no application survives in its own process, and two with one name, which is refused."""


def run(folder: Path, *arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments],
        env={**os.environ, "PYTHONPATH": str(folder), **environ},
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def install(lab, *distributions: str) -> None:
    lab.install("lab-aaa", GOOD)
    for distribution in distributions:
        version, code, _, facts = BROKEN[distribution]
        lab.install(distribution, code, version=version, **facts)
    lab.install("lab-zzz", GOOD)


def seen_in(folder: Path) -> set[str]:
    return {path.name.removesuffix(".py.seen") for path in folder.glob("*.seen")}


@pytest.fixture(scope="module")
def broken(lab_class, tmp_path_factory):
    """A lab with every broken plugin, between two good ones."""
    lab = lab_class(tmp_path_factory.mktemp("broken"))
    install(lab, *BROKEN)
    return lab


@pytest.fixture(scope="module")
def listed(broken):
    """What `brubeck plugins --json` says of it, by distribution."""
    done = run(broken.folder, "-m", "brubeck.core.command", "plugins", "--json")
    assert (done.returncode, done.stderr) == (0, "")
    return {facts["distribution"]: facts for facts in json.loads(done.stdout)}


def test_every_other_plugin_is_listed(listed):
    good = [listed["lab-aaa"], listed["lab-zzz"]]

    assert [facts["status"] for facts in good] == ["ok", "ok"]
    assert [facts["hooks"] for facts in good] == [["brubeck_request"]] * 2


@pytest.mark.parametrize("distribution", BROKEN)
def test_a_broken_one_is_named_with_its_version_and_cause(listed, distribution):
    version, _, cause, _ = BROKEN[distribution]
    facts = listed[distribution]

    assert (facts["status"], facts["version"]) == ("failed", version)
    assert cause in facts["cause"]
    assert facts["mend"]


def test_a_person_reads_the_same(broken, listed):
    done = run(broken.folder, "-m", "brubeck.core.command", "plugins", "--check")

    assert done.returncode == 1
    for distribution, (version, _, cause, _) in BROKEN.items():
        assert f"{distribution} {version}" in done.stdout
        assert cause in done.stdout


def test_one_that_hangs_is_given_up_and_the_others_are_listed(lab, monkeypatch):
    install(lab)
    lab.install("lab-hanging", HANGING, version="1.9")
    monkeypatch.setattr(inspection, "scan", lambda: tuple(lab.entries))

    first, hanging, last = inspection.inspect_plugins(timeout_s=1.5)

    assert (first.status, last.status) == ("ok", "ok")
    assert (hanging.distribution, hanging.version) == ("lab-hanging", "1.9")
    assert hanging.cause == "importing it did not end in time."
    assert hanging.mend.endswith("BRUBECK_DISABLE_PLUGINS=lab_hanging")


DISABLE_EACH = """
import json, os
from brubeck.core.discovery import scan
from brubeck.core.plugins import PluginManager

told = {}
for entry in scan():
    if entry.distribution.startswith("lab-"):
        for name in (entry.name, entry.distribution):
            os.environ["BRUBECK_DISABLE_PLUGINS"] = name
            (record,) = PluginManager(entries=[entry]).load().records
            told[name] = record.status
print(json.dumps(told))
"""


def test_each_is_switched_off_by_name_without_being_imported(lab):
    """Each alone, by its own name and by its distribution's; an import of some would end the process."""
    install(lab, *BROKEN)
    lab.install("lab-hanging", HANGING)

    told = json.loads(run(lab.folder, "-c", DISABLE_EACH).stdout)

    assert {*BROKEN, "lab-hanging", "jazz", "lab_exiting"} <= set(told)
    assert set(told.values()) == {"disabled"}
    assert seen_in(lab.folder) == set()


def test_the_list_imports_no_disabled_one_either(lab, monkeypatch):
    install(lab, *BROKEN)
    monkeypatch.setattr(inspection, "scan", lambda: tuple(lab.entries))
    monkeypatch.setenv("BRUBECK_DISABLE_PLUGINS", "lab-raising,lab_misspelt,lab_newer,lab_stale,lab_exiting")

    records = {
        record.distribution: record.status
        for record in inspection.inspect_plugins(["lab_killing", "lab-second"])
    }

    off = set(BROKEN) - {"lab-first"}
    assert records == dict.fromkeys(off, "disabled") | dict.fromkeys(
        ["lab-aaa", "lab-first", "lab-zzz"], "ok"
    )
    assert seen_in(lab.folder) == {"lab_aaa", "lab_first", "lab_zzz"}


APPLICATION = """
from brubeck.request_handling import Brubeck, WebMessageHandler
from brubeck.testing import Client

class Page(WebMessageHandler):
    def get(self):
        return "Take five"

app = Brubeck(handler_tuples=[("^/$", Page)])
print(Client(app).get("/").text)
"""


@pytest.fixture
def survivable(lab):
    """A lab with the plugins that an application starts without."""
    install(lab, *(name for name in BROKEN if name not in FATAL))
    lab.write("site_app.py", APPLICATION)
    return lab


def test_an_application_starts_without_them_and_logs_a_line_for_each(survivable):
    done = run(survivable.folder, "site_app.py")

    assert done.stdout == "Take five\n"
    lines = done.stderr.splitlines()
    for distribution in set(BROKEN) - FATAL:
        version, _, cause, _ = BROKEN[distribution]
        (line,) = (line for line in lines if f"({distribution} {version}) was not loaded" in line)
        assert cause in line
    assert len(lines) == len(set(BROKEN) - FATAL)


def test_a_strict_application_refuses_in_one_sentence(survivable):
    done = run(survivable.folder, "-m", "brubeck.core.command", "routes", "site_app:app", BRUBECK_STRICT="1")

    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert line.startswith("brubeck: The plugin 'lab_misspelt' (lab-misspelt 1.2) was not loaded: ")


def test_what_a_plugin_prints_does_not_get_into_the_list(lab, monkeypatch):
    lab.install("lab-noisy", "print('hello')\nimport os\nos.write(1, b'{}')\n")
    monkeypatch.setattr(inspection, "scan", lambda: tuple(lab.entries))

    (record,) = inspection.inspect_plugins()

    assert record.status == "ok"


def test_two_plugins_with_one_value_are_told_of_each_other(lab, monkeypatch):
    code = "from brubeck.plugins import hookimpl\n@hookimpl\ndef brubeck_renderers(): return {'ink': 'a:B'}"
    lab.install("lab-a", code)
    lab.install("lab-b", code)
    monkeypatch.setattr(inspection, "scan", lambda: tuple(lab.entries))

    told = [record.conflicts for record in inspection.inspect_plugins()]

    assert told == [
        ("renderers 'ink' is also brought by 'lab_b' (lab-b 1.0)",),
        ("renderers 'ink' is also brought by 'lab_a' (lab-a 1.0)",),
    ]
