"""An ordered list of (regular expression, callable), searched without trying them all.

The rule is the plain one: patterns are matched at the start of the path, in the order in which they were added, and
the first that matches wins. What makes ten thousand of them cheap is that most patterns begin with literal text: a
path that does not begin with it cannot match, so `Router` keeps the patterns in a tree of literal prefixes and tries,
in order, only those whose prefix the path has.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from difflib import get_close_matches
from typing import Any

from brubeck.core.errors import ConfigurationError

__all__ = ["METHODS", "Route", "Router", "build_path", "literal_prefix"]

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT")
"""The request methods a handler can answer (RFC 9110 section 9, RFC 5789)."""

_SPECIAL = frozenset(".^$*+?{}[]\\|()")
_REPEATS = frozenset("*?{")
_NAMED_GROUP = re.compile(r"\(\?P<(?P<name>\w+)>(?:[^()\\]|\\.)*\)(?P<optional>\?)?")
_PLAIN_GROUP = re.compile(r"\(\?:(?P<inner>(?:[^()\\|]|\\.|\((?:[^()\\]|\\.)*\))*)\)(?P<optional>\?)?")
_MAX_FOUND = 1024
_MAX_FOUND_CHARACTERS = 128
_LEAF_SIZE = 4
"""Trying four patterns in a row costs about what one more step down the tree would."""


class Route:
    """One pattern and what answers it.

    Args:
        pattern: A regular expression, as text or compiled.
        target: A handler class, or a function called with (application, message, …).
        methods: What a function answers; None means every method. A class answers what it defines.
        name: For `url_for`.

    Raises:
        ConfigurationError: The pattern cannot be compiled, or a method is not one of `METHODS`.
    """

    __slots__ = (
        "by_method",
        "has_finish",
        "has_groups",
        "index",
        "is_class",
        "match",
        "name",
        "pattern",
        "positional",
        "regex",
        "target",
    )

    def __init__(
        self,
        pattern: str | re.Pattern[str],
        target: Callable[..., Any],
        methods: str | Iterable[str] | None = None,
        name: str | None = None,
    ) -> None:
        self.regex = compile_pattern(pattern)
        self.pattern = self.regex.pattern
        self.match = self.regex.match
        self.target = target
        self.is_class = isinstance(target, type)
        self.has_finish: bool = self.is_class and getattr(target, "has_finish", False)
        names = check_methods(methods, self.pattern)
        self.by_method = None if names is None else dict.fromkeys(names, target)
        self.name = name
        self.has_groups = self.regex.groups > 0
        self.positional = not self.regex.groupindex
        self.index = -1

    def arguments(self, match: re.Match[str]) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """Return what the match gives the target: named groups by name, else all groups by position.

        A named group that took no part is left out, so that the default of the method holds.
        """
        if self.positional:
            return match.groups(), {}
        return (), {name: value for name, value in match.groupdict().items() if value is not None}

    def target_for(self, method: str) -> Callable[..., Any] | None:
        """Return the function that answers *method*; HEAD is answered by the one for GET. None where none does."""
        if self.by_method is None:
            return self.target
        target = self.by_method.get(method)
        return self.by_method.get("GET") if target is None and method == "HEAD" else target

    @property
    def allowed_methods(self) -> list[str]:
        """The methods this route answers, for `Allow`."""
        if self.by_method is None:
            return list(METHODS)
        answered = {*self.by_method, "OPTIONS"} | ({"HEAD"} if "GET" in self.by_method else set())
        return [method for method in METHODS if method in answered]

    def takes_in(self, other: Route) -> bool:
        """Take the methods of *other* into this route, where both are functions for distinct methods."""
        if self.by_method is None or other.by_method is None or self.regex != other.regex:
            return False
        if self.is_class or other.is_class or self.by_method.keys() & other.by_method.keys():
            return False
        self.by_method.update(other.by_method)
        return True

    def __repr__(self) -> str:
        return f"Route({self.pattern!r}, {getattr(self.target, '__qualname__', self.target)!r})"


def compile_pattern(pattern: str | re.Pattern[str]) -> re.Pattern[str]:
    """Compile *pattern*, or say which one is wrong and where."""
    if isinstance(pattern, re.Pattern):
        return pattern
    if not isinstance(pattern, str):
        raise ConfigurationError(f"A route's pattern must be a regular expression, got {pattern!r}.")
    try:
        return re.compile(pattern)
    except re.error as exc:
        raise ConfigurationError(f"The route {pattern!r} is not a valid regular expression: {exc}.") from None


def check_methods(methods: str | Iterable[str] | None, pattern: str) -> frozenset[str] | None:
    """Return *methods* as a set of upper-case names, or None for all of them."""
    if methods is None:
        return None
    names = frozenset(name.upper() for name in ([methods] if isinstance(methods, str) else methods))
    for name in sorted(names.difference(METHODS)):
        near = get_close_matches(name, METHODS, 1)
        hint = f" Did you mean {near[0]!r}?" if near else f" Allowed are {', '.join(METHODS)}."
        raise ConfigurationError(f"The route {pattern!r} names the method {name!r}.{hint}")
    if not names:
        raise ConfigurationError(
            f"The route {pattern!r} names no method; leave `method` out to answer every one."
        )
    return names


def literal_prefix(regex: re.Pattern[str]) -> str:
    """Return text that every match of *regex* begins with; empty when nothing is certain.

    Reads only what the syntax of `re` documents, and stops at the first thing it does not know.
    """
    if regex.flags & (re.IGNORECASE | re.VERBOSE | re.LOCALE):
        return ""
    text = regex.pattern
    if has_top_level_alternation(text):
        return ""
    position = 1 if text.startswith("^") else 2 if text.startswith("\\A") else 0
    prefix: list[str] = []
    while position < len(text):
        literal, position = read_literal(text, position)
        if literal is None:
            break
        if position < len(text) and text[position] in _REPEATS:
            break
        prefix.append(literal)
        if position < len(text) and text[position] == "+":
            break
    return "".join(prefix)


def read_literal(text: str, position: int) -> tuple[str | None, int]:
    """Return the literal character at *position* and the position behind it; None where there is none."""
    character = text[position]
    if character not in _SPECIAL:
        return character, position + 1
    if character == "\\" and position + 1 < len(text) and not text[position + 1].isalnum():
        return text[position + 1], position + 2
    return None, position


def has_top_level_alternation(text: str) -> bool:
    """Say whether a `|` might stand outside every group; in doubt, yes."""
    depth, position, in_set = 0, 0, False
    while position < len(text):
        character = text[position]
        if character == "\\":
            position += 1
        elif in_set:
            in_set = character != "]" or text[position - 1] == "[" or text[position - 2 : position] == "[^"
        elif character == "[":
            in_set = True
        elif character in "()":
            depth += 1 if character == "(" else -1
        elif character == "|" and depth == 0:
            return True
        position += 1
    return False


def build_path(pattern: str, arguments: Mapping[str, str]) -> str | None:
    """Return the path that *pattern* describes with *arguments* in its named groups, or None where it cannot.

    Understands literal text, named groups without groups inside, and `(?:…)?` around them; what is optional and has
    no argument is left out.
    """
    path: list[str] = []
    position = 0
    while position < len(pattern):
        piece, position = build_piece(pattern, position, arguments)
        if piece is None:
            return None
        path.append(piece)
    return "".join(path)


def build_piece(pattern: str, position: int, arguments: Mapping[str, str]) -> tuple[str | None, int]:
    """Return the text for what stands at *position* of *pattern*, and the position behind it."""
    if pattern[position] in "^$":
        return "", position + 1
    group = _NAMED_GROUP.match(pattern, position)
    if group is not None:
        return arguments.get(group["name"], "" if group["optional"] else None), group.end()
    inner = _PLAIN_GROUP.match(pattern, position)
    if inner is not None:
        piece = build_path(inner["inner"], arguments)
        return ("" if piece is None and inner["optional"] else piece), inner.end()
    literal, following = read_literal(pattern, position)
    if literal is not None and following < len(pattern) and pattern[following] in _REPEATS:
        return (None if pattern[following] == "{" else ""), following + 1
    return literal, following


class _Node:
    """A step of the tree: cut the path after `length` characters and look the piece up.

    `here` holds, in order, every route still possible when the piece leads nowhere.
    """

    __slots__ = ("children", "here", "length")

    def __init__(self, here: tuple[Route, ...], length: int, children: dict[str, _Node]) -> None:
        self.here = here
        self.length = length
        self.children = children


def build_tree(routes: list[tuple[str, Route]], inherited: list[Route]) -> _Node:
    """Arrange *routes*, each with its literal prefix; *inherited* are possible wherever these are."""
    shorter = [route for prefix, route in routes if not prefix]
    rest = [(prefix, route) for prefix, route in routes if prefix]
    here = sorted([*inherited, *shorter], key=lambda route: route.index)
    if len(rest) <= _LEAF_SIZE:
        every = sorted([*here, *(route for _, route in rest)], key=lambda route: route.index)
        return _Node(tuple(every), 0, {})
    length = min(len(prefix) for prefix, _ in rest)
    groups: dict[str, list[tuple[str, Route]]] = {}
    for prefix, route in rest:
        groups.setdefault(prefix[:length], []).append((prefix[length:], route))
    children = {piece: build_tree(group, here) for piece, group in groups.items()}
    return _Node(tuple(here), length, children)


class Router:
    """The ordered routes of one application."""

    def __init__(self) -> None:
        self._routes: list[Route] = []
        self._by_pattern: dict[re.Pattern[str], Route] = {}
        self._tree: _Node | None = None
        self.found: dict[str, tuple[Route, re.Match[str]]] = {}
        """The paths that were asked for first, with what they lead to: most applications have few. `find` fills it."""

    def __len__(self) -> int:
        return len(self._routes)

    def __iter__(self) -> Iterator[Route]:
        return iter(self._routes)

    def add(self, route: Route) -> None:
        """Append *route*: it is tried after all that were added before it.

        A function for one method joins an earlier one for another method of the same pattern.
        """
        twin = self._by_pattern.setdefault(route.regex, route)
        if twin is not route and twin.takes_in(route):
            return
        route.index = len(self._routes)
        self._routes.append(route)
        self._tree = None
        self.found.clear()

    def find(self, path: str) -> tuple[Route, re.Match[str]] | None:
        """Return the first route that matches at the start of *path*, with its match, or None."""
        found = self.found.get(path)
        if found is None:
            found = self._search(path)
            if found is not None and len(self.found) < _MAX_FOUND and len(path) <= _MAX_FOUND_CHARACTERS:
                self.found[path] = found
        return found

    def _search(self, path: str) -> tuple[Route, re.Match[str]] | None:
        node = self._tree or self._arrange()
        position = 0
        while node.length:
            end = position + node.length
            child = node.children.get(path[position:end])
            if child is None:
                break
            node, position = child, end
        for route in node.here:
            match = route.match(path)
            if match is not None:
                return route, match
        return None

    def _arrange(self) -> _Node:
        self._tree = build_tree([(literal_prefix(route.regex), route) for route in self._routes], [])
        return self._tree
