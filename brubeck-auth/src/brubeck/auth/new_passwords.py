"""What a new password must be: long enough, and not one of those that are tried first (NIST SP 800-63B)."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable

from brubeck.auth.passwords import MAX_PASSWORD_BYTES, encode_password

__all__ = ["COMMON_PASSWORDS", "MIN_PASSWORD_CHARACTERS", "check_new_password"]

MIN_PASSWORD_CHARACTERS = 8
"""What NIST asks for beside another factor; take 15 where the password is the only one."""

COMMON_PASSWORDS = frozenset(
    """
    password password1 password12 password123 passw0rd p@ssw0rd p@ssword 12345678 123456789 1234567890
    87654321 11111111 00000000 12341234 123123123 88888888 qwertyui qwertyuiop qwerty12 qwerty123
    1q2w3e4r 1q2w3e4r5t 1qaz2wsx qazwsxedc asdfghjkl asdfasdf zxcvbnm1 abcd1234 abc12345 a1b2c3d4
    iloveyou iloveyou1 sunshine princess football baseball basketball superman batman123 starwars
    trustno1 welcome1 welcome123 letmein1 letmein123 changeme changeme1 admin123 administrator computer
    internet whatever michelle jennifer jordan23 liverpool chelsea1 dragon12 master123 monkey123
    shadow123 killer123 freedom1 samsung1 google123 secret123 pa55word test1234 testtest hello123
    brubeck1 takefive
    """.split()  # noqa: SIM905 - a hundred quotes are no easier to read
)


def check_new_password(
    password: str, *, min_characters: int = MIN_PASSWORD_CHARACTERS, unlike: Iterable[str] = ()
) -> str:
    """Return *password* where it will do for an account; there are no rules about kinds of characters.

    A list of what was stolen elsewhere, such as Have I Been Pwned's, knows more than the few here: ask one where
    accounts matter.

    Args:
        password: As typed.
        min_characters: The least length.
        unlike: What it must not be, in whatever case: the username, the e-mail address, the site's name.

    Raises:
        ValueError: Why it will not do, in a sentence for the user: the client's fault.
    """
    characters = unicodedata.normalize("NFKC", password)
    if len(characters) < min_characters:
        raise ValueError(f"A password has at least {min_characters} characters.")
    if encode_password(password) is None:
        raise ValueError(f"A password has at most {MAX_PASSWORD_BYTES} bytes.")
    folded = characters.casefold()
    if (
        folded in COMMON_PASSWORDS
        or len(set(folded)) <= 2
        or folded in {other.casefold() for other in unlike}
    ):
        raise ValueError("This password is one of those that are tried first. Take another.")
    return password
