"""A stage or a provider is there as soon as its file is: nothing else names it."""

import importlib
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import pytest

import dispatchers.email
import dispatchers.stages
from dispatchers import discovery
from errors import ConfigurationError, InvalidSettings
from models.clock import SystemClock
from services.email import email_provider
from settings import load

Sow = Callable[..., ModuleType]

SPINE = ["audience", "address", "route", "preferences", "compose", "throttle"]
"""In this order, each needs what those before it decided."""

STAGE = """
PLACE = {place}


def stage(tools):
    return tools
"""
PROVIDER = """
import {needs}

SCHEMES = {schemes}
EXTRA = {extra}


def provider(account):
    return "sent by " + account
"""


@pytest.fixture
def sow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sow]:
    """Make a package of the modules given by name."""
    monkeypatch.syspath_prepend(str(tmp_path))

    def made(**modules: str) -> ModuleType:
        folder = tmp_path / "sown"
        folder.mkdir()
        for name, text in {"__init__": "", **modules}.items():
            (folder / f"{name}.py").write_text(text)
        importlib.invalidate_caches()
        return importlib.import_module("sown")

    yield made
    for name in [name for name in sys.modules if name.partition(".")[0] == "sown"]:
        del sys.modules[name]


def stage(place: int) -> str:
    return STAGE.format(place=place)


def provider(*schemes: str, needs: str = "json", extra: str | None = None) -> str:
    return PROVIDER.format(schemes=repr(schemes), needs=needs, extra=repr(extra))


def test_the_pipeline_is_the_stages_by_their_places_whatever_comes_between() -> None:
    makers = discovery.stage_makers(dispatchers.stages)
    names = [make.__module__.rpartition(".")[2] for make in makers]
    places = [sys.modules[make.__module__].PLACE for make in makers]

    assert [name for name in names if name in SPINE] == SPINE
    assert places == sorted(places)


def test_a_new_file_is_a_stage_between_its_neighbours_and_one_without_a_place_is_none(sow: Sow) -> None:
    package = sow(last=stage(20), words="WORDS = 1\n", between=stage(15), first=stage(10))

    names = [make.__module__ for make in discovery.stage_makers(package)]

    assert names == ["sown.first", "sown.between", "sown.last"]


def test_two_stages_in_one_place_are_refused_by_name(sow: Sow) -> None:
    package = sow(one=stage(10), other=stage(10))

    with pytest.raises(ConfigurationError, match=r"sown\.one and sown\.other are both stage 10"):
        discovery.stage_makers(package)


def test_a_new_file_is_a_provider_for_each_of_its_schemes(sow: Sow) -> None:
    package = sow(pigeon=provider("pigeon", "pigeons"), words="WORDS = 1\n")

    found = discovery.providers(package)

    assert sorted(found) == ["pigeon", "pigeons"]
    assert discovery.load(found["pigeons"]).provider("ada") == "sent by ada"


def test_a_provider_is_not_loaded_before_it_is_chosen(sow: Sow) -> None:
    discovery.providers(sow(pigeon=provider("pigeon")))

    assert "sown.pigeon" not in sys.modules


def test_two_providers_of_one_scheme_are_refused_by_name(sow: Sow) -> None:
    package = sow(dove=provider("bird"), pigeon=provider("bird"))

    with pytest.raises(ConfigurationError, match=r"sown\.dove and sown\.pigeon both claim bird://"):
        discovery.providers(package)


def test_a_provider_without_its_package_names_the_extra_to_install(sow: Sow) -> None:
    package = sow(pigeon=provider("pigeon", needs="no_such_package", extra="birds"))

    with pytest.raises(ConfigurationError, match=r"pigeon:// needs the package no_such_package.*'\.\[birds\]'"):
        discovery.load(discovery.providers(package)["pigeon"])


def test_e_mail_goes_by_smtp_and_the_scheme_says_so() -> None:
    found = discovery.providers(dispatchers.email)

    assert {found["smtp"].name, found["smtps"].name} == {"dispatchers.email.smtp"}
    assert found["smtp"].extra == "email"


async def test_an_unknown_scheme_is_answered_with_the_known_ones() -> None:
    settings = load({"CARILLON_EMAIL": "pigeon://ada:hush@loft.example"})

    with pytest.raises(InvalidSettings) as raised:
        email_provider(settings, SystemClock(), simulator_port=None)

    assert "CARILLON_EMAIL: no provider for pigeon://" in str(raised.value)
    assert all(known in str(raised.value) for known in ("simulator:", "smtp://", "smtps://"))
    assert "hush" not in str(raised.value)


async def test_a_known_scheme_chooses_its_provider() -> None:
    chosen = email_provider(load({"CARILLON_EMAIL": "smtp://mail.example"}), SystemClock(), simulator_port=None)

    assert chosen.name == "smtp"
    assert chosen.longest_call_s > 60
    await chosen.aclose()
