"""Base64url as JWS spells it (RFC 7515 section 2), read strictly. Used wherever a token or a public key is read."""

import base64
import binascii


def from_base64url(segment: str) -> bytes:
    """The bytes of a segment: no padding, no line breaks, no stray bits, so that they have one spelling.

    Raises:
        ValueError: any other spelling.
    """
    raw = base64.urlsafe_b64decode(segment + "=" * (-len(segment) % 4))
    if base64.urlsafe_b64encode(raw).decode().rstrip("=") != segment:
        raise binascii.Error("not canonical base64url")
    return raw
