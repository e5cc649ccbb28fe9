"""What deliveries say: content opened as it was written, or filled from the version that it is held to. For doors."""

import logging
from collections.abc import Sequence

import msgspec

from engines.secrets.sealer import Sealed, Sealer
from errors import CorruptData, InvalidInput
from models.content import PURPOSE, Content, decode, decode_data
from models.vocabulary import Channel
from usecases.template_directory import TemplateDirectory, Version
from usecases.tenant_directory import TenantDirectory

log = logging.getLogger(__name__)


class Saying(msgspec.Struct, frozen=True):
    """What one delivery says, as it is stored."""

    sealed: bytes
    """Under the tenant's key."""
    channel: Channel
    version: bytes | None = None
    """Of the template that fills it; None: it is content itself."""
    locale: str | None = None


class Contents:
    """Opens many at once; the versions of a batch are read together, once."""

    def __init__(self, sealer: Sealer, tenants: TenantDirectory, templates: TemplateDirectory) -> None:
        self._sealer = sealer
        self._tenants = tenants
        self._templates = templates

    async def open(self, tenant: bytes, sayings: Sequence[Saying]) -> list[Content | None]:
        """In order. None: it cannot be filled, which the door has seen to and so is a fault of ours; neighbours can.

        Raises:
            Unavailable: the store does not answer.
        """
        if not sayings:
            return []
        key = (await self._tenants.get(tenant)).wrapped_key
        opened = self._sealer.open_many([Sealed(key, tenant, PURPOSE, one.sealed) for one in sayings])
        held = {(tenant, one.version) for one in sayings if one.version is not None}
        versions = await self._templates.many(held) if held else {}
        return [
            decode(packed) if one.version is None else filled(one, packed, versions.get((tenant, one.version)))
            for one, packed in zip(sayings, opened, strict=True)
        ]


def filled(saying: Saying, packed: bytes, version: Version | None) -> Content | None:
    """The version's texts with the stored data; None where they do not go together, or nothing is said there."""
    if version is not None and saying.channel not in version.compiled.spoken:
        return None
    try:
        data = decode_data(packed).data
        return version.compiled.say(saying.channel, saying.locale, data) if version is not None else None
    except (CorruptData, InvalidInput) as error:
        log.error("version %s cannot be filled: %s", (saying.version or b"").hex(), error)  # noqa: TRY400
        return None
