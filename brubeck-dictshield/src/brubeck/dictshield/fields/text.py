"""Fields whose value is a ``str``."""

from __future__ import annotations

import re
import urllib.request
from collections.abc import Callable
from functools import cache
from json.encoder import encode_basestring_ascii
from typing import Any, ClassVar

from brubeck.dictshield.errors import ShieldException
from brubeck.dictshield.fields.field import BaseField
from brubeck.dictshield.patterns import dump_pattern
from pydantic_core import SchemaValidator, core_schema
from pydantic_core.core_schema import CoreSchema, StringSchema

# Written for the engine's regular expressions, which take linear time whatever the value is. The same text
# is valid for `re`, with \Z for the end.
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_DOMAIN = rf"(?:{_LABEL}\.)+(?:[A-Za-z]{{2,63}}|[Xx][Nn]--[A-Za-z0-9-]{{1,59}})\.?"
_ATOM = r"[-!#$%&'*+/=?^_`{}|~0-9A-Za-z]+"
_QUOTED = r'"(?:[\x01-\x08\x0b\x0c\x0e-\x1f!#-\[\]-\x7f]|\\[\x01-\x09\x0b\x0c\x0e-\x7f])*"'
_OCTET = r"(?:25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])"
URL = (
    rf"[Hh][Tt][Tt][Pp][Ss]?://(?:{_DOMAIN}|[Ll][Oo][Cc][Aa][Ll][Hh][Oo][Ss][Tt]|[0-9]{{1,3}}(?:\.[0-9]{{1,3}}){{3}})"
    r"(?::[0-9]+)?(?:/?|[/?#][^\s\x00-\x1f\x7f]+)"
)
EMAIL = rf"(?:{_ATOM}(?:\.{_ATOM})*|{_QUOTED})@{_DOMAIN}"
IPV4 = rf"{_OCTET}(?:\.{_OCTET}){{3}}"
HEX = r"[0-9A-Fa-f]*"


def compile_pattern(body: str) -> re.Pattern[str]:
    """Return *body* for `re`, anchored at both ends."""
    return re.compile(rf"(?:{body})\Z")


@cache
def is_match(body: str) -> Callable[[Any], bool]:
    """Return a function that tells in linear time whether a value is a ``str`` that *body* describes whole."""
    schema = core_schema.str_schema(strict=True, pattern=anchored(body))
    return SchemaValidator(schema).isinstance_python


def anchored(body: str) -> str:
    """Return *body* for the engine, anchored at both ends."""
    return rf"^(?:{body})$"


def is_text(value: Any) -> bool:
    """Return whether *value* is a ``str`` that UTF-8 can carry: lone surrogates are no text."""
    return isinstance(value, str) and (value.isascii() or _TEXT.isinstance_python(value))


# The engine decodes a text, and so refuses surrogates, only where it has to count its characters.
_TEXT = SchemaValidator(core_schema.str_schema(strict=True, min_length=0))


class StringField(BaseField[str]):
    """A text.

    Args:
        regex: A regular expression of `re` that matches at the start of the value. How long it may take is
            its author's care.
        max_length: The most characters.
        min_length: The fewest characters, for a value that is there.
        options: See `BaseField`.
    """

    is_mutable: ClassVar[bool] = False
    # What the value looks like as a whole, in the engine's regular expressions.
    pattern: ClassVar[str | None] = None
    mismatch: ClassVar[str] = "Invalid value"

    def __init__(
        self,
        regex: str | re.Pattern[str] | None = None,
        max_length: int | None = None,
        min_length: int | None = None,
        **options: Any,
    ) -> None:
        self.regex = re.compile(regex) if regex else None
        self.max_length = max_length
        self.min_length = min_length
        super().__init__(**options)

    def validate(self, value: Any) -> Any:
        if not is_text(value):
            raise ShieldException("Invalid value", self.field_name, value)
        self._validate_pattern(value)
        self._validate_length(value)
        if self.regex is not None and self.regex.match(value) is None:
            raise ShieldException("String value did not match validation regex", self.field_name, value)
        return value

    def _validate_pattern(self, value: str) -> None:
        if self.pattern is not None and not is_match(self.pattern)(value):
            raise ShieldException(self.mismatch, self.field_name, value)

    def _validate_length(self, value: str) -> None:
        if self.max_length is not None and len(value) > self.max_length:
            raise ShieldException("String value is too long", self.field_name, value)
        if self.min_length is not None and len(value) < self.min_length:
            raise ShieldException("String value is too short", self.field_name, value)

    def core_schema(self) -> CoreSchema | None:
        if self.regex is not None:
            return None
        least = max(self.min_length or 0, 1 if self.required else 0)
        schema: StringSchema = core_schema.str_schema(
            strict=True, max_length=self.max_length, min_length=least
        )
        if self.pattern is not None:
            schema["pattern"] = anchored(self.pattern)
        return schema

    def quick_writer(self) -> Callable[[Any], str] | None:
        return encode_basestring_ascii

    def for_python(self, value: Any) -> Any:
        return str(value)

    def _jsonschema_type(self) -> str | None:
        return "string"

    def _jsonschema_maxLength(self) -> int | None:  # noqa: N802 - the keyword of JSON Schema
        return self.max_length

    def _jsonschema_minLength(self) -> int | None:  # noqa: N802 - the keyword of JSON Schema
        return self.min_length

    def _jsonschema_pattern(self) -> str | None:
        return None if self.regex is None else dump_pattern(self.regex)

    @classmethod
    def _from_jsonschema_types(cls) -> list[str]:
        return ["string"]

    @classmethod
    def _from_jsonschema_formats(cls) -> list[str | None]:
        return [None, "phone"]


class URLField(StringField):
    """An ``http`` or ``https`` URL with a domain, ``localhost`` or an IPv4 address.

    Args:
        verify_exists: Fetch it in `validate`. The server of whoever sent the value is then asked by yours:
            leave it off for values of strangers.
        options: See `StringField`.

    Blocks:
        Only where *verify_exists* is on: `validate` waits for the other server, at most `timeout_s`.
    """

    pattern: ClassVar[str | None] = URL
    mismatch: ClassVar[str] = "Invalid URL"
    URL_REGEX: ClassVar[re.Pattern[str]] = compile_pattern(URL)
    timeout_s: ClassVar[float] = 5.0

    def __init__(self, verify_exists: bool = False, **options: Any) -> None:
        self.verify_exists = verify_exists
        super().__init__(**options)

    @property
    def is_trusted(self) -> bool:
        return super().is_trusted and not self.verify_exists

    def _validate_pattern(self, value: str) -> None:
        super()._validate_pattern(value)
        if self.verify_exists:
            self._fetch(value)

    def _fetch(self, value: str) -> None:
        try:
            with urllib.request.urlopen(value, timeout=self.timeout_s):  # noqa: S310 - the pattern allows http only
                pass
        except (OSError, ValueError) as exc:
            raise ShieldException("URL does not exist", self.field_name, value) from exc

    def _jsonschema_format(self) -> str:
        return "uri"

    @classmethod
    def _from_jsonschema_formats(cls) -> list[str | None]:
        return ["url", "uri"]


class EmailField(StringField):
    """An e-mail address with a domain."""

    pattern: ClassVar[str | None] = EMAIL
    mismatch: ClassVar[str] = "Invalid email address"
    EMAIL_REGEX: ClassVar[re.Pattern[str]] = compile_pattern(EMAIL)

    def _jsonschema_format(self) -> str:
        return "email"

    @classmethod
    def _from_jsonschema_formats(cls) -> list[str | None]:
        return ["email"]


class IPv4Field(StringField):
    """An IPv4 address as four decimal numbers."""

    pattern: ClassVar[str | None] = IPV4
    mismatch: ClassVar[str] = "Invalid IPv4 address"

    def _jsonschema_format(self) -> str:
        return "ipv4"

    @classmethod
    def _from_jsonschema_formats(cls) -> list[str | None]:
        return ["ipv4", "ip-address"]


class HashField(BaseField[str]):
    """A digest in hexadecimal; the base of `MD5Field` and `SHA1Field`. It is no way to keep a password."""

    is_mutable: ClassVar[bool] = False
    hash_length: ClassVar[int] = 0
    hash_name: ClassVar[str] = "Hash"

    def validate(self, value: Any) -> Any:
        if not isinstance(value, str):
            raise ShieldException("Invalid value", self.field_name, value)
        if len(value) != self.hash_length:
            raise ShieldException(f"{self.hash_name} value is wrong length", self.field_name, value)
        if not is_match(HEX)(value):
            raise ShieldException(f"{self.hash_name} value is not hex", self.field_name, value)
        return value

    def core_schema(self) -> CoreSchema | None:
        size = self.hash_length
        return core_schema.str_schema(strict=True, min_length=size, max_length=size, pattern=anchored(HEX))

    def quick_writer(self) -> Callable[[Any], str] | None:
        return encode_basestring_ascii

    def _jsonschema_type(self) -> str | None:
        return "string"

    def _jsonschema_maxLength(self) -> int:  # noqa: N802 - the keyword of JSON Schema
        return self.hash_length

    def _jsonschema_minLength(self) -> int:  # noqa: N802 - the keyword of JSON Schema
        return self.hash_length


class MD5Field(HashField):
    """An MD5 digest: 32 hexadecimal digits."""

    hash_length: ClassVar[int] = 32
    hash_name: ClassVar[str] = "MD5"


class SHA1Field(HashField):
    """A SHA-1 digest: 40 hexadecimal digits."""

    hash_length: ClassVar[int] = 40
    hash_name: ClassVar[str] = "SHA1"
