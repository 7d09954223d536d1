"""The command line: what a person got wrong is one sentence and exit code 2, with no traceback."""

import json
import subprocess
import sys

import pytest
from brubeck.core import command

SCRIPT = """
from brubeck.request_handling import Brubeck, WebMessageHandler

class Page(WebMessageHandler):
    def get(self): ...
    def post(self): ...

app = Brubeck(handler_tuples=[(r"^/$", Page, "home"), (r"^/late", lambda application, message: "x")])

@app.add_route("^/function", method=["GET", "PUT"])
def function(application, message): ...
"""


@pytest.fixture
def brubeck(lab, monkeypatch, capfd):
    """What the command answers in this process: exit code, stdout, stderr."""

    def ask(*arguments):
        monkeypatch.chdir(lab.folder)
        monkeypatch.setattr(sys, "argv", ["brubeck", *arguments])
        with pytest.raises(SystemExit) as caught:
            command.main()
        return (caught.value.code, *capfd.readouterr())

    return ask


def test_routes_as_a_table(tmp_path):
    """In a process of its own, as a person asks."""
    (tmp_path / "shop.py").write_text(SCRIPT)

    table = subprocess.run(
        [sys.executable, "-m", "brubeck.core.command", "routes", "shop.py"],
        capture_output=True, text=True, timeout=30, cwd=tmp_path, check=False,
    )  # fmt: skip

    assert table.returncode == 0, table.stderr
    assert table.stdout.splitlines()[0].split() == ["^/$", "GET,HEAD,POST,OPTIONS", "shop.Page", "(home)"]


def test_routes_as_json(lab, brubeck):
    lab.write("shop.py", SCRIPT)

    code, stdout, _ = brubeck("routes", "shop:app", "--json")

    rows = json.loads(stdout)
    assert code == 0
    assert [row["methods"] for row in rows] == ["GET,HEAD,POST,OPTIONS", "any", "GET,HEAD,PUT,OPTIONS"]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("run", "nowhere:app"), "brubeck: There is no module 'nowhere' here."),
        (("run", "empty.py"), "brubeck: There is no Brubeck application in 'empty'."),
        (
            ("run", "bad.py"),
            (
                "brubeck: The route '^/(' is not a valid regular expression: "
                "missing ), unterminated subpattern at position 2."
            ),
        ),
    ],
)  # fmt: skip
def test_mistakes(lab, brubeck, arguments, sentence):
    lab.write("empty.py", "")
    lab.write("bad.py", SCRIPT.replace("^/late", "^/("))

    code, stdout, stderr = brubeck(*arguments)

    assert (code, stdout) == (2, "")
    assert stderr.splitlines()[-1] == sentence
    assert "Traceback" not in stderr


def test_a_mistake_ends_the_process_with_exit_code_2(tmp_path):
    result = subprocess.run(
        [sys.executable, "-m", "brubeck.core.command", "run", "nowhere:app"],
        capture_output=True, text=True, timeout=30, cwd=tmp_path, check=False,
    )  # fmt: skip

    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr.splitlines() == ["brubeck: There is no module 'nowhere' here."]


def test_an_unknown_option_is_exit_code_2(brubeck):
    code, _, stderr = brubeck("run", "shop.py", "--prot", "1")

    assert code == 2
    assert "--port" in stderr
