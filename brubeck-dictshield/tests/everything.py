"""A document with every kind of field, and what must hold of it for any dictionary."""

import json

from brubeck import dictshield as ds
from brubeck.dictshield.jsontext import dump_json


class Inner(ds.EmbeddedDocument):
    name = ds.StringField(required=True, max_length=5)
    number = ds.IntField(default=3)
    inner = ds.EmbeddedDocumentField("self")


class Everything(ds.Document):
    base = ds.BaseField()
    string = ds.StringField(max_length=8, minimized_field_name="s")
    matched = ds.StringField(regex="^[a-z]*$", uniq_field="m")
    chosen = ds.StringField(choices=["a", "b"], default="a")
    checked = ds.BaseField(validation=lambda value: value != 3)
    url = ds.URLField()
    email = ds.EmailField()
    ipv4 = ds.IPv4Field()
    md5 = ds.MD5Field()
    sha1 = ds.SHA1Field()
    boolean = ds.BooleanField(default=False)
    integer = ds.IntField(min_value=-5)
    long = ds.LongField(max_value=2**80)
    float = ds.FloatField()
    decimal = ds.DecimalField()
    number = ds.NumberField(complex, "Complex")
    millisecond = ds.MillisecondField(default=ds.curtime)
    datetime = ds.DateTimeField()
    date = ds.DateField()
    time = ds.TimeField()
    timestamp = ds.TimeStampField()
    uuid = ds.UUIDField(auto_fill=True)
    objectid = ds.ObjectIdField()
    dictionary = ds.DictField()
    many = ds.MultiValueDictField()
    point = ds.GeoPointField()
    inner = ds.EmbeddedDocumentField(Inner)
    strings = ds.ListField(ds.StringField())
    dates = ds.ListField(ds.DateTimeField())
    mixed = ds.ListField([ds.IntField(), ds.StringField()])
    inners = ds.ListField(ds.EmbeddedDocumentField(Inner))
    grid = ds.ListField(ds.ListField(ds.EmbeddedDocumentField(Inner)))
    sorted = ds.SortedListField(ds.IntField())


def check_everything(values):
    """Fail unless *values* are refused in every way, or make a document that survives its ways out and in."""
    try:
        Everything.validate_class_fields(dict(values))
        Everything.check_class_fields(dict(values))
    except ds.ShieldException as exc:
        assert exc.errors
    try:
        document = Everything(**values)
        document.validate()
    except ds.ShieldException as exc:
        assert all(error.path and isinstance(error.reason, str) for error in exc.errors)
        assert str(exc)
        return
    assert Everything(**document.to_python()) == document
    assert document.validate()
    try:
        text = document.to_json()
    except ds.ShieldException:  # complex numbers and the inside of free fields
        return
    assert json.loads(text) == json.loads(dump_json(document.to_json(encode=False)))
    Everything.make_json_ownersafe(document)
