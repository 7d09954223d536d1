"""The programs that must run as they stand, over the embedded server and behind a real Mongrel2."""

from pathlib import Path

import pytest
from brubeck.core.client import SocketClient
from mongrel2_server import Mongrel2
from serving import ask_at_once, free_port, started, wait_until

CLASS_OVER_WSGI = """
from brubeck.request_handling import Brubeck, WebMessageHandler
from brubeck.connections import WSGIConnection

class DemoHandler(WebMessageHandler):
    def get(self):
        self.set_body('Take five')
        return self.render()

app = Brubeck(msg_conn=WSGIConnection(port=6767), handler_tuples=[(r'^/', DemoHandler)])
app.run()
"""

FUNCTION_BEHIND_MONGREL2 = """
from brubeck.request_handling import Brubeck, http_response
app = Brubeck(mongrel2_pair=('ipc://127.0.0.1:9999', 'ipc://127.0.0.1:9998'))

@app.add_route('^/brubeck', method='GET')
def foo(application, message):
    return http_response('Take five!', 200, 'OK', {})
app.run()
"""

POSITIONAL_PAIR = """
from brubeck.request_handling import Brubeck, WebMessageHandler

class DemoHandler(WebMessageHandler):
    def get(self):
        self.set_body('Take five!') # hello world is boring
        self.set_status(200)
        return self.render()

handler_tuples = [(r'^/brubeck$', DemoHandler)]
app = Brubeck(('ipc://127.0.0.1:9999', 'ipc://127.0.0.1:9998'), handler_tuples)
app.run()
"""

CONNECTION_OBJECT = """
from brubeck.request_handling import Brubeck, WebMessageHandler
from brubeck.connections import Mongrel2Connection

class DemoHandler(WebMessageHandler):
    def get(self):
        return 'Take five!'

urls = [(r'^/brubeck$', DemoHandler)]
app = Brubeck(msg_conn=Mongrel2Connection('tcp://127.0.0.1:9999', 'tcp://127.0.0.1:9998'), handler_tuples=urls)
app.run()
"""

COMPOSED = """
from brubeck.request_handling import Brubeck, WebMessageHandler
from brubeck.connections import WSGIConnection
from brubeck.templating import Jinja2Rendering, load_jinja2_env
from brubeck.auth import web_authenticated, UserHandlingMixin

def load_user(db_conn, user_id):
    return db_conn.get(user_id)

db_conn = {'1': 'ann'}

class DemoHandler(WebMessageHandler, Jinja2Rendering, UserHandlingMixin):   # and in any other order of the bases
    def get_current_user(self):
        user_id = self.get_cookie('user_id', secret=self.application.cookie_secret)
        return load_user(self.db_conn, user_id)

    @web_authenticated
    def get(self):
        return self.render_template('success.html', name='J2 D2')

class LoginHandler(WebMessageHandler):
    def get(self):
        self.set_cookie('user_id', '1', secret=self.application.cookie_secret)
        return 'in'

app = Brubeck(msg_conn=WSGIConnection(port=6767), handler_tuples=[(r'^/login', LoginHandler), (r'^/', DemoHandler)],
              template_loader=load_jinja2_env('./templates/jinja2'),
              login_url='/login', cookie_secret='a secret of at least 32 bytes, please', db_conn=db_conn)
app.run()
"""


def script(folder: Path, text: str, **replaced: str) -> str:
    """Write the program, with nothing changed but where it listens."""
    for old, new in replaced.items():
        text = text.replace(old.removeprefix("_"), new)
    (folder / "program.py").write_text(text)
    return "program.py"


def test_a_class_over_the_embedded_server(tmp_path):
    port = free_port()
    with started(script(tmp_path, CLASS_OVER_WSGI, _6767=str(port)), cwd=tmp_path, port=port) as program:
        response = SocketClient(program.url).get("/anything")

    assert (response.status_code, response.text) == (200, "Take five")
    assert response.headers["content-type"] == "text/html; charset=utf-8"


@pytest.mark.live("mongrel2")
@pytest.mark.parametrize("protocol", ["tnetstring", "json"])
@pytest.mark.parametrize("text", [FUNCTION_BEHIND_MONGREL2, POSITIONAL_PAIR, CONNECTION_OBJECT])
def test_behind_mongrel2(tmp_path, text, protocol):
    with Mongrel2(protocol=protocol) as server:
        pull, pub = server.pair
        for scheme in ("ipc", "tcp"):
            text = text.replace(f"{scheme}://127.0.0.1:9999", pull).replace(f"{scheme}://127.0.0.1:9998", pub)
        program = script(tmp_path, text)
        with started(program, cwd=tmp_path, port=server.settings.port):
            client = SocketClient(server.url)
            response = client.get("/brubeck")
            head = client.head("/brubeck")
            refused = client.post("/brubeck", data=b"x")

    assert (response.status_code, response.text) == (200, "Take five!")
    assert (head.status_code, head.body) == (200, b"")
    assert (refused.status_code, refused.headers["allow"]) == (405, "GET, HEAD, OPTIONS")


def bases_in_other_orders():
    names = ("WebMessageHandler", "Jinja2Rendering", "UserHandlingMixin")
    orders = [names, names[::-1], (names[1], names[0], names[2]), (names[2], names[0], names[1])]
    return [", ".join(order) for order in orders]


@pytest.mark.parametrize("bases", bases_in_other_orders())
def test_composed_of_templates_and_auth(tmp_path, bases):
    folder = tmp_path / "templates" / "jinja2"
    folder.mkdir(parents=True)
    (folder / "success.html").write_text("Take five, {{ name }}!")
    text = COMPOSED.replace("WebMessageHandler, Jinja2Rendering, UserHandlingMixin", bases)
    port = free_port()
    with started(script(tmp_path, text, _6767=str(port)), cwd=tmp_path, port=port) as program:
        client = SocketClient(program.url)
        stranger = client.get("/page?x=1")
        client.get("/login")
        user = client.get("/page")

    assert stranger.status_code == 302
    assert stranger.headers["location"].startswith("/login?next=")
    assert (user.status_code, user.text) == (200, "Take five, J2 D2!")


SLEEPING = """
import time
from brubeck.request_handling import Brubeck, WebMessageHandler

class SleepingHandler(WebMessageHandler):
    def get(self):
        time.sleep(1)
        return 'awake'

app = Brubeck(handler_tuples=[(r'^/', SleepingHandler)])
"""


@pytest.mark.parametrize("form", ["script", "brubeck run"])
def test_handlers_that_sleep_answer_together(tmp_path, form):
    port = free_port()
    if form == "script":
        text = (
            SLEEPING
            + f"from brubeck.connections import WSGIConnection\napp.msg_conn = WSGIConnection(port={port})\napp.run()\n"
        )
        command = [script(tmp_path, text)]
    else:
        command = ["-m", "brubeck.core.command", "run", script(tmp_path, SLEEPING), "--port", str(port)]
    with started(*command, cwd=tmp_path, port=port):
        two, took_two = ask_at_once(port, "/", 2)
        many, took_many = ask_at_once(port, "/", 1000)

    assert all(answer.endswith(b"awake") for answer in two + many)
    assert 1.0 <= took_two < 1.5
    assert took_many < 3.0


@pytest.mark.live("mongrel2")
def test_handlers_behind_mongrel2_sleep_together(tmp_path):
    with Mongrel2() as server:
        text = SLEEPING.replace("Brubeck(handler", f"Brubeck({server.pair!r}, handler") + "app.run()\n"
        with started(script(tmp_path, text), cwd=tmp_path, port=server.settings.port):
            wait_until(lambda: SocketClient(server.url).get("/").status_code == 200, what="the handler")
            many, took = ask_at_once(server.settings.port, "/", 1000)

    assert sum(b"awake" in answer for answer in many) == 1000
    assert took < 3.0
