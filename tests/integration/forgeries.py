"""Tokens that nobody may be let in with: forged, odd, spent, or somebody else's. Used by test_forged_tokens."""

import base64
import json
import zlib

from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.hashes import SHA1, SHA384, SHA512
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from gateway.tokens import new_api_key, parse_api_key
from models import ids
from models.vocabulary import Role, TenantKind
from services.access import FIRST_TENANT
from tests.identity_providers import ROLE_CLAIM, Provider, rsa_key
from tests.integration.sign_in_desk import OTHER_TENANT, Desk
from tests.jwts import (
    Json,
    b64,
    changed,
    ed25519_token,
    es256,
    jwk_of,
    mac,
    pss,
    public_der,
    public_pem,
    rs256,
    segments,
)

THIEF = "https://thief.example"
CURVE = ec.generate_private_key(ec.SECP256R1())
SECRET = b"a secret that somebody published."


def publish_oddities(provider: Provider) -> None:
    """Keys in the provider's set that are not for us."""
    point = CURVE.public_key().public_numbers()
    provider.keys["to encrypt"] = {"use": "enc"}
    provider.keys["for RS512"] = {"alg": "RS512"}
    provider.keys["to sign"] = {"key_ops": ["sign"]}
    provider.others = [
        jwk_of(rsa_key("weak", 1024), kid="weak"),
        jwk_of(rsa_key("twin"), kid="twice"),
        jwk_of(rsa_key("other twin"), kid="twice"),
        jwk_of(rsa_key("nameless")),
        {"kty": "oct", "k": b64(SECRET), "kid": "oct"},
        {"kty": "EC", "crv": "P-256", "x": b64(point.x.to_bytes(32)), "y": b64(point.y.to_bytes(32)), "kid": "ec"},
    ]


class Forge:
    """Begins with what is genuine, and changes one thing at a time."""

    def __init__(self, desk: Desk, browser: str) -> None:
        self.desk = desk
        self.provider = desk.provider
        self.now_s = desk.provider.now_s
        self.header, self.claims, self.token = desk.provider.header, desk.provider.claims, desk.provider.token
        self.good = self.token()
        self.head, self.body, self.signature = self.good.split(".")
        self.browser = browser

    def everything(self) -> dict[str, str]:
        """By what is wrong with each."""
        families = {
            "alg": self.algorithms(),
            "kid": self.kids(),
            "header": self.headers(),
            "claims": self.wrong_claims(),
            "time": self.times(),
            "for": self.strangers(),
            "text": self.texts(),
            "signature": self.signatures(),
            "whose": self.others(),
        }
        return {f"{family}: {name}": token for family, found in families.items() for name, token in found.items()}

    def algorithms(self) -> dict[str, str]:
        """RFC 8725 section 3.1."""
        key = self.provider.key()
        unsigned = {name: segments(self.header(alg=name), self.claims()) for name in ("none", "None", "nOnE", "NONE")}
        modulus = str(jwk_of(key)["n"])
        secrets = {
            "PEM": public_pem(key),
            "PEM without its last line break": public_pem(key).strip(),
            "DER": public_der(key),
            "n of the JWK": modulus.encode(),
            "n in binary": base64.urlsafe_b64decode(modulus + "=="),
            "the whole JWK": json.dumps(jwk_of(key, kid="first")).encode(),
            "the kid": b"first",
            "nothing": b"",
        }
        by_hmac = segments(self.header(alg="HS256"), self.claims())
        return {
            **{name: f"{said}." for name, said in unsigned.items()},
            "none with a true signature": self.token(self.header(alg="none")),
            **{f"HS256 by {name}": mac(by_hmac, secret) for name, secret in secrets.items()},
            "HS256 called RS256": mac(segments(self.header(), self.claims()), public_pem(key)),
            "HS512": mac(segments(self.header(alg="HS512"), self.claims()), public_pem(key), "sha512"),
            "HS256 by a published secret": mac(segments(self.header(alg="HS256", kid="oct"), self.claims()), SECRET),
            "RS384": rs256(segments(self.header(alg="RS384"), self.claims()), key, SHA384()),
            "RS512": rs256(segments(self.header(alg="RS512"), self.claims()), key, SHA512()),
            "PS256": pss(segments(self.header(alg="PS256"), self.claims()), key),
            "PS256 called RS256": pss(segments(self.header(), self.claims()), key),
            "ES256": es256(segments(self.header(alg="ES256"), self.claims())),
            "ES256 by a published key": es256(segments(self.header(alg="ES256", kid="ec"), self.claims()), CURVE),
            "ES256 by a published key, called RS256": es256(segments(self.header(kid="ec"), self.claims()), CURVE),
            "EdDSA": ed25519_token(segments(self.header(alg="EdDSA"), self.claims())),
            "rs256": self.token(self.header(alg="rs256")),
            "missing": self.token(self.header(alg=None)),
            "null": self.token(b'{"alg":null,"kid":"first"}'),
            "a list": self.token(self.header(alg=["RS256"])),
            "twice, the good one last": self.token(b'{"alg":"none","kid":"first","alg":"RS256"}'),
            "twice, the good one first": self.token(b'{"alg":"RS256","kid":"first","\\u0061lg":"none"}'),
        }

    def kids(self) -> dict[str, str]:
        """Which key is asked for."""
        odd = {
            "missing": None,
            "empty": "",
            "unknown": "third",
            "another case": "First",
            "with a NUL": "first\0",
            "with a space": "first ",
            "a path": "../../../../dev/null",
            "a file": "file:///etc/passwd",
            "an address": f"{THIEF}/jwks.json",
            "SQL": "first' UNION SELECT 'secret' --",
            "a command": "first; cat /etc/passwd",
            "a format": "%s%n{0.__class__}",
            "a number": 0,
            "a list": ["first"],
            "an object": {"first": 1},
            "very long": "k" * 10_000,
            "full-width letters": "\N{FULLWIDTH LATIN SMALL LETTER F}irst",
            "half a surrogate pair": "\ud800",
        }
        published = {
            "a weak key": rs256(segments(self.header(kid="weak"), self.claims()), rsa_key("weak", 1024)),
            "a key to encrypt": self.token(self.header(kid="to encrypt"), kid="to encrypt"),
            "a key for RS512": self.token(self.header(kid="for RS512"), kid="for RS512"),
            "a key to sign": self.token(self.header(kid="to sign"), kid="to sign"),
            "the first of two keys of one kid": self.by_twin("twin"),
            "the last of two keys of one kid": self.by_twin("other twin"),
            "a key without a kid": rs256(segments(self.header(kid=None), self.claims()), rsa_key("nameless")),
            "a retired key": self.token(self.header(kid="retired"), kid="retired"),
            "a key of another issuer": self.token(self.header(), kid="second"),
            "another key of the issuer": self.token(self.header(), kid="spare"),
        }
        return {**{name: self.token(self.header(kid=kid)) for name, kid in odd.items()}, **published}

    def by_twin(self, name: str) -> str:
        """Signed by one of two keys that share their kid."""
        return rs256(segments(self.header(kid="twice"), self.claims()), rsa_key(name))

    def headers(self) -> dict[str, str]:
        """Keys brought along, extensions, types, and what is no header."""
        thief = rsa_key(THIEF)

        def stolen(**more: object) -> str:
            return rs256(segments(self.header(**more), self.claims()), thief)

        certificate = base64.b64encode(public_der(thief)).decode()
        return {
            "jku": stolen(jku=f"{THIEF}/jwks.json"),
            "jku, truly signed": self.token(self.header(jku=f"{THIEF}/jwks.json")),
            "x5u": stolen(x5u=f"{THIEF}/x.pem"),
            "x5c": stolen(x5c=[certificate]),
            "jwk": stolen(jwk=jwk_of(thief, kid="first")),
            "jwk and no kid": stolen(jwk=jwk_of(thief), kid=None),
            "jwk, truly signed": self.token(self.header(jwk=jwk_of(self.provider.key()))),
            "crit": self.token(self.header(crit=["exp"], exp=1)),
            "an empty crit": self.token(self.header(crit=[])),
            "b64 false": self.token(self.header(b64=False, crit=["b64"])),
            "b64 false, not critical": self.token(self.header(b64=False)),
            "claims not in base64": rs256(
                f"{b64(json.dumps(self.header(b64=False)).encode())}.$.02", self.provider.key()
            ),
            "zip": self.token(self.header(zip="DEF")),
            "nested": self.token(self.header(cty="JWT"), self.good.encode()),
            "nested, unsaid": self.token(body=self.good.encode()),
            "an ID token's hint of a logout token": self.token(self.header(typ="logout+jwt")),
            "a DPoP proof": self.token(self.header(typ="dpop+jwt")),
            "a security event": self.token(self.header(typ="secevent+jwt")),
            "our browser tokens' type": self.token(self.header(typ="carillon-inbox+jwt")),
            "an empty type": self.token(self.header(typ="")),
            "a type that is no text": self.token(self.header(typ=["JWT"])),
            "a list": self.token(b"[]"),
            "null": self.token(b"null"),
            "a text": self.token(b'"RS256"'),
            "no JSON": self.token(b"alg=RS256"),
            "two values": self.token(json.dumps(self.header()).encode() + b"{}"),
            "a byte order mark": self.token(b"\xef\xbb\xbf" + json.dumps(self.header()).encode()),
            "UTF-16": self.token(json.dumps(self.header()).encode("utf-16")),
            "deep": self.token(b'{"a":' * 900 + b"1" + b"}" * 900),
            "many members": self.token(json.dumps({**self.header(), "x": list(range(3_000))}).encode()),
        }

    def wrong_claims(self) -> dict[str, str]:
        """What is no set of claims, or one with something else than expected."""
        written = json.dumps(self.claims())
        exp = str(self.claims()["exp"])
        required = ("iss", "aud", "sub", "exp")
        bodies: dict[str, Json | bytes] = {
            **{f"without {name}": self.claims(**{name: None}) for name in required},
            **{f"{name} null": json.dumps({**self.claims(), name: None}).encode() for name in required},
            **{f"{name} an object": self.claims(**{name: {"a": 1}}) for name in required},
            "iss twice": (written[:-1] + f', "iss": "{THIEF}"}}').encode(),
            "sub twice": ('{"sub": "root", ' + written[1:]).encode(),
            "exp twice, escaped": (written[:-1] + ', "e\\u0078p": 9999999999}').encode(),
            "a role twice": ('{"' + ROLE_CLAIM + '": "admin", ' + written[1:]).encode(),
            "exp a fraction": self.claims(exp=self.now_s + 600.5),
            "exp a text": self.claims(exp=exp),
            "exp a boolean": self.claims(exp=True),
            "exp a list": self.claims(exp=[self.now_s + 600]),
            "exp infinite": written.replace(exp, "1e999").encode(),
            "exp Infinity": written.replace(exp, "Infinity").encode(),
            "exp NaN": written.replace(exp, "NaN").encode(),
            "nbf a text": self.claims(nbf="now"),
            "iat a text": self.claims(iat="now"),
            "iat a boolean": self.claims(iat=False),
            "jti a number": self.claims(jti=1),
            "sub empty": self.claims(sub=""),
            "sub with a NUL": self.claims(sub="ada\0"),
            "sub with a line break": self.claims(sub="ada\neve"),
            "sub of look-alikes": self.claims(sub="\N{CYRILLIC SMALL LETTER A}da"),
            "sub right to left": self.claims(sub="\N{RIGHT-TO-LEFT OVERRIDE}ada"),
            "sub half a surrogate pair": self.claims(sub="\ud800"),
            "sub very long": self.claims(sub="x" * 256),
            "sub a number": self.claims(sub=7),
            "a role of nobody": self.claims(**{ROLE_CLAIM: "superuser"}),
            "two roles": self.claims(**{ROLE_CLAIM: ["admin", "viewer"]}),
            "the role of browsers": self.claims(**{ROLE_CLAIM: "end_user"}),
            "no role, and on no list": self.claims(**{ROLE_CLAIM: None}),
            "bound to a key": self.claims(cnf={"jkt": "x"}),
            "a logout": self.claims(events={"http://schemas.openid.net/event/backchannel-logout": {}}),
            "a list": b"[]",
            "null": b"null",
            "nothing": b"",
            "no JSON": b"sub=ada",
            "bad UTF-8": written.encode().replace(b'"ada"', b'"\xff"'),
            "deep": (written[:-1] + ', "x": ' + "[" * 2_000 + "]" * 2_000 + "}").encode(),
        }
        return {name: self.token(body=body) for name, body in bodies.items()}

    def times(self) -> dict[str, str]:
        """Too early, too late, and for ever."""
        now_s = self.now_s
        changes: dict[str, Json] = {
            "expired beyond the skew": {"iat": now_s - 600, "exp": now_s - 60},
            "expired years ago": {"iat": 1_000_000_000, "exp": 1_000_000_600},
            "exp zero": {"exp": 0},
            "exp negative": {"exp": -1},
            "exp huge": {"exp": 10**30},
            "exp in milliseconds": {"exp": now_s * 1_000},
            "a lifetime of 32 days": {"exp": now_s + 32 * 86_400},
            "nbf ahead of the skew": {"nbf": now_s + 61},
            "nbf huge": {"nbf": 10**30},
            "iat ahead of the skew": {"iat": now_s + 61},
            "iat in milliseconds": {"iat": now_s * 1_000},
            "ends before it begins": {"iat": now_s + 30, "exp": now_s + 20},
        }
        return {name: self.token(body=self.claims(**one)) for name, one in changes.items()}

    def strangers(self) -> dict[str, str]:
        """Issuers that are not listed, audiences that are not ours."""
        issuers = {
            "another": THIEF,
            "empty": "",
            "with a slash": "https://id.example/",
            "in capitals": "HTTPS://ID.EXAMPLE",
            "plain": "http://id.example",
            "a look-alike": "https://\N{CYRILLIC SMALL LETTER BYELORUSSIAN-UKRAINIAN I}d.example",
            "our own": "carillon",
            "a list": ["https://id.example"],
        }
        audiences = {
            "another": "pager",
            "empty": "",
            "an empty list": [],
            "a list without us": ["pager", "wiki"],
            "a list with a number": ["carillon", 1],
            "a list in a list": [["carillon"]],
            "its beginning": "carill",
            "longer": "carillon.evil",
            "in capitals": "Carillon",
            "with a space": "carillon ",
            "two in a text": "carillon pager",
            "any": "*",
            "our browser tokens'": "carillon-inbox",
        }
        return {
            **{f"iss {name}": self.token(body=self.claims(iss=iss)) for name, iss in issuers.items()},
            **{f"aud {name}": self.token(body=self.claims(aud=aud)) for name, aud in audiences.items()},
        }

    def texts(self) -> dict[str, str]:
        """What is no compact JWS, though its parts may be true."""
        head, body, signature, good = self.head, self.body, self.signature, self.good
        return {
            "no dot": head,
            "one dot": f"{head}.{body}",
            "three dots": f"{good}.{signature}",
            "nothing but dots": "..",
            "as encrypted tokens are": f"{head}.{body}.{body}.{body}.{signature}",
            "a JWE": ".".join([b64(b'{"alg":"RSA-OAEP","enc":"A256GCM","kid":"first"}'), *["AAAA"] * 4]),
            "a dot before": f".{good}",
            "a dot after": f"{good}.",
            "JSON serialisation": json.dumps({"protected": head, "payload": body, "signature": signature}),
            "padding": f"{head}.{body}.{signature}==",
            "padding of the header": f"{head}=.{body}.{signature}",
            "a space within": f"{head}. {body}.{signature}",
            "a space in a part": f"{head}.{body[:9]} {body[9:]}.{signature}",
            "a tab before the signature": f"{head}.{body}.\t{signature}",
            "a line break after": f"{good}\n",
            "a line break within": f"{head}.{body}.{signature[:76]}\r\n{signature[76:]}",
            "a NUL after": f"{good}\0",
            "a NUL within": f"{head}.{body}\0.{signature}",
            "a non-breaking space after": f"{good}\N{NO-BREAK SPACE}",
            "a zero-width space after": f"{good}\N{ZERO WIDTH SPACE}",
            "a full-width dot": f"{head}\N{FULLWIDTH FULL STOP}{body}.{signature}",
            "other letters": good.replace(signature[0], chr(ord(signature[0]) + 0xFEE0), 1),
            "plain base64": f"{head}.{body}.{signature.replace('-', '+').replace('_', '/')}+",
            "stray bits": good[:-1] + chr(ord(good[-1]) + 1),
            "the scheme twice": f"Bearer {good}",
            "in quotes": f'"{good}"',
            "twice": f"{good},{good}",
            "enormous": good + "A" * 20_000,
            "enormous claims, truly signed": self.token(body=self.claims(x="x" * 16_000)),
            "a word": "null",
        }

    def signatures(self) -> dict[str, str]:
        """Signatures of something else."""
        head, body, signature = self.head, self.body, self.signature
        key, said = self.provider.key(), f"{self.head}.{self.body}"
        other = b64(json.dumps(self.claims(sub="root")).encode())
        return {
            "none": f"{said}.",
            "no claims": f"{head}..{signature}",
            "no header": f".{body}.{signature}",
            "cut short": f"{said}.{signature[:-8]}",
            "one letter longer": f"{said}.{signature}A",
            "four letters longer": f"{said}.{signature}AAAA",
            "zeros": f"{said}.{b64(bytes(256))}",
            "one": f"{said}.{b64(bytes(255) + bytes([1]))}",
            "the modulus": f"{said}.{jwk_of(key)['n']}",
            "one bit changed": f"{said}.{'B' if signature[0] == 'A' else 'A'}{signature[1:]}",
            "another's claims": f"{head}.{other}.{signature}",
            "another header": f"{b64(json.dumps(self.header(typ='JWT')).encode())}.{body}.{signature}",
            "a thief's": rs256(said, rsa_key(THIEF)),
            "over SHA-1": rs256(said, key, SHA1()),
            "over SHA-512": rs256(said, key, SHA512()),
            "of the claims alone": f"{said}.{rs256(body, key).rpartition('.')[2]}",
        }

    def others(self) -> dict[str, str]:
        """True tokens of somebody else, or for another end."""
        head, _, signature = self.browser.split(".")
        ours = json.loads(base64.urlsafe_b64decode(self.browser.split(".")[1] + "=="))
        pem = (self.desk.product.base.settings.keys_folder / "signing.pem").read_bytes()
        own_key = load_pem_private_key(pem, None)
        assert isinstance(own_key, rsa.RSAPrivateKey)
        own_kid = json.loads(base64.urlsafe_b64decode(head + "=="))["kid"]
        return {
            "a browser's claims under a provider's signature": self.token(body=changed(ours, {})),
            "a browser's header and a provider's rest": f"{head}.{self.body}.{self.signature}",
            "a provider's claims under a browser's signature": f"{head}.{self.body}.{signature}",
            "a provider's token by our own key": rs256(segments(self.header(kid=own_kid), self.claims()), own_key),
            "a browser's token by a provider's key": rs256(
                segments({"alg": "RS256", "typ": "carillon-inbox+jwt", "kid": own_kid}, ours), self.provider.key()
            ),
            "the other tenant's issuer in the name of this one": self.desk.another.token(
                self.desk.another.header(), self.claims()
            ),
            "this issuer in the name of the other tenant's": self.token(body=self.desk.another.claims()),
        }


async def api_keys(desk: Desk) -> dict[str, str]:
    """API keys that are none, or no longer. Moves the clock."""
    product = desk.product
    good, revoked = [await product.key(Role.ADMIN) for _ in range(2)]
    foreign = await product.key(Role.ADMIN, OTHER_TENANT)
    expired = await product.key(Role.ADMIN, expires_at=product.base.clock.now_us() + 1)
    await product.revoke(revoked)
    desk.wait(1)
    parsed = parse_api_key(good)
    assert parsed is not None
    stranger = new_api_key(OTHER_TENANT, parsed.key_id, TenantKind.TEST).text
    return {
        "a wrong checksum": good[:-1] + ("4" if good[-1] != "4" else "8"),
        "a changed letter and a checksum to match": _checked(good, secret_changed=True),
        "another tenant's id with the right secret": _checked(good, tenant=OTHER_TENANT),
        "an unknown tenant's id with the right secret": _checked(good, tenant=bytes(16)),
        "another prefix": good.replace("crl_live", "crl_test"),
        "an unknown prefix": good.replace("crl_live", "crl_prod"),
        "another secret": new_api_key(FIRST_TENANT, parsed.key_id, TenantKind.LIVE).text,
        "an unknown key": new_api_key(FIRST_TENANT, product.base.ids.new(), TenantKind.LIVE).text,
        "this key's id at another tenant": stranger,
        "another tenant's key under our kind": foreign.replace("crl_test", "crl_live"),
        "in capitals": good.upper(),
        "cut short": good[:-1],
        "longer": good + "0",
        "its prefix": "crl_live_",
        "its id": ids.encode(ids.KEY, parsed.key_id),
        "its hash": parsed.hash.hex(),
        "revoked": revoked,
        "expired": expired,
    }


def _checked(key: str, *, tenant: bytes | None = None, secret_changed: bool = False) -> str:
    """The key with a part exchanged and a checksum that is right."""
    prefix = key[:8]
    digits = key[9:].translate(str.maketrans(ids.ALPHABET, "0123456789abcdefghijklmnopqrstuv"))
    body = (int(digits, 32) >> 6).to_bytes(68)[:64]
    body = (tenant or body[:16]) + body[16:-1] + bytes([body[-1] ^ secret_changed])
    return ids.encode(prefix, body + zlib.crc32(prefix.encode() + body).to_bytes(4))
