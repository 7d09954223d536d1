"""DictShield's documents on Python 3: structure and validation with no opinion on databases.

    from brubeck.dictshield import Document, StringField

    class User(Document):
        username = StringField(max_length=30, required=True)

    User(username="j2d2").validate()

The paths of DictShield 0.4.4 work with ``brubeck.`` before them: ``brubeck.dictshield.document``, ``.base``,
``.fields``, ``.fields.compound``, ``.fields.mongo``, ``.fields.temporal``, ``.forms``, ``.datastructures``.
"""

from __future__ import annotations

from brubeck.dictshield.datastructures import MultiValueDict, MultiValueDictKeyError
from brubeck.dictshield.document import BaseDocument, Document, EmbeddedDocument, diff_id_field, swap_field
from brubeck.dictshield.errors import (
    DictFieldNotFound,
    DictPunch,
    FieldError,
    FormPunch,
    InvalidShield,
    ShieldDocException,
    ShieldException,
)
from brubeck.dictshield.fields import (
    BaseField,
    BooleanField,
    DateField,
    DateTimeField,
    DecimalField,
    DictField,
    EmailField,
    EmbeddedDocumentField,
    FloatField,
    GeoPointField,
    IntField,
    IPv4Field,
    ListField,
    LongField,
    MD5Field,
    MillisecondField,
    MultiValueDictField,
    NumberField,
    ObjectIdField,
    SHA1Field,
    SortedListField,
    StringField,
    TimeField,
    TimeStampField,
    URLField,
    UUIDField,
    curtime,
)
from brubeck.dictshield.forms import Form

__all__ = [
    "BaseDocument",
    "BaseField",
    "BooleanField",
    "DateField",
    "DateTimeField",
    "DecimalField",
    "DictField",
    "DictFieldNotFound",
    "DictPunch",
    "Document",
    "EmailField",
    "EmbeddedDocument",
    "EmbeddedDocumentField",
    "FieldError",
    "FloatField",
    "Form",
    "FormPunch",
    "GeoPointField",
    "IPv4Field",
    "IntField",
    "InvalidShield",
    "ListField",
    "LongField",
    "MD5Field",
    "MillisecondField",
    "MultiValueDict",
    "MultiValueDictField",
    "MultiValueDictKeyError",
    "NumberField",
    "ObjectIdField",
    "SHA1Field",
    "ShieldDocException",
    "ShieldException",
    "SortedListField",
    "StringField",
    "TimeField",
    "TimeStampField",
    "URLField",
    "UUIDField",
    "curtime",
    "diff_id_field",
    "swap_field",
]
