"""Messages in, replies out: the whole way with an outlet that keeps what it is given."""

from __future__ import annotations

import ast
import logging
import random
from pathlib import Path

import gevent
import pytest
from brubeck.core.application import Brubeck
from brubeck.core.handlers import WebMessageHandler
from brubeck.core.responses import Response
from brubeck.core.websockets import WebSocketMessageHandler
from brubeck.mongrel2.answering import Answerer
from brubeck.mongrel2.connection import Mongrel2Connection
from brubeck.mongrel2.crew import Member
from brubeck.mongrel2.replies import encode_close
from brubeck.mongrel2.tnetstrings import dump
from brubeck.mongrel2.uploads import UploadFolder

CAPTURED = [
    ast.literal_eval(line) for line in (Path(__file__).parent / "captured.txt").read_text().splitlines()
]


class Outlet:
    generation = 0

    def __init__(self):
        self.sent = []

    def send(self, data):
        self.sent.append(data)

    def try_send(self, data):
        self.sent.append(data)
        return True

    def send_answer(self, key, reply):
        assert reply.startswith(encode_close(*key))
        self.sent.append(reply)


class AnyHandler(WebMessageHandler):
    def get(self):
        return f"{self.message.path} {self.message.query} {self.message.headers.get('Host', '')}"

    def post(self):
        return f"{len(self.message.body)} {self.get_argument('name', '')}"


class StreamHandler(WebMessageHandler):
    def get(self):
        return (b"%d" % number for number in range(3))


class LateHandler(WebMessageHandler):
    def get(self):
        gevent.sleep(0.001)
        raise SystemExit


class WaitingHandler(WebMessageHandler):
    def get(self):
        gevent.sleep(0.02)
        return self.message.path


class OwnResponse(Response):
    closed = 0

    def close(self):
        OwnResponse.closed += 1
        super().close()


class OwnHandler(WebMessageHandler):
    def get(self):
        return OwnResponse(b"own")


class EchoSocket(WebSocketMessageHandler):
    def on_message(self, data):
        self.send(data)


class LengthHandler(WebMessageHandler):
    """Streams twelve bytes and announces what the query says."""

    def get(self):
        self.headers["Content-Length"] = self.get_argument("length", "")
        return iter([b"twelve", b" bytes"])


class DateHandler(WebMessageHandler):
    def get(self):
        own = [("Date", "Mon, 01 Jan 2001 00:00:00 GMT")]
        match self.get_argument("how"):
            case "alone":
                return Response(b"x", headers=own)
            case "stream":
                return Response(iter([b"x"]), headers=own)
        self.headers["Date"] = own[0][1]
        return "x"


@pytest.fixture
def answerer(tmp_path):
    application = Brubeck(
        msg_conn=Mongrel2Connection(),
        handler_tuples=[
            *((r"^/stream", StreamHandler), (r"^/late", LateHandler), (r"^/own", OwnHandler)),
            *((r"^/length", LengthHandler), (r"^/date", DateHandler)),
            *((r"^/chat", EchoSocket), (r"^/wait", WaitingHandler), (r"^/", AnyHandler)),
        ],
    )
    return Answerer(application, Outlet(), uploads=UploadFolder(tmp_path, 10_000))


def ask(answerer, data):
    answerer.outlet.sent.clear()
    answerer.handle(data, Member())
    return answerer.outlet.sent


def test_a_request_has_one_reply_to_its_connection(answerer):
    [reply] = ask(answerer, CAPTURED[0])
    head, _, answer = reply.partition(b", ")

    assert head == CAPTURED[0].split(b" ")[0] + b" 1:2"
    assert answer.startswith(b"HTTP/1.1 200 OK\r\n")
    assert b"\r\nDate: " in answer
    assert answer.endswith(b"/a b/c x=1&y=%C3%BC example.org")


def test_http_1_0_is_closed_behind_its_answer(answerer):
    answer, close = ask(answerer, CAPTURED[2])

    assert b"Connection: close\r\n" in answer
    assert close.endswith(b" 1:3, ")


def test_a_form_is_read(answerer):
    [reply] = ask(answerer, CAPTURED[3])

    assert reply.endswith(b"11 Dave B")


def test_an_announced_upload_is_waited_for_and_a_missing_one_refused(answerer):
    assert not ask(answerer, CAPTURED[4])

    assert b"HTTP/1.1 400 " in ask(answerer, CAPTURED[5])[0]


def test_a_stream_is_chunked(answerer):
    sent = ask(answerer, CAPTURED[0].replace(b" /a%20b/c ", b" /stream "))
    answer = b"".join(reply.partition(b", ")[2] for reply in sent)

    assert answer.endswith(b"\r\n\r\n1\r\n0\r\n1\r\n1\r\n1\r\n2\r\n0\r\n\r\n")


@pytest.mark.parametrize("how", ["alone", "beside", "stream"])
def test_a_date_of_the_handlers_own_is_the_only_one(answerer, how):
    answer = b"".join(ask(answerer, plain(b"/date", b"how=" + how.encode())))

    assert answer.count(b"\r\nDate: ") == 1
    assert b"\r\nDate: Mon, 01 Jan 2001 00:00:00 GMT\r\n" in answer


@pytest.mark.parametrize("length", [b"7", b"13"])
def test_a_stream_of_another_length_than_announced_ends_the_connection(answerer, length, caplog):
    """A client would take what is too much for the next answer, and wait for ever for what is missing."""
    caplog.set_level(logging.CRITICAL)
    answer = ask(answerer, plain(b"/length", b"length=" + length))

    assert answer[-1] == b"m2 1:7, "
    body = b"".join(part.partition(b", ")[2] for part in answer).partition(b"\r\n\r\n")[2]
    assert body == (b"twelve" if length == b"7" else b"twelve bytes")


def test_a_stream_as_long_as_announced_is_whole(answerer):
    answer = b"".join(part.partition(b", ")[2] for part in ask(answerer, plain(b"/length", b"length=12")))

    assert answer.endswith(b"Content-Length: 12\r\n\r\ntwelve bytes")


def test_an_answer_that_a_hook_made_senseless_is_replaced(caplog):
    """Behind a HEAD no body may follow: the client would take it for the next answer."""
    application = Brubeck(msg_conn=Mongrel2Connection(), handler_tuples=[(r"^/length", LengthHandler)])
    application.response_hooks = (
        lambda application, message, response: response.set_header("Content-Length", "12, 12"),
    )
    [answer] = ask(Answerer(application, Outlet()), plain(b"/length", b"length=12", b"HEAD"))

    assert answer.partition(b", ")[2].startswith(b"HTTP/1.1 500 ")
    assert answer.endswith(b"\r\n\r\n")
    assert "Content-Length must be one decimal number" in caplog.text


def plain(path, query=b"", method=b"GET"):
    """Return a request as a client without headers of its own sends it."""
    headers = {b"METHOD": method, b"VERSION": b"HTTP/1.1", b"QUERY": query, b"URI": path, b"PATH": path}
    return b"m2 7 %b %b0:," % (path, dump(headers))


def asking(path):
    return CAPTURED[0].replace(b" /a%20b/c ", b" %b " % path)


def uploading(answerer, number, *more, method=b"POST", body=b""):
    """Return the second message of an upload on a connection, its body parked in a new file."""
    path = answerer.uploads.path / f"up{number.decode()}"
    path.write_bytes(b"x" * 9)
    name = str(path).encode()
    pairs = [
        *((b"METHOD", method), (b"VERSION", b"HTTP/1.1"), (b"PATH", b"/up"), (b"content-length", b"9")),
        *((b"x-mongrel2-upload-start", name), (b"x-mongrel2-upload-done", name), *more),
    ]
    block = b"".join(b"%d:%b,%d:%b," % (len(key), key, len(value), value) for key, value in pairs)
    return b"m2 %b /up %d:%b}%d:%b," % (number, len(block), block, len(body), body)


def parked(answerer):
    return [path.name for path in answerer.uploads.path.iterdir()]


@pytest.mark.parametrize(
    "more",
    [
        (),
        ((b"transfer-encoding", b"gzip"),),
        ((b"upgrade", b"h2c"), (b"content-length", b"10")),
        ((b"METHOD", b"BREW"),),
    ],
)
def test_a_parked_body_is_gone_whatever_the_answer(answerer, more):
    """Of a request that was refused for its framing it stayed: anybody could fill the disk."""
    assert ask(answerer, uploading(answerer, b"1", *more))
    assert not parked(answerer)


def test_a_handshake_has_no_parked_body(answerer):
    """Its body is Mongrel2's own whatever it announces, so both headers may be the client's."""
    key = (b"sec-websocket-key", b"dGhlIHNhbXBsZSBub25jZQ==")
    accept = b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
    handshake = uploading(answerer, b"1", key, method=b"WEBSOCKET_HANDSHAKE", body=accept)
    assert b"HTTP/1.1 400 " in ask(answerer, handshake)[0]
    assert parked(answerer) == ["up1"]


@pytest.mark.parametrize("method", [b"WEBSOCKET", b"WEBSOCKET_HANDSHAKE", b"WEBSOCKETS"])
def test_a_client_that_writes_a_method_of_the_servers_own_leaves_no_file(answerer, method):
    """Its request passed for a frame or a handshake, whose parked body is nobody's."""
    assert b" 405 " in ask(answerer, uploading(answerer, b"1", method=method))[0]
    assert not parked(answerer)


def blocked(answerer, number):
    """Have a handler of a connection wait, and return its member."""
    data = b"m2 %b /wait " % number + asking(b"/wait").split(b" ", 3)[3]
    member = Member(lambda: answerer.handle(data, member), gevent.get_hub())
    gevent.get_hub().loop.run_callback(member.switch)
    gevent.sleep(0)
    answerer.note_blocked(member)
    return member


def test_parked_bodies_of_requests_that_wait_go_with_their_client(answerer):
    blocked(answerer, b"1")
    answerer.handle(uploading(answerer, b"1"), Member())
    assert parked(answerer) == ["up1"]

    answerer.register.note_gone((b"m2", b"1"))
    assert not parked(answerer)
    answerer.handle(uploading(answerer, b"1"), Member())
    assert not parked(answerer)
    gevent.sleep(0.03)


def test_parked_bodies_of_too_many_requests_go(answerer, monkeypatch):
    monkeypatch.setattr("brubeck.mongrel2.answering.MAX_QUEUED", 1)
    blocked(answerer, b"1")
    for _ in range(2):
        answerer.handle(uploading(answerer, b"1"), Member())

    assert not parked(answerer)
    gevent.sleep(0.03)


def test_parked_bodies_go_when_the_connection_is_closed_before_their_turn(answerer):
    member = blocked(answerer, b"1")
    answerer.handle(uploading(answerer, b"1"), Member())
    member.must_close = True
    gevent.sleep(0.03)

    assert not parked(answerer)
    assert not answerer.register


def test_parked_bodies_of_safe_requests_stay_for_the_process_that_got_them(answerer):
    blocked(answerer, b"1")
    answerer.handle(uploading(answerer, b"1", (b"METHOD", b"GET")), Member())
    answerer.give_up()
    gevent.sleep(0.03)

    assert parked(answerer) == ["up1"]


def test_a_handler_that_ends_its_greenlet_ends_its_connection(answerer, caplog):
    """Pipelined requests would wait behind it for ever."""
    member = Member(lambda: answerer.handle(asking(b"/late"), member), gevent.get_hub())
    gevent.get_hub().loop.run_callback(member.switch)
    gevent.sleep(0)
    answerer.note_blocked(member)
    gevent.sleep(0.02)

    assert answerer.outlet.sent == [CAPTURED[0].split(b" ")[0] + b" 1:2, "]
    assert not answerer.register
    assert "could not be handled" in caplog.text


def test_a_response_with_a_close_of_its_own_is_closed(answerer):
    OwnResponse.closed = 0
    [reply] = ask(answerer, asking(b"/own"))

    assert reply.endswith(b"own")
    assert OwnResponse.closed == 1


def test_a_body_that_ends_like_headers_is_a_body_each_time(answerer):
    """The head of the second would be known, and was known without the body."""
    body = b"a,}0:"
    address, _, rest = CAPTURED[3].partition(b" /form ")
    block = (
        rest.partition(b":")[2]
        .rpartition(b"}")[0]
        .replace(b"14:content-length,2:11,", b"14:content-length,1:5,")
    )
    data = b"%b /form %d:%b}%d:%b," % (address, len(block), block, len(body), body)

    for _ in range(3):
        [reply] = ask(answerer, data)
        assert reply.endswith(b"\r\n\r\n5 ")


def test_the_servers_own_path_is_no_clients_whatever_else_it_says(answerer):
    assert not ask(answerer, asking(b"@*"))


def test_a_websocket_opens_and_echoes(answerer):
    [handshake] = ask(answerer, CAPTURED[6])
    assert b"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n" in handshake

    gevent.sleep(0.006)
    assert ask(answerer, CAPTURED[7])[0].endswith(b"\x81\x02hi")
    answerer.sockets.lose_all()


def test_a_frame_of_a_socket_nobody_has_ends_its_connection(answerer):
    assert ask(answerer, CAPTURED[7]) == [CAPTURED[7].split(b" ")[0] + b" 1:6, "]


def mutate(chance, data):
    """Change *data* the way a broken or hostile peer might."""
    data = bytearray(data)
    for _ in range(chance.randint(1, 4)):
        place = chance.randrange(len(data) + 1)
        match chance.randrange(6):
            case 0:
                del data[place : place + chance.randint(1, 20)]
            case 1:
                data[place:place] = bytes(chance.randrange(256) for _ in range(chance.randint(1, 8)))
            case 2 if place < len(data):
                data[place] ^= 1 << chance.randrange(8)
            case 3:
                del data[place:]
            case 4:
                data[place:place] = data[place : place + chance.randint(1, 60)]
            case 5:
                data[place:place] = chance.choice(
                    (b"0:}", b"9999999:", b"@* ", b"0:,", b"]", b" ", b"\x00", b"{}")
                )
    return bytes(data)


def fuzz(answerer, count, seed):
    chance = random.Random(seed)
    for _ in range(count):
        data = mutate(chance, chance.choice(CAPTURED))
        answerer.outlet.sent.clear()
        answerer.handle(data, Member())
        for reply in answerer.outlet.sent:
            # what Mongrel2 could not read would stop it for half a second
            sender, _, rest = reply.partition(b" ")
            size, _, rest = rest.partition(b":")
            assert sender.replace(b"-", b"").isalnum()
            assert rest[int(size) : int(size) + 2] == b", "
    assert not answerer.register


@pytest.fixture
def _quiet(caplog):
    caplog.set_level("CRITICAL", logger="brubeck")
    caplog.set_level("CRITICAL", logger="brubeck.mongrel2")


@pytest.mark.usefixtures("_quiet")
def test_mutated_messages_do_no_harm(answerer):
    fuzz(answerer, 2000, seed=1)

    assert answerer.counters.poisonous > 100


@pytest.mark.fuzz
@pytest.mark.usefixtures("_quiet")
def test_a_hundred_thousand_mutated_messages_leave_nothing_behind(answerer):
    import gc
    import resource

    fuzz(answerer, 10_000, seed=2)
    gc.collect()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    fuzz(answerer, 100_000, seed=3)
    gc.collect()

    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 20 * 1024
    assert len(answerer.sockets.by_key) < 100
