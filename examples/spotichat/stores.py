"""Accounts, messages and presence: in this process, or in Redis for several.

A message is stored and told in one step. Each process keeps the last messages of the rooms it has listeners for,
and answers a thousand of them without asking the database.
"""

import json
import time
from collections import defaultdict, deque

from brubeck.auth import User

KEPT_MESSAGES = 500
KEPT_S = 30 * 24 * 3600
SHOWN_MESSAGES = 50
STAY_S = 120  # browsers call timers of a hidden page once a minute
QUIET_PEOPLE = 50  # in a fuller room nobody's coming and going is told
HELD_ROOMS = 2000

# One script, so that messages are told in the order of their numbers. Those grow for ever, whatever Redis forgot.
TELL = """local time = redis.call('TIME')
local last = (redis.call('GET', 'sp:last') or 0) + 1
local id = string.format('%.0f', math.max(last, time[1] * 1000 + math.floor(time[2] / 1000)))
redis.call('SET', 'sp:last', id)
redis.call('ZADD', KEYS[1], id, '{"id": ' .. id .. ', ' .. string.sub(ARGV[1], 2))
redis.call('ZREMRANGEBYRANK', KEYS[1], 0, -ARGV[2] - 1)
redis.call('EXPIRE', KEYS[1], ARGV[3])
redis.call('PUBLISH', 'sp:told', ARGV[4])"""


class Store:
    """What both stores share.

    Args:
        polls: Wakes those who wait for the next message of a song.
    """

    def __init__(self, polls):
        self.polls = polls

    def add_user(self, user: User) -> bool:
        """Keep a new account; False where the name is somebody's."""
        return self.put_new(f"user:{user.username}", json.dumps(user.to_python()))

    def save_user(self, user: User) -> None:
        self._put(f"user:{user.username}", json.dumps(user.to_python()))

    def get_user(self, name: str) -> User | None:
        record = self.get(f"user:{name}")
        return User(**json.loads(record)) if record else None

    def say(self, song: str, name: str | None, text: str) -> None:
        """Store what *name* says, and tell everybody; without a name it is the room that speaks."""
        kind, now_ms = "user" if name else "system", int(time.time() * 1000)
        self._tell(song, json.dumps({"kind": kind, "name": name, "text": text, "time": now_ms}))

    def wait(self, song: str, since: int | None) -> list[str]:
        """Return the messages after *since*; where there are none, wait for the next."""
        return self.polls.wait(song, lambda: self.messages(song, since))

    def join(self, song: str, name: str) -> None:
        """Let *name* in for `STAY_S` seconds; whoever says it again stays longer."""
        if self._keep(song, name) and len(self.people(song)) <= QUIET_PEOPLE:
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


class MemoryStore(Store):
    """Keeps all of it in this process."""

    def __init__(self, polls):
        super().__init__(polls)
        self._values = {}
        self._said = defaultdict(lambda: deque(maxlen=KEPT_MESSAGES))
        self._here = defaultdict(dict)
        self._last = int(time.time() * 1000)  # beyond what clients of an earlier process have seen

    def put_new(self, key: str, value: str, ttl_s: int | None = None) -> bool:
        """Keep *value*, with Redis for a time; False where *key* has one already."""
        return self._values.setdefault(key, value) is value

    def _put(self, key, value):
        self._values[key] = value

    def get(self, key: str) -> str | None:
        return self._values.get(key)

    def _tell(self, song, line):
        self._last += 1
        self._said[song].append((self._last, f'{{"id": {self._last}, {line[1:]}'))
        self.polls.wake(song)

    def messages(self, song: str, since: int | None = None) -> list[str]:
        """Return the messages after *since*, or the last ones, as lines of JSON."""
        lines = [line for number, line in self._said.get(song, ()) if since is None or number > since]
        return lines[-SHOWN_MESSAGES:] if since is None else lines

    def songs(self) -> list[str]:
        """Return the songs that somebody listens to."""
        return [song for song, people in self._here.items() if people]

    def people(self, song: str) -> list[str]:
        return sorted(name for name, until in self._here.get(song, {}).items() if until > time.time())

    def _keep(self, song, name):
        is_new = name not in self._here[song]
        self._here[song][name] = time.time() + STAY_S
        return is_new

    def _remove(self, song, name):
        return self._here.get(song, {}).pop(name, None) is not None

    def _missing(self, song):
        return set(self._here.get(song, ())) - set(self.people(song))


class RedisStore(Store):
    """Keeps all of it in Redis, by a *client* that decodes. No key is ever taken apart: a song's URI holds colons."""

    def __init__(self, client, polls):
        super().__init__(polls)
        self.redis = client
        self._held = {}

    def put_new(self, key, value, ttl_s=None):
        return bool(self.redis.set(f"sp:{key}", value, nx=True, ex=ttl_s))

    def _put(self, key, value):
        self.redis.set(f"sp:{key}", value)

    def get(self, key):
        return self.redis.get(f"sp:{key}")

    def _tell(self, song, line):
        self.redis.eval(TELL, 1, f"sp:said:{song}", line, KEPT_MESSAGES, KEPT_S, song)

    def messages(self, song, since=None):
        held = self._held.get(song) or self._hold(song)
        if since is not None and len(held) == SHOWN_MESSAGES and since < held[0][1]:
            return self.redis.zrangebyscore(f"sp:said:{song}", f"({since}", "inf")
        return [line for line, number in held if since is None or number > since]

    def _read(self, song):
        return self.redis.zrange(f"sp:said:{song}", -SHOWN_MESSAGES, -1, withscores=True)

    def _hold(self, song):
        if len(self._held) >= HELD_ROOMS:
            self._held = {}
        held = self._held
        held[song] = ()  # known before it is read, so that `hear` puts what comes meanwhile in its place
        lines = self._read(song)
        held[song] = held[song] or lines
        return held[song]

    def hear(self) -> None:
        """Wake who waits for what any process tells; at first, and so after a broken connection, everybody."""
        with self.redis.pubsub() as ear:
            ear.subscribe("sp:told")
            while True:
                told = ear.get_message(timeout=60)
                if told and told["type"] == "subscribe":
                    self._held = {}
                    self.polls.wake_all()
                elif told:
                    if told["data"] in self._held:
                        self._held[told["data"]] = self._read(told["data"])
                    self.polls.wake(told["data"])

    def songs(self):
        return list(self.redis.smembers("sp:songs"))

    def people(self, song):
        return sorted(self.redis.zrangebyscore(f"sp:here:{song}", f"({time.time()}", "inf"))

    def _keep(self, song, name):
        with self.redis.pipeline() as pipeline:
            pipeline.zadd(f"sp:here:{song}", {name: time.time() + STAY_S}).sadd("sp:songs", song)
            return bool(pipeline.execute()[0])

    def _remove(self, song, name):
        return bool(self.redis.zrem(f"sp:here:{song}", name))

    def _missing(self, song):
        # Whoever comes in between the two calls puts the song back with his next poll (`stay`).
        if not self.redis.exists(f"sp:here:{song}"):
            self.redis.srem("sp:songs", song)
        return self.redis.zrangebyscore(f"sp:here:{song}", "-inf", time.time())
