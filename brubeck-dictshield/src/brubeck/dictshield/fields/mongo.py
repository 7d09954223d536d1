"""The name of ``dictshield.fields.mongo``, with no MongoDB needed."""

from __future__ import annotations

from brubeck.dictshield.fields.identity import ObjectIdField

__all__ = ["ObjectIdField"]
