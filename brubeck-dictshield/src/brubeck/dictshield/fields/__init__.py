"""Every field. Those of 0.4.4 are found at their old paths, too: ``base``, ``compound``, ``mongo``, ``temporal``."""

from __future__ import annotations

from brubeck.dictshield.errors import DictFieldNotFound, InvalidShield, ShieldException
from brubeck.dictshield.fields.boolean import BooleanField
from brubeck.dictshield.fields.embedding import EmbeddedDocumentField
from brubeck.dictshield.fields.field import BaseField, dictshield_fields
from brubeck.dictshield.fields.geo import GeoPointField
from brubeck.dictshield.fields.identity import ObjectIdField, UUIDField
from brubeck.dictshield.fields.mapping import DictField, MultiValueDictField
from brubeck.dictshield.fields.numbers import DecimalField, FloatField, IntField, LongField, NumberField
from brubeck.dictshield.fields.sequences import ListField, SortedListField
from brubeck.dictshield.fields.temporal import (
    DateField,
    DateTimeField,
    MillisecondField,
    TimeField,
    TimeStampField,
    curtime,
)
from brubeck.dictshield.fields.text import EmailField, IPv4Field, MD5Field, SHA1Field, StringField, URLField

__all__ = [
    "BaseField",
    "BooleanField",
    "DateField",
    "DateTimeField",
    "DecimalField",
    "DictField",
    "DictFieldNotFound",
    "EmailField",
    "EmbeddedDocumentField",
    "FloatField",
    "GeoPointField",
    "IPv4Field",
    "IntField",
    "InvalidShield",
    "ListField",
    "LongField",
    "MD5Field",
    "MillisecondField",
    "MultiValueDictField",
    "NumberField",
    "ObjectIdField",
    "SHA1Field",
    "ShieldException",
    "SortedListField",
    "StringField",
    "TimeField",
    "TimeStampField",
    "URLField",
    "UUIDField",
    "curtime",
    "dictshield_fields",
]
