"""Sign-in with the operator's own identity providers: their list, their keys, and who their tokens speak for."""

import random

from dispatchers.transport import Download
from engines.secrets.sealer import Sealer
from errors import InvalidSettings
from gateway.issuer_file import ListedIssuer, read_issuers
from gateway.issuers import Issuers, TrustedIssuer
from gateway.key_sets import FROM_FILE, MOST_BYTES, OVER_HTTP, FileSource, KeySet, UrlSource
from gateway.sign_in import Members, SignIn
from models.clock import Clock
from services.foundation import Foundation
from settings import Settings
from usecases.identities import blind_identities

FETCH_WITHIN_S = 5.0


def listed_issuers(settings: Settings) -> list[ListedIssuer]:
    """The identity providers in CARILLON_ISSUERS; none where it is not set.

    Raises:
        InvalidSettings: all that is wrong with the file.
    """
    if settings.issuers is None:
        return []
    try:
        return read_issuers(settings.issuers)
    except InvalidSettings as error:
        raise InvalidSettings([f"CARILLON_ISSUERS: {one}" for one in error.problems]) from error


def sign_in(base: Foundation, members: Members) -> SignIn | None:
    """None where no identity provider is listed.

    Raises:
        InvalidSettings: all that is wrong with the file.
    """
    listed = listed_issuers(base.settings)
    if not listed:
        return None
    trusted = [TrustedIssuer(one.settings, _keys(one, base.clock)) for one in listed]
    sealer = base.sealer
    issuers = Issuers(trusted, lambda *of: _blind(sealer, *of), base.clock)
    return SignIn(issuers, members, base.store, base.clock)


def _blind(sealer: Sealer, tenant: bytes, issuer: str, subject: str) -> bytes:
    return blind_identities(sealer, tenant, ((issuer, subject),))[0]


def _keys(one: ListedIssuer, clock: Clock) -> KeySet:
    spread = random.Random().random  # noqa: S311 (jitter hides nothing)
    if isinstance(one.jwks, str):
        fetch = Download(MOST_BYTES, FETCH_WITHIN_S)
        return KeySet(one.settings.issuer, UrlSource(one.jwks, fetch), OVER_HTTP, clock, spread)
    return KeySet(one.settings.issuer, FileSource(one.jwks), FROM_FILE, clock, spread)
