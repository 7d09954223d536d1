"""What is kept, and how what was typed becomes it."""

from io import BytesIO

from brubeck.api import OwnedModelMixin, StreamedModelMixin
from brubeck.auth import User
from brubeck.dictshield import BooleanField, Document, ListField, LongField, StringField, URLField
from PIL import Image, ImageOps

MAX_TAGS, MAX_PIXELS = 20, 25_000_000
Image.MAX_IMAGE_PIXELS = MAX_PIXELS // 2  # Pillow warns from here on, and refuses twice as many


class Member(User):
    """A user, and what he shows of himself."""

    _private_fields = ("password", "key_digest")
    _public_fields = ("username", "name", "bio", "location_text", "website", "picture")
    id = LongField(id_field=True)
    name = StringField(max_length=80)
    bio = StringField(max_length=300)
    location_text = StringField(max_length=80)
    website = URLField(max_length=255)
    picture = StringField(max_length=16)
    key_digest = StringField(max_length=64)


class Link(Document, OwnedModelMixin, StreamedModelMixin):
    id = LongField(id_field=True)
    owner_id = LongField(required=True)
    url = URLField(required=True, max_length=1500)
    title = StringField(required=True, max_length=200)
    tags = ListField(StringField(max_length=40), validation=lambda tags: len(tags) <= MAX_TAGS)
    liked = BooleanField(default=False)
    archived = BooleanField(default=False)
    deleted = BooleanField(default=False)


def clean_line(typed):
    """Return *typed* as one line, without what cannot be seen."""
    return " ".join("".join(one if one.isprintable() else " " for one in typed).split())


def clean_url(typed):
    """Return *typed* with a scheme; the document refuses what is no URL."""
    url = clean_line(typed)
    return url if not url or "://" in url else f"https://{url}"


def clean_tags(typed):
    """Return the tags in *typed*, each once: `"Jazz, #five four,"` has `jazz` and `five four`. At most one too many."""
    found = (clean_line(tag).removeprefix("#").strip().casefold() for tag in typed.split(","))
    return list(dict.fromkeys(filter(None, found)))[: MAX_TAGS + 1]


def redraw(octets):
    """Return the picture in *octets* as a small WebP, with nothing but its colours. Raises ValueError."""
    try:  # what it is is told by what is in it, not by its name
        with Image.open(BytesIO(octets), formats=("PNG", "JPEG", "GIF", "WEBP")) as picture:
            picture.thumbnail((1024, 1024))  # first, so that what follows holds no large copies
            small = ImageOps.fit(ImageOps.exif_transpose(picture).convert("RGBA"), (256, 256))
    except Exception as exc:  # Pillow has many for a file that is none
        sentence = "This is no picture that can be read: PNG, JPEG, GIF or WebP of at most 25 million pixels."
        raise ValueError(sentence) from exc
    drawn = BytesIO()
    Image.frombytes("RGBA", small.size, small.tobytes()).save(drawn, "WEBP", quality=85)
    return drawn.getvalue()
