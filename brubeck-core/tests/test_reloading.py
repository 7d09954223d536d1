"""Which files are watched."""

import os
from pathlib import Path

from brubeck.core.reloading import changed_name, project_folder, snapshot


def test_what_is_watched(tmp_path):
    for name in (
        "a.py",
        "t/page.html",
        ".git/x.py",
        "venv/pyvenv.cfg",
        "venv/lib.py",
        "__pycache__/a.py",
        "b.txt",
    ):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("")

    assert {os.path.relpath(name, tmp_path) for name in snapshot(tmp_path)} == {"a.py", "t/page.html"}


def test_a_change_is_seen_and_named(tmp_path):
    path = tmp_path / "a.py"
    path.write_text("")
    before = snapshot(tmp_path)
    os.utime(path, ns=(1, 1))

    after = snapshot(tmp_path)

    assert changed_name(before, after) == "a.py"
    path.unlink()
    assert changed_name(after, snapshot(tmp_path)) == "a.py"


def test_the_folder_of_a_script_is_watched_and_else_the_current_one():
    assert project_folder("examples/hello.py:app") == Path("examples").resolve()
    assert project_folder("shop:app") == Path.cwd()
