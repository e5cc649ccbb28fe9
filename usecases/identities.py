"""How somebody who signs in at an identity provider is known to us: by a keyed hash, never by the name itself."""

from collections.abc import Sequence

from engines.secrets.sealer import Sealer

KIND = 128
"""Beside the kinds of handles, so that no handle of a user ever has the hash of a member."""

Identity = tuple[str, str]
"""(issuer, subject): printable ASCII, as the token has them."""


def blind_identities(sealer: Sealer, tenant: bytes, identities: Sequence[Identity]) -> list[bytes]:
    """32 bytes for each, in order: `members.identity_blind`. The same for ever, and another in each tenant."""
    return sealer.blind_many(tenant, [(KIND, f"{issuer}\n{subject}") for issuer, subject in identities])
