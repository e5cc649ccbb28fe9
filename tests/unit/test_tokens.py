"""API keys say at once when they cannot be ours; browser tokens are accepted only as issued, and only while they count.

Forged tokens are built here by hand from the cryptography library, so that no library of ours has a say in both sides.
"""

import base64
import hashlib
import json
import random
from collections.abc import Callable

import pytest
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.hashes import SHA1, SHA256, SHA384, SHA512, HashAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from hypothesis import given
from hypothesis import strategies as st

from engines.secrets.base import SigningKeys
from errors import InvalidInput, Unauthenticated
from gateway.tokens import BrowserTokens, new_api_key, parse_api_key
from models import ids
from models.vocabulary import TenantKind
from tests import jwts
from tests.jwts import Json, b64, changed, ed25519_token, es256, jwk_of, mac, public_der, public_pem, segments

NOW_S = 1_790_000_000
TENANT, USER, KEY = b"\x01" * 16, b"\x02" * 16, b"\x03" * 16

OURS = rsa.generate_private_key(65_537, 2048)
OLDER = rsa.generate_private_key(65_537, 2048)
FOREIGN = rsa.generate_private_key(65_537, 2048)


SIGNING = SigningKeys(
    kid="current",
    private_pem=OURS.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()),
    older={"older": public_pem(OLDER)},
)


class DrivenClock:
    """Stands at NOW_S until a test moves it."""

    def __init__(self) -> None:
        self.now_s = float(NOW_S)

    def now_us(self) -> int:
        return round(self.now_s * 1_000_000)


@pytest.fixture
def clock() -> DrivenClock:
    return DrivenClock()


@pytest.fixture
def tokens(clock: DrivenClock) -> BrowserTokens:
    return BrowserTokens(SIGNING, clock)


# API keys


@pytest.mark.parametrize(("kind", "prefix"), [(TenantKind.LIVE, "crl_live_"), (TenantKind.TEST, "crl_test_")])
def test_an_api_key_names_its_tenant_its_id_and_its_kind(kind: TenantKind, prefix: str) -> None:
    made = new_api_key(TENANT, KEY, kind)
    parsed = parse_api_key(made.text)

    assert made.text.startswith(prefix)
    assert len(made.text) == 119
    assert parsed is not None
    assert (parsed.tenant_id, parsed.key_id, parsed.kind, parsed.hash) == (TENANT, KEY, kind, made.hash)
    assert made.hash == hashlib.sha256(made.text.encode()).digest()


@given(tenant=st.binary(min_size=16, max_size=16), key=st.binary(min_size=16, max_size=16))
def test_every_api_key_can_be_read_back(tenant: bytes, key: bytes) -> None:
    parsed = parse_api_key(new_api_key(tenant, key, TenantKind.LIVE).text)

    assert parsed is not None
    assert (parsed.tenant_id, parsed.key_id) == (tenant, key)


def test_two_api_keys_of_one_id_share_neither_text_nor_hash() -> None:
    one, other = new_api_key(TENANT, KEY, TenantKind.LIVE), new_api_key(TENANT, KEY, TenantKind.LIVE)

    assert one.text != other.text
    assert one.hash != other.hash


def test_an_api_keys_randomness_comes_from_the_given_source() -> None:
    made = [new_api_key(TENANT, KEY, TenantKind.LIVE, random.Random(1).randbytes) for _ in range(2)]

    assert made[0] == made[1]


def test_a_typing_error_anywhere_in_an_api_key_is_told() -> None:
    text = new_api_key(TENANT, KEY, TenantKind.LIVE).text
    accepted = [
        text[:at] + letter + text[at + 1 :]
        for at in range(len(text))
        for letter in ids.ALPHABET + "_ "
        if letter != text[at] and parse_api_key(text[:at] + letter + text[at + 1 :])
    ]

    assert accepted == []


def test_other_texts_are_no_api_keys() -> None:
    text = new_api_key(TENANT, KEY, TenantKind.LIVE).text
    odd = [
        "",
        "crl_live_",
        text[:-1],
        text + "0",
        text + "\n",
        " " + text,
        text.upper(),
        text.replace("crl_live", "crl_test"),
        text.replace("crl_", "ten_"),
        text.replace("crl_live_", "crl_prod_"),
        "crl_live_" + "0" * 110,
        "crl_live_" + "_" * 110,
        "crl_live_" + "٣" * 110,
        "crl_live_-" + text[10:],
        "x" * 1_000_000,
    ]

    assert [one for one in odd if parse_api_key(one)] == []


def test_the_text_form_of_a_new_api_key_hides_it() -> None:
    made = new_api_key(TENANT, KEY, TenantKind.TEST)

    assert f"{made} {made!r}" == "ApiKeyText(crl_test_…) ApiKeyText(crl_test_…)"


# Browser tokens


def header(**changes: object) -> Json:
    return changed({"alg": "RS256", "typ": "carillon-inbox+jwt", "kid": "current"}, changes)


def claims(**changes: object) -> Json:
    good = {
        "iss": "carillon",
        "aud": "carillon-inbox",
        "sub": ids.encode("usr", USER),
        "tid": ids.encode("ten", TENANT),
        "iat": NOW_S,
        "exp": NOW_S + 900,
        "jti": "4c1f",
    }
    return changed(good, changes)


def rs256(signed: str, key: rsa.RSAPrivateKey = OURS, digest: HashAlgorithm | None = None) -> str:
    return jwts.rs256(signed, key, digest)


def token(head: Json | bytes, body: Json | bytes, key: rsa.RSAPrivateKey = OURS) -> str:
    return rs256(segments(head, body), key)


def hmac_token(secret: bytes, head: Json, digest: str = "sha256") -> str:
    return mac(segments(head, claims()), secret, digest)


def pss(signed: str) -> str:
    return jwts.pss(signed, OURS)


GOOD = token(header(), claims())
HEAD, BODY, SIGNATURE = GOOD.split(".")
OTHERS_BODY = b64(json.dumps(claims(sub=ids.encode("usr", b"\x09" * 16))).encode())
NONE = segments(header(alg="none"), claims())
DEEP = b'{"a":' * 300 + b"1" + b"}" * 300

BAD_PARTS = {
    "none": "",
    "one": HEAD,
    "two": f"{HEAD}.{BODY}",
    "four": f"{GOOD}.x",
    "five, as encrypted tokens have": f"{HEAD}.{BODY}.{BODY}.{BODY}.{SIGNATURE}",
    "many dots": "." * 4_096,
    "an API key": new_api_key(TENANT, KEY, TenantKind.LIVE).text,
    "JSON serialisation": json.dumps({"protected": HEAD, "payload": BODY, "signature": SIGNATURE}),
}

BAD_TEXTS = {
    "over 4 KiB": token(header(), claims(pad="x" * 3_000)),
    "a byte over 4 KiB": "." * 4_097,
    "a letter outside ASCII": GOOD[:-1] + "é",
    "other digits of Unicode": GOOD.replace(SIGNATURE[0], "\N{FULLWIDTH DIGIT ONE}", 1),
    "half a surrogate pair": GOOD + "\ud800",
}

BAD_SIGNATURES = {
    "a line break at the end": GOOD + "\n",
    "a NUL at the end": GOOD + "\0",
    "padding": f"{HEAD}.{BODY}.{SIGNATURE}==",
    "a letter outside base64 in the claims": f"{HEAD}.{BODY[:5]}!{BODY[5:]}.{SIGNATURE}",
    "a letter outside base64": f"{HEAD}.{BODY}.{SIGNATURE[:5]}!{SIGNATURE[5:]}",
    "stray bits": GOOD[:-1] + chr(ord(GOOD[-1]) + 1),
    "no signature": f"{HEAD}.{BODY}.",
    "no claims": f"{HEAD}..{SIGNATURE}",
    "zeros": f"{HEAD}.{BODY}.{b64(bytes(256))}",
    "a signature one byte short": f"{HEAD}.{BODY}.{b64(bytes(255))}",
    "a signature of 4096 bits": f"{HEAD}.{BODY}.{b64(bytes(512))}",
    "one bit changed": f"{HEAD}.{BODY}.{('B' if SIGNATURE[0] == 'A' else 'A') + SIGNATURE[1:]}",
    "another's claims under a true signature": f"{HEAD}.{OTHERS_BODY}.{SIGNATURE}",
    "claims changed by one letter": f"{HEAD}.{BODY[:40]}{'A' if BODY[40] != 'A' else 'B'}{BODY[41:]}.{SIGNATURE}",
    "a foreign key under our kid": token(header(), claims(), FOREIGN),
    "the older key under the current kid": token(header(), claims(), OLDER),
    "the current key under the older kid": token(header(kid="older"), claims()),
    "signed over SHA-512": rs256(segments(header(), claims()), digest=SHA512()),
    "signed over SHA-384": rs256(segments(header(), claims()), digest=SHA384()),
    "signed over SHA-1": rs256(segments(header(), claims()), digest=SHA1()),
    "PSS called RS256": pss(segments(header(), claims())),
    "ES256 called RS256": es256(segments(header(), claims())),
    "HMAC by the public key called RS256": hmac_token(public_pem(OURS), header()),
}

BAD_ALGORITHMS = {
    "none": f"{NONE}.",
    "none with our signature": f"{NONE}.{SIGNATURE}",
    "none truly signed": token(header(alg="none"), claims()),
    "None": f"{segments(header(alg='None'), claims())}.",
    "nOnE": f"{segments(header(alg='nOnE'), claims())}.",
    "an empty name": token(header(alg=""), claims()),
    "no name": token(header(alg=None), claims()),
    "null": token(b'{"alg":null,"typ":"carillon-inbox+jwt","kid":"current"}', claims()),
    "rs256": token(header(alg="rs256"), claims()),
    "HS256 by our public key in PEM": hmac_token(public_pem(OURS), header(alg="HS256")),
    "HS256 by our public key in stripped PEM": hmac_token(public_pem(OURS).strip(), header(alg="HS256")),
    "HS256 by our public key in DER": hmac_token(public_der(OURS), header(alg="HS256")),
    "HS256 by the kid": hmac_token(b"current", header(alg="HS256")),
    "HS256 by nothing": hmac_token(b"", header(alg="HS256")),
    "HS512 by our public key": hmac_token(public_pem(OURS), header(alg="HS512"), "sha512"),
    "RS384": rs256(segments(header(alg="RS384"), claims()), digest=SHA384()),
    "RS512": rs256(segments(header(alg="RS512"), claims()), digest=SHA512()),
    "PS256": pss(segments(header(alg="PS256"), claims())),
    "ES256": es256(segments(header(alg="ES256"), claims())),
    "EdDSA": ed25519_token(segments(header(alg="EdDSA"), claims())),
    "RSA-OAEP": token(header(alg="RSA-OAEP"), claims()),
    "the last of two": token(b'{"alg":"RS256","typ":"carillon-inbox+jwt","kid":"current","alg":"none"}', claims()),
}

BAD_KIDS = {
    "missing": token(header(kid=None), claims()),
    "empty": token(header(kid=""), claims()),
    "unknown": token(header(kid="next"), claims()),
    "unknown and foreign": token(header(kid="next"), claims(), FOREIGN),
    "a path": token(header(kid="../../dev/null"), claims()),
    "another case": token(header(kid="CURRENT"), claims()),
}

BAD_HEADERS = {
    "crit": token(header(crit=["exp"], exp=1), claims()),
    "an empty crit": token(header(crit=[]), claims()),
    "claims not in base64": token(header(b64=False, crit=["b64"]), claims()),
    "b64 without crit": token(header(b64=True), claims()),
    "a foreign key inside": token(header(jwk=jwk_of(FOREIGN)), claims(), FOREIGN),
    "our key inside": token(header(jwk=jwk_of(OURS)), claims()),
    "a foreign key inside and no kid": token(header(jwk=jwk_of(FOREIGN), kid=None), claims(), FOREIGN),
    "jku": token(header(jku="https://evil.example/keys"), claims(), FOREIGN),
    "x5u": token(header(x5u="https://evil.example/keys.pem"), claims(), FOREIGN),
    "x5c": token(header(x5c=[base64.b64encode(public_der(FOREIGN)).decode()]), claims(), FOREIGN),
    "x5t": token(header(x5t="abcd"), claims()),
    "zip": token(header(zip="DEF"), claims()),
    "cty": token(header(cty="JWT"), claims()),
    "enc": token(header(enc="A256GCM"), claims()),
    "a list for alg": token(header(alg=["RS256"]), claims()),
    "a number for kid": token(header(kid=1), claims()),
    "an object for kid": token(header(kid={"current": 1}), claims()),
    "a list": token(b"[]", claims()),
    "a text": token(b'"RS256"', claims()),
    "null": token(b"null", claims()),
    "deep": token(DEEP, claims()),
}

UNREADABLE_HEADERS = {
    "empty": f"..{SIGNATURE}",
    "a space before": " " + GOOD,
    "the scheme before": "Bearer " + GOOD,
    "padding": f"{HEAD}=.{BODY}.{SIGNATURE}",
    "a letter outside base64": f"{HEAD[:5]}!{HEAD[5:]}.{BODY}.{SIGNATURE}",
    "the plain base64 alphabet": rs256(f"{b64(b'{}???')}.{BODY}".replace("_", "/")),
    "no JSON": token(b"RS256", claims()),
    "cut JSON": token(b'{"alg":"RS256"', claims()),
    "two values": token(json.dumps(header()).encode() + b"{}", claims()),
    "a byte order mark": token(b"\xef\xbb\xbf" + json.dumps(header()).encode(), claims()),
    "bad UTF-8": token(b'{"alg":"\xff"}', claims()),
    "UTF-16": token(json.dumps(header()).encode("utf-16"), claims()),
    "nothing": f".{BODY}.{SIGNATURE}",
}

BAD_TYPES = {
    "missing": token(header(typ=None), claims()),
    "JWT": token(header(typ="JWT"), claims()),
    "at+jwt": token(header(typ="at+jwt"), claims()),
    "with its tree": token(header(typ="application/carillon-inbox+jwt"), claims()),
    "another case": token(header(typ="CARILLON-INBOX+JWT"), claims()),
}

BAD_CLAIMS = {
    "detached": rs256(f"{HEAD}."),
    **{f"without {name}": token(header(), claims(**{name: None})) for name in claims()},
    "exp as text": token(header(), claims(exp=str(NOW_S + 900))),
    "exp as a fraction": token(header(), claims(exp=NOW_S + 900.5)),
    "exp as a boolean": token(header(), claims(exp=True)),
    "iat as text": token(header(), claims(iat=str(NOW_S))),
    "nbf as text": token(header(), claims(nbf="now")),
    "aud as a list": token(header(), claims(aud=["carillon-inbox"])),
    "sub as a number": token(header(), claims(sub=1)),
    "infinity": token(header(), json.dumps(claims()).replace(str(NOW_S + 900), "Infinity").encode()),
    "a list": token(header(), b"[]"),
    "null": token(header(), b"null"),
    "no JSON": token(header(), b"carillon"),
    "bad UTF-8": token(header(), json.dumps(claims()).encode().replace(b"4c1f", b"\xff")),
    "deep": token(header(), b'{"x":' + b"[" * 1_100 + b"]" * 1_100 + b"," + json.dumps(claims()).encode()[1:]),
}

NOT_FOR_US = {
    "another issuer": token(header(), claims(iss="https://evil.example")),
    "an issuer like ours": token(header(), claims(iss="Carillon")),
    "an empty issuer": token(header(), claims(iss="")),
    "another audience": token(header(), claims(aud="carillon-api")),
    "an empty audience": token(header(), claims(aud="")),
    "an empty jti": token(header(), claims(jti="")),
}

BAD_IDS = {
    "sub empty": token(header(), claims(sub="")),
    "sub a tenant": token(header(), claims(sub=ids.encode("ten", USER))),
    "sub an external id": token(header(), claims(sub="ada@example.org")),
    "sub short": token(header(), claims(sub=ids.encode("usr", USER)[:-1])),
    "sub long": token(header(), claims(sub=ids.encode("usr", USER) + "0")),
    "sub in capitals": token(header(), claims(sub=ids.encode("usr", USER).upper())),
    "sub of forbidden letters": token(header(), claims(sub="usr_" + "l" * 26)),
    "sub with stray bits": token(header(), claims(sub=ids.encode("usr", USER)[:-1] + "z")),
    "tid a user": token(header(), claims(tid=ids.encode("usr", TENANT))),
    "tid bare": token(header(), claims(tid=TENANT.hex())),
}

BAD_TIMES = {
    "ended now": ("has expired", token(header(), claims(iat=NOW_S - 900, exp=NOW_S))),
    "ended a second ago": ("has expired", token(header(), claims(iat=NOW_S - 900, exp=NOW_S - 1))),
    "ended years ago": ("has expired", token(header(), claims(iat=1_000_000_000, exp=1_000_000_900))),
    "begins after the skew": ("not valid yet", token(header(), claims(iat=NOW_S + 61, exp=NOW_S + 961))),
    "nbf after the skew": ("not valid yet", token(header(), claims(nbf=NOW_S + 61))),
    "a second over 24 h": ("lifetime", token(header(), claims(exp=NOW_S + 86_401))),
    "backdated over 24 h": ("lifetime", token(header(), claims(iat=NOW_S - 86_400, exp=NOW_S + 1))),
    "backdated to 1970": ("lifetime", token(header(), claims(iat=0))),
    "before 1970": ("lifetime", token(header(), claims(iat=-(10**18)))),
    "for ever": ("lifetime", token(header(), claims(exp=10**40))),
    "no time at all": ("lifetime", token(header(), claims(exp=NOW_S))),
    "backwards": ("lifetime", token(header(), claims(exp=NOW_S - 10))),
    "milliseconds": ("not valid yet", token(header(), claims(iat=NOW_S * 1000, exp=NOW_S * 1000 + 900))),
}

FORGED = [
    *[("expected three parts", f"parts: {name}", text) for name, text in BAD_PARTS.items()],
    *[("longer than 4096 bytes, or not ASCII", f"text: {name}", text) for name, text in BAD_TEXTS.items()],
    *[("its signature is not ours", f"signature: {name}", text) for name, text in BAD_SIGNATURES.items()],
    *[("not signed by RS256", f"alg: {name}", text) for name, text in BAD_ALGORITHMS.items()],
    *[("kid names no key", f"kid: {name}", text) for name, text in BAD_KIDS.items()],
    *[("alg, typ and kid, and nothing else", f"header: {name}", text) for name, text in BAD_HEADERS.items()],
    *[("header is not JSON", f"header: {name}", text) for name, text in UNREADABLE_HEADERS.items()],
    *[("its typ is not", f"typ: {name}", text) for name, text in BAD_TYPES.items()],
    *[("expected the claims iss", f"claims: {name}", text) for name, text in BAD_CLAIMS.items()],
    *[("its (iss|aud|jti) is", f"claims: {name}", text) for name, text in NOT_FOR_US.items()],
    *[("not a user id, or its tid", f"ids: {name}", text) for name, text in BAD_IDS.items()],
    *[(reason, f"times: {name}", text) for name, (reason, text) in BAD_TIMES.items()],
]


@pytest.mark.parametrize(("reason", "text"), [(r, t) for r, _, t in FORGED], ids=[name for _, name, _ in FORGED])
def test_a_forged_or_odd_token_is_refused_with_its_reason(tokens: BrowserTokens, reason: str, text: str) -> None:
    tokens.verify(GOOD)

    for _ in range(2):
        with pytest.raises(Unauthenticated, match=reason):
            tokens.verify(text)


def test_the_forgeries_are_many_and_differ() -> None:
    assert len({text for _, _, text in FORGED}) >= 100


ACCEPTED: dict[str, Callable[[], str]] = {
    "as issued": lambda: GOOD,
    "by an older key": lambda: token(header(kid="older"), claims(), OLDER),
    "members in another order": lambda: token(dict(reversed(header().items())), dict(reversed(claims().items()))),
    "a claim of tomorrow": lambda: token(header(), claims(scope="inbox")),
    "a clock 60 s ahead": lambda: token(header(), claims(iat=NOW_S + 60)),
    "nbf within the skew": lambda: token(header(), claims(nbf=NOW_S + 60)),
    "its last second": lambda: token(header(), claims(iat=NOW_S - 899, exp=NOW_S + 1)),
    "24 h": lambda: token(header(), claims(exp=NOW_S + 86_400)),
}


@pytest.mark.parametrize("make", ACCEPTED.values(), ids=ACCEPTED.keys())
def test_a_true_token_built_by_hand_is_accepted(tokens: BrowserTokens, make: Callable[[], str]) -> None:
    found = tokens.verify(make())

    assert (found.tenant_id, found.user_id) == (TENANT, USER)


def test_an_issued_token_speaks_for_its_user_until_it_ends(clock: DrivenClock) -> None:
    tokens = BrowserTokens(SIGNING, clock)
    clock.now_s += 0.75
    text = tokens.issue(TENANT, USER, 600)
    found = tokens.verify(text)

    assert (found.tenant_id, found.user_id) == (TENANT, USER)
    assert (found.issued_at_us, found.expires_at_us) == (NOW_S * 1_000_000, (NOW_S + 600) * 1_000_000)
    clock.now_s = NOW_S + 599.999
    assert tokens.verify(text) == found
    clock.now_s = NOW_S + 600
    for reader in (tokens, BrowserTokens(SIGNING, clock)):
        with pytest.raises(Unauthenticated, match="expired"):
            reader.verify(text)


def test_an_issued_token_is_a_plain_jwt_of_the_documented_claims(tokens: BrowserTokens) -> None:
    head, body, signature = tokens.issue(TENANT, USER).split(".")
    read = [json.loads(base64.urlsafe_b64decode(part + "==")) for part in (head, body)]
    jti = read[1].pop("jti")

    OURS.public_key().verify(
        base64.urlsafe_b64decode(signature + "=="), f"{head}.{body}".encode(), padding.PKCS1v15(), SHA256()
    )
    assert read == [header(), claims(jti=None)]
    assert len(bytes.fromhex(jti)) == 16
    assert tokens.issue(TENANT, USER) != tokens.issue(TENANT, USER)


@pytest.mark.parametrize("lifetime_s", [0, -1, 86_401, 10**12])
def test_a_lifetime_out_of_bounds_is_not_issued(tokens: BrowserTokens, lifetime_s: int) -> None:
    with pytest.raises(InvalidInput, match="from 1 to 86400 seconds"):
        tokens.issue(TENANT, USER, lifetime_s)


@pytest.mark.parametrize("lifetime_s", [1, 86_400])
def test_the_shortest_and_the_longest_lifetime_are_accepted(tokens: BrowserTokens, lifetime_s: int) -> None:
    found = tokens.verify(tokens.issue(TENANT, USER, lifetime_s))

    assert found.expires_at_us - found.issued_at_us == lifetime_s * 1_000_000


def test_another_installations_tokens_are_refused(tokens: BrowserTokens, clock: DrivenClock) -> None:
    pem = FOREIGN.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    elsewhere = BrowserTokens(SigningKeys(kid="current", private_pem=pem, older={}), clock)

    with pytest.raises(Unauthenticated, match="signature"):
        tokens.verify(elsewhere.issue(TENANT, USER))


def test_verified_tokens_are_remembered_within_bounds(clock: DrivenClock) -> None:
    tokens = BrowserTokens(SIGNING, clock, cached_tokens=2)
    texts = [tokens.issue(TENANT, bytes([n]) * 16) for n in range(3)]
    first, second, third = [tokens.verify(text) for text in texts]

    assert tokens.verify(texts[2]) is third
    assert tokens.verify(texts[1]) is second
    again = tokens.verify(texts[0])
    assert again == first
    assert again is not first
    assert tokens.verify(texts[2]) is not third


def test_a_refusal_repeats_nothing_of_the_token(tokens: BrowserTokens) -> None:
    said = set()
    for _, _, text in FORGED:
        with pytest.raises(Unauthenticated) as caught:
            tokens.verify(text)
        said.add(caught.value.message)

    assert not any("evil" in message or len(message) > 200 for message in said)
    assert len(said) > 10
