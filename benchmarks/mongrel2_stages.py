"""What one message costs in each stage, in microseconds, with no server: in process, the best of many short runs.

    python benchmarks/mongrel2_stages.py

Beside it stands what `sum(range(100))` takes at the same moment, so that figures of different hours can be compared.
The last rows are whole: bytes in, bytes out, and both by way of ZeroMQ in this process.
"""

import time
import timeit

import gevent
import zmq
from brubeck.core.encoding import encode_whole
from brubeck.mongrel2 import heads, messages
from brubeck.mongrel2.answering import Answerer
from brubeck.mongrel2.crew import Crew, Member
from brubeck.mongrel2.intake import read_request
from brubeck.mongrel2.outlets import GatheringOutlet
from brubeck.mongrel2.plain_zmq import message_probe, plain_sender
from brubeck.mongrel2.tnetstrings import pop, pop_plain
from brubeck.request_handling import Brubeck, WebMessageHandler
from gevent.pool import Pool

BROWSER = (
    (b"host", b"example.org"),
    (b"user-agent", b"Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"),
    (b"accept", b"text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"),
    (b"accept-language", b"en-GB,en;q=0.5"),
    (b"accept-encoding", b"gzip, deflate, br, zstd"),
    (b"connection", b"keep-alive"),
    (b"cookie", b"session=aGVsbG8gd29ybGQ; theme=dark"),
    (b"sec-fetch-dest", b"document"),
    (b"sec-fetch-mode", b"navigate"),
    (b"x-forwarded-for", b"127.0.0.1"),
)
BATCH = 200


class Take(WebMessageHandler):
    def get(self):
        self.set_body("Take five, dude!")
        return self.render()


class Nowhere:
    """Drops what it is sent."""

    generation = 0

    def send_answer(self, key, reply):
        pass


class Sink:
    """Sends as `Publisher` does, to a socket of this process."""

    generation = 0

    def __init__(self, socket):
        self.send = plain_sender(socket)
        self.sent = 0

    def try_send_all(self, replies):
        *parts, last = replies
        for part in parts:
            self.send(part, zmq.SNDMORE)
        self.send(last)
        self.sent += len(replies)
        return True


def message(number, query=b""):
    """Return a message as Mongrel2 writes it for a browser."""
    url = b"/?" + query if query else b"/"
    pairs = [
        (b"REMOTE_ADDR", b"127.0.0.1"),
        (b"METHOD", b"GET"),
        (b"URL_SCHEME", b"http"),
        (b"PATTERN", b"/"),
    ]
    pairs += [(b"QUERY", query)] if query else []
    pairs += [(b"URI", url), (b"VERSION", b"HTTP/1.1"), (b"PATH", b"/"), *BROWSER]
    block = b"".join(b"%d:%b,%d:%b," % (len(name), name, len(value), value) for name, value in pairs)
    return b"m2-e38b4ebf1811517a %d / %d:%b}0:," % (number, len(block), block)


def best(call, runs=200):
    """Return the microseconds of one call, and those of the yardstick."""
    times = [(timeit.timeit(call, number=BATCH), timeit.timeit(yardstick, number=BATCH)) for _ in range(runs)]
    return [1e6 * min(column) / BATCH for column in zip(*times, strict=True)]


def yardstick():
    return sum(range(100))


def show(label, call):
    cost, stick = best(call)
    print(f"{label:44}{cost:7.2f} us   yardstick {stick:.2f}", flush=True)


def read_stages():
    data = message(7)
    rest = data.split(b" ", 3)[3]
    others = [message(7, b"page=%d" % number) for number in range(BATCH)]

    def other_url():
        data = others.pop()
        others.insert(0, data)
        heads.repeated.clear()
        read_request(data)

    if pop is not pop_plain:
        show("decode, tnetstring3", lambda: pop(rest))
    show("decode, plain", lambda: pop_plain(rest))
    show("decode and understand, nothing known", lambda: heads.Head(messages.split_content(rest)[0]))
    show("read, known client, new URL", other_url)
    show("read, known client, known URL", lambda: read_request(data))


def answer_stages(application):
    request = read_request(message(7))
    response = application.dispatch(request)
    member, answerer = Member(), Answerer(application, Nowhere())
    show("dispatch", lambda: application.dispatch(request))
    show("encode", lambda: encode_whole(response, "HTTP/1.1", True, answerer.date_line))
    data = message(7)
    show("all of it", lambda: answerer.handle(data, member))


def whole(application, count=2000, runs=20):
    """Print what a message costs from one socket to another."""
    context = zmq.Context()
    ends = [context.socket(kind) for kind in (zmq.PUSH, zmq.PULL, zmq.SUB, zmq.XPUB)]
    push, pull, sub, pub = ends
    for each in ends:
        each.rcvhwm = each.sndhwm = 0
    push.bind("inproc://requests")
    pull.connect("inproc://requests")
    sub.subscribe = b""
    sub.bind("inproc://replies")
    pub.connect("inproc://replies")
    sub.poll(10)  # has it take the connection and subscribe
    pub.recv()
    sink = Sink(pub)
    outlet = GatheringOutlet(sink)
    answerer = Answerer(application, outlet)
    took, data = [], [message(number) for number in range(64)]
    for _ in range(runs):
        for number in range(count):
            push.send(data[number % 64])
        probe, flush = message_probe(pull), outlet.flush_or_retry
        crew = Crew(
            Pool(1000), pull.recv, probe, answerer.handle, pull.fileno(), answerer.note_blocked, flush
        )
        began, sink.sent = time.process_time(), 0
        crew.start()
        while sink.sent < count:
            gevent.sleep(0)
        took.append(time.process_time() - began)
        crew.close()
        for _ in range(count):
            sub.recv()
    for each in ends:
        each.close(0)
    context.term()
    print(f"{'socket to socket':44}{1e6 * min(took) / count:7.2f} us")


if __name__ == "__main__":
    application = Brubeck(
        mongrel2_pair=("tcp://127.0.0.1:9", "tcp://127.0.0.1:8"), handler_tuples=[(r"^/", Take)]
    )
    read_stages()
    answer_stages(application)
    whole(application)
