"""Settings that cannot work are refused when the application is made."""

import gevent
import pytest
from brubeck.core.application import Brubeck
from brubeck.core.client import Client
from brubeck.core.connections import Connection
from brubeck.core.errors import ConfigurationError, MissingPlugin, PluginError
from brubeck.core.handlers import WebMessageHandler
from brubeck.plugins import hookimpl
from gevent.pool import Pool


class Handler(WebMessageHandler):
    def get(self):
        return "x"


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"handler_tupels": []}, r"no setting 'handler_tupels'. Did you mean 'handler_tuples'\?"),
        ({"zzz": 1}, "no setting 'zzz'. It knows mongrel2_pair, handler_tuples"),
        ({"pool": "ten"}, r"pool must be a gevent.pool.Pool, a positive int or None, got 'ten'\."),
        ({"pool": 0}, "positive int"),
        ({"pool": True}, "positive int"),
        ({"pool": Pool(0)}, "positive int"),
        ({"msg_conn": 7}, "msg_conn must be a Connection"),
        ({"mongrel2_pair": "tcp://a"}, "mongrel2_pair is"),
        ({"handler_tuples": [("^/",)]}, "pairs, got"),
        ({"handler_tuples": [("^/(", Handler)]}, r"The route '\^/\('"),
        ({"handler_tuples": [("^/", "Handler")]}, "leads to 'Handler', not a callable"),
        ({"handler_tuples": [("^/", dict)]}, "descends from MessageHandler; dict does not"),
        ({"log_level": "LOUD"}, "log_level must be a level of logging, got 'LOUD'"),
        ({"template_loader": "templates"}, "template_loader must be a function"),
        ({"template_loader": dict, "template_engine": "jinja2"}, "not both"),
    ],
)
def test_a_setting_that_cannot_work_is_refused(settings, message):
    with pytest.raises(ConfigurationError, match=message):
        Brubeck(**settings)


def test_the_positional_pair_and_a_connection_contradict_each_other():
    with pytest.raises(ConfigurationError, match="not both"):
        Brubeck(("tcp://a", "tcp://b"), [], msg_conn=Silent())


def test_an_unknown_engine_names_what_to_install():
    with pytest.raises(MissingPlugin, match="jinja3"):
        Brubeck(template_engine="jinja3")


def test_templates_that_were_not_configured():
    with pytest.raises(ConfigurationError, match="No templates are configured"):
        Brubeck().render_template("x.html")


def test_db_conn_and_settings_reach_the_handler():
    class Reader(WebMessageHandler):
        def get(self):
            return f"{self.db_conn['x']} {self.application.settings['y']}"

    app = Brubeck(handler_tuples=[("^/", Reader)], db_conn={"x": 1}, settings={"y": 2})

    assert Client(app).get("/").text == "1 2"


def test_url_for():
    app = Brubeck(handler_tuples=[(r"^/users/(?P<name>[^/]+)/(?P<page>\d+)?$", Handler, "user")])

    assert app.url_for("user", name="a bü", page=2) == "/users/a%20b%C3%BC/2"
    assert app.url_for("user", name="ann") == "/users/ann/"
    with pytest.raises(ConfigurationError, match="Did you mean 'user'"):
        app.url_for("usr")
    with pytest.raises(ConfigurationError, match="cannot be filled"):
        app.url_for("user", name="ann", page="x")
    with pytest.raises(ConfigurationError, match="cannot be filled"):
        app.url_for("user", name="ann", other=1)


class Silent(Connection):
    """Serves nothing, and notes what it is asked."""

    def __init__(self, **options):
        self.calls = []

    def bind(self):
        self.calls.append("bind")

    def open(self, application):
        self.calls.append("open")

    def serve(self):
        self.calls.append("serve")

    def stop(self, timeout_s=30.0):
        self.calls.append("stop")

    def close(self):
        self.calls.append("close")


def test_run_opens_serves_and_closes_around_the_plugins():
    connection = Silent()

    class Plugin:
        @hookimpl
        def brubeck_configure(self, application):
            connection.calls.append("configure")

        @hookimpl
        def brubeck_startup(self, application):
            connection.calls.append("startup")

        @hookimpl
        def brubeck_shutdown(self, application):
            connection.calls.append("shutdown")

    Brubeck(msg_conn=connection, plugins=[Plugin()]).run()

    assert connection.calls == ["configure", "bind", "startup", "open", "serve", "close", "shutdown"]


def test_a_task_runs_while_the_application_does(caplog):
    calls = []

    class Serving(Silent):
        def serve(self):
            gevent.sleep(0.1)

    def task():
        calls.append("called")
        if len(calls) == 1:
            raise OSError("away")

    app = Brubeck(msg_conn=Serving())
    app.add_task(task, every_s=0.001)
    app.run()
    count = len(calls)
    gevent.sleep(0.01)

    assert len(calls) == count > 1
    assert "The task test_a_task_runs_while_the_application_does.<locals>.task failed" in caplog.text


def test_a_task_waits_between_two_calls():
    calls = []

    class Serving(Silent):
        def serve(self):
            gevent.sleep(0.05)

    app = Brubeck(msg_conn=Serving())
    app.add_task(lambda: calls.append("called"), every_s=60)
    app.run()

    assert calls == ["called"]


def test_stopping_is_told_once_and_before_the_transport():
    connection = Silent()

    class Plugin:
        @hookimpl
        def brubeck_stopping(self, application):
            connection.calls.append("stopping")

    app = Brubeck(msg_conn=connection, plugins=[Plugin()])
    app.stop()
    app.stop(0)

    assert connection.calls == ["stopping", "stop", "stop"]


def test_stopping_is_told_again_when_it_runs_again():
    connection = Silent()

    class Plugin:
        @hookimpl
        def brubeck_stopping(self, application):
            connection.calls.append("stopping")

    app = Brubeck(msg_conn=connection, plugins=[Plugin()])
    app.stop()
    app.run()
    app.stop()

    assert connection.calls == ["stopping", "stop", "bind", "open", "serve", "close", "stopping", "stop"]


def test_run_closes_after_a_failure_too():
    connection = Silent()

    class Plugin:
        @hookimpl
        def brubeck_startup(self, application):
            raise RuntimeError("no database")

    with pytest.raises(PluginError, match="no database"):
        Brubeck(msg_conn=connection, plugins=[Plugin()]).run()

    assert connection.calls == ["bind", "close"]


def test_a_signal_while_plugins_start_lets_nobody_in():
    connection = Silent()

    class Plugin:
        @hookimpl
        def brubeck_startup(self, application):
            application.stop()

        @hookimpl
        def brubeck_shutdown(self, application):
            connection.calls.append("shutdown")

    Brubeck(msg_conn=connection, plugins=[Plugin()]).run()

    assert connection.calls == ["bind", "stop", "close", "shutdown"]


def test_run_says_where_it_serves(capsys):
    Brubeck(msg_conn=Silent()).run()

    assert capsys.readouterr().err == "Brubeck serves Silent (Ctrl-C to stop)\n"


def test_a_plugins_routes_come_behind_the_applications():
    class Plugin:
        @hookimpl
        def brubeck_configure(self, application):
            application.add_route("^/plugin", method="GET")(lambda application, message: "from the plugin")

    app = Brubeck(handler_tuples=[("^/own", Handler)], plugins=[Plugin()])

    assert Client(app).get("/plugin").text == "from the plugin"


def test_a_hook_registered_while_configuring_is_asked():
    class Late:
        @hookimpl
        def brubeck_response(self, application, message, response):
            response.set_header("X-Late", "1")

    class Plugin:
        @hookimpl
        def brubeck_configure(self, application):
            application.plugins.register(Late())

    app = Brubeck(handler_tuples=[("^/", Handler)], plugins=[Plugin()])

    assert Client(app).get("/").headers["x-late"] == "1"


def test_two_applications_share_no_plugin():
    class Plugin:
        @hookimpl
        def brubeck_response(self, application, message, response):
            response.set_header("X-One", "1")

    first = Brubeck(handler_tuples=[("^/", Handler)], plugins=[Plugin()])
    second = Brubeck(handler_tuples=[("^/", Handler)])

    assert first.response_hooks
    assert not second.response_hooks
    assert "x-one" not in Client(second).get("/").headers


def test_a_signer_of_a_plugin_signs():
    class Signer:
        cookie_attributes = {"httponly": True}
        secure_when_https = True

        def sign(self, name, value):
            return f"{name}|{value}"

        def unsign(self, name, signed, max_age=None):
            found, _, value = signed.partition("|")
            return value if found == name else None

    class Plugin:
        @hookimpl(tryfirst=True)
        def brubeck_cookie_signer(self, application):
            return Signer()

    class Visitor(WebMessageHandler):
        def get(self):
            seen = self.get_cookie("who", "nobody", secret=self.application.cookie_secret)
            self.set_cookie("who", "ann", secret=self.application.cookie_secret)
            return seen

    app = Brubeck(handler_tuples=[("^/", Visitor)], cookie_secret="s" * 32, plugins=[Plugin()])
    client = Client(app, base_url="https://localhost")

    first, second = client.get("/"), client.get("/")

    assert (first.text, second.text) == ("nobody", "ann")
    assert "HttpOnly" in first.headers["set-cookie"]
    assert "Secure" in first.headers["set-cookie"]
    client.cookies["who"] = "forged"
    assert client.get("/").text == "nobody"


def test_a_signed_cookie_without_a_signer_says_what_to_install(caplog):
    class Visitor(WebMessageHandler):
        def get(self):
            return self.get_cookie("who", secret="x")

    app = Brubeck(handler_tuples=[("^/", Visitor)], disable_plugins=["auth"])

    assert Client(app).get("/").status_code == 500
    assert "comes with brubeck-auth" in caplog.text
