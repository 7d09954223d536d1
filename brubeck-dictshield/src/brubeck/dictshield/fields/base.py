"""The names of ``dictshield.fields.base``."""

from __future__ import annotations

from brubeck.dictshield.errors import DictFieldNotFound, InvalidShield, ShieldException
from brubeck.dictshield.fields.boolean import BooleanField
from brubeck.dictshield.fields.field import BaseField, dictshield_fields
from brubeck.dictshield.fields.geo import GeoPointField
from brubeck.dictshield.fields.identity import UUIDField
from brubeck.dictshield.fields.mapping import DictField
from brubeck.dictshield.fields.numbers import DecimalField, FloatField, IntField, LongField, NumberField
from brubeck.dictshield.fields.temporal import DateTimeField
from brubeck.dictshield.fields.text import EmailField, MD5Field, SHA1Field, StringField, URLField

__all__ = [
    "BaseField",
    "BooleanField",
    "DateTimeField",
    "DecimalField",
    "DictField",
    "DictFieldNotFound",
    "EmailField",
    "FloatField",
    "GeoPointField",
    "IntField",
    "InvalidShield",
    "LongField",
    "MD5Field",
    "NumberField",
    "SHA1Field",
    "ShieldException",
    "StringField",
    "URLField",
    "UUIDField",
    "dictshield_fields",
]
