"""What a person types leads to an application, or to one sentence."""

import sys

import pytest
from brubeck.core.errors import ConfigurationError
from brubeck.core.loading import load_application, load_object

SCRIPT = "from brubeck.request_handling import Brubeck\napp = Brubeck(handler_tuples=[])\n"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    before = set(sys.modules)
    yield tmp_path
    for name in set(sys.modules) - before:
        del sys.modules[name]


@pytest.mark.parametrize("target", ["shop.py", "shop.py:app", "shop:app", "shop", "./shop.py"])
def test_targets(folder, target):
    (folder / "shop.py").write_text(SCRIPT)

    assert len(load_application(target).router) == 0


def test_a_script_that_runs_itself_is_not_run_while_it_is_loaded(folder):
    (folder / "shop.py").write_text(SCRIPT.replace("app", "server") + "server.run()\n")

    assert load_application("shop.py")


def test_a_file_beside_the_script_can_be_imported(folder):
    (folder / "beside.py").write_text("x = 1\n")
    (folder / "shop.py").write_text("import beside\n" + SCRIPT)

    assert load_application("shop.py")


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ("missing", "There is no module 'missing' here"),
        ("shap", "Did you mean 'shop'"),
        ("missing.py", "There is no file 'missing.py'"),
        ("shop:application", "'shop' has no 'application'. Did you mean"),
        ("shop:name", "is 7, not a Brubeck application"),
        ("empty", "There is no Brubeck application in 'empty'"),
        ("several", r"several applications \(one, two\)"),
        ("a..b", "There is no module|no name of a module"),
    ],
)
def test_what_is_wrong_is_one_sentence(folder, target, message):
    (folder / "shop.py").write_text(SCRIPT + "name = 7\napplications = 8\n")
    (folder / "empty.py").write_text("")
    (folder / "several.py").write_text(SCRIPT.replace("app", "one") + "two = Brubeck()\n")

    with pytest.raises(ConfigurationError, match=message):
        load_application(target)


def test_an_import_that_fails_inside_the_module_is_not_hidden(folder):
    (folder / "shop.py").write_text("import not_there_at_all\n")

    with pytest.raises(ModuleNotFoundError, match="not_there_at_all"):
        load_application("shop")


def test_load_object(folder):
    (folder / "shelf.py").write_text("book = 7\n")

    assert load_object("shelf.py:book") == 7
    with pytest.raises(ConfigurationError, match="names no object"):
        load_object("shelf.py")
