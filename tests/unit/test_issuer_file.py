"""The list of identity providers: what is wrong with it is told together, each by its entry and field."""

import json
from pathlib import Path

import pytest

from errors import InvalidSettings
from gateway.issuer_file import read_issuers
from models import ids
from services.sign_in import listed_issuers
from settings import load
from tests.identity_providers import Provider, entry, issuers_file
from tests.jwts import Json, changed

URL = "https://id.example/jwks.json"
PROVIDER = Provider(0)


def problems(folder: Path, *entries: Json) -> tuple[str, ...]:
    with pytest.raises(InvalidSettings) as raised:
        read_issuers(issuers_file(folder, *entries))
    return raised.value.problems


def test_an_entry_says_whom_to_trust_for_what(tmp_path: Path) -> None:
    (tmp_path / "keys.json").write_bytes(PROVIDER.jwks())
    other = {
        "issuer": "other",
        "audience": "a",
        "jwks": "keys.json",
        "tenant_claim": "t",
        "token_type": "Application/X",
    }

    one, two = read_issuers(issuers_file(tmp_path, entry(PROVIDER, URL), other))

    assert (one.settings.issuer, one.settings.audience, one.jwks) == ("https://id.example", "carillon", URL)
    assert one.settings.tenant is not None and one.settings.tenant_claim is None and one.settings.token_type is None
    assert (two.settings.tenant, two.settings.tenant_claim, two.settings.role_claim) == (None, "t", None)
    assert (two.settings.token_type, two.jwks) == ("x", tmp_path / "keys.json")


def test_all_mistakes_are_told_together(tmp_path: Path) -> None:
    found = problems(
        tmp_path,
        entry(PROVIDER, "http://id.example/", audience=""),
        entry(PROVIDER, "ftp://id.example/jwks.json", issuer="https://two.example"),
        {"issuer": 3, "colour": "blue"},
        entry(PROVIDER, URL, tenant="ten_1", token_type="carillon-inbox+jwt"),
    )

    assert [one[: one.index(":", 9)] for one in found] == [
        "entry 1: audience",
        "entry 1: jwks",
        "entry 2: jwks",
        "entry 3: colour",
        "entry 3: audience",
        "entry 3: jwks",
        "entry 3: issuer",
        "entry 3: tenant",
        "entry 4: tenant",
        "entry 4: token_type",
        "entry 4: issuer",
    ]


WRONG: dict[str, tuple[Json, str]] = {
    "both tenants": ({"tenant_claim": "t"}, "either tenant or tenant_claim"),
    "neither tenant": ({"tenant": None}, "either tenant or tenant_claim"),
    "a tenant of another kind": ({"tenant": ids.encode("usr", bytes(16))}, "like ten_"),
    "our own issuer": ({"issuer": "carillon"}, "our own tokens"),
    "an issuer with a line break": ({"issuer": "https://id.example\n"}, "printable ASCII"),
    "an issuer of other letters": ({"issuer": "https://іd.example"}, "printable ASCII"),  # noqa: RUF001
    "a long audience": ({"audience": "x" * 256}, "1 to 255"),
    "a list of audiences": ({"audience": ["carillon"]}, "printable ASCII"),
    "plain HTTP elsewhere": ({"jwks": "http://id.example/jwks.json"}, "this machine only"),
    "plain HTTP to a name like ours": ({"jwks": "http://127.0.0.1.evil.example/"}, "this machine only"),
    "plain HTTP behind a login": ({"jwks": "http://127.0.0.1@evil.example/"}, "without login"),
    "a login": ({"jwks": "https://me:secret@id.example/"}, "without login"),
    "no host": ({"jwks": "https:///jwks.json"}, "URL with a host"),
    "a port that is none": ({"jwks": "https://id.example:x/"}, "expected a URL"),
    "another scheme": ({"jwks": "ftp://id.example/jwks.json"}, "expected https://"),
    "a file that is not there": ({"jwks": "nothing.json"}, "No such file"),
    "a file of something else": ({"jwks": "issuers.json"}, "expected a JWK set"),
}


@pytest.mark.parametrize(("changes", "words"), WRONG.values(), ids=WRONG.keys())
def test_each_mistake_is_told_in_words(tmp_path: Path, changes: Json, words: str) -> None:
    [found] = problems(tmp_path, changed(entry(PROVIDER, URL), changes))

    assert found.startswith("entry 1: ") and words in found and "secret" not in found


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:9/j", "http://localhost/j", "http://[::1]:9/j", "https://id.example/j?v=1"]
)
def test_plain_http_may_stay_on_this_machine(tmp_path: Path, url: str) -> None:
    assert read_issuers(issuers_file(tmp_path, entry(PROVIDER, url)))[0].jwks == url


@pytest.mark.parametrize(
    "text", ["", "{}", "[]", "[1]", "null", "[{]", '[{"issuer":"a","issuer":"b"}]', "[" * 9_999, "\xff"]
)
def test_a_file_that_is_no_list_is_told_as_a_whole(tmp_path: Path, text: str) -> None:
    path = tmp_path / "issuers.json"
    path.write_text(text, encoding="latin-1")

    with pytest.raises(InvalidSettings) as raised:
        read_issuers(path)
    assert len(raised.value.problems) == 1


def test_the_setting_names_the_file_and_its_mistakes_name_the_setting(tmp_path: Path) -> None:
    assert listed_issuers(load({})) == []
    path = issuers_file(tmp_path, entry(PROVIDER, URL))
    assert [one.jwks for one in listed_issuers(load({"CARILLON_ISSUERS": str(path)}))] == [URL]

    path.write_text(json.dumps([entry(PROVIDER, "http://id.example/")]))
    with pytest.raises(InvalidSettings, match="CARILLON_ISSUERS: entry 1: jwks: expected https://"):
        listed_issuers(load({"CARILLON_ISSUERS": str(path)}))
    with pytest.raises(InvalidSettings, match=r"CARILLON_ISSUERS: .*No such file"):
        listed_issuers(load({"CARILLON_ISSUERS": str(tmp_path / "none.json")}))
