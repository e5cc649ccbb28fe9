"""An operator's identity provider for tests: its keys, its tokens, and its key set behind a real HTTP server."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from functools import cache
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import rsa

from models import ids
from services.access import FIRST_TENANT
from tests.jwts import Json, changed, jwk_of, rs256, segments

ISSUER = "https://id.example"
AUDIENCE = "carillon"
ROLE_CLAIM = "https://carillon.example/role"


@cache
def rsa_key(name: str, bits: int = 2048) -> rsa.RSAPrivateKey:
    """A key of that name, made once a session."""
    return rsa.generate_private_key(65_537, bits)


class Provider:
    """Signs whatever is asked of it. `keys` are published, each with the members of its JWK beside n and e."""

    def __init__(self, now_s: int, issuer: str = ISSUER) -> None:
        self.now_s = now_s
        self.issuer = issuer
        self.kid = "first"
        self.keys: dict[str, Json] = {"first": {"use": "sig", "alg": "RS256"}}
        self.others: list[Json] = []
        """Published as they are."""

    def jwks(self) -> bytes:
        """The key set."""
        named = [jwk_of(self.key(kid), kid=kid, **more) for kid, more in self.keys.items()]
        return json.dumps({"keys": [*named, *self.others]}).encode()

    def key(self, kid: str | None = None) -> rsa.RSAPrivateKey:
        """A private key by its kid."""
        return rsa_key(f"{self.issuer} {kid or self.kid}")

    def header(self, **changes: object) -> Json:
        """As it should be, but for the changes; None leaves a member out."""
        return changed({"alg": "RS256", "typ": "at+jwt", "kid": self.kid}, changes)

    def claims(self, **changes: object) -> Json:
        """As they should be, but for the changes; None leaves a claim out."""
        good: Json = {
            "iss": self.issuer,
            "aud": AUDIENCE,
            "sub": "ada",
            "iat": self.now_s,
            "exp": self.now_s + 600,
            "jti": "1",
            ROLE_CLAIM: "developer",
        }
        return changed(good, changes)

    def token(self, head: Json | bytes | None = None, body: Json | bytes | None = None, kid: str | None = None) -> str:
        """Signed by the key of that kid, whatever header and claims say."""
        signed = segments(self.header() if head is None else head, self.claims() if body is None else body)
        return rs256(signed, self.key(kid))


def issuers_file(folder: Path, *entries: Mapping[str, object]) -> Path:
    """A list of issuers as the operator writes it."""
    path = folder / "issuers.json"
    path.write_text(json.dumps(entries))
    return path


def entry(provider: Provider, jwks: str, **changes: object) -> Json:
    """A provider's entry: of the first tenant, roles by a claim."""
    good: Json = {
        "issuer": provider.issuer,
        "audience": AUDIENCE,
        "jwks": jwks,
        "tenant": ids.encode(ids.TENANT, FIRST_TENANT),
        "role_claim": ROLE_CLAIM,
    }
    return changed(good, changes)


class KeyServer:
    """An HTTP server that answers every GET as it is told, and counts them."""

    def __init__(self) -> None:
        self.url = ""
        self.asked = 0
        self.status = "200 OK"
        self.headers: list[str] = []
        self.body = b""
        self.delay_s = 0.0
        self.provider: Provider | None = None
        """Its key set is the body, as it is at that moment."""

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One request."""
        try:
            await reader.readuntil(b"\r\n\r\n")
            self.asked += 1
            await asyncio.sleep(self.delay_s)
            body = self.provider.jwks() if self.provider is not None else self.body
            lines = [f"HTTP/1.1 {self.status}", f"content-length: {len(body)}", "connection: close", *self.headers]
            writer.write("\r\n".join([*lines, "", ""]).encode() + body)
            await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()


@asynccontextmanager
async def key_server(provider: Provider | None = None) -> AsyncIterator[KeyServer]:
    """Listens on loopback until the block ends."""
    served = KeyServer()
    served.provider = provider
    server = await asyncio.start_server(served.answer, "127.0.0.1", 0)
    served.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/jwks.json"
    try:
        yield served
    finally:
        server.close()
