"""The servers that benchmarks/servers.py compares, one a process: `servers_arms.py ARM PORT`.

Each reads one argument and answers the same 16 bytes; `bare` and `probe` read nothing.
"""

import logging
import os
import sys
from contextlib import suppress

BODY = b"Take five, dude!"


def brubeck(port):
    """Ours: a handler class, the way an application is written."""
    from brubeck.request_handling import Brubeck, WebMessageHandler
    from brubeck.wsgi import WSGIConnection

    class DemoHandler(WebMessageHandler):
        def get(self):
            self.set_body(f"Take five, {self.get_argument('name', 'dude')}!")
            return self.render()

    Brubeck(msg_conn=WSGIConnection(port=port), handler_tuples=[(r"^/$", DemoHandler)]).run()


def bare(port):
    """Ours, with a WSGI function that does nothing."""
    from gevent import monkey

    monkey.patch_all()
    from brubeck.wsgi import serve

    serve(bare_application, port=port)


def bare_application(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/html; charset=utf-8"), ("Content-Length", "16")])
    return [BODY]


def probe(port):
    """What gevent and llhttp allow in Python: a constant for each message, no limits, no date, no application."""
    from gevent import monkey

    monkey.patch_all()
    import socket

    import httptools
    from gevent.server import StreamServer

    answer = (
        b"HTTP/1.1 200 OK\r\nServer: probe\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: 16\r\n\r\n"
        + BODY
    )

    class Events:
        def __init__(self):
            self.url, self.headers, self.done = b"", [], 0

        def on_url(self, url):
            self.url += url

        def on_header(self, name, value):
            self.headers.append((name, value))

        def on_message_complete(self):
            self.done += 1
            self.url, self.headers = b"", []

    def serve(sock, address):
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        events = Events()
        parser = httptools.HttpRequestParser(events)
        with suppress(ConnectionError):
            while data := sock.recv(65536):
                parser.feed_data(data)
                while events.done:
                    events.done -= 1
                    sock.sendall(answer)

    StreamServer(("127.0.0.1", port), serve, backlog=2048).serve_forever()


def uvicorn(port):
    """uvloop, httptools and starlette."""
    import uvicorn
    from starlette.applications import Starlette
    from starlette.responses import HTMLResponse
    from starlette.routing import Route

    async def home(request):
        return HTMLResponse(f"Take five, {request.query_params.get('name', 'dude')}!")

    app = Starlette(routes=[Route("/", home)])
    uvicorn.run(
        app, port=port, loop="uvloop", http="httptools", access_log=False, log_level="warning", backlog=2048
    )


def flask_application():
    import flask

    app = flask.Flask("arms")

    @app.get("/")
    def home():
        return f"Take five, {flask.request.args.get('name', 'dude')}!"

    return app


def gunicorn(port):
    """The gevent worker, and flask."""
    options = [
        "-k",
        "gevent",
        "-b",
        f"127.0.0.1:{port}",
        "--log-level",
        "warning",
        "servers_arms:flask_application()",
    ]
    os.execv(sys.executable, [sys.executable, "-m", "gunicorn", *options])


def pywsgi(port):
    """gevent's own server, and the bare function."""
    from gevent import monkey

    monkey.patch_all()
    from gevent.pywsgi import WSGIServer

    WSGIServer(("127.0.0.1", port), bare_application, log=None).serve_forever()


def tornado(port):
    """A handler class of Tornado's."""
    import asyncio

    from tornado.web import Application, RequestHandler

    class DemoHandler(RequestHandler):
        def get(self):
            self.write(f"Take five, {self.get_argument('name', 'dude')}!")

    async def main():
        Application([("/", DemoHandler)]).listen(port, "127.0.0.1")
        await asyncio.Event().wait()

    logging.getLogger("tornado.access").disabled = True
    asyncio.run(main())


def falcon_application():
    import falcon

    class Home:
        def on_get(self, request, response):
            response.content_type = "text/html; charset=utf-8"
            response.text = f"Take five, {request.get_param('name', default='dude')}!"

    app = falcon.App()
    app.add_route("/", Home())
    return app


def granian(port):
    """A server in Rust, which uses more than one core, and falcon."""
    from granian import Granian

    Granian(
        "servers_arms:falcon_application", factory=True, port=port, interface="wsgi", log_enabled=False
    ).serve()


def bjoern(port):
    """A server in C, which does one request at a time, and falcon."""
    import bjoern

    bjoern.run(falcon_application(), "127.0.0.1", port)


ARMS = {
    function.__name__: function
    for function in (brubeck, bare, probe, uvicorn, gunicorn, pywsgi, tornado, granian, bjoern)
}

if __name__ == "__main__":
    ARMS[sys.argv[1]](int(sys.argv[2]))
