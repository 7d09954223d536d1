"""The names of ``dictshield.fields.compound``."""

from __future__ import annotations

from brubeck.dictshield.datastructures import MultiValueDict
from brubeck.dictshield.errors import InvalidShield, ShieldException
from brubeck.dictshield.fields.embedding import RECURSIVE_REFERENCE_CONSTANT, EmbeddedDocumentField
from brubeck.dictshield.fields.field import BaseField
from brubeck.dictshield.fields.mapping import DictField, MultiValueDictField
from brubeck.dictshield.fields.sequences import ListField, SortedListField

__all__ = [
    "RECURSIVE_REFERENCE_CONSTANT",
    "BaseField",
    "DictField",
    "EmbeddedDocumentField",
    "InvalidShield",
    "ListField",
    "MultiValueDict",
    "MultiValueDictField",
    "ShieldException",
    "SortedListField",
]
