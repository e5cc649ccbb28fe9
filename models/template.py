"""What a template says, as its writers made it, and its stored form. Made by the use cases, compiled for rendering."""

import msgspec

from errors import CorruptData
from models.vocabulary import Channel


class EmailParts(msgspec.Struct, frozen=True, omit_defaults=True):
    """An e-mail, in one language. Each text may hold placeholders."""

    subject: str
    text: str
    html: str | None = None
    """Made from subject, text and link where there is none."""
    url: str | None = None


class InAppParts(msgspec.Struct, frozen=True, omit_defaults=True):
    """An inbox item, in one language. Each text may hold placeholders, and so may texts within `data`."""

    body: str
    title: str | None = None
    url: str | None = None
    data: dict[str, object] | None = None


class TemplateBody(msgspec.Struct, frozen=True, omit_defaults=True):
    """Everything that one version of a template says: parts by language, for each channel that it speaks on."""

    default_locale: str
    """Every channel that is spoken on has parts in this language."""
    email: dict[str, EmailParts] = {}
    """Language tag → parts."""
    in_app: dict[str, InAppParts] = {}
    data_schema: dict[str, object] | None = None
    """A JSON Schema that data must fit."""

    @property
    def channels(self) -> tuple[Channel, ...]:
        """On which channels it speaks."""
        spoken = ((Channel.EMAIL, self.email), (Channel.IN_APP, self.in_app))
        return tuple([channel for channel, parts in spoken if parts])

    @property
    def locales(self) -> tuple[str, ...]:
        """The languages that it speaks on any channel, the default one first, the others by their tags."""
        others = {*self.email, *self.in_app} - {self.default_locale}
        return (self.default_locale, *sorted(others))


_ENCODER = msgspec.json.Encoder(order="sorted")
_DECODER = msgspec.json.Decoder(TemplateBody)


def encode(body: TemplateBody) -> bytes:
    """JSON with sorted keys, defaults left out."""
    return _ENCODER.encode(body)


def decode(stored: bytes) -> TemplateBody:
    """The reverse of `encode`.

    Raises:
        CorruptData: not what `encode` wrote.
    """
    try:
        return _DECODER.decode(stored)
    except msgspec.DecodeError as error:
        raise CorruptData(f"a stored template cannot be read: {error}") from error
