"""The programs that benchmarks/mongrel2.py compares, one a process: `mongrel2_arms.py ARM PULL PUB`."""

import sys

REPLY = b"HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: 16\r\n\r\nTake five, dude!"


def sockets(zmq, pull_address, pub_address):
    context = zmq.Context()
    pub = context.socket(zmq.PUB)
    pub.sndhwm = 0
    pub.connect(pub_address)
    pull = context.socket(zmq.PULL)
    pull.connect(pull_address)
    return pull, pub


def answer(pub, data):
    sender, connection_id, _ = data.split(b" ", 2)
    pub.send(b"%b %d:%b, %b" % (sender, len(connection_id), connection_id, REPLY))


def blocking(pull_address, pub_address):
    """Receive and send, nothing else: what ZeroMQ allows in Python."""
    import zmq

    pull, pub = sockets(zmq, pull_address, pub_address)
    while True:
        data = pull.recv()
        if b" @* " not in data:
            answer(pub, data)


def green(pull_address, pub_address):
    """The same with zmq.green, patched."""
    from gevent import monkey

    monkey.patch_all()
    import zmq.green as zmq

    pull, pub = sockets(zmq, pull_address, pub_address)
    while True:
        data = pull.recv()
        if b" @* " not in data:
            answer(pub, data)


def spawn(pull_address, pub_address):
    """Read whenever the descriptor says so, and spawn a greenlet for each message."""
    import gevent
    import zmq

    pull, pub = sockets(zmq, pull_address, pub_address)
    hub = gevent.get_hub()

    def drain():
        while True:
            try:
                data = pull.recv(zmq.NOBLOCK)
            except zmq.Again:
                return
            if b" @* " not in data:
                gevent.spawn(answer, pub, data)

    watcher = hub.loop.io(pull.fileno(), 1)
    watcher.start(drain)
    hub.loop.run_callback(drain)
    hub.join()


def brubeck(pull_address, pub_address, **options):
    """A `WebMessageHandler` of an application."""
    from brubeck.request_handling import Brubeck, WebMessageHandler
    from brubeck.mongrel2 import Mongrel2Connection
    import time

    class Take(WebMessageHandler):
        def get(self):
            self.set_body("Take five, dude!")
            return self.render()

    class Sleep(WebMessageHandler):
        def get(self):
            time.sleep(0.01)
            self.set_body("Take five, dude!")
            return self.render()

    connection = Mongrel2Connection(pull_address, pub_address, **options)
    Brubeck(msg_conn=connection, handler_tuples=[(r"^/sleep$", Sleep), (r"^/", Take)]).run()


if __name__ == "__main__":
    globals()[sys.argv[1]](*sys.argv[2:])
