"""Whether a template can be filled with what a caller sends: checked at the door, so that nothing can fail later."""

from collections.abc import Sequence

import msgspec

from errors import InvalidInput
from models.filling import AT
from models.vocabulary import Channel
from usecases.checks import MAX_DATA_BYTES, SENDABLE
from usecases.requests import SendRequest, TemplateUse
from usecases.template_directory import TemplateDirectory, Version

MAX_DEPTH = 32
_ENCODER = msgspec.json.Encoder()


async def pinned(
    directory: TemplateDirectory, tenant: bytes, requests: Sequence[SendRequest]
) -> list[Version | InvalidInput]:
    """The version that each of these requests with templates is held to, or why it cannot be filled.

    Raises:
        Unavailable: the store does not answer.
    """
    uses = [request.template for request in requests if request.template is not None]
    versions = await directory.find(tenant, uses)
    return [
        version if isinstance(version, InvalidInput) else judged(use, version, request.channels or SENDABLE)
        for request, use, version in zip(requests, uses, versions, strict=True)
    ]


def judged(use: TemplateUse, version: Version, channels: Sequence[Channel]) -> Version | InvalidInput:
    """The version, if it can be filled in every language on each of these channels that it speaks on."""
    try:
        _check_data(use.data)
        if version.schema is not None:
            version.schema.check(use.data)
        version.compiled.check(use.data, channels)
        _check_channels(use, version, channels)
    except InvalidInput as error:
        return error
    return version


def _check_channels(use: TemplateUse, version: Version, channels: Sequence[Channel]) -> None:
    if not any(channel in version.compiled.spoken for channel in channels):
        spoken = ", ".join([channel.name for channel in version.compiled.spoken])
        raise InvalidInput(f"template {use.key!r} speaks on {spoken} only", path=("channels",))


def _check_data(data: dict[str, object]) -> None:
    try:
        size = len(_ENCODER.encode(data))
    except UnicodeEncodeError as error:
        raise InvalidInput("expected text without lone surrogates", path=AT) from error
    except RecursionError as error:
        raise InvalidInput(f"expected at most {MAX_DEPTH} levels", path=AT) from error
    if size > MAX_DATA_BYTES:
        raise InvalidInput(f"expected at most {MAX_DATA_BYTES:,} bytes of JSON, got {size:,}", path=AT)
    level: list[object] = [data]
    for _ in range(MAX_DEPTH):
        level = [child for one in level for child in _children(one)]
        if not level:
            return
    raise InvalidInput(f"expected at most {MAX_DEPTH} levels", path=AT)


def _children(value: object) -> list[object]:
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, list) else []
