"""The manager: what it loads, what it refuses, and in which order it calls."""

import logging
import sys
import types

import pytest
from brubeck.core.discovery import PluginEntry
from brubeck.plugins import MissingPlugin, PluginError, PluginManager, hookimpl

GUARD = """
    from brubeck.plugins import hookimpl

    @hookimpl
    def brubeck_request(application, message):
        return f"guarded {message}"
"""
BROKEN = "raise ValueError('no\\nlicence')"


def load(lab, *plugins, **options) -> PluginManager:
    return PluginManager(plugins, entries=lab.entries, **options).load()


def statuses(manager: PluginManager) -> dict[str, str]:
    return {record.name: record.status for record in manager.records}


def test_an_installed_plugin_is_loaded_and_its_hook_frozen(lab):
    lab.install("lab-guard", GUARD)

    manager = load(lab)

    assert [hook("app", "msg") for hook in manager.request_hooks] == ["guarded msg"]
    (record,) = manager.records
    assert (record.name, record.distribution, record.version) == ("lab_guard", "lab-guard", "1.0")
    assert record.hooks == ("brubeck_request",)


def test_a_hook_nobody_implements_is_an_empty_tuple():
    manager = PluginManager(entries=()).load()

    assert manager.request_hooks == manager.response_hooks == manager.exception_hooks == ()


def test_the_constructor_scans_and_imports_nothing(lab):
    lab.install("lab-guard", GUARD)

    PluginManager(entries=lab.entries)

    assert "lab_guard" not in sys.modules


def test_a_broken_plugin_is_one_logged_line_and_the_others_load(lab, caplog):
    lab.install("lab-broken", BROKEN, version="2.3")
    lab.install("lab-guard", GUARD)

    manager = load(lab)

    assert statuses(manager) == {"lab_guard": "ok", "lab_broken": "failed"}
    (line,) = caplog.records
    assert (line.name, line.levelno) == ("brubeck.plugins", logging.WARNING)
    assert line.getMessage() == (
        "The plugin 'lab_broken' (lab-broken 2.3) was not loaded: it is installed but broken: "
        "importing it raised ValueError: no licence. Switch it off with: BRUBECK_DISABLE_PLUGINS=lab_broken"
    )


@pytest.mark.parametrize(
    "code", ["raise SystemExit(3)", "import lab_nowhere", "def (", "from sys import no_such_name"]
)
def test_whatever_an_import_raises_stays_with_the_plugin(lab, code):
    lab.install("lab-broken", code)
    lab.install("lab-guard", GUARD)

    assert statuses(load(lab)) == {"lab_guard": "ok", "lab_broken": "failed"}


def test_strict_refuses_to_start(lab, monkeypatch):
    lab.install("lab-broken", BROKEN)
    monkeypatch.setenv("BRUBECK_STRICT", "1")

    with pytest.raises(
        PluginError, match=r"'lab_broken' \(lab-broken 1.0\) was not loaded.*no licence"
    ) as info:
        load(lab)

    assert isinstance(info.value.__cause__, ValueError)


@pytest.mark.parametrize("value", ["", "0", "false"])
def test_strict_can_be_switched_off(lab, monkeypatch, value):
    lab.install("lab-broken", BROKEN)
    monkeypatch.setenv("BRUBECK_STRICT", value)

    assert statuses(load(lab)) == {"lab_broken": "failed"}


@pytest.mark.parametrize("name", ["lab_broken", "lab-broken", "Lab.Broken"])
def test_a_disabled_plugin_is_not_imported(lab, name, caplog):
    lab.install("lab-broken", BROKEN)

    manager = load(lab, disabled=[name])

    assert statuses(manager) == {"lab_broken": "disabled"}
    assert "lab_broken" not in sys.modules
    assert not caplog.records


def test_the_environment_adds_to_what_is_disabled(lab, monkeypatch):
    lab.install("lab-broken", BROKEN)
    lab.install("lab-guard", GUARD)
    monkeypatch.setenv("BRUBECK_DISABLE_PLUGINS", " lab_broken , ")

    assert statuses(load(lab, disabled=["lab_guard"])) == {"lab_broken": "disabled", "lab_guard": "disabled"}


def test_a_name_that_disables_nothing_is_told_with_the_nearest(lab, caplog):
    lab.install("lab-guard", GUARD)

    load(lab, disabled=["lab_gaurd"])

    assert "No plugin is named 'lab_gaurd'" in caplog.text
    assert "Did you mean 'lab_guard'?" in caplog.text


def test_two_distributions_with_one_name_are_an_error_naming_both(lab):
    lab.install("lab-first", GUARD, name="jazz")
    lab.install("lab-second", GUARD, name="jazz", version="2.0")

    with pytest.raises(
        PluginError, match=r"name 'jazz' is used by 2 distributions: lab-first 1.0 and lab-second 2.0"
    ):
        load(lab)

    assert not {"lab_first", "lab_second"} & set(sys.modules)


def test_disabling_one_distribution_leaves_the_name_to_the_other(lab):
    lab.install("lab-first", GUARD, name="jazz")
    lab.install("lab-second", GUARD, name="jazz")

    manager = load(lab, disabled=["lab-second"])

    assert [(record.distribution, record.status) for record in manager.records] == [
        ("lab-first", "ok"),
        ("lab-second", "disabled"),
    ]


def test_disabling_the_shared_name_disables_both(lab):
    lab.install("lab-first", GUARD, name="jazz")
    lab.install("lab-second", GUARD, name="jazz")

    assert {record.status for record in load(lab, disabled=["jazz"]).records} == {"disabled"}


def test_a_plugin_that_requires_a_newer_core_is_not_imported(lab, caplog):
    lab.install("lab-guard", GUARD, requires=("brubeck-core>=99",))

    assert statuses(load(lab)) == {"lab_guard": "failed"}
    assert "it needs brubeck-core>=99, and brubeck-core 0." in caplog.text
    assert "lab_guard" not in sys.modules


def test_a_stale_entry_point_is_named(lab, caplog):
    lab.install("lab-gone", None)

    assert statuses(load(lab)) == {"lab_gone": "failed"}
    assert "'lab_gone' (lab-gone 1.0) was not loaded: its module 'lab_gone' does not exist" in caplog.text


def test_an_entry_point_may_name_an_object_or_a_class(lab):
    lab.install(
        "lab-thing", "class Plugin:\n    motto = 'swing'\nplugin = Plugin()", value="lab_thing:plugin"
    )
    lab.install("lab-kind", "class Plugin:\n    motto = 'swing'", value="lab_kind:Plugin")

    assert set(statuses(load(lab)).values()) == {"ok"}


def test_given_plugins_come_before_installed_ones_and_those_go_by_name(lab):
    code = "from brubeck.plugins import hookimpl\n@hookimpl\ndef brubeck_request():\n    return __name__"
    lab.install("lab-b", code)
    lab.install("lab-a", code)
    given = types.ModuleType("given")
    exec(code, given.__dict__)

    manager = load(lab, given)

    assert [hook("app", "msg") for hook in manager.request_hooks] == ["given", "lab_a", "lab_b"]


def test_tryfirst_and_trylast_change_the_order():
    def plugin(name: str, **options: bool) -> object:
        class Plugin:
            @hookimpl(**options)
            def brubeck_request(self, application, message):
                return name

        return Plugin()

    given = [plugin("last", trylast=True), plugin("one"), plugin("two"), plugin("first", tryfirst=True)]
    manager = PluginManager(given, entries=()).load()

    assert [hook("app", "msg") for hook in manager.request_hooks] == ["first", "one", "two", "last"]


def test_a_fault_in_a_given_plugin_is_always_raised():
    class Misspelt:
        @hookimpl
        def brubeck_reqest(self, application, message): ...

    with pytest.raises(PluginError, match=r"'Misspelt'.*'brubeck_reqest'.*Did you mean 'brubeck_request'"):
        PluginManager([Misspelt()], entries=(), strict=False).load()


def test_a_given_plugin_can_be_disabled_by_name():
    class Guard:
        @hookimpl
        def brubeck_request(self, application, message): ...

    manager = PluginManager([Guard], entries=(), disabled=["Guard"]).load()

    assert manager.request_hooks == ()
    assert statuses(manager) == {"Guard": "disabled"}


def test_a_plugin_given_by_hand_and_installed_is_registered_once(lab):
    lab.install("lab-guard", GUARD)
    (entry,) = lab.entries

    manager = load(lab, entry.load())

    assert len(manager.request_hooks) == 1


def test_register_returns_its_undo():
    class Guard:
        @hookimpl
        def brubeck_request(self, application, message):
            return "guarded"

        @hookimpl
        def brubeck_mixins(self):
            return {"guard": Guard}

    manager = PluginManager(entries=()).load()
    undo = manager.register(Guard())
    assert len(manager.request_hooks) == 1
    assert manager.get_mixin("guard") is Guard

    undo()
    undo()

    assert manager.request_hooks == ()
    assert manager.mixins == {}
    assert manager.records == ()


def test_loading_twice_registers_once(lab):
    lab.install("lab-guard", GUARD)

    assert len(load(lab).load().request_hooks) == 1


def test_managers_share_nothing():
    class Guard:
        @hookimpl
        def brubeck_request(self, application, message): ...

    PluginManager([Guard()], entries=()).load()

    assert PluginManager(entries=()).load().request_hooks == ()


def test_an_error_in_configure_names_the_plugin(lab):
    lab.install(
        "lab-guard",
        """
        from brubeck.plugins import hookimpl

        @hookimpl
        def brubeck_configure(application):
            raise KeyError("rate")
        """,
    )

    with pytest.raises(
        PluginError, match=r"brubeck_configure of the plugin 'lab_guard' \(lab-guard 1.0\).*KeyError"
    ):
        load(lab).configure("app")


def test_shutdown_goes_backwards_and_past_a_failure(caplog):
    calls = []

    def plugin(name: str) -> object:
        class Plugin:
            @hookimpl
            def brubeck_startup(self):
                calls.append(f"start {name}")

            @hookimpl
            def brubeck_shutdown(self, application):
                calls.append(f"stop {name}")
                if name == "b":
                    raise OSError("stuck")

        return Plugin()

    manager = PluginManager([plugin("a"), plugin("b")], entries=()).load()
    manager.startup("app")
    manager.shutdown("app")

    assert calls == ["start a", "start b", "stop b", "stop a"]
    assert "brubeck_shutdown of the plugin 'Plugin'" in caplog.text


def test_stopping_goes_forwards_and_past_a_failure(caplog):
    calls = []

    def plugin(name: str) -> object:
        class Plugin:
            @hookimpl
            def brubeck_stopping(self, application):
                calls.append(f"{name} of {application}")
                if name == "a":
                    raise OSError("stuck")

        return Plugin()

    PluginManager([plugin("a"), plugin("b")], entries=()).load().stopping("app")

    assert calls == ["a of app", "b of app"]
    assert "brubeck_stopping of the plugin 'Plugin'" in caplog.text


class Signer:
    def sign(self, name, value):
        return f"{name}={value}"

    def unsign(self, name, signed, max_age=None):
        return signed


def test_the_first_cookie_signer_wins():
    class Undecided:
        @hookimpl
        def brubeck_cookie_signer(self, application):
            return None

    class Decided:
        @hookimpl
        def brubeck_cookie_signer(self, application):
            return Signer()

    signer = PluginManager([Undecided(), Decided()], entries=()).load().cookie_signer("app")

    assert signer.sign("name", 1) == "name=1"


def test_what_cannot_sign_is_refused():
    class Wrong:
        @hookimpl
        def brubeck_cookie_signer(self, application):
            return "secret"

    with pytest.raises(PluginError, match=r"'Wrong'.*an object with sign and unsign, got 'secret'"):
        PluginManager([Wrong()], entries=()).load().cookie_signer("app")


def test_without_a_cookie_signer_the_error_says_what_to_install():
    with pytest.raises(MissingPlugin, match="brubeck-auth"):
        PluginManager(entries=()).load().cookie_signer("app")


def test_the_owner_of_a_frozen_call_is_known(lab):
    lab.install("lab-guard", GUARD)
    manager = load(lab)

    assert manager.owner(manager.request_hooks[0]) == "'lab_guard' (lab-guard 1.0)"


def test_a_broken_command_hook_leaves_the_other_commands(lab, caplog):
    lab.install(
        "lab-broken",
        "from brubeck.plugins import hookimpl\n@hookimpl\ndef brubeck_commands():\n    return 1 / 0",
    )
    lab.install(
        "lab-tool",
        """
        from brubeck.plugins import hookimpl

        @hookimpl
        def brubeck_commands():
            return {"tune": "lab_tool_command:tune"}
        """,
    )

    assert list(load(lab).commands()) == ["tune"]
    assert "ZeroDivisionError" in caplog.text


def test_entries_can_be_scanned_before_and_loaded_after():
    manager = PluginManager(entries=[PluginEntry("json", "json", "lab-json", "1.0")])

    assert statuses(manager.load()) == {"json": "ok"}
