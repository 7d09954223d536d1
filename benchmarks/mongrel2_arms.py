"""The programs that benchmarks/mongrel2.py compares, one a process: `mongrel2_arms.py ARM PULL PUB`."""

import sys

REPLY = (
    b"HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: 16\r\n\r\nTake five, dude!"
)


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


def singly(pull_address, pub_address):
    """Read in batches, and send each reply as a message."""
    batches(pull_address, pub_address, parts=False)


def together(pull_address, pub_address):
    """Read in batches, and send the replies of a batch as the parts of one message."""
    batches(pull_address, pub_address, parts=True)


def batches(pull_address, pub_address, parts):
    import zmq

    pull, pub = sockets(zmq, pull_address, pub_address)
    more = zmq.SNDMORE if parts else 0
    while True:
        messages = [pull.recv()]
        while len(messages) < 32 and pull.get(zmq.EVENTS) & zmq.POLLIN:
            messages.append(pull.recv())
        replies = []
        for data in messages:
            if b" @* " not in data:
                sender, connection_id, _ = data.split(b" ", 2)
                sum(range(500))  # stands for a handler
                replies.append(b"%b %d:%b, %b" % (sender, len(connection_id), connection_id, REPLY))
        for place, reply in enumerate(replies, 1):
            pub.send(reply, more if place < len(replies) else 0)


def slow(pull_address, pub_address):
    """The application, each message of which sleeps 20 ms."""
    brubeck(pull_address, pub_address, sleep_s=0.02)


def stall(pull_address, pub_address):
    """The application, each message of which holds its process for 20 ms, but not the processor."""
    brubeck(pull_address, pub_address, stall_s=0.02)


def hog(pull_address, pub_address):
    """The application, each message of which keeps the processor for 20 ms."""
    brubeck(pull_address, pub_address, hog_s=0.02)


def brubeck(pull_address, pub_address, sleep_s=0, hog_s=0, stall_s=0):
    """A `WebMessageHandler` of an application."""
    import time

    real_sleep = time.sleep  # before Brubeck is imported, which patches it

    from brubeck.mongrel2 import Mongrel2Connection
    from brubeck.request_handling import Brubeck, WebMessageHandler

    class Take(WebMessageHandler):
        def get(self):
            self.set_body("Take five, dude!")
            return self.render()

    class Slow(WebMessageHandler):
        def get(self):
            time.sleep(sleep_s)
            real_sleep(stall_s)
            until = time.monotonic() + hog_s
            while time.monotonic() < until:
                pass
            return "Take five, dude!"

    class Sleep(WebMessageHandler):
        def get(self):
            time.sleep(0.01)
            self.set_body("Take five, dude!")
            return self.render()

    connection = Mongrel2Connection(pull_address, pub_address)
    root = Slow if sleep_s or hog_s or stall_s else Take
    Brubeck(msg_conn=connection, handler_tuples=[(r"^/sleep$", Sleep), (r"^/", root)]).run()


if __name__ == "__main__":
    globals()[sys.argv[1]](*sys.argv[2:])
