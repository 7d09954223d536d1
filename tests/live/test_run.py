"""`brubeck run` as a person uses it: it serves, reloads, drains, and says in a sentence what is wrong."""

import signal
import subprocess
import sys
import time
from contextlib import suppress
from threading import Thread

from brubeck.core.client import SocketClient
from serving import free_port, started, wait_until

APP = """
import time
from brubeck.request_handling import Brubeck, WebMessageHandler

class Handler(WebMessageHandler):
    def get(self):
        time.sleep(float(self.get_argument('s', '0')))
        return 'one'

app = Brubeck(handler_tuples=[(r'^/', Handler)])
"""


def run_command(port, *options):
    return ["-m", "brubeck.core.command", "run", "shop.py", "--port", str(port), *options]


def ask_in_thread(url, path):
    answers = []
    thread = Thread(target=lambda: answers.append(SocketClient(url).get(path).text))
    thread.start()
    return thread, answers


def test_it_says_where_it_serves(tmp_path):
    (tmp_path / "shop.py").write_text(APP)
    port = free_port()
    with started(*run_command(port), cwd=tmp_path, port=port) as program:
        assert SocketClient(program.url).get("/").text == "one"
        wait_until(lambda: "Brubeck serves" in program.output, what="the line")

    assert f"http://127.0.0.1:{port}" in program.output
    assert "Traceback" not in program.output


def test_signals_drain(tmp_path):
    (tmp_path / "shop.py").write_text(APP)
    for number in (signal.SIGTERM, signal.SIGINT):
        port = free_port()
        with started(*run_command(port), cwd=tmp_path, port=port) as program:
            thread, answers = ask_in_thread(program.url, "/?s=1.5")
            time.sleep(0.5)
            program.signal(number)
            code = program.exit_code()
            thread.join(5)

        assert (code, answers) == (0, ["one"]), program.output
        assert "Traceback" not in program.output


def test_a_second_signal_does_not_wait(tmp_path):
    (tmp_path / "shop.py").write_text(APP)
    port = free_port()
    with started(*run_command(port), cwd=tmp_path, port=port) as program:
        connection = SocketClient(program.url, timeout_s=30)
        thread = Thread(target=lambda: suppressing(lambda: connection.get("/?s=25")), daemon=True)
        thread.start()
        time.sleep(0.5)
        begin = time.monotonic()
        program.signal(signal.SIGINT)
        time.sleep(0.3)
        program.signal(signal.SIGINT)
        program.exit_code(8)

    assert time.monotonic() - begin < 8


def suppressing(call):
    with suppress(OSError):
        call()


def test_a_port_that_is_taken(tmp_path):
    (tmp_path / "shop.py").write_text(APP)
    port = free_port()
    with started(*run_command(port), cwd=tmp_path, port=port):
        second = subprocess.run(
            [sys.executable, *run_command(port)],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=15,
            check=False,
        )

    assert second.returncode == 2
    assert second.stderr.startswith("brubeck: ")
    assert str(port) in second.stderr
    assert len(second.stderr.splitlines()) == 1


def test_reload_starts_again_and_survives_a_syntax_error(tmp_path):
    (tmp_path / "shop.py").write_text(APP)
    port = free_port()
    with started(*run_command(port, "--reload"), cwd=tmp_path, port=port) as program:
        client = SocketClient(program.url)
        assert client.get("/").text == "one"

        (tmp_path / "shop.py").write_text("def broken(:\n")
        wait_until(lambda: "SyntaxError" in program.output, what="the syntax error")
        (tmp_path / "shop.py").write_text(APP.replace("'one'", "'three'"))

        wait_until(lambda: text_of(client) == "three", what="the reload")
        program.signal(signal.SIGINT)
        assert program.exit_code() == 0


def text_of(client):
    try:
        return client.get("/").text
    except OSError:
        return None
