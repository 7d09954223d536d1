"""Accounts, messages and presence: in this process, or in Redis for several.

A message is stored first and told afterwards, in one transaction. Each process keeps the last messages of the
rooms it has listeners for, and answers a thousand of them without asking the database.
"""

import json
import logging
import re
import time
from collections import defaultdict, deque

import gevent
from gevent.event import Event

log = logging.getLogger("spotichat")

KEPT_MESSAGES = 500
KEPT_S = 30 * 24 * 3600
SHOWN_MESSAGES = 50
STAY_S = 60
SWEEP_S = 10
QUIET_PEOPLE = 50  # in a fuller room nobody's coming and going is told
HEARD_ROOMS = 2000

# One script, so that messages are told in the order in which they are stored.
TELL = """local id = redis.call('XADD', KEYS[1], 'MAXLEN', ARGV[1], '*', 'm', ARGV[2])
redis.call('EXPIRE', KEYS[1], ARGV[4])
redis.call('PUBLISH', 'sp:said', cjson.encode({ARGV[3], id, ARGV[2]}))"""

_is_id = re.compile(r"[0-9]{1,15}-[0-9]{1,10}", re.ASCII).fullmatch


def order_of(message_id: str | None) -> tuple[int, int] | None:
    """Return what messages are ordered by, or None where *message_id* is none."""
    if message_id is None or not _is_id(message_id):
        return None
    milliseconds, number = message_id.split("-")
    return int(milliseconds), int(number)


class Heard:
    """The last messages of a room, as lines of JSON, and who waits for the next one."""

    def __init__(self):
        self.lines = deque(maxlen=SHOWN_MESSAGES)
        self.is_loaded = Event()
        self.next = Event()

    def add(self, message_id: str, line: str) -> None:
        """Take a message, unless it is known, and wake whoever waits."""
        order = order_of(message_id)
        if not self.lines or order > self.lines[-1][0]:
            self.lines.append((order, line))
            self.next, woken = Event(), self.next
            woken.set()

    def load(self, lines: list[str]) -> None:
        """Put stored messages before those that came while they were read."""
        known = {order_of(json.loads(line)["id"]): line for line in lines} | dict(self.lines)
        self.lines = deque(sorted(known.items()), maxlen=SHOWN_MESSAGES)
        self.is_loaded.set()

    def after(self, order: tuple[int, int] | None) -> list[str]:
        return [line for at, line in self.lines if order is None or at > order]


class Store:
    """What both stores share: rooms, presence, long polls.

    Args:
        poll_s: How long a long poll waits.
    """

    def __init__(self, poll_s=25.0):
        self.poll_s = poll_s
        self.is_closed = False
        self._heard = {}

    def get_time(self) -> float:
        """Return the time in seconds since 1970; the only place where it is read."""
        return time.time()

    def say(self, song: str, name: str | None, text: str) -> None:
        """Store what *name* says, then tell everybody; without a name it is the room that speaks."""
        kind = "user" if name else "system"
        self._store(song, {"kind": kind, "name": name, "text": text, "time": int(self.get_time() * 1000)})

    def messages(self, song: str, since: str | None = None) -> list[str]:
        """Return the messages after *since*, or the last ones, as lines of JSON."""
        heard, order = self._listen(song), order_of(since)
        lines = heard.after(order)
        if order is not None and len(lines) == SHOWN_MESSAGES:  # perhaps there are older ones he has not seen
            return self._read(song, since)
        return lines

    def wait(self, song: str, since: str | None, timeout_s: float | None = None) -> list[str]:
        """Return the messages after *since*; where there are none, wait for the next.

        Blocks: the calling greenlet, for at most `poll_s` seconds.
        """
        coming = self._listen(song).next  # first listen, then look
        lines = self.messages(song, since)
        if not lines and not self.is_closed:
            coming.wait(self.poll_s if timeout_s is None else timeout_s)
            lines = self.messages(song, since)
        return lines

    def _listen(self, song: str) -> Heard:
        heard = self._heard.get(song)
        if heard is None:
            if len(self._heard) >= HEARD_ROOMS:
                self._heard.pop(next(iter(self._heard))).next.set()
            heard = self._heard[song] = Heard()  # known before it is read: what is told meanwhile is not lost
            try:
                heard.load(self._read(song, None))
            except BaseException:
                self._heard.pop(song, None)
                heard.load([])
                raise
        heard.is_loaded.wait()
        return heard

    def join(self, song: str, name: str) -> None:
        if self._add(song, name) and len(self.people(song)) <= QUIET_PEOPLE:
            self.say(song, None, f"{name} is listening too.")

    def leave(self, song: str, name: str) -> None:
        """Let *name* out; of several processes that say so at once, one is heard."""
        if self._remove(song, name) and len(self.people(song)) <= QUIET_PEOPLE:
            self.say(song, None, f"{name} has gone.")

    def sweep(self) -> None:
        """Let out who has not been heard of."""
        for song in self.songs():
            for name in self._missing(song):
                self.leave(song, name)

    def start(self) -> None:
        self._sweeper = gevent.spawn(self._sweep_for_ever)

    def _sweep_for_ever(self) -> None:
        while True:
            gevent.sleep(SWEEP_S)
            try:
                self.sweep()
            except Exception:  # a database that is away is asked again
                log.exception("The rooms could not be swept")

    def close_doors(self) -> None:
        """Wake who waits, and let nobody wait again: the application is about to stop."""
        self.is_closed = True
        for heard in self._heard.values():
            heard.next.set()

    def stop(self) -> None:
        self._sweeper.kill()


class MemoryStore(Store):
    """Keeps all of it in this process."""

    def __init__(self, poll_s=25.0):
        super().__init__(poll_s)
        self._users, self._links, self._titles = {}, {}, {}
        self._said = defaultdict(lambda: deque(maxlen=KEPT_MESSAGES))
        self._here = defaultdict(dict)
        self._last = (0, 0)

    def add_user(self, name: str, record: str) -> bool:
        """Keep a new account; False where the name is somebody's."""
        return self._users.setdefault(name, record) is record

    def save_user(self, name: str, record: str) -> None:
        self._users[name] = record

    def get_user(self, name: str) -> str | None:
        return self._users.get(name)

    def link(self, provider: str, subject: str, name: str) -> bool:
        """Have the account *name* be *subject*'s of *provider*; False where he has one."""
        return self._links.setdefault((provider, subject), name) is name

    def linked(self, provider: str, subject: str) -> str | None:
        return self._links.get((provider, subject))

    def set_title(self, song: str, title: str) -> None:
        """Call *song* by *title*, unless it has one."""
        self._titles.setdefault(song, title)

    def title(self, song: str) -> str | None:
        return self._titles.get(song)

    def _store(self, song, message):
        self._last = max((message["time"], 0), (self._last[0], self._last[1] + 1))
        message_id = f"{self._last[0]}-{self._last[1]}"
        line = json.dumps({"id": message_id, **message})
        self._said[song].append((self._last, line))
        if song in self._heard:
            self._heard[song].add(message_id, line)

    def _read(self, song, since):
        order = order_of(since)
        lines = [line for at, line in self._said.get(song, ()) if order is None or at > order]
        return lines[-SHOWN_MESSAGES:] if order is None else lines

    def songs(self) -> list[str]:
        """Return the songs that somebody listens to."""
        return [song for song, people in self._here.items() if people]

    def people(self, song: str) -> list[str]:
        return sorted(name for name, until in self._here.get(song, {}).items() if until > self.get_time())

    def stay(self, song: str, name: str) -> bool:
        """Say whether *name* is here, and let him be here longer."""
        if name not in self.people(song):
            return False
        self._add(song, name)
        return True

    def _add(self, song, name):
        is_new = name not in self._here[song]
        self._here[song][name] = self.get_time() + STAY_S
        return is_new

    def _remove(self, song, name):
        return self._here.get(song, {}).pop(name, None) is not None

    def _missing(self, song):
        return set(self._here.get(song, ())) - set(self.people(song))


class RedisStore(Store):
    """Keeps all of it in Redis. No key is ever taken apart: a song's URI holds colons.

    Args:
        client: Of the `redis` package, with `decode_responses`.
        poll_s: See `Store`.
    """

    def __init__(self, client, poll_s=25.0):
        super().__init__(poll_s)
        self.redis = client

    def add_user(self, name, record):
        return bool(self.redis.set(f"sp:user:{name}", record, nx=True))

    def save_user(self, name, record):
        self.redis.set(f"sp:user:{name}", record)

    def get_user(self, name):
        return self.redis.get(f"sp:user:{name}")

    def link(self, provider, subject, name):
        return bool(self.redis.hsetnx(f"sp:oauth:{provider}", subject, name))

    def linked(self, provider, subject):
        return self.redis.hget(f"sp:oauth:{provider}", subject)

    def set_title(self, song, title):
        self.redis.set(f"sp:title:{song}", title, nx=True, ex=KEPT_S)

    def title(self, song):
        return self.redis.get(f"sp:title:{song}")

    def _store(self, song, message):
        self.redis.eval(TELL, 1, f"sp:said:{song}", KEPT_MESSAGES, json.dumps(message), song, KEPT_S)

    def _read(self, song, since):
        if since is None:
            found = reversed(self.redis.xrevrange(f"sp:said:{song}", count=SHOWN_MESSAGES))
        else:
            found = self.redis.xrange(f"sp:said:{song}", min=f"({since}")
        return [with_id(message_id, fields["m"]) for message_id, fields in found]

    def songs(self):
        return list(self.redis.smembers("sp:songs"))

    def people(self, song):
        return sorted(self.redis.zrangebyscore(f"sp:here:{song}", f"({self.get_time()}", "inf"))

    def stay(self, song, name):
        if (self.redis.zscore(f"sp:here:{song}", name) or 0) <= self.get_time():
            return False
        self._add(song, name)
        return True

    def _add(self, song, name):
        with self.redis.pipeline() as pipeline:
            pipeline.zadd(f"sp:here:{song}", {name: self.get_time() + STAY_S}).sadd("sp:songs", song)
            return bool(pipeline.execute()[0])

    def _remove(self, song, name):
        return bool(self.redis.zrem(f"sp:here:{song}", name))

    def _missing(self, song):
        # Whoever comes in between the two calls puts the song back with his next poll (`stay`).
        if not self.redis.exists(f"sp:here:{song}"):
            self.redis.srem("sp:songs", song)
        return self.redis.zrangebyscore(f"sp:here:{song}", "-inf", self.get_time())

    def start(self):
        super().start()
        self._ear = gevent.spawn(self._hear)

    def stop(self):
        super().stop()
        self._ear.kill()
        self.redis.connection_pool.disconnect()

    def _hear(self) -> None:
        """Take what any process tells; after a broken connection have all be read again."""
        while True:
            try:
                with self.redis.pubsub(ignore_subscribe_messages=True) as ear:
                    ear.subscribe("sp:said")
                    forgotten, self._heard = self._heard, {}
                    for heard in forgotten.values():
                        heard.next.set()
                    while True:
                        told = ear.get_message(timeout=60)
                        if told:
                            song, message_id, line = json.loads(told["data"])
                            if song in self._heard:
                                self._heard[song].add(message_id, with_id(message_id, line))
            except Exception as exc:
                log.warning("Redis is not heard, trying again: %s", exc)
                gevent.sleep(0.5)


def with_id(message_id: str, line: str) -> str:
    """Return a stored line with the id that Redis gave it."""
    return f'{{"id": "{message_id}", {line[1:]}'
