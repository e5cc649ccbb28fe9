"""What a token of another issuer says, and what speaks against it but for its signature. Called by `gateway.issuers`.

Sources: RFC 7515 (header), RFC 7519 (claims), RFC 8725 (what to be wary of), RFC 9068 (access tokens).
"""

from collections.abc import Mapping

import msgspec

from errors import MalformedRequest, Unauthenticated
from gateway.compact import from_base64url
from gateway.json_text import read_json
from gateway.limits import BodyLimits
from models import ids
from models.vocabulary import Role

SKEW_S = 60
MOST_TOKEN_BYTES = 16_384
"""Providers that list a person's groups make long ones."""
MOST_SUBJECT = 255
LONGEST_AHEAD_S = 31 * 86_400
TYPES = frozenset({None, "jwt", "at+jwt"})
"""What `typ` may say where the operator has named none: many providers write JWT or nothing into access tokens."""
ROLES = {role.name.lower(): role for role in Role if role is not Role.END_USER}
"""What a role claim may say."""

_LIMITS = BodyLimits(json_nesting=16, json_values=2_000)
_NEVER_IN_A_HEADER = frozenset({"crit", "b64", "zip", "enc", "cty", "jku", "jwk", "x5u", "x5c"})
"""What changes the meaning of the rest, and keys that a caller would bring along (RFC 8725 sections 3.1 and 3.10)."""
_NEVER_IN_CLAIMS = frozenset({"cnf", "events"})
"""A token bound to a key that nobody proves here (RFC 7800), and logout and security events (RFC 8417)."""


class IssuerSettings(msgspec.Struct, frozen=True, kw_only=True):
    """An issuer that the operator trusts; either `tenant` or `tenant_claim` is filled."""

    issuer: str
    audience: str
    tenant: bytes | None = None
    tenant_claim: str | None = None
    role_claim: str | None = None
    token_type: str | None = None
    """In lower case, without `application/`. None: any of `TYPES`."""


class ExternalIdentity(msgspec.Struct, frozen=True):
    """Whom a token speaks for, and how long (microseconds since 1970 UTC)."""

    issuer: str
    subject: str
    tenant: bytes
    role: Role | None
    """From the role claim; None: the tenant's list of members decides."""
    expires_at_us: int
    """With the 60 s by which clocks may differ."""
    token_id: str | None
    issued_at_us: int | None
    blind: bytes = b""
    """The keyed hash of issuer and subject within the tenant, filled once the signature was checked."""


class Header(msgspec.Struct, frozen=True):
    """The members that a header must have, and its type."""

    kid: str
    typ: str | None = None


class Claims(msgspec.Struct, frozen=True):
    """The registered claims."""

    iss: str
    sub: str
    aud: str | list[str]
    exp: int
    iat: int | None = None
    nbf: int | None = None
    jti: str | None = None


class Token(msgspec.Struct, frozen=True):
    """What a token says about itself: nothing of it is true before its signature is checked."""

    header: Header
    claims: Claims
    said: dict[str, object]
    """All claims as they came."""


def read_token(text: str) -> Token:
    """The parts of a token.

    Raises:
        Unauthenticated: it is no JWT signed by RS256 with a kid and the claims iss, sub, aud and exp.
    """
    if len(text) > MOST_TOKEN_BYTES or not text.isascii():
        raise refused(f"it is longer than {MOST_TOKEN_BYTES} bytes, or not ASCII")
    parts = text.split(".")
    if len(parts) != 3:
        raise refused("expected three parts: header.claims.signature")
    try:
        header, said, _ = [from_base64url(part) for part in parts]
        return _token(read_json(header, _LIMITS), read_json(said, _LIMITS))
    except (ValueError, MalformedRequest) as error:
        raise refused("a part is not base64url, or not JSON with each key once") from error


def identity_of(token: Token, settings: IssuerSettings, now_s: int) -> ExternalIdentity:
    """Whom the token speaks for, if it is its issuer's.

    Raises:
        Unauthenticated: a claim speaks against it.
    """
    claims = token.claims
    reason = _fault(token.header.typ, claims, settings, now_s)
    if reason:
        raise refused(reason)
    return ExternalIdentity(
        issuer=claims.iss,
        subject=claims.sub,
        tenant=_tenant(token.said, settings),
        role=_role(token.said, settings),
        expires_at_us=(claims.exp + SKEW_S) * 1_000_000,
        token_id=claims.jti,
        issued_at_us=claims.iat * 1_000_000 if claims.iat is not None else None,
    )


def refused(reason: str) -> Unauthenticated:
    """The refusal; its reason is for the operator, never for the caller."""
    return Unauthenticated(f"the identity provider's token is not accepted: {reason}")


def _token(header: object, said: object) -> Token:
    if not isinstance(header, dict) or not isinstance(said, dict):
        raise refused("its header and its claims are to be JSON objects")
    if not _NEVER_IN_A_HEADER.isdisjoint(header):
        raise refused(f"its header holds one of {', '.join(sorted(_NEVER_IN_A_HEADER))}")
    if not _NEVER_IN_CLAIMS.isdisjoint(said):
        raise refused(f"it holds one of the claims {', '.join(sorted(_NEVER_IN_CLAIMS))}")
    if header.get("alg") != "RS256":
        raise refused("it is not signed by RS256")
    try:
        return Token(msgspec.convert(header, Header), msgspec.convert(said, Claims), said)
    except msgspec.ValidationError as error:
        raise refused("expected a kid, and the claims iss, sub, aud and exp, each of its own type") from error


def _fault(typ: str | None, claims: Claims, settings: IssuerSettings, now_s: int) -> str | None:
    """The first reason against well-formed claims, if there is one."""
    audiences = [claims.aud] if isinstance(claims.aud, str) else claims.aud
    begins_s = max(claims.iat or 0, claims.nbf or 0)
    faults = (
        (not _is_type(typ, settings.token_type), f"its typ is not {settings.token_type or 'JWT or at+jwt'}"),
        (claims.iss != settings.issuer, "its iss is another"),
        (settings.audience not in audiences, f"its aud is not {settings.audience}"),
        (not _is_subject(claims.sub), f"its sub is not 1 to {MOST_SUBJECT} printable ASCII characters"),
        (claims.exp + SKEW_S <= now_s, "it has expired"),
        (claims.exp > now_s + LONGEST_AHEAD_S, "its exp is more than 31 days ahead"),
        (begins_s > now_s + SKEW_S, "it is not valid yet"),
        (claims.iat is not None and claims.exp <= claims.iat, "it ends before it begins"),
    )
    return next((reason for wrong, reason in faults if wrong), None)


def _is_type(typ: str | None, wanted: str | None) -> bool:
    """Media types have no case, and may go without their tree (RFC 7515 section 4.1.9)."""
    short = typ.lower().removeprefix("application/") if typ is not None else None
    return short in TYPES if wanted is None else short == wanted


def _is_subject(sub: str) -> bool:
    """ASCII (OpenID Connect Core section 2), so that two subjects never merely look the same."""
    return 1 <= len(sub) <= MOST_SUBJECT and sub.isascii() and sub.isprintable()


def _tenant(said: Mapping[str, object], settings: IssuerSettings) -> bytes:
    if settings.tenant_claim is None:
        tenant = settings.tenant
    else:
        claimed = said.get(settings.tenant_claim)
        tenant = ids.try_decode(ids.TENANT, claimed) if isinstance(claimed, str) else None
    if tenant is None:
        raise refused("its tenant claim is no tenant's id")
    return tenant


def _role(said: Mapping[str, object], settings: IssuerSettings) -> Role | None:
    """One of ours, alone or in a list that may hold other products' roles: never a choice between two."""
    if settings.role_claim is None or settings.role_claim not in said:
        return None
    claimed = said[settings.role_claim]
    named = claimed if isinstance(claimed, list) else [claimed]
    roles = [ROLES[one] for one in named if isinstance(one, str) and one in ROLES]
    if len(roles) != 1:
        raise refused(f"its role claim does not name one of {', '.join(ROLES)}")
    return roles[0]
