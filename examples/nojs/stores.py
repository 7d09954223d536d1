"""Who is in which room, and what was said: in this process, or in Redis for several.

A person is in a room for as long as he asks for it: every look at the messages renews it for `STAY_S`
seconds. Each room has a version that never repeats; a long poll waits until it is another.
"""

import json
import time
from collections import defaultdict, deque
from dataclasses import dataclass

STAY_S = 60
NAME_S = 30 * 60  # after so long without a sign of its owner a name is free again
VERSION_S = 7 * 24 * 3600
KEPT_MESSAGES = 200
MAX_ROOMS = 500
LIST = "*"  # the key of the list of rooms; no room can be called so


class RoomsFull(Exception):
    """There are as many rooms as there may be."""


@dataclass(frozen=True)
class Message:
    """What *name* said; without a name, what the room has to say."""

    name: str | None
    text: str
    time_ms: int


class Store:
    """What both stores share: comings, goings and long polls.

    Args:
        polls: Wakes those who wait for a change.
        kept: Rooms that are there with nobody in them.
    """

    def __init__(self, polls, kept=()):
        self.polls = polls
        self.kept = set(kept)

    def join(self, room: str, name: str) -> None:
        """Let *name* into *room*, which is opened for him unless there are too many."""
        rooms = self.room_names()
        if room not in rooms and len(rooms) >= MAX_ROOMS:
            raise RoomsFull
        if self._add(room, name):
            self.say(room, None, f"{name} has come in.")
            self._touch(LIST)

    def leave(self, room: str, name: str) -> None:
        """Let *name* out of *room*; of several processes that say so at once, one is heard."""
        if self._remove(room, name):
            self.say(room, None, f"{name} has left.")
            self._touch(LIST)

    def leave_all(self, name: str) -> None:
        for room in self.room_names():
            self.leave(room, name)

    def sweep(self) -> None:
        """Let out who has not been heard of, and forget the rooms that nobody is in, but the kept ones."""
        for room in self.room_names():
            for name in self._missing(room):
                self.leave(room, name)
            if room not in self.kept and self._forget_if_empty(room):
                self._touch(LIST)

    def wait(self, key: str, seen: int) -> None:
        """Return when the version of *key* is another than *seen*, or after a while."""
        self.polls.wait(key, lambda: self.version(key) != seen)


class MemoryStore(Store):
    """Keeps all of it in this process."""

    def __init__(self, polls, kept=()):
        super().__init__(polls, kept)
        self._names = {}  # (proof, until when) by name
        self._people = defaultdict(dict)  # until when by name, by room
        self._said = defaultdict(lambda: deque(maxlen=KEPT_MESSAGES))
        self._last_version = int(time.time() * 1000)  # beyond what clients of an earlier process have seen
        self._versions = {}

    def claim(self, name: str, proof: str) -> bool:
        """Give *name* to whoever has *proof*, unless it is somebody's."""
        holder, until = self._names.get(name, ("", 0))
        if until > time.time() and holder != proof:
            return False
        self._names[name] = (proof, time.time() + NAME_S)
        return True

    def holds(self, name: str, proof: str) -> bool:
        """Say whether *name* is his who has *proof*, and keep it for him."""
        holder, until = self._names.get(name, ("", 0))
        return holder == proof and until > time.time() and self.claim(name, proof)

    def release(self, name: str) -> None:
        self._names.pop(name, None)

    def stay(self, room: str, name: str) -> bool:
        """Say whether *name* is in *room*, and let him be there longer."""
        if name not in self.people(room):
            return False
        self._people[room][name] = time.time() + STAY_S
        return True

    def people(self, room: str) -> list[str]:
        now = time.time()
        return sorted(name for name, until in self._people.get(room, {}).items() if until > now)

    def room_names(self) -> set[str]:
        return self.kept | set(self._people)

    def rooms(self) -> list[tuple[str, int]]:
        """Return the rooms with how many are in each, the fullest first."""
        return by_size((room, len(self.people(room))) for room in self.room_names())

    def say(self, room: str, name: str | None, text: str) -> None:
        self._said[room].append(Message(name, text, int(time.time() * 1000)))
        self._touch(room)

    def messages(self, room: str, limit: int) -> list[Message]:
        """Return the last *limit* messages, the newest last."""
        return list(self._said.get(room, ()))[-limit:]

    def version(self, key: str) -> int:
        """Return the version of a room, or of `LIST`: another after every change."""
        return self._versions.get(key, 0)

    def _touch(self, key):
        self._last_version += 1
        self._versions[key] = self._last_version
        self.polls.wake(key)

    def _add(self, room, name):
        is_new = name not in self._people[room]
        self._people[room][name] = time.time() + STAY_S
        return is_new

    def _remove(self, room, name):
        return self._people.get(room, {}).pop(name, None) is not None

    def _missing(self, room):
        return set(self._people.get(room, ())) - set(self.people(room))

    def _forget_if_empty(self, room):
        if self._people.get(room):
            return False
        for shelf in (self._people, self._said, self._versions):
            shelf.pop(room, None)
        return True

    def sweep(self):
        super().sweep()
        self._names = {name: item for name, item in self._names.items() if item[1] > time.time()}


class RedisStore(Store):
    """Keeps all of it in Redis, for any number of processes, of which each listens on one connection."""

    def __init__(self, client, polls, kept=()):
        super().__init__(polls, kept)
        self.redis = client

    def claim(self, name, proof):
        return bool(self.redis.set(f"nojs:name:{name}", proof, nx=True, ex=NAME_S))

    def holds(self, name, proof):
        key = f"nojs:name:{name}"
        return self.redis.get(key) == proof and bool(self.redis.expire(key, NAME_S))

    def release(self, name):
        self.redis.delete(f"nojs:name:{name}")

    def stay(self, room, name):
        if (self.redis.zscore(f"nojs:people:{room}", name) or 0) <= time.time():
            return False
        self._add(room, name)
        return True

    def people(self, room):
        return sorted(self.redis.zrangebyscore(f"nojs:people:{room}", f"({time.time()}", "inf"))

    def room_names(self):
        return self.kept | self.redis.smembers("nojs:rooms")

    def rooms(self):
        names, now = self.room_names(), time.time()
        with self.redis.pipeline(transaction=False) as pipeline:
            for room in names:
                pipeline.zcount(f"nojs:people:{room}", f"({now}", "inf")
            return by_size(zip(names, pipeline.execute(), strict=True))

    def say(self, room, name, text):
        said = json.dumps([name, text, int(time.time() * 1000)])
        with self.redis.pipeline() as pipeline:
            pipeline.rpush(f"nojs:said:{room}", said).ltrim(f"nojs:said:{room}", -KEPT_MESSAGES, -1)
            pipeline.execute()
        self._touch(room)

    def messages(self, room, limit):
        return [Message(*json.loads(said)) for said in self.redis.lrange(f"nojs:said:{room}", -limit, -1)]

    def version(self, key):
        return int(self.redis.get(f"nojs:version:{key}") or 0)

    def _touch(self, key):
        version = self.redis.incr("nojs:version")  # one counter for all: a number never comes back
        self.redis.set(f"nojs:version:{key}", version, ex=VERSION_S)
        self.redis.publish("nojs:changes", key)

    def _add(self, room, name):
        with self.redis.pipeline() as pipeline:
            pipeline.zadd(f"nojs:people:{room}", {name: time.time() + STAY_S}).sadd("nojs:rooms", room)
            return bool(pipeline.execute()[0])

    def _remove(self, room, name):
        return bool(self.redis.zrem(f"nojs:people:{room}", name))

    def _missing(self, room):
        return self.redis.zrangebyscore(f"nojs:people:{room}", "-inf", time.time())

    def _forget_if_empty(self, room):
        # Whoever comes in between the two calls puts the room back with his first look (`stay`).
        if self.redis.exists(f"nojs:people:{room}") or not self.redis.srem("nojs:rooms", room):
            return False
        return bool(self.redis.delete(f"nojs:said:{room}"))

    def hear(self) -> None:
        """Wake who waits for what any process has changed; at first, and so after a broken connection, everybody."""
        with self.redis.pubsub() as ear:
            ear.subscribe("nojs:changes")
            while True:
                heard = ear.get_message(timeout=60)
                if heard and heard["type"] == "subscribe":
                    self.polls.wake_all()
                elif heard:
                    self.polls.wake(heard["data"])


def by_size(rooms) -> list[tuple[str, int]]:
    return sorted(rooms, key=lambda item: (-item[1], item[0]))
