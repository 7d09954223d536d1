import pytest
from brubeck.core.errors import ConfigurationError
from brubeck.templating import Folders, TemplateNotFound
from brubeck.templating.folders import check_name, is_name
from hypothesis import given
from hypothesis import strategies as st


@given(st.text(alphabet="./\\ab:\x00", max_size=12))
def test_a_name_that_is_accepted_stays_in_its_folder(name: str) -> None:
    if is_name(name):
        steps = name.replace("\\", "/").split("/")

        assert ".." not in steps
        assert not name.startswith("/")
        assert "\x00" not in name


def test_a_refused_name_is_told_with_the_way_to_write_it() -> None:
    with pytest.raises(TemplateNotFound, match=r"'\.\./a\.html' is no name of a template"):
        check_name("../a.html")


def test_a_missing_template_is_told_with_the_nearest_name(tmp_path) -> None:
    (tmp_path / "pages").mkdir()
    (tmp_path / "pages" / "list.html").write_text("")

    with pytest.raises(
        TemplateNotFound, match=r"no template 'pages/lst\.html' in .* Did you mean 'pages/list\.html'\?"
    ):
        Folders([tmp_path]).read("pages/lst.html")


def test_a_name_that_is_too_long_for_a_file_is_that_of_none(tmp_path) -> None:
    with pytest.raises(TemplateNotFound):
        Folders([tmp_path]).read("x" * 300)


def test_the_templates_of_a_package_come_behind_the_folders(tmp_path, monkeypatch) -> None:
    for name in ("shop/__init__.py", "shop/templates/page.html", "shop/mail/page.txt", "own/page.html"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("")
    monkeypatch.syspath_prepend(str(tmp_path))

    assert Folders.gather(tmp_path / "own", "shop").paths == (
        tmp_path / "own",
        tmp_path / "shop" / "templates",
    )
    assert Folders.gather(None, "shop:mail").paths == (tmp_path / "shop" / "mail",)


@pytest.mark.parametrize("package", ["no_such_package", "no_such.package", "json.decoder"])
def test_what_is_no_package_is_refused(package: str) -> None:
    with pytest.raises(ConfigurationError, match="names no importable package"):
        Folders.gather(None, package)


def test_nothing_to_look_in_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="Templates need a folder"):
        Folders.gather(None)


def test_related_files_are_found_by_the_names_in_the_text(tmp_path) -> None:
    (tmp_path / "pages").mkdir()
    (tmp_path / "pages" / "a.html").write_text("extends ../base.html; example.com; ../../etc/passwd.txt")
    (tmp_path / "base.html").write_text("include pages/b.html, and itself: base.html")
    (tmp_path / "pages" / "b.html").write_text("the end")

    texts = list(Folders([tmp_path]).read_related("pages/a.html"))

    assert [text.split()[0] for text in texts] == ["extends", "include", "the"]
