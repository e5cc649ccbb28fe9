"""What a caller wrote, after validation, and its stored form. Made by the use cases, read by channels and the inbox."""

import msgspec

from errors import CorruptData
from models.vocabulary import Channel


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


class TemplateData(msgspec.Struct, frozen=True, array_like=True):
    """What a notification gives to its template. Stored in the place of content, and told from it by its first byte."""

    data: dict[str, object]


class ChannelContent(msgspec.Struct, frozen=True):
    """What one channel shows of a message."""

    title: str | None
    body: str
    url: str | None
    html: str | None = None
    data: dict[str, object] | None = None


def for_channel(content: Content, channel: Channel) -> ChannelContent:
    """The general parts, each replaced by the channel's own where the caller wrote one."""
    if channel is Channel.EMAIL:
        title = content.email_subject or content.title
        return ChannelContent(title, content.email_text or content.body, content.url, content.email_html)
    if channel is Channel.IN_APP:
        return ChannelContent(
            content.in_app_title or content.title,
            content.in_app_body or content.body,
            content.in_app_url or content.url,
            data=content.in_app_data,
        )
    return ChannelContent(content.title, content.body, content.url)


_ENCODER = msgspec.msgpack.Encoder()
_DECODER = msgspec.msgpack.Decoder(Content)
_DATA = msgspec.msgpack.Decoder(TemplateData)

PURPOSE = b"content"
"""What content is sealed for."""


def encode(content: Content | TemplateData) -> bytes:
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


def decode_data(packed: bytes) -> TemplateData:
    """As `decode`, for what a template is filled with."""
    try:
        return _DATA.decode(packed)
    except msgspec.DecodeError as error:
        raise CorruptData(f"stored template data cannot be read: {error}") from error
