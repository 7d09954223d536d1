"""The command line: what a person got wrong is one sentence and exit code 2, with no traceback."""

import json
import subprocess
import sys

import pytest

SCRIPT = """
from brubeck.request_handling import Brubeck, WebMessageHandler

class Page(WebMessageHandler):
    def get(self): ...
    def post(self): ...

app = Brubeck(handler_tuples=[(r"^/$", Page, "home"), (r"^/late", lambda application, message: "x")])

@app.add_route("^/function", method=["GET", "PUT"])
def function(application, message): ...
"""


def brubeck(*arguments, cwd):
    return subprocess.run(
        [sys.executable, "-m", "brubeck.core.command", *arguments],
        capture_output=True, text=True, timeout=30, cwd=cwd, check=False,
    )  # fmt: skip


def test_routes(tmp_path):
    (tmp_path / "shop.py").write_text(SCRIPT)

    table = brubeck("routes", "shop.py", cwd=tmp_path)
    rows = json.loads(brubeck("routes", "shop:app", "--json", cwd=tmp_path).stdout)

    assert table.returncode == 0, table.stderr
    assert table.stdout.splitlines()[0].split() == ["^/$", "GET,HEAD,POST,OPTIONS", "shop.Page", "(home)"]
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
def test_mistakes(tmp_path, arguments, sentence):
    (tmp_path / "empty.py").write_text("")
    (tmp_path / "bad.py").write_text(SCRIPT.replace("^/late", "^/("))

    result = brubeck(*arguments, cwd=tmp_path)

    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr.splitlines()[-1] == sentence
    assert "Traceback" not in result.stderr


def test_an_unknown_option_is_exit_code_2(tmp_path):
    result = brubeck("run", "shop.py", "--prot", "1", cwd=tmp_path)

    assert result.returncode == 2
    assert "--port" in result.stderr
