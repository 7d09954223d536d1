"""A document takes what fits and refuses what does not, with no other Brubeck about."""

import importlib.util

from brubeck.dictshield import Document
from brubeck.dictshield.fields import StringField

assert importlib.util.find_spec("brubeck.core") is None


class Track(Document):
    title = StringField(max_length=20, required=True)


assert Track(title="Take Five").to_python()["title"] == "Take Five"
