"""Names of users: one spelling for each, and nothing that looks like another's."""

from __future__ import annotations

import unicodedata

__all__ = ["MAX_USERNAME_CHARACTERS", "check_username", "normalize_username"]

MAX_USERNAME_CHARACTERS = 30

_ALLOWED_BESIDE_LETTERS = frozenset("._-+@")


def normalize_username(username: str) -> str:
    """Return the one spelling under which *username* is stored and looked up: NFKC and case folded.

    `"JD"`, `"Jd "` and the full-width letters of either are `"jd"`. Normalizing twice changes nothing.
    """
    folded = unicodedata.normalize("NFKC", username).casefold()
    return unicodedata.normalize("NFKC", folded).strip()


def check_username(username: str) -> str:
    """Return *username* normalized, for a new account.

    Raises:
        ValueError: It is empty, longer than 30 characters, or holds something else than letters, digits and
            `. _ - + @`, or letters of more than one of Latin, Greek and Cyrillic: the client's fault.
    """
    if not isinstance(username, str) or len(username) > 4 * MAX_USERNAME_CHARACTERS:
        raise ValueError(f"A username has from 1 to {MAX_USERNAME_CHARACTERS} characters.")
    name = normalize_username(username)
    if not 1 <= len(name) <= MAX_USERNAME_CHARACTERS:
        raise ValueError(f"A username has from 1 to {MAX_USERNAME_CHARACTERS} characters.")
    for character in name:
        if not is_allowed(character):
            raise ValueError(f"A username is letters, digits and any of . _ - + @, got {character!a}.")
    if len(scripts_of(name)) > 1:
        raise ValueError("A username does not mix Latin, Greek and Cyrillic letters, which look alike.")
    return name


def is_allowed(character: str) -> bool:
    """Say whether *character* may stand in a username."""
    return unicodedata.category(character)[0] in "LMN" or character in _ALLOWED_BESIDE_LETTERS


def scripts_of(name: str) -> set[str]:
    """Return which of the three scripts that look alike are in *name*."""
    words = {unicodedata.name(character, "").partition(" ")[0] for character in name}
    return words & {"LATIN", "GREEK", "CYRILLIC"}
