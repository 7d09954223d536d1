"""Names of users: one spelling for each, and nothing that looks like another's."""

from __future__ import annotations

import unicodedata

__all__ = ["MAX_USERNAME_CHARACTERS", "check_username", "normalize_username"]

MAX_USERNAME_CHARACTERS = 30

_ALLOWED_BESIDE_LETTERS = frozenset("._-+@")

_INVISIBLE = (
    (0x00AD, 0x00AD),
    (0x034F, 0x034F),
    (0x061C, 0x061C),
    (0x115F, 0x1160),
    (0x17B4, 0x17B5),
    (0x180B, 0x180F),
    (0x200B, 0x200F),
    (0x202A, 0x202E),
    (0x2060, 0x206F),
    (0x3164, 0x3164),
    (0xFE00, 0xFE0F),
    (0xFEFF, 0xFEFF),
    (0xFFA0, 0xFFA0),
    (0xFFF0, 0xFFF8),
    (0x1BCA0, 0x1BCA3),
    (0x1D173, 0x1D17A),
    (0xE0000, 0xE0FFF),
)
"""Default_Ignorable_Code_Point of Unicode (DerivedCoreProperties.txt): what is shown as nothing at all."""


def normalize_username(username: str) -> str:
    """Return the one spelling under which *username* is stored and looked up: NFKC and case folded.

    `"JD"`, `"Jd "` and the full-width letters of either are `"jd"`. Normalizing twice changes nothing.
    """
    folded = unicodedata.normalize("NFKC", username).casefold()
    return unicodedata.normalize("NFKC", folded).strip()


def check_username(username: str) -> str:
    """Return *username* normalized, for a new account.

    Raises:
        ValueError: It is empty, longer than 30 characters, `.` or `..`, or holds something else than letters,
            digits and `. _ - + @`, something invisible, or letters of more than one of Latin, Greek and
            Cyrillic: the client's fault.
    """
    if not isinstance(username, str) or len(username) > 4 * MAX_USERNAME_CHARACTERS:
        raise ValueError(f"A username has from 1 to {MAX_USERNAME_CHARACTERS} characters.")
    name = normalize_username(username)
    if not 1 <= len(name) <= MAX_USERNAME_CHARACTERS:
        raise ValueError(f"A username has from 1 to {MAX_USERNAME_CHARACTERS} characters.")
    if name in (".", ".."):
        raise ValueError(f"A username is no step in a path, which browsers take out of URLs, got {name!r}.")
    for character in username + name:
        if is_invisible(character):
            raise ValueError(f"A username has no invisible characters, got {character!a}.")
    for character in name:
        if not is_allowed(character):
            raise ValueError(f"A username is letters, digits and any of . _ - + @, got {character!a}.")
    if len(scripts_of(name)) > 1:
        raise ValueError("A username does not mix Latin, Greek and Cyrillic letters, which look alike.")
    return name


def is_allowed(character: str) -> bool:
    """Say whether *character* may stand in a username."""
    return unicodedata.category(character)[0] in "LMN" or character in _ALLOWED_BESIDE_LETTERS


def is_invisible(character: str) -> bool:
    """Say whether *character* is shown as nothing at all, though it may count as a letter."""
    return any(first <= ord(character) <= last for first, last in _INVISIBLE)


def scripts_of(name: str) -> set[str]:
    """Return which of the three scripts that look alike are in *name*."""
    words = {unicodedata.name(character, "").partition(" ")[0] for character in name}
    return words & {"LATIN", "GREEK", "CYRILLIC"}
