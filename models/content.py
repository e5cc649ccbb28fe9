"""What a caller wrote, after validation, and its stored form. Made by the use cases, read by channels and the inbox."""

import msgspec

from errors import CorruptData


class Content(msgspec.Struct, frozen=True, omit_defaults=True):
    """A message. The parts for a channel override the general ones."""

    body: str
    title: str | None = None
    url: str | None = None
    email_subject: str | None = None
    email_text: str | None = None
    email_html: str | None = None
    in_app_title: str | None = None
    in_app_body: str | None = None
    in_app_url: str | None = None
    in_app_data: dict[str, object] | None = None


_ENCODER = msgspec.msgpack.Encoder()
_DECODER = msgspec.msgpack.Decoder(Content)

PURPOSE = b"content"
"""What content is sealed for."""


def encode(content: Content) -> bytes:
    """MessagePack, defaults left out."""
    return _ENCODER.encode(content)


def decode(packed: bytes) -> Content:
    """The reverse of `encode`.

    Raises:
        CorruptData: not what `encode` wrote.
    """
    try:
        return _DECODER.decode(packed)
    except msgspec.DecodeError as error:
        raise CorruptData(f"stored content cannot be read: {error}") from error
